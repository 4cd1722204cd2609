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
  runsAs = import ./runs-as.nix { inherit lib; };
  cfg = config.services.chrony;
  # A name alone is that of a server.
  source =
    text: if lib.hasInfix " " text then "${text} iburst" else "server ${text} iburst";
  configFile = pkgs.writeText "chrony.conf" (
    lib.concatLines (map source cfg.servers)
    + ''
      driftfile /var/lib/chrony/drift
      cmdport 0
    ''
    + lib.optionalString cfg.setClock ''
      makestep 1 3
      rtcsync
    ''
    + cfg.extraConfig
  );
in
{
  options.services.chrony = {
    enable = lib.mkEnableOption "chrony";
    package = lib.mkPackageOption pkgs "chrony" { };
    inherit (runsAs "_chrony") user group;
    servers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "192.0.2.1"
        "pool ntp.example.org"
      ];
      description = "Where the time comes from: a server's name or address, or `server`, `pool` or `peer` and one.";
    };
    setClock = mkOption {
      type = types.bool;
      default = true;
      description = "Whether it sets the clock, for which a container needs the capability SYS_TIME. Otherwise it only tells others the time.";
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
      ]
      ++ lib.optional (!cfg.setClock) "-x"
      ++ [
        "-u"
        cfg.user
        "-f"
        "${configFile}"
      ];
      directories = {
        "/var/lib/chrony" = { inherit (cfg) user group; };
        "/run/chrony" = {
          inherit (cfg) user group;
          mode = "0750";
        };
      };
      enabled = true;
    };
    # `chronyc` tells what it does.
    environment.systemPackages = [ cfg.package ];
    users = account {
      inherit (cfg) user group;
      description = "chrony";
      home = "/var/lib/chrony";
    };
    assertions = [
      {
        assertion = cfg.servers != [ ] || !cfg.setClock;
        message = "`services.chrony.servers` is empty; name a server of time, or set `setClock = false`";
      }
    ];
  };
}
