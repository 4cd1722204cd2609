# Interpolation, joining, cutting, replacing, hashing.
let
  words = builtins.genList (i: "word${toString i}-${toString (i * 31)}") 60000;
  text = builtins.concatStringsSep " " words;
  escaped = builtins.replaceStrings [ "w" "-" "9" ] [ "<w>" "\\-" "nine" ] text;
  line = builtins.substring 0 2000 text;
  chars = builtins.concatLists (map (_: builtins.genList (i: builtins.substring i 1 line) 2000) (builtins.genList (i: i) 50));
  lines = map (w: "  ${w} = \"${w}\";\n") words;
in
{
  lengths = map builtins.stringLength [
    text
    escaped
    (builtins.concatStringsSep "" lines)
    (toString words)
  ];
  dashes = builtins.length (builtins.filter (c: c == "-") chars);
  hash = builtins.hashString "sha256" escaped;
  versions = builtins.length (
    builtins.filter (w: builtins.compareVersions w "word30000-1" > 0) words
  );
}
