/** Arguments of functions that download, whose hash is given in one of several ways. */
{ lib }:
let
  fakes = {
    hash = lib.fakeHash;
    sha256 = lib.fakeSha256;
    sha512 = lib.fakeSha512;
  };
in
rec {
  /** Environment variables that make downloads go through a proxy. `[String]` */
  proxyImpureEnvVars = [
    "http_proxy"
    "https_proxy"
    "ftp_proxy"
    "all_proxy"
    "no_proxy"
    "HTTP_PROXY"
    "HTTPS_PROXY"
    "FTP_PROXY"
    "ALL_PROXY"
    "NO_PROXY"
    "NIX_SSL_CERT_FILE"
  ];

  /**
    Turns `hash`, or one of the `hashTypes`, into `outputHash` and `outputHashAlgo`.
    `{ hashTypes ? [ "sha256" ]; required ? true; } -> AttrSet -> AttrSet`

        normalizeHash { } { hash = "sha256-..."; }  =>  { outputHash = "sha256-..."; outputHashAlgo = null; }
  */
  normalizeHash =
    {
      hashTypes ? [ "sha256" ],
      required ? true,
    }:
    args:
    let
      names = [ "hash" ] ++ hashTypes;
      given = lib.filter (name: args ? ${name}) names;
      name = lib.head given;
      value = args.${name};
      known = lib.concatStringsSep ", " names;
    in
    if args ? outputHash && args ? outputHashAlgo then
      args
    else if lib.length given > 1 then
      throw "a hash is given more than once: ${lib.concatStringsSep ", " given}"
    else if given == [ ] then
      if required then throw "fetcher called without `hash`: expected one of ${known}" else args
    else
      removeAttrs args given
      // {
        outputHash = if value == "" then fakes.${name} or lib.fakeHash else value;
        outputHashAlgo = if name == "hash" then null else name;
      };

  /**
    Makes a function of `outputHash` and `outputHashAlgo` take a hash in any of the ways.
    `{ hashTypes ? [ "sha256" ]; } -> Function -> Function`
  */
  withNormalizedHash =
    {
      hashTypes ? [ "sha256" ],
    }:
    f:
    let
      args = lib.functionArgs f;
      needs = name: lib.throwIfNot (args ? ${name} || args == { }) "withNormalizedHash: the function takes no `${name}`";
      optional = args.outputHash or false;
      named =
        if args == { } then
          { }
        else
          removeAttrs args [
            "outputHash"
            "outputHashAlgo"
          ]
          // {
            hash = optional;
          };
    in
    needs "outputHash" (
      needs "outputHashAlgo" (
        lib.setFunctionArgs (
          given:
          f (normalizeHash {
            inherit hashTypes;
            required = args != { } && !optional;
          } given)
        ) named
      )
    );
}
