let f = { __functor = { __functor = s: t: x: x; }; }; in [ (f 1) (f f f) ]
