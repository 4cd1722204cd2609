//! Databases, from the first start on: the cluster is made, and what was declared is in it.

use crate::example::Example;

#[test]
fn postgresql() {
    Example::of("postgresql").at_both_levels().used(|system| {
        let psql = |role: &str, database: &str, query: &str| {
            let url = format!("postgresql:///{database}?user={role}&host=/run/postgresql");
            system.run_as("postgres", &["psql", "--no-align", "--tuples-only", &url, "-c", query])
        };
        let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app'";
        system.wait_for(|| match psql("postgres", "postgres", owner)?.as_str() {
            "app\n" => Ok(()),
            other => Err(format!("the owner of the database is {other:?}")),
        });
        let sum = "CREATE TABLE t AS SELECT generate_series(1, 100000) AS n; SELECT sum(n) FROM t";
        assert_eq!(psql("postgres", "app", sum).unwrap(), "SELECT 100000\n5000050000\n");
        // As a program elsewhere would, with a password.
        psql("postgres", "app", "ALTER USER app PASSWORD 'secret'").unwrap();
        let url = "postgresql://app:secret@127.0.0.1/app";
        let who = system.run_as("nobody", &["psql", "-At", url, "-c", "SELECT current_user"]);
        assert_eq!(who.unwrap(), "app\n");
        let wrong = "postgresql://app:wrong@127.0.0.1/app";
        let refused = system.run_as("nobody", &["psql", "-At", wrong, "-c", "SELECT 1"]);
        assert!(refused.unwrap_err().contains("password authentication failed"));
    });
}

#[test]
fn mysql() {
    let script = "{ pkgs, ... }: {
        services.mysql.initialScript =
            pkgs.writeText \"first.sql\" \"CREATE TABLE app.first AS SELECT 7 AS n;\\n\";
    }";
    Example::of("mysql").with(script).used(|system| {
        let query = |sql: &str| system.run_as("mysql", &["mariadb", "-NB", "app", "-e", sql]);
        system.wait_for(|| query("SELECT 1"));
        let sum = "CREATE TABLE t AS SELECT seq FROM seq_1_to_1000; SELECT sum(seq) FROM t";
        assert_eq!(query(sum).unwrap(), "500500\n");
        system.wait_for(|| query("SELECT n FROM first"));
        let done = system.path("/var/lib/mysql/initial-script-done");
        system.wait_for(|| std::fs::metadata(&done).map_err(|why| why.to_string()));
        let refused = system.run_as("nobody", &["mariadb", "-u", "mysql", "-e", "SELECT 1"]);
        assert!(refused.unwrap_err().contains("Access denied"));
    });
}

/// What is declared about a database besides its existence, and that it outlives a restart.
#[test]
fn declared_contents() {
    let module = "{ lib, pkgs, ... }: {
        services.postgresql = {
            earlyStartScript = \"CREATE TABLE IF NOT EXISTS starts (n int);\";
            startScript = \"INSERT INTO starts VALUES (1);\";
            initialScript = pkgs.writeText \"first.sql\" \"CREATE TABLE once (n int);\";
            ensureDatabases = lib.mkForce { app.encoding = \"LATIN1\"; app.template = \"template0\"; app.locale = \"C\"; };
            ensureExtensions.pg_trgm = [ \"app\" ];
            ensureUsers = lib.mkForce [ { name = \"maker\"; ensureClauses = { createdb = true; login = false; }; } ];
            settings.shared_buffers = \"16MB\";
        };
    }";
    Example::of("postgresql").with(module).used(|system| {
        let psql = |database: &str, query: &str| {
            system.run_as(
                "postgres",
                &["psql", "-At", "-h", "/run/postgresql", "-c", query, database],
            )
        };
        let starts = |expected: &str| {
            system.wait_for(|| match psql("postgres", "SELECT count(*) FROM starts")?.trim() {
                count if count == expected => Ok(()),
                count => Err(format!("{count} starts")),
            });
        };
        starts("1");
        assert_eq!(psql("postgres", "SELECT count(*) FROM once").unwrap(), "0\n");
        let clauses = "SELECT rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'maker'";
        assert_eq!(psql("app", clauses).unwrap(), "t|f\n");
        assert_eq!(psql("app", "SHOW shared_buffers").unwrap(), "16MB\n");
        assert_eq!(psql("app", "SHOW server_encoding").unwrap(), "LATIN1\n");
        assert_eq!(psql("app", "SELECT similarity('frazil', 'frazil')").unwrap(), "1\n");
        // Scripts of each start run again when they are asked to, and the first one does not.
        system.run(&["/usr/sbin/init", "ctl", "restart", "postgresql"]).unwrap();
        for service in ["postgresql-initial-script", "postgresql-start-script"] {
            system.run(&["/usr/sbin/init", "ctl", "restart", service]).unwrap();
        }
        starts("2");
    });
}
