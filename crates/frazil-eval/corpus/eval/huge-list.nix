builtins.genList (x: x) 4294967295
