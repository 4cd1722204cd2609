# What the linker keeps of the packages that the system uses.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  level = types.enum [
    "files"
    "packages"
    "declared"
  ];
  texts =
    description: example:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description example;
    };
in
{
  options.system.link = {
    level = mkOption {
      type = level;
      default = "files";
      description = ''
        How fine the linker cuts: `files` keeps what the services can reach, `packages` keeps whole
        packages of which anything is reached, and `declared` keeps all that packages say they
        depend on.
      '';
    };
    units = mkOption {
      type = types.attrsOf (
        types.submodule {
          options.level = mkOption {
            type = level;
            description = "The level for this package.";
          };
        }
      );
      default = { };
      example = {
        varnish.level = "packages";
      };
      description = "Packages that are cut otherwise than the rest, by their name.";
    };
    keep = texts "Files to keep whatever the linker finds: absolute paths, in which `*`, `**` and `?` stand for others." [
      "/usr/share/zoneinfo/Europe/**"
    ];
    without = texts "Files to leave out although something mentions them." [
      "/usr/lib/postgresql/17/lib/llvmjit.so"
    ];
    bins = texts "Commands to keep that no service calls by their path." [ "openssl" ];
    locales = texts "Languages whose translations are kept." [ "de" ];
    # The names are those of the linker's table (crates/frazil-link/src/capability.rs).
    capabilities = lib.genAttrs [
      "authorities"
      "charsets"
      "locale"
      "pam"
      "protocols"
      "resolver"
      "services"
      "shadow"
      "shell"
      "terminals"
      "unwinding"
      "users"
      "zones"
    ] (name: mkOption {
      type = types.nullOr types.bool;
      default = null;
      description = "Whether all of `${name}` is kept, or nothing; unset, what programs import decides.";
    });
    alternatives = mkOption {
      type = types.attrsOf (types.strMatching "/.+");
      default = { };
      example = {
        awk = "/usr/bin/gawk";
      };
      description = ''
        Which of several programs has a common name. Unset, it is the one that Debian prefers of
        those in the system's packages.
      '';
    };
    setId = texts "Files that keep their set-user and set-group bits, which all others lose: absolute paths, or patterns." [
      "/usr/bin/su"
    ];
    cut = mkOption {
      type = types.listOf (types.enum [
        "documentation"
        "debug"
        "build"
      ]);
      default = [ ];
      description = ''
        Where a path of a Nix store may be mentioned without being needed: in manuals and licenses, in
        debug information, in what building left (logs, headers, `nix-support`). What nothing else
        mentions is then left out; the ledger says what was cut, and where it was mentioned.
      '';
    };
    cutReferences = texts "Paths of a Nix store that nothing needs although it mentions them: patterns of their names, with or without the hash." [
      "*-doc"
    ];
    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages that the linker may take files from although nothing refers to them by their store path.";
    };
  };
}
