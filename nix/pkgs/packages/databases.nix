# Databases and stores of keys. PostgreSQL's versions are in families.nix.
{ lib }:
let
  # redis and its successor differ in nothing but the name.
  keyValueStore = name: license: {
    deb = "${name}-server";
    packages = [ "${name}-tools" ];
    bin = map (tool: "/usr/bin/${name}-${tool}") [
      "server"
      "cli"
      "benchmark"
      "check-aof"
      "check-rdb"
    ];
    commands."${name}-sentinel" = "/usr/bin/${name}-check-rdb";
    mainProgram = "${name}-cli";
    inherit license;
    users.${name} = {
      home = "/var/lib/${name}";
    };
    groups.${name} = { };
    directories = [
      {
        path = "/var/lib/${name}";
        mode = "0750";
        user = name;
        group = name;
      }
      {
        path = "/var/log/${name}";
        mode = "2750";
        user = name;
        group = "adm";
      }
    ];
    modes = [
      {
        path = "/etc/${name}/${name}.conf";
        mode = "0640";
        user = name;
        group = name;
      }
    ];
    scripts = "covered";
  };
in
{
  mariadb = {
    deb = "mariadb-server";
    packages = [
      "mariadb-server-core"
      "mariadb-client"
      "mariadb-client-core"
    ];
    bin = [
      "/usr/sbin/mariadbd"
      "/usr/sbin/mysqld"
      "/usr/bin/mariadb"
      "/usr/bin/mariadb-admin"
      "/usr/bin/mariadb-check"
      "/usr/bin/mariadb-dump"
      "/usr/bin/mariadb-install-db"
      "/usr/bin/mariadb-upgrade"
      "/usr/bin/my_print_defaults"
      "/usr/bin/mysql"
      "/usr/bin/mysql_install_db"
      "/usr/bin/mysql_upgrade"
      "/usr/bin/mysqladmin"
      "/usr/bin/mysqldump"
      "/usr/bin/resolveip"
    ];
    links."share/mysql" = "/usr/share/mariadb";
    mainProgram = "mariadb";
    license = "GPL-2.0-only";
    users.mysql = {
      description = "MariaDB Server";
    };
    groups.mysql = { };
    directories = [
      {
        path = "/var/lib/mysql";
        mode = "0700";
        user = "mysql";
        group = "mysql";
      }
      {
        path = "/run/mysqld";
        mode = "0755";
        user = "mysql";
        group = "mysql";
      }
      {
        path = "/var/log/mysql";
        mode = "2750";
        user = "mysql";
        group = "adm";
      }
    ];
    scripts = "covered";
  };
  memcached = {
    bin = [ "/usr/bin/memcached" ];
    license = "BSD-3-Clause";
    users.memcache = { };
    groups.memcache = { };
    scripts = "covered";
  };
  redis = keyValueStore "redis" "AGPL-3.0-only";
  sqlite = {
    deb = "sqlite3";
    bin = [ "/usr/bin/sqlite3" ];
    license = "blessing";
    scripts = "covered";
    development = [ "libsqlite3-dev" ];
  };
  valkey = keyValueStore "valkey" "BSD-3-Clause";
}
