# The configuration of web servers as values: sections are sets, directives with several arguments
# are lists, and what occurs more than once, or has an order, is a list of those. Texts among them
# stand as they are.
{ lib }:
let
  inherit (lib) types;
  argument = types.oneOf [
    types.str
    types.int
    types.bool
    types.path
  ];
  directives =
    server:
    types.oneOf [
      (types.attrsOf (
        types.oneOf [
          argument
          (types.listOf (types.either argument (types.listOf argument)))
          (types.attrsOf (directives server))
        ]
      ))
      (types.listOf (types.either types.str (directives server)))
    ]
    // {
      # The description of a type that contains itself would have no end.
      description = "directives of ${server}, as sets and lists";
    };
in
{
  type = directives;

  # Whether a configuration has a directive, outside of all sections as far as these are sets.
  has =
    name: configuration:
    let
      inLine = line: builtins.match "([^#]*[;{}])?[[:space:]]*${name}([[:space:]].*)?" line != null;
      inPart =
        part:
        if lib.isList part then
          lib.any inPart part
        else if lib.isAttrs part then
          part ? ${name}
        else
          lib.any inLine (lib.splitString "\n" part);
    in
    inPart configuration;
}
