let f = s: f (s + s); in f "ab"
