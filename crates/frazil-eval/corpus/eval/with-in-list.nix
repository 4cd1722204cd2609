with { a = 1; b = 2; }; [ (let x = a; in with { b = x; }; [ a b (let y = b; in with { z = y; }; z + b) ]) b ]
