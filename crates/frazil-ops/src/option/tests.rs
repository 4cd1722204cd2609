use expect_test::{Expect, expect};

use super::{Described, Found, find, reference, search};

fn option(name: &str, description: &str) -> Described {
    Described {
        name: name.to_owned(),
        r#type: "string".to_owned(),
        description: Some(description.to_owned()),
        default: None,
        example: None,
        is_read_only: false,
        declarations: vec!["frazil/modules/x.nix".to_owned()],
    }
}

fn options() -> Vec<Described> {
    vec![
        option("services.getty", "Logins."),
        option("services.getty.<name>.port", "The terminal."),
        option("services.nginx.enable", "Whether to enable NGINX."),
        option("services.nginx.user", "Who runs it."),
        option("users.users.\"a.b\".shell", "The shell."),
    ]
}

#[test]
fn words_are_looked_for_in_names_and_descriptions() {
    let options = options();
    let check = |words: &[&str], expected: &str| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let found: Vec<&str> =
            search(&options, &words).iter().map(|option| option.name.as_str()).collect();
        assert_eq!(found.join(" "), expected);
    };
    check(&["nginx"], "services.nginx.enable services.nginx.user");
    check(&["nginx", "RUNS"], "services.nginx.user");
    check(&["runs  nginx"], "services.nginx.user");
    check(&["Whether"], "services.nginx.enable");
    check(&["none"], "");
}

#[test]
fn names_stand_for_options() {
    let options = options();
    let check = |name: &str, expected: Expect| {
        let found = match find(&options, name) {
            Found::One(option, path) => format!("{} as {}", option.name, path.join("/")),
            Found::Several(options) => {
                let names: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
                format!("several: {}", names.join(" "))
            }
            Found::Nothing(names) => format!("nothing like {names:?}"),
        };
        expected.assert_eq(&found);
    };
    check("services.nginx.user", expect!["services.nginx.user as services/nginx/user"]);
    check("services.getty", expect!["services.getty as services/getty"]);
    check(
        "services.getty.tty1.port",
        expect!["services.getty.<name>.port as services/getty/tty1/port"],
    );
    check(
        "services.getty.\"a.b\".port",
        expect!["services.getty.<name>.port as services/getty/a.b/port"],
    );
    check("services.nginx", expect!["several: services.nginx.enable services.nginx.user"]);
    check(
        "services.getty.tty1",
        expect!["services.getty.<name>.port as services/getty/<name>/port"],
    );
    check("nginx.user", expect!["services.nginx.user as services/nginx/user"]);
    check(
        "users.users.\"a.b\".shell",
        expect![[r#"users.users."a.b".shell as users/users/a.b/shell"#]],
    );
    check("services.ngnix.user", expect![[r#"nothing like ["services.nginx.user"]"#]]);
    check("programs.x.shell", expect![[r#"nothing like ["users.users.\"a.b\".shell"]"#]]);
    check(
        "",
        expect![
            "several: services.getty services.getty.<name>.port services.nginx.enable services.nginx.user users.users.\"a.b\".shell"
        ],
    );
    check("a\"", expect!["nothing like []"]);
}

#[test]
fn pages_show_everything() {
    let mut options = options();
    options.truncate(1);
    options.push(Described {
        default: Some("{\n  a = 1;\n}".to_owned()),
        example: Some("[ ]".to_owned()),
        is_read_only: true,
        ..option("time.zone", "The zone.\n")
    });
    let pages = reference::pages(&options);
    let text: Vec<String> =
        pages.iter().map(|(name, page)| format!("=== {name}\n{page}")).collect();
    expect![[r#"
        === README.md
        # Options

        All options of the modules that every system has. `frazil option search WORD` finds them, and
        `frazil option show NAME` shows one. `frazil option reference` makes these pages.

        - [services.getty](services.getty.md): 1 option
        - [time](time.md): 1 option
        === services.getty.md
        # services.getty

        ## `services.getty`

        Logins.

        - type: string
        - declared in `frazil/modules/x.nix`
        === time.md
        # time

        ## `time.zone`

        The zone.

        - type: string
        - read-only
        - default:

          ```nix
          {
            a = 1;
          }
          ```

        - example: `[ ]`
        - declared in `frazil/modules/x.nix`
    "#]].assert_eq(&text.concat());
}
