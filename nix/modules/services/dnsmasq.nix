# dnsmasq, a small server of names and addresses.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.dnsmasq;
  # 0 is for those who want no names of it.
  inherit (settings.over { port = 53; } cfg.settings) port;

  # A setting that is `true` has no value, and one that is `false` is absent.
  line = name: value: if value == true then name else settings.keyValue { separator = "="; } name value;
  configFile = pkgs.writeText "dnsmasq.conf" (
    settings.text line (lib.mapAttrs (_: value: lib.remove false (lib.toList value)) cfg.settings)
  );
in
{
  options.services.dnsmasq = {
    enable = lib.mkEnableOption "dnsmasq";
    package = lib.mkPackageOption pkgs "dnsmasq" { };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = {
        no-resolv = true;
        server = [ "192.0.2.1" ];
      };
      description = "Settings of dnsmasq.conf. Those without a value are `true`, those with several are lists.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.dnsmasq.settings = {
      user = lib.mkDefault "dnsmasq";
      group = lib.mkDefault "dnsmasq";
      log-facility = lib.mkDefault "-";
      pid-file = lib.mkDefault "/run/dnsmasq/dnsmasq.pid";
    };

    init.services.dnsmasq = {
      exec = [
        "${cfg.package}/bin/dnsmasq"
        "--keep-in-foreground"
        "--conf-file=${configFile}"
      ];
      directories = {
        "/run/dnsmasq".user = "dnsmasq";
        "/var/lib/misc" = { };
      };
      enabled = true;
    };

    users = account {
      user = "dnsmasq";
      description = "dnsmasq";
    };

    image.ports = lib.optionals (port != 0) [
      "${toString port}/udp"
      "${toString port}/tcp"
    ];
  };
}
