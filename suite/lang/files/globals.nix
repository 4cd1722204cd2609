[ (builtins == 1) true false ]
