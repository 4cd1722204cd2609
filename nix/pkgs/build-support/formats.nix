# Formats of settings: { type; generate = name: value: file; }, as modules use them.
{ lib, final }:
let
  inherit (lib) types generators;

  # What JSON can say; `extra` are more kinds of leaves.
  valueType =
    name: extra:
    let
      value =
        types.nullOr (
          types.oneOf (
            [
              types.bool
              types.int
              types.float
              types.str
              types.path
              (types.attrsOf value)
              (types.listOf value)
            ]
            ++ extra
          )
        )
        // {
          description = "${name} value";
        };
    in
    value;

  file = render: name: value: final.writeText name (render value);
in
rec {
  json =
    { }:
    {
      type = valueType "JSON" [ ];
      generate = file (value: "${builtins.toJSON value}\n");
    };

  # Every JSON text is YAML.
  yaml =
    { }:
    {
      type = valueType "YAML 1.1" [ ];
      inherit (json { }) generate;
    };
  yaml_1_1 = yaml;
  yaml_1_2 = args: yaml args // { type = valueType "YAML 1.2" [ ]; };

  toml =
    { }:
    {
      type = valueType "TOML" [ ];
      generate = file (import ./toml.nix { inherit lib; });
    };

  ini =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      atomsCoercedToLists ? null,
      ...
    }@args:
    {
      type = types.attrsOf (atoms (args ? listToValue || listsAsDuplicateKeys) "INI");
      generate = file (
        value:
        generators.toINI (removeAttrs args [
          "listToValue"
          "atomsCoercedToLists"
        ]) (joinLists listToValue value)
      );
    };

  iniWithGlobalSection =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      ...
    }@args:
    let
      section = types.attrsOf (atom "INI");
    in
    {
      type = types.submodule {
        options = {
          sections = lib.mkOption {
            type = types.attrsOf (atoms (listToValue != null || listsAsDuplicateKeys) "INI");
            default = { };
          };
          globalSection = lib.mkOption {
            type = section;
            default = { };
          };
        };
      };
      generate = file (generators.toINIWithGlobalSection (removeAttrs args [ "listToValue" ]));
    };

  keyValue =
    {
      listsAsDuplicateKeys ? false,
      listToValue ? null,
      ...
    }@args:
    {
      type = atoms (args ? listToValue || listsAsDuplicateKeys) "key-value";
      generate = file (
        value:
        generators.toKeyValue (removeAttrs args [ "listToValue" ]) (
          if listToValue == null then
            value
          else
            builtins.mapAttrs (_: entry: if builtins.isList entry then listToValue entry else entry) value
        )
      );
    };

  # A leaf of a flat format.
  atom =
    name:
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.float
        types.str
      ]
    )
    // {
      description = "${name} atom (null, bool, int, float or string)";
    };

  atoms =
    withLists: name:
    types.attrsOf (
      if withLists then types.either (atom name) (types.listOf (atom name)) else atom name
    );

  joinLists =
    listToValue: sections:
    if listToValue == null then
      sections
    else
      builtins.mapAttrs (
        _: builtins.mapAttrs (_: entry: if builtins.isList entry then listToValue entry else entry)
      ) sections;
}
