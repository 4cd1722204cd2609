# The value of an imported `.drv` file: the set that `derivation` would have made, as far as the
# file tells. `imported` has `drvPath`, `name`, `outputs`, and the path of each output.
imported:
let
  common = builtins.listToAttrs every // {
    all = map (each: each.value) every;
    inherit (imported) drvPath name;
    type = "derivation";
  };
  every = map (name: {
    inherit name;
    value = common // {
      outPath = builtins.getAttr name imported;
      outputName = name;
    };
  }) imported.outputs;
in
(builtins.head every).value
