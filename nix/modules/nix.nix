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

  # What the image has in its store must stay there, and no more than that: so these roots are its
  # own at each start. They come first because mounting them shows whether anything can be mounted.
  roots = "/nix/var/nix/gcroots/image";
  bind = source: target: [
    "/usr/sbin/init"
    "bind"
    source
    target
  ];
  inStore = path: path == "/nix" || lib.hasPrefix "/nix/" path;
  persist = directory: [
    (bind roots "${directory}${roots}")
    [
      "${cfg.package}/bin/nix"
      "--extra-experimental-features"
      "nix-command"
      "--offline"
      "copy"
      "--no-check-sigs"
      "--all"
      "--to"
      "local?root=${directory}"
    ]
    (bind "${directory}/nix" "/nix")
  ];
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
      default = cfg.persistNix != null;
      defaultText = lib.literalExpression "config.nix.persistNix != null";
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
      description = ''
        A directory that keeps the store: what Nix builds there is there at the next start, of this
        or of another image. Before anything else starts, Nix copies what the image came with to
        `nix` in it, where that is missing, and it is mounted at /nix. The container needs the
        capability `CAP_SYS_ADMIN` for that, and does not start without it.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    image = {
      nixStore = lib.mkIf cfg.loadNixDb builtins.storeDir;
      volumes = lib.mkIf (cfg.persistNix != null) [ cfg.persistNix ];
    };

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

    # What lets servers keep passwords in a file of Berkeley DB, and what asks for tickets of Kerberos:
    # Nix is a client of HTTP only.
    system.link.without = [
      "/usr/lib/*/krb5/plugins/**"
      "/usr/lib/*/sasl2/libsasldb.so*"
    ];

    system.directories = {
      "/nix/store" = {
        group = "nixbld";
        mode = "1775";
      };
      "/nix/var/nix" = { };
      ${roots} = lib.mkIf (cfg.persistNix != null) { };
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

    init.first = lib.mkIf (cfg.persistNix != null) (persist cfg.persistNix);

    assertions = [
      {
        assertion = cfg.persistNix == null || lib.hasPrefix "/" cfg.persistNix && !inStore cfg.persistNix;
        message = "`nix.persistNix` must be a directory outside of /nix, as `/data`, and is `${toString cfg.persistNix}`";
      }
      {
        assertion = cfg.persistNix == null || cfg.loadNixDb;
        message = "`nix.persistNix` copies what the database of the store knows, so `nix.loadNixDb` cannot be false";
      }
    ];
  };
}
