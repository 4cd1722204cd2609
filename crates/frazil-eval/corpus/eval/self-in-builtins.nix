let s = rec { a = s; b = [ s ]; }; in [ (builtins.toXML s) (builtins.attrNames s) (builtins.mapAttrs (n: v: v) s) (s // s == s) ]
