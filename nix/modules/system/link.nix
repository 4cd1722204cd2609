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
    capabilities = mkOption {
      type = types.attrsOf types.bool;
      default = { };
      example = {
        shell = false;
        zoneinfo = true;
      };
      description = ''
        Decisions on what programs may need without naming a file: `shell`, `locale`, `gconv`,
        `services`, `zoneinfo`, `certificates`, `terminfo`. Unset ones follow what the programs import.
      '';
    };
    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages that the linker may take files from although nothing refers to them by their store path.";
    };
  };
}
