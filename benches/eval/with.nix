# Names that only a `with` can give, some through several of them.
let
  outer = builtins.listToAttrs (
    builtins.genList (i: {
      name = "n${toString i}";
      value = i;
    }) 200
  );
  inner = {
    one = 1;
    two = 2;
    three = x: x + 3;
  };
  step =
    i:
    with outer;
    with inner;
    three (i + one) * two - n7 + n100 - n199 + (with { four = 4; }; four + one + n3);
in
builtins.foldl' (acc: i: acc + step i) 0 (builtins.genList (i: i) 120000)
