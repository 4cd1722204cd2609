{
  first = 1;
  nested.deep = 2;
    "quoted name" = 3;
  ${"dyn" + "amic"} = 4;
  inherit (builtins) length;
}
