let f = a: b: c: [ a b c ]; p = f 1; in map (p 2) [ (p 3 4) p ]
