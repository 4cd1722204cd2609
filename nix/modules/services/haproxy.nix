# HAProxy, a proxy and load balancer.
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
  cfg = config.services.haproxy;
  configFile = pkgs.writeText "haproxy.cfg" cfg.config;
in
{
  options.services.haproxy = {
    enable = lib.mkEnableOption "HAProxy";
    package = lib.mkPackageOption pkgs "haproxy" { };
    inherit (runsAs "haproxy") user group;
    config = mkOption {
      type = types.lines;
      example = ''
        defaults
          mode http
          timeout client 30s
          timeout server 30s
          timeout connect 5s
        frontend web
          bind :8080
          http-request return status 200
      '';
      description = "The contents of haproxy.cfg.";
    };
    ports = mkOption {
      type = types.listOf types.port;
      default = [ ];
      description = "The ports that `config` binds, for images.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.haproxy = {
      # In master-worker mode a reload keeps connections.
      exec = [
        "${cfg.package}/bin/haproxy"
        "-W"
        "-db"
        "-f"
        "${configFile}"
      ];
      inherit (cfg) user group;
      ambientCapabilities = [ "net_bind_service" ];
      directories."/run/haproxy" = { };
      # Lets connections come to their end.
      stop.signal = lib.mkDefault "USR1";
      signals.HUP = "USR2";
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "HAProxy";
    };
    image = { inherit (cfg) ports; };
  };
}
