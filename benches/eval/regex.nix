# POSIX expressions as package sets use them: short, compiled once, matched often; some long splits.
let
  indices = builtins.genList (i: i) 16000;
  urls = map (i: "https://host${toString i}.example.org:80${toString (builtins.bitAnd i 9)}/a/b-1.${toString i}.tar.gz?x=y") indices;
  url = builtins.match "([a-z]+)://([^:/]+)(:([0-9]+))?(/[^?]*)?([?](.*))?";
  version = builtins.match ".*-([0-9]+[.][0-9]+)[.]tar[.](gz|xz|bz2).*";
  text = builtins.concatStringsSep "\n" (map (i: "key${toString i} = value ${toString i} # note") indices);
  lines = builtins.filter builtins.isString (builtins.split "\n" text);
in
{
  hosts = builtins.length (builtins.filter (m: m != null) (map url urls));
  ports = builtins.foldl' (acc: u: acc + builtins.fromJSON (builtins.elemAt (url u) 3)) 0 urls;
  versions = builtins.elemAt (map (u: builtins.head (version u)) urls) 15999;
  words = builtins.length (builtins.split "[[:space:]]+" text);
  assigned = builtins.length (
    builtins.filter (l: builtins.match "([[:alnum:]]+)[[:space:]]*=[[:space:]]*([^#]*[^#[:space:]])[[:space:]]*(#.*)?" l != null) lines
  );
}
