# Small sets by the thousand, one large set, updates of both.
let
  indices = builtins.genList (i: i) 40000;
  small = map (i: { a = i; b = i + 1; c.d = i; } // { b = 0; e = i; }) indices;
  large = builtins.listToAttrs (map (i: { name = "key${toString i}"; value = i; }) indices);
  grown = builtins.foldl' (acc: i: acc // { "extra${toString (builtins.bitAnd i 63)}" = i; }) {
    base = 0;
  } indices;
  sum = builtins.foldl' builtins.add 0;
in
{
  selected = sum (map (s: s.a + s.b + s.c.d + (s.missing or 1)) small);
  mapped = sum (builtins.attrValues (builtins.mapAttrs (_: v: v * 2) large));
  kept = builtins.length (
    builtins.attrNames (removeAttrs large (map (i: "key${toString (i * 2)}") indices))
  );
  common = builtins.length (
    builtins.attrNames (builtins.intersectAttrs large (large // { other = 1; }))
  );
  zipped = builtins.mapAttrs (_: sum) (builtins.zipAttrsWith (_: vs: vs) (map (s: removeAttrs s [ "c" ]) small));
  grown = builtins.length (builtins.attrNames grown);
  has = builtins.length (builtins.filter (i: large ? "key${toString (i * 3)}") indices);
  equal = large == builtins.mapAttrs (_: v: v) large;
}
