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
  cfg = config.services.redis;

  atom = types.oneOf [
    types.str
    types.int
    types.bool
  ];
  value =
    value:
    if lib.isBool value then
      (if value then "yes" else "no")
    else if value == "" then
      ''""''
    else
      toString value;
  line = name: setting: "${name} ${value setting}";
  lines =
    name: setting: if lib.isList setting then map (line name) setting else [ (line name setting) ];

  configFile = pkgs.writeText "redis.conf" (
    lib.concatLines (lib.concatLists (lib.mapAttrsToList lines cfg.settings))
  );
in
{
  options.services.redis = {
    enable = lib.mkEnableOption "Redis";
    package = lib.mkPackageOption pkgs "redis" { };
    user = mkOption {
      type = types.str;
      default = "redis";
      description = "The user it runs as.";
    };
    group = mkOption {
      type = types.str;
      default = "redis";
      description = "The group it runs as.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/redis";
      description = "Where data is kept.";
    };
    settings = mkOption {
      type = types.attrsOf (types.either atom (types.listOf atom));
      default = { };
      example = {
        maxmemory = "256mb";
        save = [ "900 1" ];
      };
      description = "Settings of redis.conf; one with several values is a list.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.redis.settings = nglib.mkDefaultRec {
      port = 6379;
      bind = "* -::*";
      protected-mode = false;
      daemonize = false;
      dir = cfg.dataDir;
      logfile = "";
    };

    init.services.redis = {
      exec = [
        "${cfg.package}/bin/redis-server"
        "${configFile}"
      ];
      inherit (cfg) user group;
      directories.${cfg.dataDir}.mode = "0750";
      ready.tcp = lib.mkIf (cfg.settings.port != 0) (lib.mkDefault "127.0.0.1:${toString cfg.settings.port}");
      enabled = true;
    };

    users = account {
      inherit (cfg) user group;
      description = "Redis";
      home = cfg.dataDir;
    };

    image = {
      ports = [ cfg.settings.port ];
      volumes = [ cfg.dataDir ];
    };
  };
}
