[ (builtins.match "((a*)*)*b" "aaaaaaaaaaaaaaaaaaaaaaaa") (builtins.split "(x)|y" "axbyc") ]
