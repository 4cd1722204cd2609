# Tinyproxy, a small proxy for HTTP.
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
  addresses = import ./addresses.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.tinyproxy;

  line = settings.keyValue {
    yes = "Yes";
    no = "No";
  };
  configFile = pkgs.writeText "tinyproxy.conf" (settings.text line cfg.settings);
  ports = addresses.port (settings.over { Port = 8888; } cfg.settings).Port;
in
{
  options.services.tinyproxy = {
    enable = lib.mkEnableOption "Tinyproxy";
    package = lib.mkPackageOption pkgs "tinyproxy" { };
    inherit (runsAs "tinyproxy") user group;
    settings = mkOption {
      type = settings.type;
      default = { };
      example = {
        Allow = [ "10.0.0.0/8" ];
      };
      description = "Settings of tinyproxy.conf; one that occurs several times is a list.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.tinyproxy.settings = lib.mapAttrs (_: lib.mkDefault) {
      Port = 8888;
      Timeout = 600;
      MaxClients = 100;
    };
    init.services.tinyproxy = {
      exec = [
        "${cfg.package}/bin/tinyproxy"
        "-d"
        "-c"
        "${configFile}"
      ];
      inherit (cfg) user group;
      ambientCapabilities = addresses.capabilities ports;
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "Tinyproxy";
    };
    image = { inherit ports; };
  };
}
