# Caddy, a web server that gets its certificates itself.
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
  cfg = config.services.caddy;
  configFile = pkgs.writeText "Caddyfile" cfg.config;
in
{
  options.services.caddy = {
    enable = lib.mkEnableOption "Caddy";
    package = lib.mkPackageOption pkgs "caddy" { };
    inherit (runsAs "caddy") user group;
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/caddy";
      description = "Where certificates and other state are kept.";
    };
    config = mkOption {
      type = types.lines;
      example = ''
        :8080 {
          respond "hello"
        }
      '';
      description = "The contents of the Caddyfile.";
    };
    ports = mkOption {
      type = types.listOf types.port;
      default = [
        80
        443
      ];
      description = "The ports that `config` listens on, for images.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.caddy = {
      exec = [
        "${cfg.package}/bin/caddy"
        "run"
        "--config"
        "${configFile}"
        "--adapter"
        "caddyfile"
      ];
      inherit (cfg) user group;
      environment = {
        HOME = cfg.dataDir;
        XDG_DATA_HOME = cfg.dataDir;
        XDG_CONFIG_HOME = cfg.dataDir;
      };
      ambientCapabilities = [ "net_bind_service" ];
      directories.${cfg.dataDir}.mode = "0700";
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "Caddy";
      home = cfg.dataDir;
    };
    image = {
      inherit (cfg) ports;
      volumes = [ cfg.dataDir ];
    };
  };
}
