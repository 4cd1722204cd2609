# What runs in the system: one schema, whichever init carries it out.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.init;

  words = import ./words.nix { inherit lib; };
  signals = import ./signals.nix { inherit lib; };
  stopSignal = signals.plain config.image.stopSignal;
  tmpfiles = import ./tmpfiles.nix { inherit lib; };

  argv = types.listOf types.str;
  # NixNG's way: a program, or a line of words.
  line = types.either types.path types.str;
  seconds = types.either types.ints.unsigned types.float;

  nullable =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
  flag =
    description:
    mkOption {
      type = types.bool;
      default = false;
      inherit description;
    };
  names =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };
  limited =
    type: default: description:
    mkOption { inherit type default description; };

  path = types.submodule {
    options = {
      mode = limited (types.strMatching "[0-7]{3,4}") "0755" "Its permissions.";
      user = nullable types.str "Who owns it; unset, the user of the service.";
      group = nullable types.str "Its group; unset, the group of the service.";
    };
  };

  template = types.submodule {
    options = {
      source = mkOption {
        type = types.path;
        description = "The text.";
      };
      mode = limited (types.strMatching "[0-7]{3,4}") "0440" "The permissions of the file.";
      user = nullable types.str "Who owns it; unset, the user of the service.";
      group = nullable types.str "Its group; unset, the group of the service.";
    };
  };

  probe = {
    fd = nullable types.ints.positive "A descriptor on which the service writes a line when it is ready.";
    notify = flag "Whether the service says so as systemd's services do, over NOTIFY_SOCKET.";
    tcp = nullable (types.strMatching "[0-9]+([.][0-9]+){3}:[0-9]+") "An address of IPv4 and a port, `127.0.0.1:80`, that take connections then.";
    unix = nullable types.str "A socket that takes connections then.";
    file = nullable types.str "A file that exists then.";
    http = nullable (types.submodule {
      options = {
        host = limited types.str "127.0.0.1" "The address to ask.";
        port = mkOption {
          type = types.port;
          description = "The port to ask.";
        };
        path = limited types.str "/" "What to ask for.";
      };
    }) "What answers with a status of 200 to 399 then.";
    exec = nullable argv "A command that ends with 0 then.";
    interval = limited seconds 0.5 "How long to wait between attempts, in seconds.";
    timeout = limited seconds 5 "How long one attempt may take, in seconds.";
  };
  probeKinds = [
    "fd"
    "notify"
    "tcp"
    "unix"
    "file"
    "http"
    "exec"
  ];

  # Whether a service is all that the init runs.
  alone = cfg.runsOne && !cfg.nested;

  service =
    { name, config, ... }:
    {
      imports = [
        (lib.mkRenamedOptionModule [ "script" ] [ "execStart" ])
        (lib.mkRenamedOptionModule [ "finish" ] [ "execStop" ])
        (lib.mkRenamedOptionModule [ "pwd" ] [ "workingDirectory" ])
        ./ensure.nix
        ./log.nix
      ];

      options = {
        enabled = flag "Whether the service is started with the system. Otherwise it waits to be asked.";
        type = mkOption {
          type = types.enum [
            "process"
            "oneshot"
            "task"
            "scripted"
          ];
          default = "process";
          apply = type: if type == "scripted" then "oneshot" else type;
          description = ''
            `process` runs as long as the system; `oneshot` (NixNG's `scripted`) runs once, and is up
            when it has ended well; `task` runs whenever it is asked for.
          '';
        };
        exec = limited argv (words config.execStart) "The program and its arguments." // {
          defaultText = "the words of `execStart`";
        };
        execStart = limited line "" "The program and its arguments as one line: words, with quotes around those that hold blanks.";
        execStartPre = nullable line "What runs before each start, as root.";
        execStop = nullable line "What runs after the service has ended.";
        beforeStart = mkOption {
          type = types.listOf argv;
          default = [ ];
          description = "Commands that run before each start, as root, one after the other.";
        };
        afterStop = nullable argv "A command that runs after each end, as root.";
        environment = mkOption {
          type = types.attrsOf (import ./value.nix { inherit lib; });
          default = { };
          example = lib.literalExpression ''
            { MODE = "fast"; TOKEN.file = "/run/secrets/token"; PORT = { env = "PORT"; default = "80"; }; }
          '';
          description = ''
            Variables of the service: texts, or what is found when it starts, which is the content of
            a `file`, or the variable `env` of the system.
          '';
        };
        environmentFile = nullable types.str "A file with lines `NAME=value`, read at each start.";
        environmentFiles = names "Files with lines `NAME=value`, read at each start; `?` before one that may be missing.";
        passEnvironment = nullable (types.listOf types.str) "Variables to take over from the system; unset, all in a container and none in a machine.";
        stdin = limited (types.enum [
          "null"
          "inherit"
        ]) "null" "What it reads: nothing, or the standard input of the system.";
        workingDirectory = limited types.path "/" "The directory the service starts in.";
        user = nullable types.str "The user it runs as; unset, the one the system runs as.";
        group = nullable types.str "The group it runs as; unset, that of the user.";
        supplementaryGroups = names "Further groups it is in.";
        umask = limited (types.strMatching "[0-7]{3,4}") "022" "What permissions new files lack.";
        limits = mkOption {
          type = types.attrsOf (types.either types.ints.unsigned (types.enum [ "unlimited" ]));
          default = { };
          example = {
            nofile = 65536;
          };
          description = "Limits of resources, as setrlimit(2) names them.";
        };
        nice = nullable (types.ints.between (-20) 19) "The priority.";
        oomScoreAdjust = nullable (types.ints.between (-1000) 1000) "How willingly the kernel ends it when memory is short.";
        capabilities = nullable (types.listOf types.str) "The capabilities that it may have; unset, those of the system.";
        ambientCapabilities = names "Capabilities that it has although it is not root.";
        noNewPrivileges = limited types.bool (config.user != null) "Whether it cannot become more by running a setuid program." // {
          defaultText = lib.literalExpression "user != null";
        };
        unless = nullable types.path "A file; where it exists, a oneshot is done without being run.";
        tty = nullable types.str "The terminal that is its input and output.";
        directories = mkOption {
          type = types.attrsOf path;
          default = { };
          example = {
            "/var/lib/app".mode = "0700";
          };
          description = "Directories that are made before it starts, unless they are there.";
        };
        templates = mkOption {
          type = types.attrsOf template;
          default = { };
          example = lib.literalExpression ''{ "/run/app/config".source = ./config.template; }'';
          description = ''
            Files that are written before it starts, with `''${NAME}` in them replaced by variables
            of the service, and `''${NAME:-text}` by `text` where there is no such variable.
          '';
        };
        tmpfiles = mkOption {
          type = types.listOf types.unspecified;
          default = [ ];
          description = "Files and directories to make before it starts, in the words of tmpfiles.d(5), made by `nglib.nottmpfiles.dsl`.";
        };
        dependencies = names "Services without which this one cannot run; the same as `requires`.";
        requires = names "Services that must be up before this one starts.";
        wants = names "Services that are started before this one, whether they come up or not.";
        after = names "Services that, where they run at all, are started before this one.";
        bind = flag "Whether the service stops when one that it requires does.";
        ready = probe;
        startTimeout = limited seconds 60 "How long it may take until it is ready, in seconds; 0 for ever.";
        restart = mkOption {
          type = types.enum [
            "always"
            "on-failure"
            "never"
          ];
          default = if config.type == "process" && !config.critical then "always" else "never";
          defaultText = "`always` for a process that is not `critical`, otherwise `never`";
          description = "When it is started again.";
        };
        successCodes = limited (types.listOf (types.ints.between 0 255)) [ 0 ] "Statuses that are no failure.";
        backoff = {
          min = limited seconds 0.2 "The first pause before a restart, in seconds; each is twice as long as the last.";
          max = limited seconds 30 "The longest pause, in seconds.";
          reset = limited seconds 10 "After running for so many seconds, the pauses begin anew.";
        };
        burst = {
          count = nullable types.ints.positive "After so many restarts within `within`, it has failed.";
          within = limited seconds 60 "See `count`; in seconds.";
        };
        critical = flag "Whether its end is the end of the system, with its status.";
        shutdownOnExit = flag "NixNG's name of `critical`.";
        stop = {
          signal = limited types.str "TERM" "The signal that asks it to stop.";
          timeout = limited seconds 8 "How long it may take before it is killed, in seconds.";
          command = nullable argv "A command that asks it to stop, instead of the signal.";
          group = limited types.bool true "Whether what it started is killed with it.";
        };
        signals = mkOption {
          type = types.attrsOf types.str;
          default = { };
          example = {
            HUP = "USR1";
          };
          description = "Signals that the system passes on to it, and as what.";
        };
        health = nullable (types.submodule {
          options = probe // {
            interval = limited seconds 30 "How long to wait between attempts, in seconds.";
            retries = limited types.ints.positive 3 "After so many failures in a row it is unhealthy.";
            action = limited (types.enum [
              "restart"
              "stop-all"
              "none"
            ]) "none" "What is done then.";
          };
        }) "How it is watched.";
      };

      config = {
        requires = config.dependencies;
        critical = lib.mkMerge [
          (lib.mkIf config.shutdownOnExit true)
          # There is nobody to start it again.
          (lib.mkIf alone (lib.mkDefault true))
        ];
        log.format = lib.mkIf alone (lib.mkDefault "inherit");
        environmentFiles = lib.mkIf (config.environmentFile != null) [ config.environmentFile ];
      };
    };

  chosen = probe: lib.filter (kind: probe.${kind} != null && probe.${kind} != false) probeKinds;
  compiledProbe =
    probe:
    let
      kinds = chosen probe;
      kind = lib.head kinds;
    in
    if kinds == [ ] then
      null
    else
      {
        ${kind} = probe.${kind};
        inherit (probe) interval timeout;
      };

  given = lib.filterAttrs (_: value: value != null && value != [ ] && value != { });
  compiled =
    name: service:
    given {
      inherit (service)
        type
        exec
        user
        group
        stdin
        umask
        limits
        nice
        tty
        unless
        requires
        wants
        after
        bind
        restart
        critical
        signals
        ;
      disabled = !service.enabled;
      env = lib.mapAttrs (
        _: value: if lib.isAttrs value then [ (given value) ] else toString value
      ) service.environment;
      env_files = service.environmentFiles;
      pass_env = service.passEnvironment;
      cwd = service.workingDirectory;
      groups = service.supplementaryGroups;
      oom_score_adj = service.oomScoreAdjust;
      caps = given {
        bounding = service.capabilities;
        ambient = service.ambientCapabilities;
      };
      no_new_privs = service.noNewPrivileges;
      before_start =
        service.beforeStart
        ++ lib.optional (service.execStartPre != null) (
          words (lib.removePrefix "+" "${service.execStartPre}")
        );
      after_stop = if service.afterStop != null then service.afterStop else lib.mapNullable words service.execStop;
      paths = tmpfiles name (
        lib.mapAttrsToList (path: entry: {
          type = "d";
          inherit path;
          inherit (entry) mode;
          user = if entry.user != null then entry.user else service.user;
          group = if entry.group != null then entry.group else service.group;
          age = null;
          argument = null;
        }) service.directories
        ++ lib.mapAttrsToList (path: entry: {
          type = "template";
          inherit path;
          inherit (entry) mode;
          user = if entry.user != null then entry.user else service.user;
          group = if entry.group != null then entry.group else service.group;
          age = null;
          argument = "${entry.source}";
        }) service.templates
        ++ service.ensureRules
        ++ service.tmpfiles
      );
      ready = compiledProbe service.ready;
      start_timeout = service.startTimeout;
      success_codes = service.successCodes;
      inherit (service) backoff;
      burst = lib.mapNullable (count: {
        inherit count;
        inherit (service.burst) within;
      }) service.burst.count;
      stop = given {
        inherit (service.stop) signal timeout group;
        exec = service.stop.command;
      };
      health = lib.mapNullable (
        health:
        lib.mapNullable (probe: probe // { inherit (health) retries action; }) (compiledProbe health)
      ) service.health;
      log = service.compiledLog;
    };

  complaints =
    name: service:
    let
      at = "`init.services.${name}`";
      unknown = lib.filter (other: !(cfg.services ? ${other})) (service.requires ++ service.wants);
    in
    [
      {
        assertion = service.exec != [ ];
        message = "${at} runs nothing; set `exec` (or `execStart`)";
      }
      {
        assertion = service.group == null || service.user != null;
        message = "${at} has the group `${toString service.group}` but no user; set `user`, too";
      }
      {
        assertion = lib.length (chosen service.ready) <= 1;
        message = "${at} has several ways to be ready: ${lib.concatStringsSep ", " (chosen service.ready)}; keep one";
      }
      {
        assertion = service.health == null || lib.length (chosen service.health) == 1;
        message = "${at} has a `health` that needs exactly one way to ask: ${lib.concatStringsSep ", " probeKinds}";
      }
      {
        assertion = service.execStop == null || service.afterStop == null;
        message = "${at} has both `execStop` and `afterStop`; keep one";
      }
    ]
    ++ map (other: {
      assertion = false;
      message = "${at} needs the service `${other}`, which does not exist";
    }) unknown;
in
{
  options.init = {
    services = mkOption {
      type = types.attrsOf (types.submodule service);
      default = { };
      example = lib.literalExpression ''
        { web = { exec = [ "''${pkgs.nginx}/bin/nginx" "-g" "daemon off;" ]; enabled = true; critical = true; }; }
      '';
      description = "The services of the system.";
    };
    mode = limited (types.enum [
      "auto"
      "container"
      "vm"
    ]) "auto" "Where the system runs; `auto` finds out at the start. Only Frazil's own init runs a `vm`.";
    stopDeadline = nullable seconds "How long the end of the system may take, in seconds; unset, 9 in a container, 90 in a machine.";
    control = nullable types.path "The path of the control socket; unset, /run/init.sock.";
    setup = mkOption {
      type = types.listOf (types.attrsOf types.anything);
      default = [ ];
      example = lib.literalExpression ''
        [ { module.path = "/lib/modules/loop.ko.xz"; } { hostname = "web"; } { swap = "/dev/vdb"; } ]
      '';
      description = "Steps that set a machine up before its services, in order; see `docs/init.md`.";
    };
    plan = mkOption {
      type = types.attrs;
      readOnly = true;
      internal = true;
      description = "The services as the init's compiler reads them.";
    };
  };

  config = {
    init.plan = {
      inherit (cfg) type programs;
      services = lib.mapAttrs compiled cfg.services;
      settings = given {
        inherit (cfg) control mode setup;
        stop_deadline = cfg.stopDeadline;
        stop_signal =
          if lib.elem stopSignal (lib.remove "TERM" signals.heard) then stopSignal else null;
      };
    };
    assertions = lib.concatLists (lib.mapAttrsToList complaints cfg.services) ++ [
      {
        assertion = cfg.type == "frazil" || cfg.mode != "vm" && cfg.setup == [ ];
        message = "`init.mode` and `init.setup` cannot be honoured by the init `${cfg.type}`, which runs containers; set `init.type = \"frazil\"`";
      }
    ];
  };
}
