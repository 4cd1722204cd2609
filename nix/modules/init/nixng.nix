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
  shell = config.dumb-init.type.shell;
  mode = types.nullOr (types.submodule { });
in
{
  options = {
    runit.enable = lib.mkEnableOption "runit as the init";
    dinit.enable = lib.mkEnableOption "dinit as the init";
    dumb-init = {
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
      type = lib.mkIf (lib.length enabled == 1) (lib.mkDefault (lib.head enabled));
      # NixNG has a supervisor below dumb-init, for any number of services.
      nested = lib.mkIf (config.dumb-init.enable && shell == null && config.init.type == "dumb-init") (lib.mkDefault true);
      shell = lib.mkIf (config.dumb-init.enable && shell != null) shell.user;
    };
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
