# To JSON and back.
let
  record = i: {
    id = i;
    name = "item \"${toString i}\"\n";
    ratio = i / 7.0;
    tags = [ "a" "b" (toString i) null true ];
    nested = { x = i; y = { z = [ ]; }; };
  };
  text = builtins.toJSON (builtins.genList record 20000);
  parsed = builtins.fromJSON text;
in
{
  length = builtins.stringLength text;
  hash = builtins.hashString "sha256" text;
  same = builtins.toJSON parsed == text;
  sum = builtins.foldl' (acc: r: acc + r.id + r.nested.x) 0 parsed;
}
