/** References to flakes as text and as sets. */
_:
let
  # Nix has these builtins while its feature `flakes` is enabled.
  need =
    name:
    builtins.${name} or (throw "lib.flakes.${name} needs a Nix with the experimental feature `flakes`");
in
{
  /** `String -> AttrSet` */
  parseFlakeRef = text: need "parseFlakeRef" text;
  /** `AttrSet -> String` */
  flakeRefToString = ref: need "flakeRefToString" ref;
}
