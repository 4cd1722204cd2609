# Which init carries the services out, and what a system for working in starts instead.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.init;
  services = lib.filterAttrs (_: service: service.enabled) cfg.services;
  ours = "/usr/sbin/init";
  signals = import ./signals.nix { inherit lib; };

  # What is in Debian: the package, and the program of it that is PID 1 or its child.
  inits = {
    frazil = { };
    runit = {
      package = "runit";
      program = "bin/runsvdir";
      more = [ "bin/runsv" ];
    };
    s6 = {
      package = "s6";
      program = "bin/s6-svscan";
      more = [ "bin/s6-supervise" ];
    };
    # The program of the image runs alone, without services.
    none = { };
    # Their files are written; who has them brings them along.
    s6-rc = { };
    dinit.program = "sbin/dinit";
    dumb-init = {
      package = "dumb-init";
      program = "bin/dumb-init";
    };
    tini = {
      package = "tini";
      program = "bin/tini";
    };
    catatonit = {
      package = "catatonit";
      program = "bin/catatonit";
    };
  };
  init = inits.${cfg.type};
  program =
    if init ? program then
      if cfg.package != null then "${cfg.package}/${init.program}" else "/usr/${init.program}"
    else
      null;

  # The signal that asks an image to stop, and the inits that do not act on all that a process gets.
  stopSignal = signals.plain config.image.stopSignal;
  heard =
    {
      s6 = usual;
      dinit = [
        "INT"
        "TERM"
      ];
      dumb-init = lib.subtractLists job (lib.intersectLists signals.heard signals.named);
      tini = passed;
      catatonit = passed;
    }
    .${cfg.type} or signals.heard;
  usual = [
    "HUP"
    "INT"
    "PWR"
    "QUIT"
    "TERM"
    "USR1"
    "USR2"
    "WINCH"
  ];
  passed = lib.subtractLists (job ++ [ "ABRT" "SYS" "TRAP" ]) signals.heard;
  # Those of a shell's jobs.
  job = [
    "TSTP"
    "TTIN"
    "TTOU"
  ];
  # Whether the image starts as the init says, not as somebody knows better.
  startsInit =
    if config.image.entrypoint == null then start == null else entrypoint != null && isBegun entrypoint;
  isBegun =
    words:
    let
      begin = lib.take (lib.length beforeAll + 1);
    in
    begin config.image.entrypoint == begin words;

  # dumb-init can change signals on their way: the one that stops, and those that are passed on.
  rewritten =
    service:
    lib.optional (signals.plain service.stop.signal != stopSignal) (rewrite stopSignal service.stop.signal)
    ++ lib.mapAttrsToList rewrite service.signals;
  rewrite = from: to: [
    "--rewrite"
    "${toString (number from)}:${toString (number to)}"
  ];
  number =
    signal:
    signals.numbers.${signals.plain signal}
      or (throw "the init `dumb-init` cannot pass the signal `${signal}` on; it knows ${lib.concatStringsSep " " signals.named}");

  only = lib.head (lib.attrNames services);
  # What runs below an init for one process.
  child =
    if cfg.shell != null then
      [ ]
    else if cfg.nested then
      [ ours ]
    else
      [
        ours
        "launch"
        "/etc/init.plan"
        only
      ];
  options = lib.optionals (
    cfg.type == "dumb-init" && cfg.shell == null && !cfg.nested
  ) (lib.concatLists (rewritten services.${only}));
  start =
    if cfg.runsOne then
      [ program ] ++ options ++ [ "--" ] ++ child
    else if cfg.shell != null then
      [
        ours
        "--"
      ]
    else if cfg.type == "dinit" then
      [
        program
        "--container"
        "--services-dir"
        "/etc/dinit.d"
      ]
    else if program != null then
      [
        ours
        "under"
        cfg.type
        program
      ]
    else
      null;
  # Each command becomes the next one; the last of them is what the system starts anyway.
  beforeAll = lib.concatMap (
    command:
    [
      ours
      "first"
    ]
    ++ command
    ++ [ "--" ]
  ) cfg.first;
  # Nothing is said where the image starts our init, and nothing else.
  entrypoint =
    if start != null then
      beforeAll ++ start
    else if cfg.type == "frazil" && beforeAll != [ ] then
      beforeAll ++ [ ours ]
    else
      null;
  # Others start these: programs of the user.
  isForeign = lib.elem cfg.type [
    "none"
    "s6-rc"
  ];
in
{
  options.init = {
    first = mkOption {
      type = types.listOf (types.listOf types.str);
      default = [ ];
      example = lib.literalExpression ''[ [ "/usr/sbin/init" "bind" "/data/app" "/srv/app" ] ]'';
      description = ''
        Commands that are run as root before any service or shell, one after the other, whichever
        the init is. In a container a command that fails is the end of the system; a machine goes on.
      '';
    };
    type = mkOption {
      type = types.enum (lib.attrNames inits);
      default = "frazil";
      description = "The init that starts and supervises the services.";
    };
    availableInits = mkOption {
      type = types.listOf types.str;
      readOnly = true;
      default = lib.attrNames inits;
      description = "What `init.type` can be.";
    };
    package = mkOption {
      type = types.nullOr types.package;
      default = if init ? package then pkgs.${init.package} else null;
      defaultText = "Debian's package of `init.type`, where there is one";
      description = "What brings the init. For `dinit`, which Debian does not have: a package with `sbin/dinit`.";
    };
    nested = mkOption {
      type = types.bool;
      default = false;
      description = ''
        For an init that runs one process: whether that is Frazil's own init, which supervises any
        number of services below it.
      '';
    };
    runsOne = mkOption {
      type = types.bool;
      internal = true;
      readOnly = true;
      default = lib.elem cfg.type [
        "dumb-init"
        "tini"
        "catatonit"
      ];
      description = "Whether the init runs one process.";
    };
    programs = mkOption {
      type = types.listOf types.str;
      internal = true;
      readOnly = true;
      default = lib.optionals (cfg.package != null && program != null) (
        [ program ] ++ map (path: "${cfg.package}/${path}") (init.more or [ ])
      );
      description = "The programs of the init, which the system must have.";
    };
    shell = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "root";
      description = "A user whose login shell runs instead of services, in systems that are for working in.";
    };
  };

  config.image = {
    entrypoint = lib.mkIf (entrypoint != null) (lib.mkDefault entrypoint);
    # Arguments that a user gives take the place of the shell.
    cmd = lib.mkIf (cfg.shell != null) (
      lib.mkDefault [ config.users.users.${cfg.shell}.shell ]
    );
    environment.PATH = lib.mkIf (cfg.shell != null) (
      lib.mkDefault "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
    );
  };
  # A machine starts the init itself.
  config.init.setup = lib.mkIf (cfg.type == "frazil" && cfg.mode != "container") (
    lib.mkAfter (map (command: { run = command; }) cfg.first)
  );
  # Debian's glue between runit and sysvinit: shell scripts that nobody calls here.
  config.system.link.without = lib.mkIf (cfg.type == "runit") [ "/usr/lib/runit/**" ];
  config.system.link.capabilities.shell = lib.mkIf (cfg.shell != null) (lib.mkDefault true);

  config.assertions = [
    {
      assertion = cfg.type == "none" || config.system.platform == "x86_64-linux";
      message = "there is no init for ${config.system.platform} here, only one for x86_64-linux; with `init.type = \"none\"` the program of `image.entrypoint` runs alone";
    }
    {
      assertion = !startsInit || lib.elem stopSignal heard;
      message = "`image.stopSignal` is `${config.image.stopSignal}`, which the init `${cfg.type}` does not act on; take one of ${
        lib.concatMapStringsSep " " (name: "SIG${name}") (lib.intersectLists heard usual)
      }";
    }
    {
      assertion = cfg.shell == null || config.users.users ? ${cfg.shell};
      message = "`init.shell` names the user `${toString cfg.shell}`, who does not exist";
    }
    {
      assertion = cfg.shell == null || cfg.runsOne || cfg.type == "frazil";
      message = "`init.shell` starts no services, so the init `${cfg.type}` has nothing to do; set `init.type` to \"frazil\" or \"dumb-init\"";
    }
    {
      assertion = !(lib.any (lib.elem "--") cfg.first);
      message = "a command of `init.first` has the word `--`, which ends it; name a program that needs no such word";
    }
    {
      assertion = cfg.first == [ ] || lib.elem config.image.user [ null "0" "root" ];
      message = "`init.first` (${lib.concatMapStringsSep ", " lib.head cfg.first}) needs root, and `image.user` is `${toString config.image.user}`";
    }
    {
      assertion = cfg.type != "none" || config.image.entrypoint != null;
      message = "`init.type` is \"none\", so that nothing is started; set `image.entrypoint`";
    }
    {
      assertion = cfg.type != "none" || services == { } && cfg.first == [ ];
      message = "`init.type` is \"none\", which starts no services: ${
        lib.concatStringsSep ", " (lib.attrNames services ++ map lib.head cfg.first)
      }";
    }
    {
      assertion =
        cfg.first == [ ]
        || cfg.mode == "vm"
        || cfg.type == "s6-rc"
        || cfg.type == "none"
        || lib.take (lib.length beforeAll) config.image.entrypoint == beforeAll;
      message = "`image.entrypoint` is set, so `init.first` (${lib.concatMapStringsSep ", " lib.head cfg.first}) cannot be honoured; leave it to the init `${cfg.type}`";
    }
    {
      assertion = !isForeign || cfg.first == [ ];
      message = "with the init `${cfg.type}` a program of yours is started, so `init.first` (${lib.concatMapStringsSep ", " lib.head cfg.first}) cannot be honoured; run its commands there";
    }
    {
      assertion = cfg.type != "s6-rc" || config.image.entrypoint != null;
      message = "the init `s6-rc` gets its sources in /etc/s6-rc/source; set `image.entrypoint` to the program of yours that compiles and starts them";
    }
    {
      assertion = !cfg.nested || cfg.runsOne;
      message = "`init.nested` is for an init that runs one process, and `${cfg.type}` supervises by itself";
    }
  ];
  config.warnings = lib.optional (
    cfg.type == "dinit" && cfg.package == null
  ) "Debian has no dinit: its files are in /etc/dinit.d, and `${program}` must be brought by the system (`init.package`)";
}
