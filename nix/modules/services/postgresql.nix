# PostgreSQL, a database.
#
# No shell: one service makes the cluster at the first start, one is the server, and one brings
# databases, users and extensions to what is declared, with SQL that may run any number of times.
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
  cfg = config.services.postgresql;

  line = settings.keyValue {
    separator = " = ";
    yes = "on";
    no = "off";
    text = quoted;
  };
  defaults = {
    port = 5432;
    listen_addresses = "localhost";
    unix_socket_directories = "/run/postgresql";
  };
  inForce = settings.over defaults cfg.config;
  # As SQL and postgresql.conf write texts and names.
  quoted = text: "'${lib.replaceStrings [ "'" ] [ "''" ] text}'";
  name = text: "\"${lib.replaceStrings [ "\"" ] [ "\"\"" ] text}\"";

  major = lib.versions.major (lib.getVersion cfg.package);
  unchecked = pkgs.writeText "postgresql.conf" (settings.text line cfg.config);
  configFile =
    if cfg.checkConfig then
      pkgs.runCommand "postgresql.conf" { nativeBuildInputs = [ cfg.package ]; } ''
        mkdir cluster
        ${cfg.package}/bin/postgres -C config_file -D cluster -c config_file=${unchecked}
        cp ${unchecked} $out
      ''
    else
      unchecked;
  hbaFile = pkgs.writeText "pg_hba.conf" cfg.authentication;
  identFile = pkgs.writeText "pg_ident.conf" cfg.identMap;

  # psql's \gexec runs what a query returns, and nothing where it returns nothing.
  unlessExists = query: statement: "SELECT ${quoted statement} WHERE NOT EXISTS (${query})\\gexec";
  database =
    database: options:
    unlessExists "SELECT FROM pg_database WHERE datname = ${quoted database}" (
      "CREATE DATABASE ${name database}"
      + lib.concatStrings (lib.mapAttrsToList (option: value: " ${option} = ${name value}") options)
    );
  databases =
    if lib.isList cfg.ensureDatabases then
      lib.genAttrs cfg.ensureDatabases (_: { })
    else
      cfg.ensureDatabases;
  # CREATEDB, or NOCREATEDB, of those that are set.
  clauses =
    user:
    lib.mapAttrsToList (clause: isSet: lib.optionalString (!isSet) "NO" + lib.toUpper clause) (
      lib.filterAttrs (_: isSet: isSet != null) user.ensureClauses
    );
  user =
    user:
    [ (unlessExists "SELECT FROM pg_roles WHERE rolname = ${quoted user.name}" "CREATE USER ${name user.name}") ]
    ++ lib.mapAttrsToList (
      object: permission: "GRANT ${permission} ON ${object} TO ${name user.name};"
    ) user.ensurePermissions
    ++ lib.optional (clauses user != [ ]) "ALTER ROLE ${name user.name} WITH ${lib.concatStringsSep " " (clauses user)};"
    ++ lib.optional user.ensureDBOwnership "ALTER DATABASE ${name user.name} OWNER TO ${name user.name};";
  extension =
    extension:
    map (database: "\\connect ${name database}\nCREATE EXTENSION IF NOT EXISTS ${name extension};");
  statements =
    lib.mapAttrsToList database databases
    ++ lib.concatMap user cfg.ensureUsers
    ++ lib.concatLists (lib.mapAttrsToList extension cfg.ensureExtensions);
  setUp = pkgs.writeText "postgresql-set-up.sql" (
    lib.concatLines ([ cfg.earlyStartScript ] ++ statements)
  );
  # Where psql writes its results from then on: the file is there when the script has ended well.
  initialScriptDone = "${cfg.dataDir}/initial-script-done";
  markInitialScript = pkgs.writeText "postgresql-initial-script-done.sql" "\\o ${quoted initialScriptDone}\n";
  hasSetUp = statements != [ ] || cfg.earlyStartScript != "";

  sockets = lib.splitString "," (lib.replaceStrings [ " " ] [ "" ] inForce.unix_socket_directories);
  # Where the cluster is by default, beside those of other versions.
  home = "/var/lib/postgresql";
  volume = if lib.hasPrefix "${home}/" cfg.dataDir then home else cfg.dataDir;
  isLocal = lib.elem inForce.listen_addresses [ "" "localhost" "127.0.0.1" "::1" ];

  psql =
    files:
    [
      "${cfg.package}/bin/psql"
      "--no-psqlrc"
      "--set=ON_ERROR_STOP=1"
      "--host=${lib.head sockets}"
      "--port=${toString inForce.port}"
      "--dbname=postgres"
      "--quiet"
    ]
    ++ map (file: "--file=${file}") files;
  asSuperUser = {
    user = cfg.superUser;
    group = "postgres";
    enabled = true;
  };
  # As NixOS calls them.
  alias =
    from: to:
    lib.mkAliasOptionModule
      [ "services" "postgresql" from ]
      [ "services" "postgresql" to ];
in
{
  imports = [
    (alias "settings" "config")
    (alias "extensions" "extraPlugins")
  ];

  options.services.postgresql = {
    enable = lib.mkEnableOption "PostgreSQL";
    package = lib.mkPackageOption pkgs "postgresql" { };
    port = mkOption {
      type = types.port;
      default = 5432;
      description = "The port it listens on.";
    };
    enableTCPIP = mkOption {
      type = types.bool;
      default = false;
      description = "Whether it listens on all addresses, and not only on its socket and on localhost.";
    };
    checkConfig = mkOption {
      type = types.bool;
      default = false;
      description = "Whether PostgreSQL reads `config` when the system is built, which takes a build that has PostgreSQL in it.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/postgresql/${major}";
      defaultText = "`/var/lib/postgresql/` and the major version";
      description = "Where the cluster is.";
    };
    authentication = mkOption {
      type = types.lines;
      default = "";
      example = "host all all 10.0.0.0/8 scram-sha-256";
      description = "Lines of pg_hba.conf, before those that let users of the system in as themselves, and others on localhost by their passwords.";
    };
    identMap = mkOption {
      type = types.lines;
      default = "";
      description = "Lines of pg_ident.conf.";
    };
    initdbArgs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--data-checksums" ];
      description = "Further arguments of initdb.";
    };
    initialScript = mkOption {
      type = types.nullOr types.path;
      default = null;
      description = "A file with SQL that is run once, at the first start.";
    };
    startScript = mkOption {
      type = types.lines;
      default = "";
      description = "SQL that is run at each start, after all else.";
    };
    earlyStartScript = mkOption {
      type = types.lines;
      default = "";
      description = "SQL that is run at each start, before anything else is made.";
    };
    ensureDatabases = mkOption {
      type = types.either (types.listOf types.str) (types.attrsOf (types.attrsOf types.str));
      default = [ ];
      example = {
        app.encoding = "UTF8";
      };
      description = "Databases that exist: their names, or by name the options that they are made with.";
    };
    ensureExtensions = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      example = {
        pg_trgm = [ "app" ];
      };
      description = "Extensions, and the databases that have them.";
    };
    extraPlugins = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.debian.postgresql-17-pgvector ]";
      description = "Packages of extensions, built for this version.";
    };
    ensureUsers = mkOption {
      type = types.listOf (
        types.submodule {
          options = {
            name = mkOption {
              type = types.str;
              description = "The name of the user.";
            };
            ensurePermissions = mkOption {
              type = types.attrsOf types.str;
              default = { };
              example = {
                "DATABASE app" = "ALL PRIVILEGES";
              };
              description = "What the user may do, by object.";
            };
            ensureClauses =
              lib.mapAttrs
                (
                  clause: what:
                  mkOption {
                    type = types.nullOr types.bool;
                    default = null;
                    description = "Whether the user ${what} (`${lib.toUpper clause}`); unset, it stays as it is.";
                  }
                )
                {
                  bypassrls = "is above the policies of rows";
                  createdb = "can make databases";
                  createrole = "can make users";
                  "inherit" = "has the rights of the roles that it is in";
                  login = "can log in";
                  replication = "can take part in replication";
                  superuser = "may do everything";
                };
            ensureDBOwnership = mkOption {
              type = types.bool;
              default = false;
              description = "Whether the user owns the database of the same name.";
            };
          };
        }
      );
      default = [ ];
      description = "Users that exist.";
    };
    config = mkOption {
      type = types.attrsOf settings.atom;
      default = { };
      example = {
        shared_buffers = "256MB";
      };
      description = "Settings of postgresql.conf.";
    };
    enableJIT = mkOption {
      type = types.bool;
      default = false;
      description = "Whether long queries are compiled, with LLVM, which is larger than all the rest of the system.";
    };
    logLinePrefix = mkOption {
      type = types.str;
      default = "[%p] ";
      description = "What stands before each line of the log.";
    };
    superUser = mkOption {
      type = types.str;
      default = "postgres";
      readOnly = true;
      description = "The user it runs as, who may do everything in it.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.postgresql = {
      config = lib.mapAttrs (_: lib.mkDefault) {
        inherit (cfg) port;
        listen_addresses = if cfg.enableTCPIP then "*" else "localhost";
        inherit (defaults) unix_socket_directories;
        hba_file = "${hbaFile}";
        ident_file = "${identFile}";
        log_destination = "stderr";
        log_line_prefix = cfg.logLinePrefix;
        jit = cfg.enableJIT;
      };
      authentication = lib.mkAfter ''
        local all all peer
        host all all 127.0.0.1/32 scram-sha-256
        host all all ::1/128 scram-sha-256
      '';
    };

    init.services = {
      postgresql-init = asSuperUser // {
        type = "oneshot";
        exec = [
          "${cfg.package}/bin/initdb"
          "--pgdata=${cfg.dataDir}"
          "--username=${cfg.superUser}"
          "--auth=peer"
          "--encoding=UTF8"
          "--locale=C.UTF-8"
        ]
        ++ cfg.initdbArgs;
        unless = "${cfg.dataDir}/PG_VERSION";
        directories = {
          ${cfg.dataDir}.mode = "0700";
        }
        // lib.optionalAttrs (volume != cfg.dataDir) { ${volume} = { }; };
      };
      postgresql = asSuperUser // {
        exec = [
          "${cfg.package}/bin/postgres"
          "-D"
          cfg.dataDir
          "-c"
          "config_file=${configFile}"
        ];
        requires = [ "postgresql-init" ];
        directories = lib.genAttrs sockets (_: { });
        ready.notify = true;
        # Clients are cut off, and nothing has to be recovered.
        stop = {
          signal = lib.mkDefault "INT";
          timeout = lib.mkDefault 60;
        };
      };
      postgresql-set-up = lib.mkIf hasSetUp (
        asSuperUser
        // {
          type = "oneshot";
          exec = psql [ setUp ];
          requires = [ "postgresql" ];
        }
      );
      postgresql-initial-script = lib.mkIf (cfg.initialScript != null) (
        asSuperUser
        // {
          type = "oneshot";
          exec = psql [
            cfg.initialScript
            markInitialScript
          ];
          unless = initialScriptDone;
          requires = [ "postgresql" ] ++ lib.optional hasSetUp "postgresql-set-up";
        }
      );
      postgresql-start-script = lib.mkIf (cfg.startScript != "") (
        asSuperUser
        // {
          type = "oneshot";
          exec = psql [ (pkgs.writeText "postgresql-start.sql" cfg.startScript) ];
          requires =
            [ "postgresql" ]
            ++ lib.optional hasSetUp "postgresql-set-up"
            ++ lib.optional (cfg.initialScript != null) "postgresql-initial-script";
        }
      );
    };

    # Its server finds extensions by names that it is told when it runs.
    system.link = {
      without = lib.mkIf (!cfg.enableJIT) [ "/usr/lib/postgresql/*/lib/llvmjit.so" ];
      packages = cfg.extraPlugins;
      units = lib.listToAttrs (
        map (plugin: lib.nameValuePair plugin.debian.package { level = "packages"; }) (
          lib.filter (plugin: plugin ? debian) cfg.extraPlugins
        )
      );
    };
    assertions = map (user: {
      assertion = user.ensureDBOwnership -> databases ? ${user.name};
      message = "`services.postgresql.ensureUsers` has ${user.name} own the database of that name, which does not exist; add it to `services.postgresql.ensureDatabases`";
    }) cfg.ensureUsers;

    # The commands that people use in a database's container; whoever wants the others adds the
    # package.
    environment.systemPackages = [
      (pkgs.linkFarm "postgresql-commands" (
        map
          (name: {
            name = "bin/${name}";
            path = "${cfg.package}/bin/${name}";
          })
          [
            "pg_dump"
            "pg_dumpall"
            "pg_restore"
            "psql"
          ]
      ))
    ];
    users = account {
      user = cfg.superUser;
      group = "postgres";
      description = "PostgreSQL";
      inherit home;
    };
    image = {
      ports = lib.optional (!isLocal) inForce.port;
      volumes = [ volume ];
    };
  };
}
