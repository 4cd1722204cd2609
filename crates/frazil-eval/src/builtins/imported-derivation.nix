# What `derivation` returns, for a derivation that was read from its .drv file.
{ drvPath, name, outputs, ... }@paths:
let
  shared = builtins.listToAttrs perOutput // {
    inherit drvPath name;
    all = map (output: output.value) perOutput;
    type = "derivation";
  };
  perOutput = map (outputName: {
    name = outputName;
    value = shared // { inherit outputName; outPath = paths.${outputName}; };
  }) outputs;
in
(builtins.head perOutput).value
