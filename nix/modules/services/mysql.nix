# MariaDB, a database, under the name that NixNG gives it.
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
  cfg = config.services.mysql;
  defaults = {
    port = 3306;
    socket = "/run/mysqld/mysqld.sock";
    pid_file = "/run/mysqld/mysqld.pid";
  };
  server = settings.over defaults cfg.config.mysqld;

  configFile = pkgs.writeText "my.cnf" (lib.generators.toINI { listsAsDuplicateKeys = true; } (lib.mapAttrs (_: lib.mapAttrs (_: settings.values)) cfg.config));

  initialScriptDone = "${cfg.dataDir}/initial-script-done";
  # The server writes the file that says that all went well.
  firstStart = pkgs.writeText "mysql-first-start.sql" ''
    source ${cfg.initialScript}
    SELECT 'done' INTO OUTFILE ${quoted initialScriptDone};
  '';
  quoted = text: "'${lib.replaceStrings [ "\\" "'" ] [ "\\\\" "\\'" ] text}'";
  name = text: "`${lib.replaceStrings [ "`" ] [ "``" ] text}`";
  user =
    user:
    let
      account = "${quoted user.name}@${quoted user.address}";
    in
    [ "CREATE USER IF NOT EXISTS ${account} IDENTIFIED VIA unix_socket;" ]
    ++ lib.mapAttrsToList (
      object: permission: "GRANT ${permission} ON ${object} TO ${account};"
    ) user.ensurePermissions;
  statements =
    map (database: "CREATE DATABASE IF NOT EXISTS ${name database};") cfg.ensureDatabases
    ++ lib.concatMap user cfg.ensureUsers;
  # The server runs these at each start, one a line.
  setUp = pkgs.writeText "mysql-set-up.sql" (lib.concatLines statements);
in
{
  options.services.mysql = {
    enable = lib.mkEnableOption "MariaDB";
    package = lib.mkPackageOption pkgs "mariadb" { };
    inherit (runsAs "mysql") user group;
    port = mkOption {
      type = types.port;
      default = 3306;
      description = "The port it listens on.";
    };
    bind = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The address it listens on; unset, all.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/mysql";
      description = "Where data is kept.";
    };
    config = mkOption {
      type = types.attrsOf settings.type;
      default = { };
      example = {
        mysqld.max_connections = 100;
      };
      description = "Settings of my.cnf, by section.";
    };
    initialScript = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file with SQL that is run once, at the first start.";
    };
    ensureDatabases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Databases that exist.";
    };
    ensureUsers = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            name = mkOption {
              type = types.str;
              description = "The name of the user, who logs in as the user of the system so named.";
            };
            address = mkOption {
              type = types.str;
              default = "localhost";
              description = "Where the user comes from.";
            };
            ensurePermissions = mkOption {
              type = types.attrsOf types.str;
              default = { };
              example = {
                "app.*" = "ALL PRIVILEGES";
              };
              description = "What the user may do, by object.";
            };
          };
        }
      );
      default = [ ];
      description = "Users that exist.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.mysql.config.mysqld = lib.mapAttrs (_: lib.mkDefault) (
      defaults
      // {
        inherit (cfg) port;
        datadir = cfg.dataDir;
      }
      // lib.optionalAttrs (cfg.bind != null) { bind-address = cfg.bind; }
      // lib.optionalAttrs (statements != [ ]) { init_file = "${setUp}"; }
    );

    # Where clients look for their sections.
    environment.etc."mysql/my.cnf".source = configFile;

    init.services = {
      mysql-init = {
        type = "oneshot";
        exec = [
          "${cfg.package}/bin/mysql_install_db"
          "--defaults-file=${configFile}"
          "--datadir=${cfg.dataDir}"
          "--auth-root-authentication-method=socket"
          "--auth-root-socket-user=${cfg.user}"
          "--skip-test-db"
        ];
        unless = "${cfg.dataDir}/mysql";
        inherit (cfg) user group;
        directories.${cfg.dataDir}.mode = "0750";
        enabled = true;
      };
      mysql = {
        exec = [
          "${cfg.package}/bin/mysqld"
          "--defaults-file=${configFile}"
        ];
        inherit (cfg) user group;
        requires = [ "mysql-init" ];
        directories = lib.genAttrs (map dirOf [ server.socket server.pid_file ]) (_: { });
        ready.unix = server.socket;
        stop.timeout = lib.mkDefault 60;
        enabled = true;
      };
      mysql-initial-script = lib.mkIf (cfg.initialScript != null) {
        type = "oneshot";
        exec = [
          "${cfg.package}/bin/mariadb"
          "--defaults-file=${configFile}"
          "--socket=${server.socket}"
          "--execute=source ${firstStart}"
        ];
        unless = initialScriptDone;
        inherit (cfg) user group;
        requires = [ "mysql" ];
        enabled = true;
      };
    };

    users = account {
      inherit (cfg) user group;
      description = "MariaDB";
      home = cfg.dataDir;
    };
    image = {
      ports = addresses.port server.port;
      volumes = [ cfg.dataDir ];
    };
  };
}
