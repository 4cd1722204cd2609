let x = builtins.addErrorContext x (throw "outer"); in x
