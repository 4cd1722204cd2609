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
  runsAs = import ./runs-as.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.unbound;
  inherit (settings.over { port = 53; } (cfg.settings.server or { })) port;

  line = settings.keyValue { separator = ": "; };
  clause = name: content: "${name}:\n${settings.text (name: line "  ${name}") content}";
  configFile = pkgs.writeText "unbound.conf" (
    lib.concatStrings (settings.lines clause cfg.settings)
  );
in
{
  options.services.unbound = {
    enable = lib.mkEnableOption "Unbound";
    package = lib.mkPackageOption pkgs "unbound" { };
    inherit (runsAs "unbound") user group;
    settings = mkOption {
      type = types.attrsOf (types.either settings.type (types.listOf settings.type));
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
      directories."/var/lib/unbound" = { inherit (cfg) user group; };
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "Unbound";
      home = "/var/lib/unbound";
    };
    image.ports = [
      "${toString port}/udp"
      "${toString port}/tcp"
    ];
  };
}
