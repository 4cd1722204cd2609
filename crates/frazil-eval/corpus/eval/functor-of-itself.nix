{ __functor = self: self; } 1
