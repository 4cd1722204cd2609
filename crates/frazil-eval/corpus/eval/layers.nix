builtins.foldl' (a: n: a // { ${toString n} = a; }) { } (builtins.genList (x: x) 40)
