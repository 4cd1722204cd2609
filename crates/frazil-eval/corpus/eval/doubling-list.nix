let f = s: f (s ++ s); in f [ 1 2 ]
