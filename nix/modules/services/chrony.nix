# chrony, which sets the clock by servers of time.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  cfg = config.services.chrony;
  configFile = pkgs.writeText "chrony.conf" (
    lib.concatLines (map (server: "${server} iburst") cfg.servers)
    + ''
      driftfile /var/lib/chrony/drift
      makestep 1 3
      rtcsync
      cmdport 0
    ''
    + cfg.extraConfig
  );
in
{
  options.services.chrony = {
    enable = lib.mkEnableOption "chrony";
    package = lib.mkPackageOption pkgs "chrony" { };
    servers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "pool ntp.example.org" ];
      description = "Where the time comes from: `server` or `pool`, and a name.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines of chrony.conf.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.chrony = {
      exec = [
        "${cfg.package}/bin/chronyd"
        "-d"
        "-u"
        "_chrony"
        "-f"
        "${configFile}"
      ];
      directories = {
        "/var/lib/chrony".user = "_chrony";
        "/run/chrony" = {
          user = "_chrony";
          mode = "0750";
        };
      };
      enabled = true;
    };
    users = account {
      user = "_chrony";
      description = "chrony";
      home = "/var/lib/chrony";
    };
    assertions = [
      {
        assertion = cfg.servers != [ ];
        message = "`services.chrony.servers` is empty; name a server of time";
      }
    ];
  };
}
