# One version of PostgreSQL: Debian keeps each in directories of its own.
{ lib }:
version:
let
  root = "/usr/lib/postgresql/${version}";
  owned = path: mode: user: group: {
    inherit
      path
      mode
      user
      group
      ;
  };
in
{
  deb = "postgresql-${version}";
  packages = [ "postgresql-client-${version}" ];
  pname = "postgresql";
  bin =
    map (name: "${root}/bin/${name}") [
      "clusterdb"
      "createdb"
      "createuser"
      "dropdb"
      "dropuser"
      "initdb"
      "pg_archivecleanup"
      "pg_basebackup"
      "pg_checksums"
      "pg_config"
      "pg_controldata"
      "pg_ctl"
      "pg_dump"
      "pg_dumpall"
      "pg_isready"
      "pg_receivewal"
      "pg_resetwal"
      "pg_restore"
      "pg_rewind"
      "pg_upgrade"
      "pg_waldump"
      "pgbench"
      "postgres"
      "psql"
      "reindexdb"
      "vacuumdb"
    ];
  links = {
    "lib" = "${root}/lib";
    "share/postgresql" = "/usr/share/postgresql/${version}";
  };
  mainProgram = "postgres";
  license = "PostgreSQL";
  users.postgres = {
    home = "/var/lib/postgresql";
    shell = "/bin/bash";
    description = "PostgreSQL administrator";
  };
  groups.postgres = { };
  directories = [
    (owned "/var/lib/postgresql" "0755" "postgres" "postgres")
    (owned "/var/log/postgresql" "1775" "root" "postgres")
    (owned "/run/postgresql" "2775" "postgres" "postgres")
  ];
  passthru = _: { psqlSchema = version; };
  # Debian builds the just-in-time compiler in; what does not use it can drop it when linking.
  override =
    {
      jitSupport ? true,
      enableSystemd ? true,
    }:
    { };
  scripts = "covered";
}
