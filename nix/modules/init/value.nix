# The value of a variable: a text, or one that is not known before the start.
{ lib }:
let
  inherit (lib) mkOption types;
  nullable =
    description:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      inherit description;
    };
in
types.oneOf [
  types.str
  types.int
  (types.submodule {
    options = {
      file = nullable "A file with the value; a line break at its end is left out.";
      env = nullable "A variable of the system with the value.";
      default = nullable "What holds if there is no such variable.";
    };
  })
]
