/** Escapes for shells, C, regular expressions, URLs, XML and Nix; part of `lib.strings`. */
{ lib }:
let
  inherit (builtins)
    isAttrs
    isList
    listToAttrs
    match
    replaceStrings
    toJSON
    ;
  inherit (lib.strings) stringToCharacters;

  hex = n: lib.fixedWidthString 2 "0" (lib.toHexString n);

  # Every ASCII character but NUL, which Nix strings cannot hold, and its code.
  codes = listToAttrs (
    builtins.genList (i: {
      name = builtins.fromJSON "\"\\u00${hex (i + 1)}\"";
      value = i + 1;
    }) 127
  );

  # RFC 3986, section 2.3: what a URL may hold as it is.
  unreserved = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  reservedCodes = removeAttrs codes unreserved;

  nixKeywords = [
    "assert"
    "else"
    "if"
    "in"
    "inherit"
    "let"
    "or"
    "rec"
    "then"
    "with"
  ];
in
rec {
  /**
    Puts a backslash before each of some characters. `[String] -> String -> String`

        escape [ "(" ] "(foo"  =>  "\\(foo"
  */
  escape = chars: replaceStrings chars (map (c: "\\${c}") chars);

  /**
    The code of an ASCII character. `String -> Int`

        charToInt "A"  =>  65
  */
  charToInt = c: codes.${c};

  /**
    Replaces some characters by C escapes in hexadecimal. `[String] -> String -> String`

        escapeC [ " " ] "a b"  =>  "a\\x20b"
  */
  escapeC = chars: replaceStrings chars (map (c: "\\x${lib.toLower (hex (charToInt c))}") chars);

  /**
    Percent-encodes what a URL may not hold. `String -> String`

        escapeURL "a b/c"  =>  "a%20b%2Fc"
  */
  escapeURL = replaceStrings (builtins.attrNames reservedCodes) (
    map (code: "%${hex code}") (builtins.attrValues reservedCodes)
  );

  /**
    A word for a POSIX shell, quoted if it has to be. `String -> String`

        escapeShellArg "it's"  =>  "'it'\\''s'"
  */
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'"
    else
      text;

  /**
    Words for a POSIX shell. `[String] -> String`

        escapeShellArgs [ "one" "two three" ]  =>  "one 'two three'"
  */
  escapeShellArgs = lib.concatMapStringsSep " " escapeShellArg;

  /**
    Whether a string can name a shell variable. `String -> Bool`

        isValidPosixName "a-b"  =>  false
  */
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;

  /**
    A shell assignment: a string, a bash array for a list, an associative one for a set.
    `String -> a -> String`

        toShellVar "a" [ 1 "x y" ]  =>  "declare -a a=(1 'x y')"
  */
  toShellVar =
    name: value:
    lib.throwIfNot (isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name" (
      if isAttrs value && !lib.isStringLike value then
        "declare -A ${name}=(${
          lib.concatMapAttrsStringSep " " (n: v: "[${escapeShellArg n}]=${escapeShellArg v}") value
        })"
      else if isList value then
        "declare -a ${name}=(${escapeShellArgs value})"
      else
        "${name}=${escapeShellArg value}"
    );

  /**
    Shell assignments, one a line. `AttrSet -> String`

        toShellVars { a = "1"; b = "2"; }  =>  "a=1\nb=2"
  */
  toShellVars = lib.concatMapAttrsStringSep "\n" toShellVar;

  /**
    A string as a Nix expression. `String -> String`

        escapeNixString "a\${b}"  =>  "\"a\\\${b}\""
  */
  escapeNixString = text: escape [ "$" ] (toJSON text);

  /**
    An attribute name as it is written in Nix. `String -> String`

        escapeNixIdentifier "1a"  =>  "\"1a\""
  */
  escapeNixIdentifier =
    name:
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" name != null && !(lib.elem name nixKeywords) then
      name
    else
      escapeNixString name;

  /**
    A regular expression that matches the string itself. `String -> String`

        escapeRegex "a.b"  =>  "a\\.b"
  */
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");

  /**
    Text for XML, attribute values included. `String -> String`

        escapeXML "a<b"  =>  "a&lt;b"
  */
  escapeXML =
    replaceStrings
      [ "\"" "'" "<" ">" "&" ]
      [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
}
