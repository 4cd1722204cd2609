# PHP's process manager: pools of workers, each behind a socket of its own.
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
  cfg = config.services.php-fpm;

  setting = types.oneOf [
    types.str
    types.int
    types.bool
  ];
  settings =
    description:
    mkOption {
      type = types.attrsOf setting;
      default = { };
      inherit description;
    };

  pool =
    { name, ... }:
    {
      options = {
        package = lib.mkPackageOption pkgs "php" { };
        socket = mkOption {
          type = types.str;
          default = "/run/php-fpm/${name}.sock";
          readOnly = true;
          description = "The socket on which it takes requests.";
        };
        createUserGroup = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the pool's user and group are made.";
        };
        user = mkOption {
          type = types.str;
          default = "www-data";
          description = "The user its workers run as.";
        };
        group = mkOption {
          type = types.str;
          default = "www-data";
          description = "The group its workers run as.";
        };
        fpmSettings = settings "Settings of the pool.";
        phpSettings = settings "Settings of PHP in the pool.";
        environment = settings "Variables of its workers.";
      };
    };

  value = setting: if lib.isBool setting then (if setting then "yes" else "no") else toString setting;
  lines = prefix: suffix: lib.mapAttrsToList (name: setting: "${prefix}${name}${suffix} = ${value setting}");

  poolDefaults = name: pool: {
    listen = pool.socket;
    "listen.owner" = pool.user;
    "listen.group" = pool.group;
    inherit (pool) user group;
    pm = "ondemand";
    "pm.max_children" = 16;
    catch_workers_output = true;
    clear_env = true;
  };
  configOf =
    name: pool:
    pkgs.writeText "php-fpm-${name}.conf" (
      lib.concatLines (
        [ "[global]" ]
        ++ lines "" "" (
          {
            daemonize = false;
            error_log = "/proc/self/fd/2";
          }
          // cfg.fpmSettings
        )
        ++ [ "[${name}]" ]
        ++ lines "" "" (poolDefaults name pool // pool.fpmSettings)
        ++ lines "php_admin_value[" "]" (cfg.phpSettings // pool.phpSettings)
        ++ lines "env[" "]" pool.environment
      )
    );
in
{
  options.services.php-fpm = {
    fpmSettings = settings "Settings of the process manager.";
    phpSettings = settings "Settings of PHP in all pools.";
    pools = mkOption {
      type = types.attrsOf (types.submodule pool);
      default = { };
      description = "The pools.";
    };
  };

  config = lib.mkIf (cfg.pools != { }) {
    init.services = lib.mapAttrs' (
      name: pool:
      lib.nameValuePair "php-fpm-${name}" {
        exec = [
          "${pool.package}/bin/php-fpm"
          "--nodaemonize"
          "--fpm-config"
          "${configOf name pool}"
        ];
        directories."/run/php-fpm" = { };
        # Lets requests come to their end.
        stop.signal = lib.mkDefault "QUIT";
        enabled = true;
      }
    ) cfg.pools;

    users = lib.mkMerge (
      map (
        pool:
        lib.mkIf pool.createUserGroup (account {
          inherit (pool) user group;
          description = "web servers";
          home = "/var/www";
        })
      ) (lib.attrValues cfg.pools)
    );
  };
}
