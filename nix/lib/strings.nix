/** Functions on strings: building, cutting, comparing. Escapes are in `escape.nix`. */
{ lib }:
let
  inherit (builtins)
    concatMap
    elemAt
    filter
    genList
    head
    isAttrs
    isInt
    isList
    isPath
    isString
    length
    match
    substring
    stringLength
    toJSON
    ;
  escapes = import ./strings/escape.nix { inherit lib; };
  distance = import ./strings/distance.nix { inherit lib; };
  flags = import ./strings/flags.nix { inherit lib; };
  numbers = import ./strings/numbers.nix { inherit lib; };

  spaces = " \t\r\n";

  parseDrvName = field: x: if isString x then (builtins.parseDrvName x).${field} else null;
in
escapes
// distance
// flags
// numbers
// rec {
  inherit (builtins)
    compareVersions
    concatStringsSep
    elem
    elemAt
    filter
    fromJSON
    genList
    head
    isAttrs
    isInt
    isList
    isPath
    isString
    match
    parseDrvName
    readFile
    replaceStrings
    split
    storeDir
    stringLength
    substring
    tail
    toJSON
    typeOf
    unsafeDiscardStringContext
    ;

  /**
    Concatenates strings with a separator. `String -> [String] -> String`

        join ", " [ "a" "b" ]  =>  "a, b"
  */
  join = concatStringsSep;

  /**
    Concatenates strings. `[String] -> String`

        concatStrings [ "a" "b" ]  =>  "ab"
  */
  concatStrings = concatStringsSep "";

  /**
    Maps and concatenates. `(a -> String) -> [a] -> String`

        concatMapStrings (x: x + ";") [ "a" "b" ]  =>  "a;b;"
  */
  concatMapStrings = f: list: concatStringsSep "" (map f list);

  /**
    Maps with indices from 1 and concatenates. `(Int -> a -> String) -> [a] -> String`

        concatImapStrings (i: x: "${toString i}${x}") [ "a" ]  =>  "1a"
  */
  concatImapStrings = f: list: concatStringsSep "" (lib.imap1 f list);

  /**
    Maps and concatenates with a separator. `String -> (a -> String) -> [a] -> String`

        concatMapStringsSep "-" toUpper [ "a" "b" ]  =>  "A-B"
  */
  concatMapStringsSep =
    sep: f: list:
    concatStringsSep sep (map f list);

  /**
    Maps with indices from 1 and concatenates with a separator.
    `String -> (Int -> a -> String) -> [a] -> String`

        concatImapStringsSep "-" (i: x: toString (x / i)) [ 6 6 6 ]  =>  "6-3-2"
  */
  concatImapStringsSep =
    sep: f: list:
    concatStringsSep sep (lib.imap1 f list);

  /**
    Maps attributes and concatenates with a separator. `String -> (String -> a -> String) -> AttrSet -> String`

        concatMapAttrsStringSep "," (n: v: "${n}=${v}") { a = "1"; b = "2"; }  =>  "a=1,b=2"
  */
  concatMapAttrsStringSep =
    sep: f: set:
    concatStringsSep sep (lib.mapAttrsToList f set);

  /**
    Ends every string with a newline and concatenates. `[String] -> String`

        concatLines [ "a" "b" ]  =>  "a\nb\n"
  */
  concatLines = concatMapStrings (line: line + "\n");

  /**
    A string repeated. `Int -> String -> String`

        replicate 3 "ab"  =>  "ababab"
  */
  replicate = n: text: concatStrings (lib.lists.replicate n text);

  /**
    Puts a value between the elements of a list. `a -> [a] -> [a]`

        intersperse "/" [ "usr" "bin" ]  =>  [ "usr" "/" "bin" ]
  */
  intersperse =
    sep: list:
    if list == [ ] then
      [ ]
    else
      genList (i: if i / 2 * 2 == i then elemAt list (i / 2) else sep) (length list * 2 - 1);

  /**
    The string if the condition holds, else an empty one. `Bool -> String -> String`

        optionalString false "a"  =>  ""
  */
  optionalString = cond: text: if cond then text else "";

  /**
    A search path of one subdirectory of several places; `null`s are left out. `String -> [String] -> String`

        makeSearchPath "bin" [ "/usr" "/opt" ]  =>  "/usr/bin:/opt/bin"
  */
  makeSearchPath =
    subDir: paths: concatStringsSep ":" (map (path: path + "/" + subDir) (filter (x: x != null) paths));

  /**
    `makeSearchPath` over an output of packages. `String -> String -> [Derivation] -> String`

        makeSearchPathOutput "dev" "bin" [ { dev = "/dev"; } ]  =>  "/dev/bin"
  */
  makeSearchPathOutput =
    output: subDir: pkgs:
    makeSearchPath subDir (map (lib.getOutput output) pkgs);

  /** The search path of libraries. `[Derivation] -> String` */
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  /** The search path of header files. `[Derivation] -> String` */
  makeIncludePath = pkgs: makeSearchPath "include" (map lib.getInclude pkgs);
  /** The search path of programs. `[Derivation] -> String` */
  makeBinPath = makeSearchPathOutput "bin" "bin";

  /**
    Turns runs of slashes into one. `String -> String`

        normalizePath "//a/b//c/"  =>  "/a/b/c/"
  */
  normalizePath = text: concatStringsSep "/" (filter isString (split "/+" text));

  /**
    Whether a string starts with another. `String -> String -> Bool`

        hasPrefix "foo" "foobar"  =>  true
  */
  hasPrefix =
    prefix: text:
    lib.warnIf (isPath prefix)
      "lib.strings.hasPrefix: the first argument (${toString prefix}) is a path, which as a string is a store path; use lib.path.hasPrefix."
      (substring 0 (stringLength prefix) text == prefix);

  /**
    Whether a string ends with another. `String -> String -> Bool`

        hasSuffix "bar" "foobar"  =>  true
  */
  hasSuffix =
    suffix: text:
    let
      lenText = stringLength text;
      lenSuffix = stringLength suffix;
    in
    lib.warnIf (isPath suffix)
      "lib.strings.hasSuffix: the first argument (${toString suffix}) is a path; it will never be a suffix."
      (lenText >= lenSuffix && substring (lenText - lenSuffix) lenText text == suffix);

  /**
    Whether a string contains another. `String -> String -> Bool`

        hasInfix "oba" "foobar"  =>  true
  */
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] "${text}" != "${text}" || infix == "";

  /**
    A string without another at its start. `String -> String -> String`

        removePrefix "foo." "foo.bar"  =>  "bar"
  */
  removePrefix =
    prefix: text:
    if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;

  /**
    A string without another at its end. `String -> String -> String`

        removeSuffix ".bar" "foo.bar"  =>  "foo"
  */
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then
      substring 0 (stringLength text - stringLength suffix) text
    else
      text;

  /**
    The characters (bytes) of a string. `String -> [String]`

        stringToCharacters "ab"  =>  [ "a" "b" ]
  */
  stringToCharacters = text: genList (i: substring i 1 text) (stringLength text);

  /**
    Maps the characters of a string. `(String -> String) -> String -> String`

        stringAsChars (c: if c == "a" then "i" else c) "nax"  =>  "nix"
  */
  stringAsChars = f: text: concatMapStrings f (stringToCharacters text);

  /**
    Replaces every occurrence of one string. `String -> String -> String -> String`

        replaceString "." "_" "v1.2"  =>  "v1_2"
  */
  replaceString = from: to: replaceStrings [ from ] [ to ];

  /** The lower-case ASCII letters. `[String]` */
  lowerChars = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  /** The upper-case ASCII letters. `[String]` */
  upperChars = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

  /**
    ASCII letters to lower case. `String -> String`

        toLower "HOME"  =>  "home"
  */
  toLower = replaceStrings upperChars lowerChars;

  /**
    ASCII letters to upper case. `String -> String`

        toUpper "home"  =>  "HOME"
  */
  toUpper = replaceStrings lowerChars upperChars;

  /**
    The first letter in upper case, the others in lower case. `String -> String`

        toSentenceCase "hello WORLD"  =>  "Hello world"
  */
  toSentenceCase =
    text:
    lib.throwIfNot (isString text)
      "toSentenceCase: a string is needed, not a value of type ${typeOf text}"
      (toUpper (substring 0 1 text) + toLower (substring 1 (-1) text));

  /**
    Words, wherever they begin, joined in camel case. `String -> String`

        toCamelCase "hello-world"  =>  "helloWorld"
  */
  toCamelCase =
    text:
    let
      words = concatMap (splitStringBy (
        prev: here: match "[a-z]" prev != null && match "[A-Z]" here != null
      ) true) (filter (x: isString x && x != "") (split "[^[:alnum:]]+" text));
      first = head words;
    in
    lib.throwIfNot (isString text) "toCamelCase: a string is needed, not a value of type ${typeOf text}" (
      if words == [ ] then "" else toLower first + concatMapStrings toSentenceCase (tail words)
    );

  /**
    Gives a string the context of another. `String -> String -> String`

        addContextFrom "${pkg}" "a"  =>  "a"
  */
  addContextFrom = source: target: substring 0 0 source + target;

  /**
    Cuts at every occurrence of a separator. `String -> String -> [String]`

        splitString "." "a..b"  =>  [ "a" "" "b" ]
  */
  splitString =
    sep: text:
    let
      parts = filter isString (split (escapes.escapeRegex (toString sep)) (toString text));
    in
    map (addContextFrom text) parts;

  /**
    Cuts before each character for which `pred previous here` holds; that character is dropped
    unless `keep`. `(String -> String -> Bool) -> Bool -> String -> [String]`

        splitStringBy (prev: c: c == ".") false "a.b"  =>  [ "a" "b" ]
  */
  splitStringBy =
    pred: keep: text:
    let
      char = i: substring i 1 text;
      end = stringLength text;
      cuts = filter (i: pred (if i == 0 then "" else char (i - 1)) (char i)) (genList (i: i) end);
      starts = [ 0 ] ++ map (i: if keep then i else i + 1) cuts;
      ends = cuts ++ [ end ];
    in
    lib.zipListsWith (start: end: substring start (end - start) text) starts ends;

  /**
    Without white space (space, tab, CR, LF) at both ends. `String -> String`

        trim "  a b \n"  =>  "a b"
  */
  trim = trimWith {
    start = true;
    end = true;
  };

  /**
    Without white space at the chosen ends. `{ start :: Bool ? false; end :: Bool ? false; } -> String -> String`

        trimWith { end = true; } " a "  =>  " a"
  */
  trimWith =
    {
      start ? false,
      end ? false,
    }:
    text:
    let
      before = if start then "[${spaces}]*" else "";
      found = match (
        if end then "${before}(.*[^${spaces}])[${spaces}]*" else "${before}(.*)"
      ) text;
    in
    if found == null then "" else head found;

  /**
    Whether the first version is older than the second. `String -> String -> Bool`

        versionOlder "1.1" "1.2"  =>  true
  */
  versionOlder = a: b: compareVersions b a == 1;

  /**
    Whether the first version is the second or newer. `String -> String -> Bool`

        versionAtLeast "1.1" "1.1"  =>  true
  */
  versionAtLeast = a: b: !versionOlder a b;

  /**
    The name of a package without its version. `String | Derivation -> String`

        getName "nginx-1.26"  =>  "nginx"
  */
  getName = x: if isString x then (parseDrvName x).name else x.pname or (parseDrvName x.name).name;

  /**
    The version of a package. `String | Derivation -> String`

        getVersion "nginx-1.26"  =>  "1.26"
  */
  getVersion =
    x: if isString x then (parseDrvName x).version else x.version or (parseDrvName x.name).version;

  /**
    The name in the last part of a URL, up to a separator. `String -> String -> String`

        nameFromURL "https://a.org/foo-1.0.tar.gz" "-"  =>  "foo"
  */
  nameFromURL =
    url: sep:
    let
      file = lib.last (splitString "/" url);
      name = head (splitString sep file);
    in
    assert name != file;
    name;

  /**
    Whether a value is a string, a path, or a set that becomes a string. `a -> Bool`

        isStringLike { outPath = "/"; }  =>  true
  */
  isStringLike = x: isString x || isPath x || x ? outPath || x ? __toString;

  /**
    Whether `toString` works on a value. `a -> Bool`

        isConvertibleWithToString [ 1 null ]  =>  true
  */
  isConvertibleWithToString =
    x:
    isStringLike x
    || lib.elem (typeOf x) [
      "null"
      "int"
      "float"
      "bool"
    ]
    || (isList x && lib.all isConvertibleWithToString x);

  /**
    Whether a value is a path directly in the store. `a -> Bool`

        isStorePath "/nix/store/d945ibfx9x185xf04b890y4f9g3cbb63-python/bin"  =>  false
  */
  isStorePath =
    x:
    isStringLike x
    && (
      let
        text = toString x;
        rest = removePrefix (storeDir + "/") text;
      in
      (
        text != rest
        && !(hasInfix "/" rest)
        && match "[0-9a-df-np-sv-z]{32}-.+" rest != null
      )
      # Content-addressed placeholders stand directly under the root.
      || match "/[0-9a-z]{52}" text != null
    );

  /**
    The lines of a file as one string, without the last newline. `Path -> String`

        fileContents ./version  =>  "1.0"
  */
  fileContents = file: removeSuffix "\n" (readFile file);

  /**
    A string with the derivation outputs and paths it refers to. Alias of the builtin.
    `String -> AttrSet -> String`
  */
  appendContext = builtins.appendContext;

  /**
    A name a derivation may have: illegal characters become `-`, dots at the start go.
    `String -> String`

        sanitizeDerivationName "../hello.bar # foo"  =>  "-hello.bar-foo"
  */
  sanitizeDerivationName =
    text:
    let
      plain = unsafeDiscardStringContext (toString text);
      # A run of dots at the start is dropped, a run of illegal characters becomes one dash.
      start = head (match "\\.*(.*)" plain);
      clean = concatMapStrings (part: if isList part then "-" else part) (
        split "[^[:alnum:]+._?=-]+" start
      );
      end = lib.max 0 (stringLength clean - 207);
      short = substring end (-1) clean;
      name = head (match "\\.*(.*)" short);
    in
    if match "[[:alnum:]+_?=-][[:alnum:]+._?=-]*" plain != null && stringLength plain <= 207 then
      plain
    else if name == "" then
      "unknown"
    else
      name;
}
