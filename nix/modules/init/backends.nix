# What each init can do of what a service declares.
#
# Our own can do all. Below the others our launcher starts the services, so who a service is and what
# it finds is the same everywhere; where a supervisor itself has to know something, they differ. The
# table says what cannot be done: declaring it is an error. `docs/conformance.md` shows what is tried.
{ config, lib, ... }:
let
  cfg = config.init;
  services = lib.filterAttrs (_: service: service.enabled) cfg.services;

  # A field counts as used when it has another value than it would have by itself.
  fields = {
    afterStop = service: service.afterStop != null || service.execStop != null;
    after = service: service.after != [ ];
    backoff =
      service:
      service.backoff.min != 0.2 || service.backoff.max != 30 || service.backoff.reset != 10;
    # They pause for a second whatever is declared.
    "backoff.min" = service: service.backoff.min != 0.2 && service.backoff.min < 1;
    bind = service: service.bind;
    burst = service: service.burst.count != null;
    critical = service: service.critical;
    health = service: service.health != null;
    log =
      service:
      service.log.file != null
      || service.log.syslog != null
      || !(lib.elem service.log.format [
        "inherit"
        "null"
      ]);
    ready = service: lib.any (kind: service.ready.${kind} != null && service.ready.${kind} != false) probes;
    requires = service: service.requires != [ ];
    restart = service: service.restart != "never";
    signals = service: service.signals != { };
    "signals of s6" =
      service: lib.any (signal: !(lib.elem (plain signal) caught)) (lib.attrNames service.signals);
    startTimeout = service: service.startTimeout != 60;
    "stop.command" = service: service.stop.command != null;
    "stop.group" = service: !service.stop.group;
    "stop.timeout" = service: service.stop.timeout != 8;
    successCodes = service: service.successCodes != [ 0 ];
    type = service: service.type != "process";
    wants = service: service.wants != [ ];
  };
  probes = [
    "fd"
    "notify"
    "tcp"
    "unix"
    "file"
    "http"
    "exec"
  ];
  inherit (import ./signals.nix { inherit lib; }) plain;
  # What s6-svscan can be told to pass on.
  caught = [
    "HUP"
    "QUIT"
    "USR1"
    "USR2"
    "WINCH"
  ];

  one = [
    "afterStop"
    "after"
    "backoff"
    "bind"
    "burst"
    "health"
    "log"
    "ready"
    "requires"
    "restart"
    "startTimeout"
    "stop.command"
    "stop.group"
    "stop.timeout"
    "successCodes"
    "type"
    "wants"
  ];
  cannot = {
    frazil = [ ];
    none = [ ];
    runit = [
      "backoff.min"
      "bind"
    ];
    s6 = [
      "backoff.min"
      "bind"
      "signals of s6"
      "stop.command"
    ];
    s6-rc = [
      "after"
      "backoff.min"
      "bind"
      "critical"
      "health"
      "signals"
      "stop.command"
      "wants"
    ];
    dinit = [
      "afterStop"
      "backoff"
      "critical"
      "health"
      "signals"
      "stop.command"
      "stop.group"
      "successCodes"
    ];
    dumb-init = one;
    tini = one ++ [ "signals" ];
    catatonit = one ++ [ "signals" ];
  };

  refused =
    name: service:
    map (field: {
      assertion = !(fields.${field} service);
      message = "`init.services.${name}.${lib.removeSuffix " of s6" field}` cannot be honoured by the init `${cfg.type}`; leave it out or set `init.type = \"frazil\"`";
    }) cannot.${if cfg.nested then "frazil" else cfg.type};

  # What tini and catatonit get, the service gets.
  misunderstood = name: service: {
    assertion =
      !(lib.elem cfg.type [
        "tini"
        "catatonit"
      ])
      || cfg.nested
      || plain service.stop.signal == plain config.image.stopSignal;
    message = "the init `${cfg.type}` passes signals on as they are, and `image.stopSignal` is `${config.image.stopSignal}` where `init.services.${name}.stop.signal` is `${service.stop.signal}`; make them the same or set `init.type = \"frazil\"`";
  };

  # Their logs are services of their own.
  taken = lib.filter (name: services ? "${name}-log") (lib.attrNames services);
in
{
  config.assertions =
    lib.concatLists (lib.mapAttrsToList refused services)
    ++ lib.mapAttrsToList misunderstood services
    ++ [
      {
        assertion =
          !cfg.runsOne || cfg.nested || cfg.shell != null || lib.length (lib.attrNames services) == 1;
        message = "the init `${cfg.type}` runs one service, and enabled are: ${
          if services == { } then "none" else lib.concatStringsSep ", " (lib.attrNames services)
        }; set `init.type = \"frazil\"`";
      }
      {
        assertion =
          !(lib.elem cfg.type [
            "dinit"
            "s6-rc"
          ])
          || taken == [ ];
        message = "the init `${cfg.type}` keeps the log of `${lib.head taken}` in a service `${lib.head taken}-log`, and there is one of that name; call it otherwise";
      }
    ];
}
