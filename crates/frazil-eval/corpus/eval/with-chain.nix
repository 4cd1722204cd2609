with { a = 1; }; with { b = 2; }; let f = x: with { c = x; }; y: [ a b c d y ]; d = a; in f 3 4
