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
  addresses = import ./addresses.nix { inherit lib; };
  cfg = config.services.tinyproxy;

  atom = types.oneOf [
    types.bool
    types.int
    types.str
  ];
  shown = value: if lib.isBool value then (if value then "Yes" else "No") else toString value;
  lines = name: value: map (one: "${name} ${shown one}") (lib.toList value);
  configFile = pkgs.writeText "tinyproxy.conf" (
    lib.concatLines (lib.concatLists (lib.mapAttrsToList lines cfg.settings))
  );
in
{
  options.services.tinyproxy = {
    enable = lib.mkEnableOption "Tinyproxy";
    package = lib.mkPackageOption pkgs "tinyproxy" { };
    settings = mkOption {
      type = types.attrsOf (types.either atom (types.listOf atom));
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
      user = "tinyproxy";
      group = "tinyproxy";
      ambientCapabilities = addresses.capabilities [ cfg.settings.Port ];
      enabled = true;
    };
    users = account {
      user = "tinyproxy";
      description = "Tinyproxy";
    };
    image.ports = [ cfg.settings.Port ];
  };
}
