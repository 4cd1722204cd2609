# Which init carries the services out, and what a system for working in starts instead.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.init;
  inits = [ "frazil" ];
in
{
  options.init = {
    type = mkOption {
      type = types.enum inits;
      default = "frazil";
      description = "The init that starts and supervises the services.";
    };
    availableInits = mkOption {
      type = types.listOf types.str;
      readOnly = true;
      default = inits;
      description = "What `init.type` can be.";
    };
    shell = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "root";
      description = "A user whose login shell runs instead of services, in systems that are for working in.";
    };
  };

  config.image = lib.mkIf (cfg.shell != null) {
    # Arguments that a user gives take the place of the shell.
    entrypoint = lib.mkDefault [
      "/usr/sbin/init"
      "--"
    ];
    cmd = lib.mkDefault [ config.users.users.${cfg.shell}.shell ];
    environment.PATH = lib.mkDefault "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";
  };
  config.system.link.capabilities.shell = lib.mkIf (cfg.shell != null) (lib.mkDefault true);

  config.assertions = [
    {
      assertion = cfg.shell == null || config.users.users ? ${cfg.shell};
      message = "`init.shell` names the user `${toString cfg.shell}`, who does not exist";
    }
  ];
}
