# `derivation`: the arguments, with the paths that `derivationStrict` computes, one set per output.
drvAttrs@{ outputs ? [ "out" ], ... }:
let
  strict = derivationStrict drvAttrs;
  common = drvAttrs // builtins.listToAttrs every // {
    all = map (each: each.value) every;
    inherit drvAttrs;
  };
  every = map (name: {
    inherit name;
    value = common // {
      outPath = builtins.getAttr name strict;
      drvPath = strict.drvPath;
      type = "derivation";
      outputName = name;
    };
  }) outputs;
in
(builtins.head every).value
