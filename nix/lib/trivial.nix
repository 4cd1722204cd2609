/**
  Functions of no particular subject: identities, booleans, integers, functions as values, warnings.

  Doc comments of this library read: what it gives, its type, then `expression  =>  value`.
*/
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    elem
    filter
    foldl'
    throw
    trace
    ;

  # Digit values of the sixteen hexadecimal digits in both cases.
  hexValues = {
    "0" = 0; "1" = 1; "2" = 2; "3" = 3; "4" = 4; "5" = 5; "6" = 6; "7" = 7; "8" = 8; "9" = 9;
    a = 10; b = 11; c = 12; d = 13; e = 14; f = 15;
    A = 10; B = 11; C = 12; D = 13; E = 14; F = 15;
  };
  hexDigits = [ "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "A" "B" "C" "D" "E" "F" ];
in
rec {
  inherit (builtins)
    add
    bitAnd
    bitOr
    bitXor
    ceil
    deepSeq
    div
    floor
    genericClosure
    isBool
    isFloat
    isInt
    lessThan
    mul
    pathExists
    readFile
    seq
    sub
    ;

  /**
    Its argument. `a -> a`

        id 1  =>  1
  */
  id = x: x;

  /**
    The first of two arguments. `a -> b -> a`

        const 5 (throw "unused")  =>  5
  */
  const = x: _: x;

  /**
    Passes a value through functions from left to right. `a -> [(x -> y)] -> b`

        pipe 2 [ (x: x + 2) toString ]  =>  "4"
  */
  pipe = foldl' (x: f: f x);

  /**
    Concatenates two lists. `[a] -> [a] -> [a]`

        concat [ 1 ] [ 2 ]  =>  [ 1 2 ]
  */
  concat = x: y: x ++ y;

  /**
    Disjunction as a function. `Bool -> Bool -> Bool`

        trivial.or true false  =>  true
  */
  or = x: y: x || y;

  /**
    Conjunction as a function. `Bool -> Bool -> Bool`

        and true false  =>  false
  */
  and = x: y: x && y;

  /**
    Exclusive disjunction. `Bool -> Bool -> Bool`

        xor true true  =>  false
  */
  xor = x: y: x != y;

  /**
    Complement of all bits. `Int -> Int`

        bitNot 1  =>  -2
  */
  bitNot = x: -1 - x;

  /**
    `"true"` or `"false"`; `toString` gives `"1"` and `""` instead. `Bool -> String`

        boolToString false  =>  "false"
  */
  boolToString = b: if b then "true" else "false";

  /**
    `"yes"` or `"no"`. `Bool -> String`

        boolToYesNo true  =>  "yes"
  */
  boolToYesNo = b: if b then "yes" else "no";

  /**
    Right-biased union as a function. `AttrSet -> AttrSet -> AttrSet`

        mergeAttrs { a = 1; } { a = 2; }  =>  { a = 2; }
  */
  mergeAttrs = x: y: x // y;

  /**
    Swaps the first two arguments. `(a -> b -> c) -> b -> a -> c`

        flip concat [ 1 ] [ 2 ]  =>  [ 2 1 ]
  */
  flip =
    f: a: b:
    f b a;

  /**
    Applies `f` unless the value is `null`. `(a -> b) -> Null | a -> Null | b`

        mapNullable (x: x + 1) null  =>  null
  */
  mapNullable = f: a: if a == null then null else f a;

  /**
    The second argument, or `default` if that is `null`. `a -> Null | a -> a`

        defaultTo 1 null  =>  1
  */
  defaultTo = default: a: if a == null then default else a;

  /**
    The library's interface level: the nixpkgs release whose `lib` it follows, `"YY.MM"`. `String`
  */
  release = "26.05";
  /** What `version` adds to `release`. `String` */
  versionSuffix = "";
  /** `release` with `versionSuffix`. `String` */
  version = release + versionSuffix;
  /** Old name of `version`. `String` */
  nixpkgsVersion = version;
  /** The name of the release. `String` */
  codeName = "Frazil";
  /** The oldest release that modules still have to work with, as YYMM. `Int` */
  oldestSupportedRelease = 2511;

  /**
    Whether every supported release is at least this one (YYMM). `Int -> Bool`

        oldestSupportedReleaseIsAtLeast 2405  =>  true
  */
  oldestSupportedReleaseIsAtLeast = release: release <= oldestSupportedRelease;
  /** Old name of `oldestSupportedReleaseIsAtLeast`. `Int -> Bool` */
  isInOldestRelease = oldestSupportedReleaseIsAtLeast;

  /**
    The revision this library comes from; it records none. `a -> a`

        revisionWithDefault "dirty"  =>  "dirty"
  */
  revisionWithDefault = default: default;

  /** Whether the evaluation runs for `nix-shell`. `Bool` */
  inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";

  /** Whether the evaluation is pure. `Bool` */
  inPureEvalMode = !(builtins ? currentSystem);

  /**
    The smaller of two numbers. `Number -> Number -> Number`

        min 1 2  =>  1
  */
  min = x: y: if x < y then x else y;

  /**
    The greater of two numbers. `Number -> Number -> Number`

        max 1 2  =>  2
  */
  max = x: y: if x > y then x else y;

  /**
    Remainder of the division that truncates, as `div` does. `Int -> Int -> Int`

        mod (-7) 3  =>  -1
  */
  mod = dividend: divisor: dividend - divisor * (dividend / divisor);

  /**
    -1, 0 or 1 as the first is less than, equal to or greater than the second. `a -> a -> Int`

        compare 2 1  =>  1
  */
  compare =
    a: b:
    if a < b then
      -1
    else if a > b then
      1
    else
      0;

  /**
    Orders values of two kinds: those `p` holds for come first and compare by `yes`, the others by
    `no`. `(a -> Bool) -> (a -> a -> Int) -> (a -> a -> Int) -> a -> a -> Int`

        splitByAndCompare (hasPrefix "foo") compare compare "a" "foox"  =>  1
  */
  splitByAndCompare =
    p: yes: no: a: b:
    if p a then
      (if p b then yes a b else -1)
    else if p b then
      1
    else
      no a b;

  /**
    The value of a JSON file. `Path -> a`

        importJSON ./a.json  =>  { a = 1; }
  */
  importJSON = path: builtins.fromJSON (readFile path);

  /**
    The value of a TOML file. `Path -> AttrSet`

        importTOML ./a.toml  =>  { a = 1; }
  */
  importTOML = path: builtins.fromTOML (readFile path);

  /**
    Prints a warning when the value is forced. `String -> a -> a`

        warn "old" 1  =>  1
  */
  warn =
    builtins.warn or (
      message: value:
      if
        elem (builtins.getEnv "NIX_ABORT_ON_WARN") [
          "1"
          "true"
          "yes"
        ]
      then
        trace "evaluation warning: ${message}" (abort "NIX_ABORT_ON_WARN is set")
      else
        trace "evaluation warning: ${message}" value
    );

  /**
    `warn`s if the condition holds. `Bool -> String -> a -> a`

        warnIf false "old" 1  =>  1
  */
  warnIf = cond: message: if cond then warn message else id;

  /**
    `warn`s unless the condition holds. `Bool -> String -> a -> a`

        warnIfNot true "old" 1  =>  1
  */
  warnIfNot = cond: message: if cond then id else warn message;

  /**
    The identity, unless the condition fails: then an error. `Bool -> String -> a -> a`

        throwIfNot true "bad" 1  =>  1
  */
  throwIfNot = cond: message: if cond then id else throw message;

  /**
    The identity, unless the condition holds: then an error. `Bool -> String -> a -> a`

        throwIf false "bad" 1  =>  1
  */
  throwIf = cond: message: if cond then throw message else id;

  /**
    Checks that all elements of `given` are in `valid`. `String -> [a] -> [a] -> b -> b`

        checkListOfEnum "colors" [ "red" ] [ "red" ] 1  =>  1
  */
  checkListOfEnum =
    message: valid: given:
    let
      unexpected = filter (x: !(elem x valid)) given;
      show = concatStringsSep ", ";
    in
    throwIfNot (unexpected == [ ])
      "${message}: ${show (map toString unexpected)} unexpected; valid ones: ${show (map toString valid)}";

  /**
    Prints a message when the value is forced. `String -> a -> a`

        info "hello" 1  =>  1
  */
  info = message: trace "INFO: ${message}";

  /**
    Prints all warnings, the first one first. `[String] -> a -> a`

        showWarnings [ ] 1  =>  1
  */
  showWarnings = warnings: value: lib.foldr warn value warnings;

  /**
    A function that says which arguments it takes. `(AttrSet -> a) -> AttrSet -> Functor`

        functionArgs (setFunctionArgs (x: x) { a = true; })  =>  { a = true; }
  */
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };

  /**
    The named arguments of a function, and whether each has a default. `Function -> AttrSet`

        functionArgs ({ a, b ? 1 }: a)  =>  { a = false; b = true; }
  */
  functionArgs =
    f:
    if f ? __functor then
      f.__functionArgs or (functionArgs (f.__functor f))
    else
      builtins.functionArgs f;

  /**
    Whether a value can be called: a function, or a set with a functor. `a -> Bool`

        isFunction { __functor = self: x: x; }  =>  true
  */
  isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));

  /**
    Gives `g` the argument names of `f`. `(a -> b) -> (a -> c) -> Functor`

        functionArgs (mirrorFunctionArgs ({ a }: a) (x: x))  =>  { a = false; }
  */
  mirrorFunctionArgs =
    f:
    let
      args = functionArgs f;
    in
    g: setFunctionArgs g args;

  /**
    The value itself if it can be called, else a function that ignores its argument. `a -> b -> c`

        toFunction 1 null  =>  1
  */
  toFunction = v: if isFunction v then v else _: v;

  /**
    The number that hexadecimal digits spell, `0x` before them or not. `String -> Int`

        fromHexString "fF"  =>  255
  */
  fromHexString =
    text:
    let
      digits = builtins.match "(0[xX])?([0-9a-fA-F]+)" text;
    in
    if digits == null then
      throw "fromHexString: ${builtins.toJSON text} is not a hexadecimal number"
    else
      foldl' (n: digit: n * 16 + hexValues.${digit}) 0 (
        lib.stringToCharacters (builtins.elemAt digits 1)
      );

  /**
    A number that is not negative in capital hexadecimal digits. `Int -> String`

        toHexString 250  =>  "FA"
  */
  toHexString =
    i: builtins.concatStringsSep "" (map (builtins.elemAt hexDigits) (toBaseDigits 16 i));

  /**
    The digits of a number that is not negative, the highest first. `Int -> Int -> [Int]`

        toBaseDigits 2 6  =>  [ 1 1 0 ]
  */
  toBaseDigits =
    base: i:
    let
      go =
        digits: rest:
        if rest < base then [ rest ] ++ digits else go ([ (mod rest base) ] ++ digits) (rest / base);
    in
    assert base >= 2;
    assert i >= 0;
    go [ ] i;
}
