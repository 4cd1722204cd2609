# Nix in the system: its commands, its settings, its build users, its daemon.
{
  config,
  lib,
  nglib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nix;

  atom = types.oneOf [
    types.str
    types.int
    types.bool
  ];
  shown =
    value:
    if lib.isBool value then
      lib.boolToString value
    else if lib.isList value then
      lib.concatMapStringsSep " " shown value
    else
      toString value;

  buildUser = number: {
    uid = 30000 + number;
    group = "nixbld";
    extraGroups = [ "nixbld" ];
    description = "Nix build user ${toString number}";
  };
in
{
  options.nix = {
    enable = lib.mkEnableOption "Nix in the system";
    package = lib.mkPackageOption pkgs "nix" { };
    buildUserCount = mkOption {
      type = types.ints.between 0 1000;
      default = 32;
      description = "How many builds can run at once under users of their own.";
    };
    config = mkOption {
      type = types.attrsOf (types.either atom (types.listOf atom));
      default = { };
      example = {
        sandbox = false;
        experimental-features = [
          "nix-command"
          "flakes"
        ];
      };
      description = "Settings for /etc/nix/nix.conf.";
    };
    nixPath = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "nixpkgs=/srv/nixpkgs" ];
      description = ''
        Where `<name>` is looked for. Empty unless asked for: a package set in it would bring its
        whole source text into the system.
      '';
    };
    loadNixDb = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the database of the store knows the paths that the system itself came with.";
    };
    daemon = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a daemon works for users who are not root.";
    };
    persistNix = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/data";
      description = "A directory that the store is copied to at the first start, and mounted from.";
    };
  };

  config = lib.mkIf cfg.enable {
    image.nixStore = lib.mkIf cfg.loadNixDb builtins.storeDir;

    nix.config = nglib.mkDefaultRec {
      build-users-group = "nixbld";
      max-jobs = "auto";
      cores = 0;
      sandbox = true;
      require-sigs = true;
    };

    users.users = lib.listToAttrs (
      map (number: lib.nameValuePair "nixbld${toString number}" (buildUser number)) (
        lib.range 1 cfg.buildUserCount
      )
    );
    users.groups.nixbld.gid = 30000;

    environment = {
      systemPackages = [ cfg.package ];
      variables = {
        NIX_PATH = lib.mkIf (cfg.nixPath != [ ]) cfg.nixPath;
        NIX_REMOTE = lib.mkIf cfg.daemon "daemon";
      };
      etc."nix/nix.conf".text = lib.concatLines (
        lib.mapAttrsToList (name: value: "${name} = ${shown value}") cfg.config
      );
    };

    # What lets servers keep passwords in a file of Berkeley DB; Nix is a client only.
    system.link.without = [ "/usr/lib/*/sasl2/libsasldb.so*" ];

    system.directories = {
      "/nix/store" = {
        group = "nixbld";
        mode = "1775";
      };
      "/nix/var/nix" = { };
    };

    init.services.nix-daemon = lib.mkIf cfg.daemon {
      exec = [
        "${cfg.package}/bin/nix-daemon"
        "--daemon"
      ];
      directories = {
        "/nix/var/nix/gcroots/per-user" = { };
        "/nix/var/nix/profiles/per-user" = { };
      };
      enabled = true;
    };

    assertions = [
      {
        assertion = cfg.persistNix == null;
        message = "`nix.persistNix` is not supported yet; mount a volume at /nix instead";
      }
    ];
  };
}
