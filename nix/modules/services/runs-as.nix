# The options of a service that say whom it runs as.
{ lib }:
name:
let
  option =
    kind:
    lib.mkOption {
      type = lib.types.str;
      default = name;
      description = "The ${kind} it runs as.";
    };
in
lib.genAttrs [ "user" "group" ] option
