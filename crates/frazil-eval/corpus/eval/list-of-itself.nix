let l = map (x: l) [ 1 2 ]; in l
