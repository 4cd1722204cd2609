builtins.trace "loaded" 7
