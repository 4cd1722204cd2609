# Settings of services: texts, numbers and booleans by name, one a line. null is a setting that is
# not written, so that what a module or a package sets can be taken away.
{ lib }:
let
  inherit (lib) types;
in
rec {
  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
    ]
  );
  # A list is a setting that occurs several times.
  type = types.attrsOf (types.either atom (types.listOf atom));

  values = value: lib.remove null (lib.toList value);
  given = lib.filterAttrs (_: value: value != null);

  # What is in force where settings stand beside the defaults of their program.
  over = defaults: settings: defaults // given settings;

  # `key separator value`; `text` is how the value of a text is written.
  keyValue =
    {
      separator ? " ",
      yes ? "yes",
      no ? "no",
      text ? lib.id,
    }:
    name: value:
    "${name}${separator}${
      if lib.isBool value then
        (if value then yes else no)
      else if lib.isString value then
        text value
      else
        toString value
    }";

  lines =
    line: settings:
    lib.concatLists (lib.mapAttrsToList (name: value: map (line name) (values value)) settings);
  text = line: settings: lib.concatLines (lines line settings);
}
