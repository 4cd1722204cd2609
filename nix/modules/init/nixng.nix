# NixNG's names for choosing an init, and what of its way to start a system has another form here.
{
  config,
  lib,
  nglib,
  ...
}:
let
  inherit (lib) mkOption types;
  inits = [
    "runit"
    "dinit"
    "dumb-init"
  ];
  enabled = lib.filter (name: config.${name}.enable) inits;
  # Debian has no dinit, so that it needs a package of its own.
  hasNoDinit = config.dinit.enable && config.dinit.package == null;
  packages = {
    runit = config.runit.pkg;
    dinit = config.dinit.package;
    dumb-init = config.dumb-init.package;
  };
  package =
    name:
    mkOption {
      type = types.nullOr types.package;
      default = null;
      description = "What brings ${name}, in place of Debian's package.";
    };
  shell = config.dumb-init.type.shell;
  mode = types.nullOr (types.submodule { });
in
{
  options = {
    runit = {
      enable = lib.mkEnableOption "runit as the init";
      pkg = package "runit";
    };
    dinit = {
      enable = lib.mkEnableOption "dinit as the init";
      package = package "dinit" // {
        description = "What brings dinit, which Debian does not have: without it, the init of Frazil is taken.";
      };
    };
    dumb-init = {
      package = package "dumb-init";
      enable = lib.mkEnableOption "a system whose init is as small as dumb-init";
      type = {
        services = mkOption {
          type = mode;
          default = null;
          description = "Services are started and supervised.";
        };
        shell = mkOption {
          type = types.nullOr (
            types.submodule {
              options.user = mkOption {
                type = types.str;
                default = "root";
                description = "Whose shell it is.";
              };
            }
          );
          default = null;
          description = "A login shell is started, and no service.";
        };
      };
    };
    system.activation = mkOption {
      type = types.attrsOf types.unspecified;
      default = { };
      description = ''
        NixNG's scripts that run before services. Here the image is complete when it is built, so
        there are none: what must be made at each start belongs to a service's `directories`,
        `tmpfiles` or `beforeStart`.
      '';
    };
  };

  config = {
    init = {
      type = lib.mkIf (lib.length enabled == 1) (
        lib.mkDefault (if hasNoDinit then "frazil" else lib.head enabled)
      );
      package = lib.mkIf (packages.${config.init.type} or null != null) packages.${config.init.type};
      # NixNG has a supervisor below dumb-init, for any number of services.
      nested = lib.mkIf (config.dumb-init.enable && shell == null && config.init.type == "dumb-init") (lib.mkDefault true);
      shell = lib.mkIf (config.dumb-init.enable && shell != null) shell.user;
    };
    warnings = lib.optional (
      hasNoDinit && config.init.type == "frazil"
    ) "`dinit.enable`: without `dinit.package` the init of Frazil starts the services";
    assertions = [
      {
        assertion = lib.length enabled <= 1;
        message = "several inits are enabled: ${lib.concatStringsSep ", " enabled}; keep one";
      }
      {
        assertion =
          !config.dumb-init.enable || (config.dumb-init.type.services == null) != (shell == null);
        message = "`dumb-init.type` needs exactly one of `services` and `shell`";
      }
      {
        assertion = config.system.activation == { };
        message = "`system.activation` (${lib.concatStringsSep ", " (lib.attrNames config.system.activation)}) is not supported: the image is complete when it is built. Use `directories`, `tmpfiles` or `beforeStart` of a service";
      }
    ];
  };
}
