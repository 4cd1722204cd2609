let d = derivation { name = "x"; system = "y"; builder = "/z"; args = [ d.outPath ]; }; in d
