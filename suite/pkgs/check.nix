# The package set over a recorded suite. `paths` are compared with what C++ Nix makes of them; each of
# `cases` must be true.
let
  lib = import ../../nix/lib;
  record = builtins.fromJSON (builtins.readFile ./record.json);
  index = import ../../nix/pkgs/index.nix;

  setOf =
    {
      versions ? "exact",
      overlays ? [ ],
    }:
    import ../../nix/pkgs {
      inherit lib overlays;
      index = index.ofRecord (record // { release = record.release // { inherit versions; }; });
    };
  pkgs = setOf { };
  near = setOf { versions = "nearest"; };

  fails = value: !(builtins.tryEval value).success;

  # The derivation of everything that is one, by name; null for what the suite does not have.
  paths = lib.mapAttrs (
    name: _:
    let
      value = pkgs.${name};
      path = builtins.tryEval (if value.type or null == "derivation" then value.drvPath else null);
    in
    if path.success then path.value else null
  ) (removeAttrs pkgs [ "debian" ]);

  builds = {
    text = pkgs.writeText "t" "x ${pkgs.nginx}";
    script = pkgs.writeShellScriptBin "s" "exec ${lib.getExe pkgs.jq}";
    application = pkgs.writeShellApplication {
      name = "a";
      text = "jq";
      runtimeInputs = [ pkgs.jq ];
    };
    joined = pkgs.symlinkJoin {
      name = "j";
      paths = [
        pkgs.nginx
        pkgs.jq
      ];
    };
    profile = pkgs.buildEnv {
      name = "e";
      paths = [ pkgs.jq ];
      pathsToLink = [ "/bin" ];
    };
    farm = pkgs.linkFarm "f" { "a/b" = pkgs.jq; };
    replaced = pkgs.replaceVars ./record.json { release = "x"; };
    json = (pkgs.formats.json { }).generate "x.json" { a = [ 1 ]; };
    closure = pkgs.closureInfo { rootPaths = [ pkgs.jq ]; };
    command = pkgs.runCommand "c" { nativeBuildInputs = [ pkgs.jq ]; } "jq --version > $out";
    program = pkgs.stdenv.mkDerivation (final: {
      pname = "p";
      version = "1";
      src = ./check.nix;
      passthru.again = final.version;
    });
    wrapped = pkgs.runCommand "w" { nativeBuildInputs = [ pkgs.makeWrapper ]; } "makeWrapper /bin/true $out";
    download = pkgs.fetchurl {
      url = "https://example.org/x";
      hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    };
    image = pkgs.dockerTools.streamLayeredImage {
      name = "team/shop";
      contents = [ pkgs.jq ];
      config.Cmd = [ "${pkgs.nginx}/bin/nginx" ];
    };
    generic = pkgs.debian.hello;
    unit = pkgs.debianTools.unit "hello";
  };

  toml = (pkgs.formats.toml { }).generate "x.toml" {
    plain = "a\"b";
    list = [
      1
      2.5
      true
    ];
    gone = null;
    table.inner.x = 1;
    many = [
      { n = 1; }
      { n = 2; }
    ];
  };
  textOf = drv: (builtins.head drv.drvAttrs.entries).text;
  # An image of nothing, changed, as its builder is told of it.
  imageOf = arguments: (pkgs.dockerTools.buildImage ({ name = "a/b"; } // arguments)).toplevel.drvAttrs.specification;
  withOverlay = setOf {
    overlays = [
      (final: prev: {
        nginx = prev.jq;
        mine = final.writeText "mine" final.nginx.pname;
      })
    ];
  };
in
{
  inherit paths;
  builds = lib.mapAttrs (_: drv: drv.drvPath) builds;

  cases = {
    version = pkgs.nginx.version == "1.26.3" && pkgs.redis.version == "8.0.2";
    mainProgram = lib.getExe pkgs.apacheHttpd == "${pkgs.apacheHttpd}/bin/httpd";
    schema = pkgs.postgresql_17.psqlSchema == "17" && pkgs.postgresql.psqlSchema == "17";
    license = pkgs.nginx.meta.license.spdxId == "BSD-2-Clause";
    noSuchVersion = fails pkgs.postgresql_15 && fails pkgs.nixVersions.nix_2_32;
    nearestIsLater = near.postgresql_15.psqlSchema == "17";
    nearestIsLatest = near.nixVersions.nix_2_32.version == pkgs.nix.version;
    exactIsExact = near.nixVersions.nix_2_26.drvPath == pkgs.nixVersions.nix_2_26.drvPath;
    noOverride = fails (pkgs.nginx.override { openssl = null; });
    override =
      builtins.elem "postfix-pgsql" (pkgs.postfix.override { withPgSQL = true; }).debian.packages
      && !builtins.elem "postfix-pgsql" pkgs.postfix.debian.packages;
    overrideTwice =
      let
        once = pkgs.postfix.override { withPgSQL = true; };
        twice = once.override (old: {
          withMySQL = old.withPgSQL;
        });
      in
      lib.all (name: builtins.elem name twice.debian.packages) [
        "postfix-pgsql"
        "postfix-mysql"
      ];
    overrideAttrs =
      fails (pkgs.nginx.overrideAttrs { patches = [ ]; })
      && (pkgs.nginx.overrideAttrs (old: { meta.x = old.version; })).meta.x == "1.26.3";
    libraries = builtins.elem "python3-yaml" (pkgs.python3.withPackages (ps: [ ps.yaml ])).debian.packages;
    overlay = withOverlay.nginx.pname == "jq" && textOf withOverlay.mine == "jq";
    extend = (pkgs.extend (_: _: { two = 2; })).two == 2;
    callPackage = pkgs.callPackage ({ jq, given ? 1 }: jq.pname + toString given) { given = 2; } == "jq2";
    unknownArgument = fails (pkgs.fetchurl { url = "x"; });
    images =
      let
        image =
          (imageOf {
            tag = "1";
            created = "2024-02-29T12:00:01Z";
            config = {
              Entrypoint = "/bin/jq";
              Env = [ "A=b=c" ];
              ExposedPorts."80/tcp" = { };
              Healthcheck.Test = [ "CMD-SHELL" "true" ];
            };
          }).image;
      in
      image.created == 1709208001
      && image.entrypoint == [ "/bin/jq" ]
      && image.cmd == [ ]
      && image.environment.A == "b=c"
      && image.ports == [ "80/tcp" ]
      && image.healthcheck.command == [ "/bin/sh" "-c" "true" ]
      && image.name == "a/b"
      && image.tag == "1"
      && image.layers.max == 2;
    imageDates =
      (imageOf { created = "2000-12-31T23:59:59Z"; }).image.created == 978307199
      && (imageOf { }).image.created == 1;
    imageContents = (imageOf { copyToRoot = pkgs.jq; }).root == [ "${pkgs.jq}" ];
    imageTag = builds.image.imageTag == builtins.substring 11 32 builds.image.toplevel.outPath;
    imagesRunNothing = builtins.all (arguments: fails (builtins.toJSON (imageOf arguments))) [
      { fakeRootCommands = "chown"; }
      { extraCommands = "mkdir"; }
      { runAsRoot = "true"; }
      { fromImage = ./record.json; }
      { created = "now"; }
      { created = "yesterday"; }
      { architecture = "riscv"; }
      { compressor = "xz"; }
      { unknown = 1; }
      { config.Unknown = 1; }
      { config.Env = [ "A" ]; }
      { contents = [ ]; copyToRoot = [ pkgs.jq ]; }
    ];
    toml = textOf toml == ''
      list = [1, 2.5, true]
      plain = "a\"b"

      [[many]]
      n = 1

      [[many]]
      n = 2

      [table]

      [table.inner]
      x = 1
    '';
    derivationOverride =
      (builds.program.overrideAttrs (old: { version = "${old.version}.1"; })).name == "p-1.1"
      && (builds.program.overrideAttrs { version = "3"; }).passthru.again == "3";
  };
}
