/** How much strings have in common; part of `lib.strings`. */
{ lib }:
let
  inherit (builtins)
    elemAt
    foldl'
    genList
    stringLength
    substring
    ;
  char = text: i: substring i 1 text;
in
rec {
  /**
    The length of the longest common start. `String -> String -> Int`

        commonPrefixLength "hello" "hey"  =>  2
  */
  commonPrefixLength =
    a: b:
    let
      end = lib.min (stringLength a) (stringLength b);
      go = i: if i < end && char a i == char b i then go (i + 1) else i;
    in
    go 0;

  /**
    The length of the longest common end. `String -> String -> Int`

        commonSuffixLength "test" "rest"  =>  3
  */
  commonSuffixLength =
    a: b:
    let
      lenA = stringLength a;
      lenB = stringLength b;
      end = lib.min lenA lenB;
      go = i: if i < end && char a (lenA - i - 1) == char b (lenB - i - 1) then go (i + 1) else i;
    in
    go 0;

  /**
    How many insertions, deletions and replacements of one character make the first string the
    second: the Levenshtein distance. `String -> String -> Int`

        levenshtein "kitten" "sitting"  =>  3
  */
  levenshtein =
    a: b:
    let
      lenB = stringLength b;
      # One row of the table for each character of `a`: distances of its start to all starts of `b`.
      nextRow =
        above: i:
        foldl' (
          row: j:
          let
            replaced = elemAt above j + (if char a i == char b j then 0 else 1);
            best = lib.min replaced (lib.min (elemAt row j) (elemAt above (j + 1)) + 1);
          in
          builtins.seq best (row ++ [ best ])
        ) [ (i + 1) ] (genList (j: j) lenB);
      rows = foldl' nextRow (genList (j: j) (lenB + 1)) (genList (i: i) (stringLength a));
    in
    elemAt rows lenB;

  /**
    Whether the Levenshtein distance is at most `k`; fast where lengths differ much or the strings
    agree at their ends. `Int -> String -> String -> Bool`

        levenshteinAtMost 1 "foo" "boo"  =>  true
  */
  levenshteinAtMost =
    k: a: b:
    let
      lenA = stringLength a;
      lenB = stringLength b;
      apart = if lenA > lenB then lenA - lenB else lenB - lenA;
      prefix = commonPrefixLength a b;
      endA = substring prefix (-1) a;
      endB = substring prefix (-1) b;
      suffix = commonSuffixLength endA endB;
      core = text: substring 0 (stringLength text - suffix) text;
    in
    if k <= 0 then
      k == 0 && a == b
    else
      apart <= k && levenshtein (core endA) (core endB) <= k;
}
