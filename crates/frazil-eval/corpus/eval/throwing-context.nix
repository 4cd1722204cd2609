builtins.addErrorContext (throw "inner") (throw "outer")
