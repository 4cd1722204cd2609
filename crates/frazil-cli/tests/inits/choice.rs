//! What the modules say of inits and services: which is chosen, how an image starts it, and what is
//! refused. Nothing is fetched for that.

use std::path::Path;

use expect_test::{Expect, expect};

use crate::site::frazil;

/// Evaluates a system with these modules; `show` is what of it is shown.
#[track_caller]
fn check(module: &str, show: &str, expected: Expect) {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nix").canonicalize().unwrap();
    let library = library.display();
    let expression = format!(
        r#"let
          lib = import {library}/lib;
          nglib = import {library}/nglib {{ inherit lib; }};
          package = name: {{ type = "derivation"; inherit name; outPath = "/${{name}}"; }};
          nixpkgs.legacyPackages.x86_64-linux = lib.genAttrs [ "runit" "s6" "tini" "dumb-init" "catatonit" "bash" ] package // {{
            writeText = name: text: "/text";
          }};
          config = (nglib.makeSystem {{
            inherit nixpkgs; name = "test"; system = "x86_64-linux";
            config = {{ lib, ... }}: {{ imports = [ ({module}) ]; }};
          }}).config;
        in {show}"#
    );
    let output = frazil().args(["eval", "--json", &expression]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = said.lines().filter(|line| {
        line.trim_start().starts_with("- `") || line.trim_start().starts_with("- the")
    });
    let lines: Vec<&str> = lines.map(str::trim_start).collect();
    let shown = if output.status.success() { text.into_owned() } else { lines.join("\n") + "\n" };
    assert!(!shown.trim().is_empty(), "{said}");
    expected.assert_eq(&shown);
}

/// How the image starts.
const START: &str = "{ inherit (config.init) type; inherit (config.image) entrypoint; }";

#[test]
fn an_init_is_chosen() {
    let service = |choice: &str| {
        format!(r#"{{ init.services.a = {{ enabled = true; exec = [ "/a" ]; }}; {choice} }}"#)
    };
    check(
        &service(""),
        START,
        expect![[r#"
        {"entrypoint":null,"type":"frazil"}
    "#]],
    );
    check(
        &service("runit.enable = true;"),
        START,
        expect![[r#"
        {"entrypoint":["/usr/sbin/init","under","runit","/runit/bin/runsvdir"],"type":"runit"}
    "#]],
    );
    check(
        &service(r#"init.type = "s6";"#),
        START,
        expect![[r#"
        {"entrypoint":["/usr/sbin/init","under","s6","/s6/bin/s6-svscan"],"type":"s6"}
    "#]],
    );
    check(
        &service(r#"init.type = "tini";"#),
        START,
        expect![[r#"
        {"entrypoint":["/tini/bin/tini","--","/usr/sbin/init","launch","/etc/init.plan","a"],"type":"tini"}
    "#]],
    );
    check(
        &service("dinit.enable = true;"),
        START,
        expect![[r#"
            {"entrypoint":null,"type":"frazil"}
        "#]],
    );
    check(
        &service("dumb-init = { enable = true; type.services = { }; };"),
        START,
        expect![[r#"
            {"entrypoint":["/dumb-init/bin/dumb-init","--","/usr/sbin/init"],"type":"dumb-init"}
        "#]],
    );
    check(
        &service("dumb-init = { enable = true; type.shell.user = \"root\"; };"),
        START,
        expect![[r#"
            {"entrypoint":["/dumb-init/bin/dumb-init","--"],"type":"dumb-init"}
        "#]],
    );
    check(
        &service(
            r#"init.type = "dumb-init"; init.services.a = { stop.signal = "QUIT"; signals.USR1 = "HUP"; };"#,
        ),
        START,
        expect![[r#"
            {"entrypoint":["/dumb-init/bin/dumb-init","--rewrite","15:3","--rewrite","10:1","--","/usr/sbin/init","launch","/etc/init.plan","a"],"type":"dumb-init"}
        "#]],
    );
}

#[test]
fn a_field_that_cannot_be_honoured_is_named() {
    let refused = |init: &str, fields: &str| {
        format!(
            r#"{{ init.type = "{init}"; init.services.a = {{ enabled = true; exec = [ "/a" ]; {fields} }}; init.services.b = {{ exec = [ "/b" ]; }}; }}"#
        )
    };
    let all = r#"bind = true; signals.RTMIN = "HUP"; stop.command = [ "/c" ]; backoff.min = 0.5; afterStop = [ "/d" ]; requires = [ "b" ]; health.file = "/e"; "#;
    for (init, expected) in [
        (
            "runit",
            expect![[r#"
            - `init.services.a.backoff.min` cannot be honoured by the init `runit`; leave it out or set `init.type = "frazil"`
            - `init.services.a.bind` cannot be honoured by the init `runit`; leave it out or set `init.type = "frazil"`
        "#]],
        ),
        (
            "s6",
            expect![[r#"
            - `init.services.a.backoff.min` cannot be honoured by the init `s6`; leave it out or set `init.type = "frazil"`
            - `init.services.a.bind` cannot be honoured by the init `s6`; leave it out or set `init.type = "frazil"`
            - `init.services.a.signals` cannot be honoured by the init `s6`; leave it out or set `init.type = "frazil"`
            - `init.services.a.stop.command` cannot be honoured by the init `s6`; leave it out or set `init.type = "frazil"`
        "#]],
        ),
        (
            "s6-rc",
            expect![[r#"
            - the init `s6-rc` gets its sources in /etc/s6-rc/source; set `image.entrypoint` to the program of yours that compiles and starts them
            - `init.services.a.backoff.min` cannot be honoured by the init `s6-rc`; leave it out or set `init.type = "frazil"`
            - `init.services.a.bind` cannot be honoured by the init `s6-rc`; leave it out or set `init.type = "frazil"`
            - `init.services.a.health` cannot be honoured by the init `s6-rc`; leave it out or set `init.type = "frazil"`
            - `init.services.a.signals` cannot be honoured by the init `s6-rc`; leave it out or set `init.type = "frazil"`
            - `init.services.a.stop.command` cannot be honoured by the init `s6-rc`; leave it out or set `init.type = "frazil"`
        "#]],
        ),
        (
            "dinit",
            expect![[r#"
            - `init.services.a.afterStop` cannot be honoured by the init `dinit`; leave it out or set `init.type = "frazil"`
            - `init.services.a.backoff` cannot be honoured by the init `dinit`; leave it out or set `init.type = "frazil"`
            - `init.services.a.health` cannot be honoured by the init `dinit`; leave it out or set `init.type = "frazil"`
            - `init.services.a.signals` cannot be honoured by the init `dinit`; leave it out or set `init.type = "frazil"`
            - `init.services.a.stop.command` cannot be honoured by the init `dinit`; leave it out or set `init.type = "frazil"`
        "#]],
        ),
        (
            "tini",
            expect![[r#"
            - `init.services.a.afterStop` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.backoff` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.bind` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.health` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.requires` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.stop.command` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
            - `init.services.a.signals` cannot be honoured by the init `tini`; leave it out or set `init.type = "frazil"`
        "#]],
        ),
    ] {
        check(&refused(init, all), "config.init.plan", expected);
    }
    check(
        r#"{ init.type = "catatonit"; init.services = { a = { enabled = true; exec = [ "/a" ]; }; b = { enabled = true; exec = [ "/b" ]; }; }; }"#,
        "config.init.plan",
        expect![[r#"
            - the init `catatonit` runs one service, and enabled are: a, b; set `init.type = "frazil"`
        "#]],
    );
}

#[test]
fn the_end_of_a_critical_service_is_the_end() {
    check(
        r#"{ init.services.a = { enabled = true; exec = [ "/a" ]; shutdownOnExit = true; }; }"#,
        "{ inherit (config.init.plan.services.a) critical restart; }",
        expect![[r#"
            {"critical":true,"restart":"never"}
        "#]],
    );
}

#[test]
fn values_that_are_found_at_the_start() {
    check(
        r#"{ init.services.a = { enabled = true; exec = [ "/a" ]; stdin = "inherit"; environment = { A = 1; B.file = "/run/secret"; C = { env = "X"; default = "d"; }; }; }; }"#,
        "{ inherit (config.init.plan.services.a) env stdin; }",
        expect![[r#"
            {"env":{"A":"1","B":[{"file":"/run/secret"}],"C":[{"default":"d","env":"X"}]},"stdin":"inherit"}
        "#]],
    );
}

#[test]
fn a_machine_is_declared() {
    let machine = r#"init.mode = "vm"; init.stopDeadline = 30; init.setup = [ { hostname = "h"; } { swap = "/dev/vdb"; } ];"#;
    check(
        &format!("{{ {machine} }}"),
        "config.init.plan.settings",
        expect![[r#"
        {"mode":"vm","setup":[{"hostname":"h"},{"swap":"/dev/vdb"},{"hostname":"test"},{"link-up":"lo"}],"stop_deadline":30}
    "#]],
    );
    check(
        &format!("{{ init.type = \"runit\"; {machine} }}"),
        "config.init.plan.settings",
        expect![[r#"
            - `init.mode` and `init.setup` cannot be honoured by the init `runit`, which runs containers; set `init.type = "frazil"`
        "#]],
    );
}
