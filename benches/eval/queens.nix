# Backtracking over small lists: all placements of nine queens.
let
  size = 9;
  columns = builtins.genList (n: n) size;
  safe =
    column: placed:
    let
      go =
        distance: rest:
        rest == [ ]
        ||
          (
            let
              other = builtins.head rest;
            in
            other != column
            && other != column + distance
            && other != column - distance
            && go (distance + 1) (builtins.tail rest)
          );
    in
    go 1 placed;
  place =
    row:
    if row == 0 then
      [ [ ] ]
    else
      builtins.concatMap (
        placed: map (column: [ column ] ++ placed) (builtins.filter (column: safe column placed) columns)
      ) (place (row - 1));
  solutions = place size;
in
{
  count = builtins.length solutions;
  first = builtins.head solutions;
}
