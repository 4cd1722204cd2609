# Unbound, a resolver of names.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  cfg = config.services.unbound;
  port = cfg.settings.server.port or 53;

  atom = types.oneOf [
    types.bool
    types.int
    types.str
  ];
  clause = types.attrsOf (types.either atom (types.listOf atom));

  shown = value: if lib.isBool value then (if value then "yes" else "no") else toString value;
  line = name: value: "  ${name}: ${shown value}";
  settings = clause: lib.concatLists (lib.mapAttrsToList (name: value: map (line name) (lib.toList value)) clause);
  section = name: clause: [ "${name}:" ] ++ settings clause;
  sections = name: clauses: lib.concatMap (section name) (lib.toList clauses);

  configFile = pkgs.writeText "unbound.conf" (
    lib.concatLines (lib.concatLists (lib.mapAttrsToList sections cfg.settings))
  );
in
{
  options.services.unbound = {
    enable = lib.mkEnableOption "Unbound";
    package = lib.mkPackageOption pkgs "unbound" { };
    user = mkOption {
      type = types.str;
      default = "unbound";
      description = "The user it runs as.";
    };
    settings = mkOption {
      type = types.attrsOf (types.either clause (types.listOf clause));
      default = { };
      example = {
        server.access-control = [ "10.0.0.0/8 allow" ];
        forward-zone = [
          {
            name = ".";
            forward-addr = "192.0.2.1";
          }
        ];
      };
      description = "Clauses of unbound.conf; those that occur several times are lists.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.unbound.settings.server = lib.mapAttrs (_: lib.mkDefault) {
      interface = [
        "0.0.0.0"
        "::0"
      ];
      do-daemonize = false;
      use-syslog = false;
      logfile = ''""'';
      pidfile = ''""'';
      chroot = ''""'';
      username = cfg.user;
      directory = "/var/lib/unbound";
    };

    init.services.unbound = {
      exec = [
        "${cfg.package}/bin/unbound"
        "-d"
        "-p"
        "-c"
        "${configFile}"
      ];
      directories."/var/lib/unbound".user = cfg.user;
      enabled = true;
    };
    users = account {
      inherit (cfg) user;
      description = "Unbound";
      home = "/var/lib/unbound";
    };
    image.ports = [
      "${toString port}/udp"
      "${toString port}/tcp"
    ];
  };
}
