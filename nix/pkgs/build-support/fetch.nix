# Downloads with a known hash.
{ lib, final }:
let
  algorithms = [
    "sha256"
    "sha512"
    "sha1"
    "md5"
  ];
in
rec {
  fetchurl =
    {
      url ? builtins.head urls,
      urls ? [ ],
      name ? "",
      hash ? "",
      sha256 ? "",
      sha512 ? "",
      sha1 ? "",
      md5 ? "",
      outputHash ? "",
      outputHashAlgo ? "",
      executable ? false,
      recursiveHash ? executable,
      unpack ? false,
      meta ? { },
      passthru ? { },
      ...
    }@args:
    let
      byAlgorithm = builtins.filter (algorithm: args.${algorithm} or "" != "") algorithms;
      algorithm = if byAlgorithm == [ ] then outputHashAlgo else builtins.head byAlgorithm;
      given =
        if hash != "" then
          hash
        else if byAlgorithm != [ ] then
          args.${algorithm}
        else
          outputHash;
      unsupported = builtins.attrNames (
        builtins.intersectAttrs {
          postFetch = null;
          downloadToTemp = null;
          netrcPhase = null;
        } (lib.filterAttrs (_: value: value != "" && value != false) args)
      );
      drv = derivation {
        name = if name != "" then name else baseNameOf (toString url);
        inherit url executable unpack;
        builder = "builtin:fetchurl";
        system = "builtin";
        outputHashMode = if recursiveHash || unpack || executable then "recursive" else "flat";
        outputHashAlgo = if hash != "" then null else algorithm;
        outputHash = given;
        preferLocalBuild = true;
        impureEnvVars = [
          "http_proxy"
          "https_proxy"
          "ftp_proxy"
          "all_proxy"
          "no_proxy"
        ];
        inherit urls;
      };
    in
    assert lib.assertMsg (given != "") "fetchurl of ${url} needs a hash: give `hash` or `sha256`";
    assert lib.assertMsg (
      unsupported == [ ]
    ) "fetchurl of ${url}: ${toString unsupported} would run a shell, which a download here does not have";
    assert lib.assertMsg (
      !lib.hasPrefix "mirror://" url
    ) "fetchurl of ${url}: no mirrors are known here; name a whole URL";
    final.annotateDerivation drv { inherit meta passthru; } // { inherit url; };
}
