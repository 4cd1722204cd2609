# The list builtins over long lists.
let
  numbers = builtins.genList (i: i * 7919 - (i * 7919 / 1009) * 1009) 250000;
  even = n: builtins.bitAnd n 1 == 0;
  parts = builtins.partition even numbers;
in
{
  sum = builtins.foldl' builtins.add 0 numbers;
  weighted = builtins.foldl' (acc: n: acc + n * 3 - 1) 0 (builtins.filter even numbers);
  largest = builtins.foldl' (acc: n: if acc < n then n else acc) 0 (map (n: n + 1) parts.wrong);
  pairs = builtins.length (builtins.concatMap (n: [ n n ]) parts.right);
  small = builtins.all (n: n < 1009) numbers && !(builtins.any (n: n < 0) numbers);
  groups = builtins.mapAttrs (_: builtins.length) (
    builtins.groupBy (n: toString (builtins.bitAnd n 7)) numbers
  );
}
