/** Types of single values: booleans, numbers, strings, paths, packages; part of `lib.types`. */
{ lib }:
let
  inherit (builtins)
    any
    elem
    isBool
    isFloat
    isInt
    isPath
    isString
    match
    storeDir
    toJSON
    typeOf
    ;
  inherit (lib.options)
    getValues
    mergeEqualOption
    mergeOneOption
    ;
  inherit (lib.types) addCheck either mkOptionType;
  inherit (import ./make.nix { inherit lib; }) defaultTypeMerge functorOf;

  # Parameters that merge only with equal ones.
  equalOrNull = a: b: if a == b then a else null;

  # An integer or number of a limited range: `restrict int "positiveInt" "..." check`.
  restrict =
    type: name: description: check:
    let
      restricted = addCheck type check // {
        inherit name description functor;
        descriptionClass = "nonRestrictiveClause";
        typeMerge = defaultTypeMerge functor;
      };
      # Two declarations merge only if they restrict alike.
      functor = functorOf description (_: restricted) { } equalOrNull;
    in
    restricted;

  between =
    type: name: noun: lowest: highest:
    assert lib.assertMsg (lowest <= highest) "${name}.between: lowest must be smaller than highest";
    restrict type "${name}Between"
      "${noun} between ${toJSON lowest} and ${toJSON highest} (both inclusive)"
      (x: x >= lowest && x <= highest);

  # Integers of a number of bits.
  sized =
    kind: bits: lowest: highest:
    restrict int "${kind}Int${toString bits}"
      "${toString bits} bit ${kind} integer; between ${toString lowest} and ${toString highest} (both inclusive)"
      (x: x >= lowest && x <= highest)
    // {
      descriptionClass = "noun";
    };
  unsigned = bits: highest: sized "unsigned" bits 0 highest;
  signed = bits: half: sized "signed" bits (-half) (half - 1);

  int = mkOptionType {
    name = "int";
    description = "signed integer";
    descriptionClass = "noun";
    check = isInt;
    merge = mergeEqualOption;
  };

  float = mkOptionType {
    name = "float";
    description = "floating point number";
    descriptionClass = "noun";
    check = isFloat;
    merge = mergeEqualOption;
  };

  number = either int float;
in
rec {
  inherit int float;

  /** Integers of limited ranges: between, unsigned, positive, u8, u16, u32, s8, s16, s32. */
  ints = {
    /** `Int -> Int -> Type` */
    between = between int "int" "integer";
    unsigned = restrict int "unsignedInt" "unsigned integer, meaning >=0" (x: x >= 0);
    positive = restrict int "positiveInt" "positive integer, meaning >0" (x: x > 0);
    u8 = unsigned 8 255;
    u16 = unsigned 16 65535;
    u32 = unsigned 32 4294967295;
    s8 = signed 8 128;
    s16 = signed 16 32768;
    s32 = signed 32 2147483648;
  };

  /** A TCP or UDP port. */
  port = ints.u16;

  /** An integer or a float. */
  inherit number;

  /** Numbers of limited ranges: between, nonnegative, positive. */
  numbers = {
    /** `Number -> Number -> Type` */
    between = between number "number" "integer or floating point number";
    nonnegative =
      restrict number "numberNonnegative" "nonnegative integer or floating point number, meaning >=0"
        (x: x >= 0);
    positive = restrict number "numberPositive" "positive integer or floating point number, meaning >0" (
      x: x > 0
    );
  };

  bool = mkOptionType {
    name = "bool";
    description = "boolean";
    descriptionClass = "noun";
    check = isBool;
    merge = mergeEqualOption;
  };

  /** A boolean that is true if one of its definitions is. */
  boolByOr = mkOptionType {
    name = "boolByOr";
    description = "boolean (merged using or)";
    descriptionClass = "noun";
    check = isBool;
    merge = _: defs: any (def: def.value) defs;
  };

  str = mkOptionType {
    name = "str";
    description = "string";
    descriptionClass = "noun";
    check = isString;
    merge = mergeEqualOption;
  };

  /** A string that does not consist of white space only. */
  nonEmptyStr = mkOptionType {
    name = "nonEmptyStr";
    description = "non-empty string";
    descriptionClass = "noun";
    check = x: isString x && match "[ \t\n]*" x == null;
    merge = mergeEqualOption;
  };

  /** One line; a newline at its end is allowed and dropped. */
  singleLineStr = mkOptionType {
    name = "singleLineStr";
    description = "(optionally newline-terminated) single-line string";
    descriptionClass = "noun";
    check = x: isString x && match "[^\n\r]*\n?" x != null;
    merge = loc: defs: lib.removeSuffix "\n" (mergeEqualOption loc defs);
  };

  /** A string that a regular expression matches as a whole. `String -> Type` */
  strMatching =
    pattern:
    mkOptionType rec {
      name = "strMatching ${lib.strings.escapeNixString pattern}";
      description = "string matching the pattern ${pattern}";
      descriptionClass = "noun";
      check = x: isString x && match pattern x != null;
      merge = mergeEqualOption;
      functor = functorOf name ({ pattern }: strMatching pattern) { inherit pattern; } equalOrNull;
    };

  /** Strings that merge by putting a separator between them. `String -> Type` */
  separatedString =
    sep:
    mkOptionType {
      name = "separatedString";
      description = "strings concatenated with ${toJSON sep}";
      descriptionClass = "noun";
      check = isString;
      merge = _: defs: lib.concatStringsSep sep (getValues defs);
      functor = functorOf "separatedString" ({ sep }: separatedString sep) { inherit sep; } equalOrNull;
    };
  /** Lines of text. */
  lines = separatedString "\n";
  /** A list in one string. */
  commas = separatedString ",";
  /** A search path. */
  envVar = separatedString ":";

  /** A field of /etc/passwd: no newlines, no colons. `Type -> Type` */
  passwdEntry =
    type:
    addCheck type (x: !(lib.hasInfix ":" x || lib.hasInfix "\n" x))
    // {
      name = "passwdEntry ${type.name}";
      description = "${
        lib.types.optionDescriptionPhrase (class: class == "noun") type
      }, not containing newlines or colons";
      descriptionClass = "nonRestrictiveClause";
    };

  /** One of some values; declared twice, one of the values of both. `[a] -> Type` */
  enum =
    values:
    let
      show =
        v:
        if isString v then
          ''"${v}"''
        else if isInt v then
          toString v
        else if isBool v then
          lib.boolToString v
        else
          "<${typeOf v}>";
      count = builtins.length values;
    in
    mkOptionType {
      name = "enum";
      description =
        if count == 0 then
          "impossible (empty enum)"
        else if count == 1 then
          "value ${show (builtins.head values)} (singular enum)"
        else
          "one of ${lib.concatMapStringsSep ", " show values}";
      descriptionClass = if count < 2 then "noun" else "conjunction";
      check = x: elem x values;
      merge = mergeEqualOption;
      functor = functorOf "enum" ({ values }: enum values) { inherit values; } (
        a: b: { values = lib.unique (a.values ++ b.values); }
      );
    };

  /** An absolute path, as a path or as a string. */
  path = pathWith { absolute = true; };
  /** A path to something in the store. */
  pathInStore = pathWith { inStore = true; };
  /** An absolute path outside of the store. */
  externalPath = pathWith {
    absolute = true;
    inStore = false;
  };

  /**
    A path, absolute or not, in the store or not; `null` allows both.
    `{ inStore ? null; absolute ? null; } -> Type`
  */
  pathWith =
    {
      inStore ? null,
      absolute ? null,
    }:
    let
      kind =
        if absolute == null then
          ""
        else if absolute then
          "absolute "
        else
          "relative ";
      place =
        if inStore == null then
          ""
        else if inStore then
          " in the Nix store"
        else
          " not in the Nix store";
      isAbsolute = x: isPath x || builtins.substring 0 1 (toString x) == "/";
      # A path value is copied to the store where it is used as a string.
      isInStore = x: isPath x || match "${lib.escapeRegex storeDir}/[^.].*" (toString x) != null;
    in
    if inStore == true && absolute == false then
      throw "In pathWith, inStore means the path must be absolute"
    else
      mkOptionType {
        name = "path";
        description = "${kind}path${place}";
        descriptionClass = "noun";
        check =
          x:
          lib.isStringLike x
          && (absolute == null || isAbsolute x == absolute)
          && (inStore == null || isInStore x == inStore);
        merge = mergeEqualOption;
        functor = functorOf "path" pathWith { inherit inStore absolute; } equalOrNull;
      };

  /** A set of files, or a path for all files below it; definitions are united. */
  fileset = mkOptionType {
    name = "fileset";
    description = "fileset";
    descriptionClass = "noun";
    check = lib.fileset.isFileset;
    merge = _: defs: lib.fileset.unions (getValues defs);
    emptyValue.value = lib.fileset.empty;
  };

  /** A derivation, or a store path, which then looks like one. */
  package = mkOptionType {
    name = "package";
    descriptionClass = "noun";
    check = x: lib.isDerivation x || lib.isStorePath x;
    merge =
      loc: defs:
      let
        value = mergeOneOption loc defs;
      in
      if isPath value || (isString value && !builtins.hasContext value) then
        lib.toDerivation value
      else
        value;
  };

  /** A package that can be a user's shell. */
  shellPackage = package // {
    check = x: lib.isDerivation x && x ? shellPath;
  };

  /** A set of packages. */
  pkgs = addCheck (
    unspecified
    // {
      name = "pkgs";
      description = "Nixpkgs package set";
      descriptionClass = "noun";
    }
  ) (x: x._type or null == "pkgs");

  /** Lua code made with `lib.generators.mkLuaInline`. */
  luaInline = mkOptionType {
    name = "luaInline";
    description = "inline lua";
    descriptionClass = "noun";
    check = x: x._type or null == "lua-inline" && isString (x.expr or null);
    merge = mergeEqualOption;
  };

  /** Any value, merged by what it is. */
  unspecified = mkOptionType {
    name = "unspecified";
    description = "unspecified value";
    descriptionClass = "noun";
  };

  /** Any value, as it is; not even properties inside it are looked at. */
  raw = mkOptionType {
    name = "raw";
    description = "raw value";
    descriptionClass = "noun";
    check = _: true;
    merge = mergeOneOption;
  };
}
