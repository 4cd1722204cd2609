builtins.foldl' (a: n: a // { ${toString n} = n; }) { } (builtins.genList (x: x) 40)
