# The linked system: all that the modules declared, as one derivation.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  # Values that nobody set say nothing.
  given = lib.filterAttrs (_: value: value != null);
  listed =
    files: lib.mapAttrsToList (path: file: given file // { path = lib.removePrefix "/" path; }) files;

  # Left out where they say nothing, so that systems without them stay what they were.
  unsetLinks = lib.filter (name: lib.elem config.system.link.${name} [ [ ] { } ]) [
    "alternatives"
    "cut"
    "cutReferences"
    "setId"
  ];

  untrimmed = lib.filter (what: !config.image.trim.${what}) [
    "documentation"
    "translations"
    "development"
  ];

  specification = {
    version = import ./linker-version.nix;
    inherit (config.system) name;
    system = config.system.platform;
    debian = pkgs.debianSource or null;
    packages = config.environment.systemPackages;
    files = listed config.system.files;
    directories = listed config.system.directories;
    users = lib.mapAttrs (_: given) config.system.accounts.users;
    groups = lib.mapAttrs (_: given) config.system.accounts.groups;
    inherit (config.init) plan;
    link =
      removeAttrs config.system.link unsetLinks
      // {
        capabilities = given config.system.link.capabilities;
      }
      // lib.optionalAttrs (untrimmed != [ ]) { inherit untrimmed; };
    image = given (removeAttrs config.image [ "trim" ]);
  }
  // lib.optionalAttrs (lib.any (list: list != [ ]) (lib.attrValues config.security.ca)) {
    inherit (config.security) ca;
  };
in
{
  options.system = {
    build = mkOption {
      type = types.submodule { freeformType = types.lazyAttrsOf types.unspecified; };
      default = { };
      description = "What can be built of the system; `toplevel` is the system itself, linked.";
    };
    specification = mkOption {
      type = types.attrs;
      readOnly = true;
      internal = true;
      description = "The whole system as plain data: what the builder `builtin:link` reads.";
    };
  };

  config.system = {
    inherit specification;
    build.toplevel = derivation {
      name = "frazil-${config.system.name}";
      system = "builtin";
      builder = "builtin:link";
      __structuredAttrs = true;
      inherit specification;
    };
  };
}
