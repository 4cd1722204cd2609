[ (builtins.fromJSON "{\"a\":[1,2.5,null,{\"b\":\"\\u00e9\"}]}") (builtins.fromTOML "a.b = [1, {c = 2}]") (builtins.toJSON { a = 1.5; b = [ null true "x" ]; }) ]
