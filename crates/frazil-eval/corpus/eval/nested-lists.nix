builtins.foldl' (a: _: [ a ]) null (builtins.genList (x: x) 20000)
