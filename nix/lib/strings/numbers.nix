/** Numbers as strings and back; part of `lib.strings`. */
{ lib }:
let
  inherit (builtins)
    elemAt
    isInt
    match
    stringLength
    substring
    throw
    toJSON
    ;
  inherit (lib.strings) replicate;

  # A string in decimal digits, spaces around them allowed, as an integer.
  parseInt =
    name: pattern: hint: text:
    let
      found = match "[[:space:]]*${pattern}[[:space:]]*" text;
      value = builtins.fromJSON (elemAt found 0 + elemAt found 1);
    in
    if found == null || !isInt value then
      throw "${name}: Could not convert ${toJSON text} to int.${hint text}"
    else
      value;
in
rec {
  /**
    Fills a string up at its start to a width. `Int -> String -> String -> String`

        fixedWidthString 5 "0" "15"  =>  "00015"
  */
  fixedWidthString =
    width: filler: text:
    let
      missing = width - stringLength text;
    in
    if missing < 0 then
      throw "fixedWidthString: ${toJSON text} is longer than ${toString width} characters"
    else
      substring 0 missing (replicate missing filler) + text;

  /**
    A number with zeros before it. `Int -> Number -> String`

        fixedWidthNumber 5 15  =>  "00015"
  */
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);

  /**
    A float as a string; warns where digits are lost. `Float -> String`

        floatToString 0.5  =>  "0.500000"
  */
  floatToString =
    float:
    let
      text = toString float;
    in
    lib.warnIf (builtins.fromJSON text != float) "floatToString: ${text} is not exactly the float" text;

  /**
    A string of decimal digits as an integer; zeros before it are ambiguous and refused. `String -> Int`

        toInt " -1 "  =>  -1
  */
  toInt = parseInt "toInt" "(-?)(0|[1-9][0-9]*)" (
    text:
    if match "[[:space:]]*0[0-9]+[[:space:]]*" text != null then
      " Leading zeros are ambiguous (octal or decimal); use toIntBase10."
    else
      ""
  );

  /**
    A string of decimal digits, zeros before it or not, as an integer. `String -> Int`

        toIntBase10 "0042"  =>  42
  */
  toIntBase10 = parseInt "toIntBase10" "(-?)0*(0|[1-9][0-9]*)" (_: "");
}
