# TOML in, XML out.
let
  section = i: ''
    [[package]]
    name = "p${toString i}"
    version = "1.${toString i}.0"
    checksum = "${builtins.hashString "sha256" (toString i)}"
    dependencies = [ "a ${toString i}", "b", "c" ]
    size = ${toString i}
    ratio = ${toString i}.5
    meta = { ok = true, level = 3 }

  '';
  text = builtins.concatStringsSep "" (builtins.genList section 3000);
  parsed = fromTOML text;
  xml = builtins.toXML parsed;
in
{
  packages = builtins.length parsed.package;
  sizes = builtins.foldl' (acc: p: acc + p.size) 0 parsed.package;
  length = builtins.stringLength xml;
  hash = builtins.hashString "sha256" xml;
}
