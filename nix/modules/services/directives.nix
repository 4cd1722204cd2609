# The configuration of web servers as values: sections are sets, directives with several arguments
# are lists, and what occurs more than once, or has an order, is a list of those.
{ lib }:
server:
let
  inherit (lib) types;
  atom = types.either types.str types.int;
  directives =
    types.oneOf [
      (types.attrsOf (
        types.oneOf [
          atom
          (types.listOf (types.either atom (types.listOf atom)))
          (types.attrsOf directives)
        ]
      ))
      (types.listOf (types.either types.str directives))
    ]
    // {
      # The description of a type that contains itself would have no end.
      description = "directives of ${server}, as sets and lists";
    };
in
directives
