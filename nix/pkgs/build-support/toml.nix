# TOML from a value. Tables come behind the plain keys of the table that they are in, as TOML wants it.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    isAttrs
    isList
    match
    toJSON
    ;

  key = name: if match "[A-Za-z0-9_-]+" name != null then name else toJSON name;
  path = concatStringsSep ".";

  isTables = value: isList value && value != [ ] && builtins.all isTable value;
  isTable = value: isAttrs value && !(value ? outPath);

  # JSON's strings and numbers are TOML's, but a path is not copied by its text alone.
  inline =
    value:
    if isList value then
      "[${concatStringsSep ", " (map inline value)}]"
    else if isTable value then
      "{ ${
        concatStringsSep ", " (map (name: "${key name} = ${inline value.${name}}") (present value))
      } }"
    else
      toJSON value;

  # TOML has no null: a key without a value is left out.
  present = table: filter (name: table.${name} != null) (attrNames table);

  table =
    at: value:
    let
      names = present value;
      isBelow = name: isTable value.${name} || isTables value.${name};
      plain = filter (name: !isBelow name) names;
      below = filter isBelow names;
      one =
        name:
        let
          place = at ++ [ (key name) ];
          member = value.${name};
        in
        if isList member then
          lib.concatMapStrings (element: "\n[[${path place}]]\n${table place element}") member
        else
          "\n[${path place}]\n${table place member}";
    in
    lib.concatMapStrings (name: "${key name} = ${inline value.${name}}\n") plain
    + lib.concatMapStrings one below;
in
table [ ]
