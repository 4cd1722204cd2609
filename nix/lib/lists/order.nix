/** Sorting and comparing lists; part of `lib.lists`. */
{ lib }:
let
  inherit (builtins)
    compareVersions
    elemAt
    filter
    head
    isString
    length
    partition
    split
    tail
    ;
  inherit (lib) compare min reverseList;
in
rec {
  /**
    Depth-first search from the first element along `before a b`. The result has `visited` and
    `rest`, and `cycle` and `loops` instead if `stopOnCycles` and a cycle was met.
    `Bool -> (a -> a -> Bool) -> [a] -> AttrSet`

        listDfs true hasPrefix [ "/home/user" "other" "/" "/home" ]
          =>  { minimal = "/"; rest = [ "/home" "other" ]; visited = [ "/home/user" ]; }
  */
  listDfs =
    stopOnCycles: before: list:
    let
      go =
        us: visited: rest:
        let
          loops = filter (x: before x us) visited;
          split = partition (x: before x us) rest;
        in
        if stopOnCycles && loops != [ ] then
          {
            cycle = us;
            inherit loops visited rest;
          }
        else if split.right == [ ] then
          {
            minimal = us;
            inherit visited rest;
          }
        else
          go (head split.right) ([ us ] ++ visited) (tail split.right ++ split.wrong);
    in
    go (head list) [ ] (tail list);

  /**
    Sorts so that `a` comes first where `before a b`; `cycle` and `loops` instead of `result` if
    that is impossible. `(a -> a -> Bool) -> [a] -> { result :: [a]; } | { cycle :: [a]; loops :: [a]; }`

        toposort (a: b: a < b) [ 3 2 1 ]  =>  { result = [ 1 2 3 ]; }
  */
  toposort =
    before: list:
    let
      # `done` is reversed while it grows.
      go =
        done: rest:
        if rest == [ ] then
          { result = reverseList done; }
        else
          let
            found = listDfs true before rest;
          in
          if found ? cycle then
            {
              cycle = reverseList ([ found.cycle ] ++ found.visited);
              inherit (found) loops;
            }
          else
            go ([ found.minimal ] ++ done) (found.visited ++ found.rest);
    in
    if length list < 2 then { result = list; } else go [ ] list;

  /**
    Sorts by `less a b`; equal elements keep their order. `(a -> a -> Bool) -> [a] -> [a]`

        sort (a: b: a < b) [ 5 3 7 ]  =>  [ 3 5 7 ]
  */
  sort = builtins.sort;

  /**
    Sorts by what `f` gives, which is computed once for each element. `(a -> b) -> [a] -> [a]`

        sortOn stringLength [ "aa" "b" ]  =>  [ "b" "aa" ]
  */
  sortOn =
    f: list:
    map (x: elemAt x 1) (
      sort (a: b: head a < head b) (
        map (x: [
          (f x)
          x
        ]) list
      )
    );

  /**
    Compares lists by their first elements that differ, then by length.
    `(a -> a -> Int) -> [a] -> [a] -> Int`

        compareLists compare [ 1 2 ] [ 1 3 ]  =>  -1
  */
  compareLists =
    cmp: a: b:
    let
      count = min (length a) (length b);
      go =
        i:
        if i == count then
          compare (length a) (length b)
        else
          let
            order = cmp (elemAt a i) (elemAt b i);
          in
          if order == 0 then go (i + 1) else order;
    in
    go 0;

  /**
    Sorts strings so that numbers in them count as numbers. `[String] -> [String]`

        naturalSort [ "disk11" "disk2" ]  =>  [ "disk2" "disk11" ]
  */
  naturalSort =
    list:
    let
      # Alternating texts and digits; digits compare as versions do, so that none is too long.
      key = text: map (part: if isString part then part else head part) (split "([0-9]+)" text);
      isNumber = part: builtins.match "[0-9]+" part != null;
      cmp = a: b: if isNumber a && isNumber b then compareVersions a b else compare a b;
      keyed = map (text: {
        inherit text;
        key = key text;
      }) list;
    in
    map (x: x.text) (sort (a: b: compareLists cmp a.key b.key < 0) keyed);
}
