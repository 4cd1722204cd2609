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
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.php-fpm;

  settingsOption =
    description:
    mkOption {
      type = types.attrsOf settings.atom;
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
        fpmSettings = settingsOption "Settings of the pool.";
        phpSettings = settingsOption "Settings of PHP in the pool.";
        environment = settingsOption "Variables of its workers. `\${NAME}` in them stands for one of the system.";
      };
    };

  quoted = text: "\"${lib.escape [ "\\" "\"" ] text}\"";
  written =
    text:
    settings.keyValue {
      separator = " = ";
      inherit text;
    };
  # Settings may be expressions, such as `E_ALL & ~E_NOTICE`, and have quotes of their own; what
  # follows a `;` would be lost.
  line = written (
    text: if builtins.match "[^\"]*[;=][^\"]*" text != null then quoted text else text
  );
  variable = written quoted;

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
        ++ settings.lines line (
          {
            daemonize = false;
            error_log = "/proc/self/fd/2";
          }
          // cfg.fpmSettings
        )
        ++ [ "[${name}]" ]
        ++ settings.lines line (poolDefaults name pool // pool.fpmSettings)
        ++ settings.lines (name: line "php_admin_value[${name}]") (cfg.phpSettings // pool.phpSettings)
        ++ settings.lines (name: variable "env[${name}]") pool.environment
      )
    );
in
{
  options.services.php-fpm = {
    fpmSettings = settingsOption "Settings of the process manager.";
    phpSettings = settingsOption "Settings of PHP in all pools.";
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
