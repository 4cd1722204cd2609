/**
  Nix values in the syntax of configuration files. Every generator takes options first, then the
  value.
*/
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isString
    replaceStrings
    throw
    ;
  inherit (lib)
    concatMapStrings
    concatMapStringsSep
    escape
    mapAttrsToList
    optionalString
    ;
  inherit (import ./generators/lua.nix { inherit lib; }) mkLuaInline toLua;
  inherit (import ./generators/pretty.nix { inherit lib; }) toPretty withRecursion;
  inherit (import ./generators/plist.nix { inherit lib; }) toPlist;
in
rec {
  inherit
    mkLuaInline
    toLua
    toPlist
    toPretty
    withRecursion
    ;

  /**
    A number, string, boolean, null or package as text. `{ } -> a -> String`

        mkValueStringDefault { } true  =>  "true"
  */
  mkValueStringDefault =
    _: v:
    let
      refuse =
        what: throw "generators.mkValueStringDefault: ${what} not supported: ${toPretty { } v}";
    in
    if isString v then
      v
    else if isInt v then
      toString v
    else if isBool v then
      lib.boolToString v
    else if v == null then
      "null"
    else if isFloat v then
      lib.strings.floatToString v
    else if lib.isDerivation v || v ? __toString || v ? outPath then
      toString v
    else if isAttrs v then
      refuse "attrsets"
    else if isList v then
      refuse "lists"
    else if lib.isFunction v then
      refuse "functions"
    else
      refuse "this value is";

  /**
    A key and a value with a separator, which is escaped in the key.
    `{ mkValueString ? mkValueStringDefault { }; } -> String -> String -> a -> String`

        mkKeyValueDefault { } ":" "a:b" "c"  =>  "a\\:b:c"
  */
  mkKeyValueDefault =
    {
      mkValueString ? mkValueStringDefault { },
    }:
    sep: k: v:
    "${escape [ sep ] k}${sep}${mkValueString v}";

  /**
    Lines of keys and values.
    `{ mkKeyValue ? mkKeyValueDefault { } "="; listsAsDuplicateKeys ? false; indent ? ""; } -> AttrSet -> String`

        toKeyValue { } { a = 1; }  =>  "a=1\n"
  */
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      indent ? "",
    }:
    let
      line = k: v: indent + mkKeyValue k v + "\n";
      lines = k: v: concatMapStrings (line k) (if listsAsDuplicateKeys then lib.toList v else [ v ]);
    in
    set: lib.concatStrings (mapAttrsToList lines set);

  /**
    An INI file: sections of keys and values.
    `{ mkSectionName ? escape brackets; mkKeyValue; listsAsDuplicateKeys; } -> { ${section} :: AttrSet; } -> String`

        toINI { } { a.b = 1; }  =>  "[a]\nb=1\n"
  */
  toINI =
    {
      mkSectionName ? escape [ "[" "]" ],
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    sections:
    concatStringsSep "\n" (
      mapAttrsToList (
        name: section:
        "[${mkSectionName name}]\n${toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } section}"
      ) sections
    );

  /**
    `toINI` with keys before the first section.
    `AttrSet -> { globalSection :: AttrSet; sections ? { }; } -> String`

        toINIWithGlobalSection { } { globalSection.a = 1; sections.b.c = 2; }  =>  "a=1\n\n[b]\nc=2\n"
  */
  toINIWithGlobalSection =
    {
      mkSectionName ? escape [ "[" "]" ],
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }@choices:
    {
      globalSection,
      sections ? { },
    }:
    (
      if globalSection == { } then
        ""
      else
        toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } globalSection + "\n"
    )
    + toINI choices sections;

  /**
    A git configuration file; nested sets become subsections. `{ ${section} :: AttrSet; } -> String`

        toGitINI { user.name = "A"; }  =>  "[user]\n\tname = \"A\"\n"
  */
  toGitINI =
    sections:
    let
      quote = text: "\"${replaceStrings [ "\\" "\"" "\n" "\t" ] [ "\\\\" "\\\"" "\\n" "\\t" ] text}\"";
      isSection = v: isAttrs v && !lib.isStringLike v;
      header =
        path:
        let
          below = lib.tail path;
        in
        lib.head path + optionalString (below != [ ]) " ${quote (concatStringsSep "." below)}";
      # A list of { name; value; }: one for each section that has keys of its own.
      flatten =
        path: set:
        let
          keys = lib.filterAttrs (_: v: !isSection v) set;
        in
        lib.optional (keys != { }) (lib.nameValuePair (header path) keys)
        ++ lib.concatLists (
          mapAttrsToList (name: v: flatten (path ++ [ name ]) v) (lib.filterAttrs (_: isSection) set)
        );
      mkKeyValue =
        k: v: "\t${k} = ${if isString v then quote v else mkValueStringDefault { } v}";
      all = lib.concatLists (mapAttrsToList (name: flatten [ name ]) sections);
    in
    concatMapStringsSep "\n" (
      section:
      "[${section.name}]\n${
        toKeyValue {
          inherit mkKeyValue;
          listsAsDuplicateKeys = true;
        } section.value
      }"
    ) all;

  /** A key and a value in GVariant text format, for dconf. `String -> a -> String` */
  mkDconfKeyValue = mkKeyValueDefault { mkValueString = v: toString (lib.gvariant.mkValue v); } "=";

  /** A dconf key file. `{ ${section} :: AttrSet; } -> String` */
  toDconfINI = toINI { mkKeyValue = mkDconfKeyValue; };

  /**
    JSON. `{ } -> a -> String`

        toJSON { } { a = 1; }  =>  "{\"a\":1}"
  */
  toJSON = _: builtins.toJSON;

  /** YAML, of which JSON is a part. `{ } -> a -> String` */
  toYAML = toJSON;

  /**
    Dhall. `{ } -> a -> String`

        toDhall { } { a = true; }  =>  "{ a = True }"
  */
  toDhall =
    options: v:
    if isAttrs v then
      "{ ${concatStringsSep ", " (mapAttrsToList (k: v: "${k} = ${toDhall options v}") v)} }"
    else if isList v then
      "[ ${concatMapStringsSep ", " (toDhall options) v} ]"
    else if isInt v then
      optionalString (v >= 0) "+" + toString v
    else if isBool v then
      (if v then "True" else "False")
    else if lib.isFunction v then
      throw "generators.toDhall: cannot convert a function to Dhall"
    else if v == null then
      throw "generators.toDhall: cannot convert a null to Dhall"
    else
      builtins.toJSON v;
}
