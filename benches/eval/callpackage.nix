# A package set as a fixpoint: overlays, callPackage with reflection, overriding.
let
  callPackageWith =
    scope: f: args:
    let
      wanted = builtins.functionArgs f;
      build = over: f (builtins.intersectAttrs wanted scope // args // over);
      result = build { };
    in
    result // { override = build; };
  fix = f: let self = f self; in self;
  extend = base: overlay: self: let super = base self; in super // overlay self super;
  count = 40000;
  name = i: "pkg${toString i}";
  package =
    { number, lib0, callPackage, dep ? null, flag ? true, ... }@args:
    {
      pname = name number;
      weight = number + lib0.weight + (if dep == null then 0 else dep.number) + (if flag then 1 else 0);
      inherit number;
      known = builtins.length (builtins.attrNames args);
    };
  base =
    self:
    {
      callPackage = callPackageWith self;
      lib0 = { weight = 1; };
    }
    // builtins.listToAttrs (
      builtins.genList (i: {
        name = name i;
        value = self.callPackage package {
          number = i;
          dep = if i == 0 then null else self.${name (i - 1)};
        };
      }) count
    );
  overlay =
    k: self: super: {
      lib0 = super.lib0 // { weight = super.lib0.weight + k; };
      ${name k} = super.${name k}.override { flag = false; };
      "new${toString k}" = self.callPackage package { number = k; };
    };
  set = fix (builtins.foldl' extend base (builtins.genList (k: overlay (k + 1)) 20));
  weights = map (i: set.${name i}.weight) (builtins.genList (i: i) count);
in
{
  sum = builtins.foldl' builtins.add 0 weights;
  lib0 = set.lib0.weight;
  new = set.new7.weight;
  seventh = removeAttrs set.pkg7 [ "override" ];
}
