builtins.foldl' (a: _: { v = a; }) null (builtins.genList (x: x) 20000)
