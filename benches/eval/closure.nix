# genericClosure over a graph of 60 000 nodes with integer keys, and a smaller one with strings.
let
  limit = 60000;
  numbers = builtins.genericClosure {
    startSet = [ { key = 1; } ];
    operator =
      { key }:
      builtins.filter (n: n.key < limit) [ { key = key * 2; } { key = key * 2 + 1; } { key = key + 1; } ];
  };
  names = builtins.genericClosure {
    startSet = [ { key = "n0"; value = 0; } ];
    operator =
      { value, ... }:
      if value > 6000 then
        [ ]
      else
        map (v: { key = "n${toString v}"; value = v; }) [ (value + 1) (value + 7) ];
  };
in
{
  numbers = builtins.length numbers;
  sum = builtins.foldl' (acc: n: acc + n.key) 0 numbers;
  names = builtins.length names;
}
