# Postfix, a mail server.
{
  config,
  lib,
  nglib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  addresses = import ./addresses.nix { inherit lib; };
  account = import ./account.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.postfix;

  field =
    default: description:
    mkOption {
      type = settings.atom;
      inherit default description;
    };
  service = types.submodule {
    options = {
      type = mkOption {
        type = types.enum [
          "inet"
          "unix"
          "fifo"
          "pass"
          "unix-dgram"
        ];
        default = "unix";
        description = "How it is reached.";
      };
      private = field null "Whether only Postfix itself may use it.";
      unpriv = field null "Whether it runs without the rights of root.";
      chroot = field false "Whether it is locked into the queue's directory.";
      wakeup = field null "After how many seconds it is woken.";
      maxproc = field null "How many of it there may be.";
      command = mkOption {
        type = types.str;
        description = "The program and its arguments.";
      };
    };
  };
  column =
    value:
    if value == null then
      "-"
    else if lib.isBool value then
      (if value then "y" else "n")
    else
      toString value;
  line =
    name: service:
    lib.concatStringsSep " " [
      name
      service.type
      (column service.private)
      (column service.unpriv)
      (column service.chroot)
      (column service.wakeup)
      (column service.maxproc)
      service.command
    ];
  lines = name: services: map (line name) (lib.toList services);

  # Services that are reached over the network have its name or number of a port as theirs.
  ports = lib.concatLists (
    lib.mapAttrsToList (
      name: services:
      lib.optionals (lib.any (service: service.type == "inet") (lib.toList services)) (
        addresses.port (numbers.${lib.last (lib.splitString ":" name)} or name)
      )
    ) (settings.given cfg.masterConfig)
  );
  numbers = {
    smtp = 25;
    smtps = 465;
    submissions = 465;
    submission = 587;
  };

  # The daemons without which no mail moves, with what master(5) has for each.
  daemon = command: extra: { inherit command; } // extra;
  public = {
    private = false;
  };
  standard = {
    smtp = [
      (daemon "smtpd" (public // { type = "inet"; }))
      (daemon "smtp" { })
    ];
    pickup = daemon "pickup" (
      public
      // {
        wakeup = 60;
        maxproc = 1;
      }
    );
    cleanup = daemon "cleanup" (public // { maxproc = 0; });
    qmgr = daemon "qmgr" (
      public
      // {
        unpriv = false;
        wakeup = 300;
        maxproc = 1;
      }
    );
    rewrite = daemon "trivial-rewrite" { };
    bounce = daemon "bounce" { maxproc = 0; };
    defer = daemon "bounce" { maxproc = 0; };
    trace = daemon "bounce" { maxproc = 0; };
    verify = daemon "verify" { maxproc = 1; };
    flush = daemon "flush" (
      public
      // {
        wakeup = "1000?";
        maxproc = 0;
      }
    );
    proxymap = daemon "proxymap" { };
    proxywrite = daemon "proxymap" { maxproc = 1; };
    relay = daemon "smtp" { };
    showq = daemon "showq" public;
    error = daemon "error" { };
    retry = daemon "error" { };
    discard = daemon "discard" { };
    local = daemon "local" { unpriv = false; };
    virtual = daemon "virtual" { unpriv = false; };
    lmtp = daemon "lmtp" { };
    anvil = daemon "anvil" { maxproc = 1; };
    scache = daemon "scache" { maxproc = 1; };
    postlog = daemon "postlogd" (
      public
      // {
        type = "unix-dgram";
        maxproc = 1;
      }
    );
  };
in
{
  options.services.postfix = {
    enable = lib.mkEnableOption "Postfix";
    package = lib.mkPackageOption pkgs "postfix" { };
    user = mkOption {
      type = types.str;
      default = "postfix";
      description = "The user its daemons run as.";
    };
    group = mkOption {
      type = types.str;
      default = "postfix";
      description = "The group its daemons run as.";
    };
    setgidGroup = mkOption {
      type = types.str;
      default = "postdrop";
      description = "The group that may put mail into the queue.";
    };
    mainConfig = mkOption {
      type = settings.type;
      default = { };
      example = {
        myhostname = "mail.example.org";
      };
      description = "Settings of main.cf.";
    };
    aliases = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      example = {
        root = [ "me@example.org" ];
      };
      description = "Who gets mail to local names that are nobody's, or somebody else's; `postmaster` is root unless set.";
    };
    masterConfig = mkOption {
      type = types.attrsOf (types.nullOr (types.either service (types.listOf service)));
      default = { };
      description = "Services of master.cf; null takes a standard one away.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.postfix = {
      mainConfig = lib.mapAttrs (_: lib.mkDefault) {
        compatibility_level = "3.6";
        mail_owner = cfg.user;
        setgid_group = cfg.setgidGroup;
        queue_directory = "/var/spool/postfix";
        data_directory = "/var/lib/postfix";
        maillog_file = "/dev/stdout";
        myhostname = config.networking.hostName;
        inet_interfaces = "all";
        # A text, so that nothing has to be made of it.
        alias_maps = "texthash:/etc/postfix/aliases";
        alias_database = "";
      };
      aliases.postmaster = lib.mkDefault [ "root" ];
      masterConfig = lib.mapAttrs (_: lib.mkDefault) standard;
    };

    environment.etc = {
      "postfix/aliases".text = lib.concatLines (
        lib.mapAttrsToList (name: targets: "${name} ${lib.concatStringsSep ", " targets}") cfg.aliases
      );
      "postfix/main.cf".text = nglib.generators.postfix.toMainCnf cfg.mainConfig + "\n";
      "postfix/master.cf".text = lib.concatLines (
        lib.concatLists (lib.mapAttrsToList lines (settings.given cfg.masterConfig))
      );
    };

    init.services.postfix = {
      exec = [
        "${cfg.package}/bin/postfix"
        "start-fg"
      ];
      directories = {
        "/var/lib/postfix" = {
          inherit (cfg) user group;
          mode = "0700";
        };
        "/var/spool/postfix" = { };
        # Where mail to users of the system goes.
        "/var/mail".mode = "1777";
      };
      enabled = true;
    };

    # Its parts call each other by directories that main.cf holds.
    environment.systemPackages = [ cfg.package ];
    system.link.keep = [ "/usr/lib/postfix/sbin/*" ];

    users = lib.mkMerge [
      (account {
        inherit (cfg) user group;
        description = "Postfix";
        home = "/var/spool/postfix";
      })
      { groups.${cfg.setgidGroup} = { }; }
    ];
    image = {
      inherit ports;
      volumes = [
        "/var/mail"
        "/var/spool/postfix"
      ];
    };
  };
}
