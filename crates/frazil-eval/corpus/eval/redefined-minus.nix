let __sub = a: b: b; x = 3; in x - x - (let y = x; in y) - x
