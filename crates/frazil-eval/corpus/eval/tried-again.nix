let x = throw "a"; in [ (builtins.tryEval x) (builtins.tryEval x) ]
