let a = map (x: builtins.head a) [ 1 ]; in a
