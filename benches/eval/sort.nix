# Three ways to sort, and a quicksort written in the language.
let
  next = x: builtins.bitAnd (x * 1103515245 + 12345) 2147483647;
  numbers = builtins.genList (i: next (next (i + 1))) 30000;
  strings = map toString numbers;
  records = map (n: { key = builtins.bitAnd n 255; value = n; }) numbers;
  quicksort =
    list:
    if list == [ ] then
      [ ]
    else
      let
        pivot = builtins.head list;
        parts = builtins.partition (x: x < pivot) (builtins.tail list);
      in
      quicksort parts.right ++ [ pivot ] ++ quicksort parts.wrong;
  pick = list: map (builtins.elemAt list) [ 0 1 15000 29999 ];
in
{
  byPrimop = pick (builtins.sort builtins.lessThan numbers);
  byLambda = pick (builtins.sort (a: b: b < a) numbers);
  strings = pick (builtins.sort builtins.lessThan strings);
  records = map (r: r.value) (pick (builtins.sort (a: b: a.key < b.key) records));
  own = pick (quicksort numbers);
}
