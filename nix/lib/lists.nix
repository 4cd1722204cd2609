/** Functions on lists. */
{ lib }:
let
  inherit (builtins)
    attrNames
    attrValues
    throw
    ;
  inherit (lib.trivial) min warn;
  order = import ./lists/order.nix { inherit lib; };
in
order
// rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    genList
    groupBy
    head
    isList
    length
    map
    partition
    tail
    ;

  /**
    A list of one element. `a -> [a]`

        singleton 1  =>  [ 1 ]
  */
  singleton = x: [ x ];

  /**
    `map` with the list first. `[a] -> (a -> b) -> [b]`

        forEach [ 1 2 ] (x: x + 1)  =>  [ 2 3 ]
  */
  forEach = xs: f: map f xs;

  /**
    Folds from the right. `(a -> b -> b) -> b -> [a] -> b`

        foldr (x: acc: "${x}(${acc})") "z" [ "a" "b" ]  =>  "a(b(z))"
  */
  foldr =
    op: nul: list:
    let
      count = length list;
      go = i: if i == count then nul else op (elemAt list i) (go (i + 1));
    in
    go 0;

  /** Old name of `foldr`. `(a -> b -> b) -> b -> [a] -> b` */
  fold = foldr;

  /**
    Folds from the left, lazily. `(b -> a -> b) -> b -> [a] -> b`

        foldl (acc: x: acc + x) "z" [ "a" "b" ]  =>  "zab"
  */
  foldl =
    op: nul: list:
    let
      go = i: if i < 0 then nul else op (go (i - 1)) (elemAt list i);
    in
    go (length list - 1);

  /**
    Folds from the left and forces every step, the start too. `(b -> a -> b) -> b -> [a] -> b`

        foldl' (acc: x: acc + x) 0 [ 1 2 ]  =>  3
  */
  foldl' = op: acc: builtins.seq acc (builtins.foldl' op acc);

  /**
    Maps with indices from 0. `(Int -> a -> b) -> [a] -> [b]`

        imap0 (i: x: x + toString i) [ "a" "b" ]  =>  [ "a0" "b1" ]
  */
  imap0 = f: list: genList (i: f i (elemAt list i)) (length list);

  /**
    Maps with indices from 1. `(Int -> a -> b) -> [a] -> [b]`

        imap1 (i: x: x + toString i) [ "a" "b" ]  =>  [ "a1" "b2" ]
  */
  imap1 = f: list: genList (i: f (i + 1) (elemAt list i)) (length list);

  /**
    Filters with indices from 0. `(Int -> a -> Bool) -> [a] -> [a]`

        ifilter0 (i: x: i > 0) [ "a" "b" ]  =>  [ "b" ]
  */
  ifilter0 =
    pred: list:
    map (elemAt list) (filter (i: pred i (elemAt list i)) (genList (i: i) (length list)));

  /**
    Concatenates the lists that are the values of a set. `{ ${name} :: [a] } -> [a]`

        concatAttrValues { a = [ 1 ]; b = [ 2 ]; }  =>  [ 1 2 ]
  */
  concatAttrValues = set: concatLists (attrValues set);

  /**
    Concatenates nested lists of any depth. `[a | [..]] -> [a]`

        flatten [ 1 [ 2 [ 3 ] ] ]  =>  [ 1 2 3 ]
  */
  flatten = x: if isList x then concatMap flatten x else [ x ];

  /**
    Without the elements that equal a value. `a -> [a] -> [a]`

        remove 1 [ 1 2 1 ]  =>  [ 2 ]
  */
  remove = e: filter (x: x != e);

  /**
    The only element that fulfils a condition; `none` if there is no such element, `many` if there
    are several. `(a -> Bool) -> a -> a -> [a] -> a`

        findSingle (x: x == 3) "none" "many" [ 1 3 ]  =>  3
  */
  findSingle =
    pred: none: many: list:
    let
      found = filter pred list;
      count = length found;
    in
    if count == 0 then
      none
    else if count != 1 then
      many
    else
      head found;

  /**
    The index of the first element that fulfils a condition. `(a -> Bool) -> b -> [a] -> Int | b`

        findFirstIndex (x: x > 3) null [ 1 6 4 ]  =>  1
  */
  findFirstIndex =
    pred: default: list:
    let
      # A strict fold instead of recursion, which long lists would overflow. It counts up from -1 - n
      # for n misses; at the first hit the sign flips and the fold only passes the index on.
      found = builtins.foldl' (
        i: x:
        if i >= 0 then
          i
        else if pred x then
          -1 - i
        else
          i - 1
      ) (-1) list;
    in
    if found < 0 then default else found;

  /**
    The first element that fulfils a condition. `(a -> Bool) -> a -> [a] -> a`

        findFirst (x: x > 3) 7 [ 1 6 4 ]  =>  6
  */
  findFirst =
    pred: default: list:
    let
      i = findFirstIndex pred null list;
    in
    if i == null then default else elemAt list i;

  /**
    How many elements fulfil a condition. `(a -> Bool) -> [a] -> Int`

        count (x: x > 1) [ 1 2 3 ]  =>  2
  */
  count = pred: list: length (filter pred list);

  /**
    A list of the value if the condition holds, else an empty one. `Bool -> a -> [a]`

        optional true 1  =>  [ 1 ]
  */
  optional = cond: x: if cond then [ x ] else [ ];

  /**
    The list if the condition holds, else an empty one. `Bool -> [a] -> [a]`

        optionals false [ 1 ]  =>  [ ]
  */
  optionals = cond: xs: if cond then xs else [ ];

  /**
    A list as it is, anything else as a list of itself. `a -> [a]`

        toList 1  =>  [ 1 ]
  */
  toList = x: if isList x then x else [ x ];

  /**
    The integers from the first to the last. `Int -> Int -> [Int]`

        range 2 4  =>  [ 2 3 4 ]
  */
  range = first: last: if first > last then [ ] else genList (i: first + i) (last - first + 1);

  /**
    A value repeated. `Int -> a -> [a]`

        replicate 2 "a"  =>  [ "a" "a" ]
  */
  replicate = n: x: genList (_: x) n;

  /**
    Groups by a key and folds each group from the left. `(b -> a -> b) -> b -> (a -> String) -> [a] -> AttrSet`

        groupBy' builtins.add 0 (x: if x > 2 then "big" else "small") [ 1 2 3 ]
          =>  { big = 3; small = 3; }
  */
  groupBy' =
    op: nul: key: list:
    builtins.mapAttrs (_: foldl op nul) (groupBy key list);

  /**
    Joins two lists with a function; the longer one is cut. `(a -> b -> c) -> [a] -> [b] -> [c]`

        zipListsWith (a: b: a + b) [ 1 2 ] [ 3 ]  =>  [ 4 ]
  */
  zipListsWith =
    f: xs: ys:
    genList (i: f (elemAt xs i) (elemAt ys i)) (min (length xs) (length ys));

  /**
    Joins two lists to pairs. `[a] -> [b] -> [{ fst :: a; snd :: b; }]`

        zipLists [ 1 ] [ "a" ]  =>  [ { fst = 1; snd = "a"; } ]
  */
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });

  /**
    The list backwards. `[a] -> [a]`

        reverseList [ 1 2 ]  =>  [ 2 1 ]
  */
  reverseList =
    xs:
    let
      end = length xs - 1;
    in
    genList (i: elemAt xs (end - i)) (end + 1);

  /**
    At most this many elements from the start. `Int -> [a] -> [a]`

        take 2 [ 1 2 3 ]  =>  [ 1 2 ]
  */
  take = sublist 0;

  /**
    At most this many elements from the end. `Int -> [a] -> [a]`

        takeEnd 2 [ 1 2 3 ]  =>  [ 2 3 ]
  */
  takeEnd = n: xs: drop (lib.max 0 (length xs - lib.max 0 n)) xs;

  /**
    Without this many elements at the start. `Int -> [a] -> [a]`

        drop 2 [ 1 2 3 ]  =>  [ 3 ]
  */
  drop = n: xs: sublist n (length xs) xs;

  /**
    Without this many elements at the end. `Int -> [a] -> [a]`

        dropEnd 2 [ 1 2 3 ]  =>  [ 1 ]
  */
  dropEnd = n: xs: take (length xs - lib.max 0 n) xs;

  /**
    Whether the second list starts with the first. `[a] -> [a] -> Bool`

        hasPrefix [ 1 ] [ 1 2 ]  =>  true
  */
  hasPrefix = prefix: xs: take (length prefix) xs == prefix;

  /**
    The second list without the first at its start; an error if it is not there. `[a] -> [a] -> [a]`

        removePrefix [ 1 ] [ 1 2 ]  =>  [ 2 ]
  */
  removePrefix =
    prefix: xs:
    if hasPrefix prefix xs then
      drop (length prefix) xs
    else
      throw "lib.lists.removePrefix: the first list is not a prefix of the second";

  /**
    At most `count` elements from index `start`. `Int -> Int -> [a] -> [a]`

        sublist 1 2 [ 1 2 3 4 ]  =>  [ 2 3 ]
  */
  sublist =
    start: count: xs:
    let
      len = length xs;
    in
    genList (i: elemAt xs (start + i)) (
      if start >= len || count <= 0 then 0 else min count (len - start)
    );

  /**
    The longest list both start with. `[a] -> [a] -> [a]`

        commonPrefix [ 1 2 3 ] [ 1 2 4 ]  =>  [ 1 2 ]
  */
  commonPrefix =
    xs: ys:
    let
      same = zipListsWith (x: y: x == y) xs ys;
    in
    take (findFirstIndex (equal: !equal) (length same) same) xs;

  /**
    The last element. `[a] -> a`

        last [ 1 2 ]  =>  2
  */
  last =
    xs: if xs == [ ] then throw "lists.last: the list is empty" else elemAt xs (length xs - 1);

  /**
    All elements but the last. `[a] -> [a]`

        init [ 1 2 ]  =>  [ 1 ]
  */
  init = xs: if xs == [ ] then throw "lists.init: the list is empty" else dropEnd 1 xs;

  /** A function of every choice of one element from each list; superseded by `mapCartesianProduct`. */
  crossLists =
    f: lists:
    warn "lib.crossLists: use lib.mapCartesianProduct, which names the arguments" (
      foldl (fs: xs: concatMap (f: map f xs) fs) [ f ] lists
    );

  /**
    Without repeated elements; compares all with all. `[a] -> [a]`

        unique [ 3 2 3 ]  =>  [ 3 2 ]
  */
  unique = builtins.foldl' (acc: x: if elem x acc then acc else acc ++ [ x ]) [ ];

  /**
    Different strings in the order of their names, in n log(n) time. `[String] -> [String]`

        uniqueStrings [ "b" "a" "b" ]  =>  [ "a" "b" ]
  */
  uniqueStrings = list: attrNames (groupBy (x: x) list);

  /**
    Whether no element occurs twice. `[a] -> Bool`

        allUnique [ 3 2 3 ]  =>  false
  */
  allUnique = list: length (unique list) == length list;

  /**
    The elements of the second list that are in the first. `[a] -> [a] -> [a]`

        intersectLists [ 1 2 ] [ 2 3 ]  =>  [ 2 ]
  */
  intersectLists = xs: filter (x: elem x xs);

  /**
    The elements of the second list that are not in the first. `[a] -> [a] -> [a]`

        subtractLists [ 1 2 ] [ 2 3 ]  =>  [ 3 ]
  */
  subtractLists = xs: filter (x: !(elem x xs));

  /**
    Whether two lists have no element in common. `[a] -> [a] -> Bool`

        mutuallyExclusive [ 1 ] [ 2 ]  =>  true
  */
  mutuallyExclusive = a: b: !(any (x: elem x a) b);

  /**
    A copy with another element at an index. `[a] -> Int -> a -> [a]`

        replaceElemAt [ 1 2 ] 0 "a"  =>  [ "a" 2 ]
  */
  replaceElemAt =
    list: index: new:
    if index < 0 || index >= length list then
      throw "lists.replaceElemAt: index ${toString index} is outside of a list of ${toString (length list)} elements"
    else
      imap0 (i: old: if i == index then new else old) list;
}
