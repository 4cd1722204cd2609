/**
  Options as plain data: what `frazil option` shows, and what the reference is made of.

  All functions take an evaluation, that is, what `evalModules` or `makeSystem` returns.
*/
let
  lib = import ./lib;
  nglib = import ./nglib { inherit lib; };
  own = toString ./. + "/";

  # Modules of the distribution by their place in it, wherever it lies.
  file =
    name:
    let
      text = builtins.unsafeDiscardStringContext (toString name);
    in
    if lib.hasPrefix own text then "frazil/" + lib.removePrefix own text else text;

  textOf =
    value:
    if value == null || lib.isString value then
      value
    else
      value.text or (throw "a description is a text");

  describe = opt: {
    inherit (opt)
      name
      type
      readOnly
      ;
    description = textOf opt.description;
    default = textOf (opt.default or null);
    example = textOf (opt.example or null);
    declarations = map file opt.declarations;
  };

  pretty =
    value:
    lib.generators.toPretty { allowPrettyValues = true; } (
      lib.generators.withRecursion {
        depthLimit = 8;
        throwOnDepthLimit = false;
      } value
    );

  # A text, or null where the value is an error.
  shown =
    value:
    let
      text = builtins.unsafeDiscardStringContext (pretty value);
      result = builtins.tryEval (builtins.seq text text);
    in
    if result.success then result.value else null;

  # The option that a path leads to, through the values of options whose types have some of their own.
  find =
    options: loc:
    let
      inside = options.valueMeta or { };
      rest = lib.tail loc;
      below =
        inside.configuration.options
          or inside.attrs.${lib.head loc}.configuration.options or null;
    in
    if !(lib.isOption options) then
      if loc == [ ] then
        null
      else if options ? ${lib.head loc} then
        find options.${lib.head loc} rest
      else
        null
    else if loc == [ ] then
      options
    else if below == null then
      null
    else if inside ? configuration then
      find below loc
    else
      find below rest;
in
{
  # The modules of the distribution without a package set: what documents a default or an example
  # must not need one.
  defaults = lib.evalModules {
    specialArgs = { inherit nglib; };
    modules = import ./modules/list.nix ++ [
      {
        nixpkgs.pkgs = import ./pkgs {
          inherit lib;
          index = (import ./pkgs/index.nix).ofRecord {
            release = {
              suite = "none";
              architecture = "amd64";
            };
            packages = { };
            names = [ ];
            solutions = { };
          };
        };
        _module.args.system = "x86_64-linux";
      }
    ];
  };

  /** Every option that is for users, in the order of their names. */
  list =
    evaluation:
    let
      options = evaluation.options or (throw "this is no system: it has no `options`");
      documented = lib.optionAttrSetToDocList (removeAttrs options [ "_module" ]);
    in
    map describe (lib.filter (opt: opt.visible && !opt.internal) documented);

  /**
    What an option is set to, and by whom; null if there is no such option.
    `evaluation -> [String] -> { value; definitions = [ { file; value; } ]; } | Null`
  */
  value =
    evaluation: loc:
    let
      option = find evaluation.options loc;
    in
    if option == null || lib.elem "<name>" loc then
      null
    else
      {
        value = shown option.value;
        definitions = map (def: {
          file = file def.file;
          value = shown def.value;
        }) option.definitionsWithLocations;
      };
}
