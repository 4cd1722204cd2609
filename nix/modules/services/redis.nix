# Redis, a store of data structures in memory.
{
  config,
  lib,
  nglib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  runsAs = import ./runs-as.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.redis;

  line = settings.keyValue { text = text: if text == "" then ''""'' else text; };
  configFile = pkgs.writeText "redis.conf" (settings.text line cfg.settings);
  runtimeConfig = "/run/redis/redis.conf";
  defaults = {
    port = 6379;
    bind = "* -::*";
  };
  inForce = settings.over defaults cfg.settings;
  bound = lib.concatMap (lib.splitString " ") (lib.toList inForce.bind);
in
{
  options.services.redis = {
    enable = lib.mkEnableOption "Redis";
    package = lib.mkPackageOption pkgs "redis" { };
    inherit (runsAs "redis") user group;
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/redis";
      description = "Where data is kept.";
    };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = {
        maxmemory = "256mb";
        save = [ "900 1" ];
      };
      description = "Settings of redis.conf, as they stand there: a value with blanks is several arguments unless it is in quotes. One that occurs several times is a list.";
    };
    envsubst = lib.mkEnableOption "replacing `\${NAME}` and `\${file:PATH}` in the configuration when it starts, as for passwords";
  };

  config = lib.mkIf cfg.enable {
    services.redis.settings = nglib.mkDefaultRec (
      defaults
      // {
        protected-mode = false;
        daemonize = false;
        dir = cfg.dataDir;
        logfile = "";
      }
    );

    init.services.redis = {
      exec = [
        "${cfg.package}/bin/redis-server"
        (if cfg.envsubst then runtimeConfig else "${configFile}")
      ];
      templates = lib.mkIf cfg.envsubst { ${runtimeConfig}.source = configFile; };
      inherit (cfg) user group;
      directories.${cfg.dataDir}.mode = "0750";
      ready.tcp = lib.mkDefault (addresses.probe bound inForce.port);
      enabled = true;
    };

    users = account {
      inherit (cfg) user group;
      description = "Redis";
      home = cfg.dataDir;
    };

    image = {
      ports = addresses.port inForce.port;
      volumes = [ cfg.dataDir ];
    };
  };
}
