# `derivation`: the arguments, with the paths that `derivationStrict` computes, one set per output.
drvAttrs:
let
  strict = derivationStrict drvAttrs;
  outputs = drvAttrs.outputs or [ "out" ];
  common = drvAttrs // __listToAttrs every // {
    all = map (each: each.value) every;
    inherit drvAttrs;
  };
  every = map (name: {
    inherit name;
    value = common // {
      outPath = __getAttr name strict;
      drvPath = strict.drvPath;
      type = "derivation";
      outputName = name;
    };
  }) outputs;
in
(__head every).value
