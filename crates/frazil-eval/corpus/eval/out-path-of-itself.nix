let s = { outPath = s; }; in [ (builtins.tryEval "${s}") (builtins.toJSON s) ]
