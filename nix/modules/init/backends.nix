# Which init carries the services out, and what each of them can do.
#
# Our own can do all. The others supervise, and our launcher starts what they supervise; what a
# supervisor itself has to know about is where they differ. The table says what they cannot do.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.init;
  services = lib.filterAttrs (_: service: service.enabled) cfg.services;

  # A field counts as used when it has another value than it would have by itself.
  fields = {
    bind = service: service.bind;
    health = service: service.health != null;
    signals = service: service.signals != { };
    burst = service: service.burst.count != null;
    "stop.command" = service: service.stop.command != null;
    "stop.timeout" = service: service.stop.timeout != 8;
    "stop.signal" = service: service.stop.signal != "TERM";
    requires = service: service.requires != [ ];
    ready = service: service.ready.notify || service.ready.fd != null;
    oneshot = service: service.type != "process";
    "log.file" = service: service.log.file != null;
    restart = service: service.restart != "never" && !service.critical;
    backoff = service: service.backoff.max != 30 || service.backoff.min != 0.2;
  };

  one = [
    "bind"
    "health"
    "burst"
    "stop.command"
    "requires"
    "ready"
    "oneshot"
    "log.file"
    "restart"
    "backoff"
  ];
  cannot = {
    frazil = [ ];
    runit = [
      "bind"
      "signals"
      "burst"
      "backoff"
    ];
    s6 = [
      "bind"
      "signals"
      "burst"
      "backoff"
    ];
    s6-rc = [
      "signals"
      "burst"
      "backoff"
    ];
    dinit = [
      "signals"
      "stop.command"
    ];
    dumb-init = one;
    tini = one ++ [
      "signals"
      "stop.signal"
      "stop.timeout"
    ];
    catatonit = one ++ [
      "signals"
      "stop.signal"
      "stop.timeout"
    ];
  };
  runsOne = lib.elem cfg.type [
    "dumb-init"
    "tini"
    "catatonit"
  ];

  refused =
    name: service:
    map (field: {
      assertion = !(fields.${field} service);
      message = "`init.services.${name}.${field}` cannot be honoured by the init `${cfg.type}`; leave it out or set `init.type = \"frazil\"`";
    }) cannot.${cfg.type};
in
{
  options.init = {
    type = mkOption {
      type = types.enum (lib.attrNames cannot);
      default = "frazil";
      description = "The init that starts and supervises the services.";
    };
    availableInits = mkOption {
      type = types.listOf types.str;
      readOnly = true;
      default = lib.attrNames cannot;
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

  config.assertions =
    lib.concatLists (lib.mapAttrsToList refused services)
    ++ [
      {
        assertion = cfg.type == "frazil";
        message = "the init `${cfg.type}` cannot be put into a system yet; leave `init.type` at \"frazil\"";
      }
      {
        assertion = !runsOne || lib.length (lib.attrNames services) <= 1;
        message = "the init `${cfg.type}` runs one service, and ${lib.concatStringsSep ", " (lib.attrNames services)} are enabled; set `init.type = \"frazil\"`";
      }
      {
        assertion = cfg.shell == null || config.users.users ? ${cfg.shell};
        message = "`init.shell` names the user `${toString cfg.shell}`, who does not exist";
      }
    ];
}
