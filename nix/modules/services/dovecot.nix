# Dovecot, a server of mailboxes.
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
  cfg = config.services.dovecot;
  mailGroup = if cfg.mailGroup == null then "nogroup" else cfg.mailGroup;

  section =
    types.attrsOf (
      types.oneOf [
        settings.atom
        (types.listOf settings.atom)
        section
      ]
    )
    // {
      description = "settings of Dovecot, with sections as sets";
    };

  # What logs in where, unless `service` says otherwise; the second of each is for TLS.
  listeners = {
    imap = {
      imap = 143;
      imaps = 993;
    };
    pop3 = {
      pop3 = 110;
      pop3s = 995;
    };
    submission = {
      submission = 587;
      submissions = 465;
    };
  };
  hasTLS = lib.elem (cfg.settings.ssl or null) [ "yes" "required" true ];
  portsOf =
    protocol:
    lib.concatLists (
      lib.mapAttrsToList (
        listener: default:
        let
          path = [ "service" "${protocol}-login" "inet_listener" listener "port" ];
          standard = if listener == protocol || hasTLS then default else 0;
        in
        addresses.port (lib.attrByPath path standard cfg.settings)
      ) listeners.${protocol} or { }
    );
  protocols = lib.concatMap (lib.splitString " ") (lib.toList (cfg.settings.protocols or "imap"));
  ports = lib.concatMap portsOf (lib.unique protocols);
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "services" "dovecot" "config" ] [ "services" "dovecot" "settings" ])
  ];

  options.services.dovecot = {
    enable = lib.mkEnableOption "Dovecot";
    package = lib.mkPackageOption pkgs "dovecot" { };
    user = mkOption {
      type = types.str;
      default = "dovecot";
      description = "The user its daemons run as.";
    };
    group = mkOption {
      type = types.str;
      default = "dovecot";
      description = "The group its daemons run as.";
    };
    mailUser = mkOption {
      type = types.nullOr types.str;
      default = "vmail";
      description = "The user who owns mail that is not a system user's.";
    };
    mailGroup = mkOption {
      type = types.nullOr types.str;
      default = "vmail";
      description = "The group that such mail belongs to.";
    };
    loginUser = mkOption {
      type = types.nullOr types.str;
      default = "dovenull";
      description = "The user as whom strangers are talked to.";
    };
    modules = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.debian.dovecot-sieve ]";
      description = "Packages of plugins.";
    };
    settings = mkOption {
      type = section;
      default = { };
      example = {
        protocols = "imap";
        mail_driver = "maildir";
      };
      description = "Settings of dovecot.conf. A section is a set by its name: `passdb.static = { ... };`, or `fields.\"\" = { ... };` for one without a name.";
    };
    configFile = mkOption {
      type = types.path;
      default = pkgs.writeText "dovecot.conf" ((nglib.generators.dovecot { inherit (cfg.settings) dovecot_config_version; }).generate cfg.settings);
      defaultText = "made from `settings`";
      description = "The configuration.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.dovecot.settings = lib.mapAttrs (_: lib.mkDefault) {
      dovecot_config_version = "2.4.0";
      dovecot_storage_version = "2.4.0";
      base_dir = "/run/dovecot";
      default_internal_user = cfg.user;
      default_internal_group = cfg.group;
      default_login_user = cfg.loginUser;
      log_path = "/dev/stderr";
      ssl = "no";
    };

    init.services.dovecot = {
      exec = [
        "${cfg.package}/bin/dovecot"
        "-F"
        "-c"
        "${cfg.configFile}"
      ];
      directories = {
        "/run/dovecot" = { };
        "/var/lib/dovecot" = { };
      }
      // lib.optionalAttrs (cfg.mailUser != null) {
        "/var/mail" = {
          user = cfg.mailUser;
          group = mailGroup;
          mode = "2775";
        };
      };
      enabled = true;
    };

    # Settings name plugins without their directory.
    system.link = {
      packages = cfg.modules;
      units = lib.listToAttrs (
        map (module: lib.nameValuePair module.debian.package { level = "packages"; }) (
          lib.filter (module: module ? debian) cfg.modules
        )
      );
    };

    users = lib.mkMerge [
      (account {
        inherit (cfg) user group;
        description = "Dovecot";
      })
      (lib.mkIf (cfg.loginUser != null) (account {
        user = cfg.loginUser;
        description = "Dovecot's strangers";
      }))
      (lib.mkIf (cfg.mailUser != null) (account {
        user = cfg.mailUser;
        group = mailGroup;
        description = "mail";
        home = "/var/mail";
      }))
    ];
    image = {
      inherit ports;
      volumes = [ "/var/mail" ];
    };
  };
}
