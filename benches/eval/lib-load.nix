# What a configuration pays before its first own line: lib, and every name of its parts.
let
  lib = import <lib>;
  parts = [
    "asserts" "attrsets" "customisation" "debug" "derivations" "fetchers" "fileset" "filesystem"
    "fixedPoints" "generators" "gvariant" "licenses" "lists" "meta" "modules" "network" "options"
    "path" "platforms" "sources" "strings" "systems" "trivial" "types" "versions"
  ];
in
builtins.foldl' (acc: n: acc + builtins.length (builtins.attrNames lib.${n})) 0 parts
