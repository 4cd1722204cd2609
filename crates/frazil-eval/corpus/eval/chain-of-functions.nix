(builtins.foldl' (a: b: (_: a null + b)) (_: 0) (builtins.genList (x: x) 20000)) null
