# <nix/fetchurl.nix>: a derivation that downloads a file. Its attributes decide about store paths,
# so none may be added or taken away.
let
  choose = algo: hash: otherwise: if hash != "" then { inherit algo hash; } else otherwise;
in
{
  url,
  hash ? "",
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",
  outputHash ?
    (choose "" hash (choose "" sha512 (choose "" sha1 (choose "" md5 { hash = sha256; })))).hash,
  outputHashAlgo ?
    (choose "" hash (choose "sha512" sha512 (choose "sha1" sha1 (choose "md5" md5 { algo = "sha256"; })))).algo,
  name ? baseNameOf (toString url),
  executable ? false,
  unpack ? false,
  impure ? false,
  system ? "",
}:
derivation (
  {
    inherit name url executable unpack;
    urls = [ url ];
    builder = "builtin:fetchurl";
    system = "builtin";
    outputHashMode = if executable || unpack then "recursive" else "flat";
    preferLocalBuild = true;
    impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
  }
  // (if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; })
)
