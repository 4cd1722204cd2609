builtins.deepSeq [ (builtins.filter (x: false) [ 1 ]) { a = throw "x"; } ] 1
