let x = x + 1; y = builtins.tryEval x; in y
