//! What `show`, `check` and `metadata` say.

use expect_test::expect;

use super::World;
use crate::flake::{ShowOptions, check, metadata, show};

const PROVIDES: &str = "{
  description = \"all kinds of things\";
  nixConfig.extra-substituters = [ \"https://cache.invalid\" ];
  outputs = { self }: {
    packages.x86_64-linux.default = { type = \"derivation\"; name = \"p-1\"; drvPath = \"/d\"; meta.description = \"a package\"; };
    packages.other.default = throw \"not for us\";
    apps.x86_64-linux.run = { type = \"app\"; program = \"/bin/x\"; };
    overlays.default = final: prev: { };
    templates.new = { path = ./.; description = \"a template\"; };
    nixosModules.m = { };
    devShells.x86_64-linux = { };
    legacyPackages.x86_64-linux.y = 1;
    odd = 1;
  };
}";

#[test]
fn show_lists_what_there_is() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let mut shown = |options: ShowOptions| {
        world.run(|plan, host| {
            let (_, shown) = show(plan, "path:.", options, host)?;
            Ok(format!("{}{}", shown.text("NAME"), shown.json().compact()))
        })
    };
    expect![[r#"
        NAME
        ├───apps
        │   └───x86_64-linux
        │       └───run: app: no description
        ├───legacyPackages
        │   └───x86_64-linux omitted (use '--legacy' to show)
        ├───nixosModules
        │   └───m: NixOS module
        ├───odd: unknown
        ├───overlays
        │   └───default: Nixpkgs overlay
        ├───packages
        │   ├───other
        │   │   └───default omitted (use '--all-systems' to show)
        │   └───x86_64-linux
        │       └───default: package 'p-1'
        └───templates
            └───new: template: a template
        {"apps":{"x86_64-linux":{"run":{"type":"app"}}},"legacyPackages":{"x86_64-linux":{}},"nixosModules":{"m":{"type":"nixos-module"}},"odd":{"type":"unknown"},"overlays":{"default":{"type":"nixpkgs-overlay"}},"packages":{"other":{"default":{}},"x86_64-linux":{"default":{"description":"a package","name":"p-1","type":"derivation"}}},"templates":{"new":{"description":"a template","type":"template"}}}"#]].assert_eq(&shown(ShowOptions::default()));
    expect!["error: not for us"].assert_eq(&shown(ShowOptions { legacy: true, all_systems: true }));
}

#[test]
fn check_finds_what_is_not_as_it_should_be() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let checked = |world: &mut World| {
        world.run(|plan, host| check(plan, "path:.", false, host).map(|()| "good".to_owned()))
    };
    expect!["good"].assert_eq(&checked(&mut world));
    expect![[r#"
        unknown flake output 'odd'
        these systems were omitted: other; --all-systems checks them, too"#]]
    .assert_eq(&world.messages.join("\n"));
    world.write(
        "flake.nix",
        "{ outputs = _: { packages.x86_64-linux = { a = 1; b = throw \"no b\"; }; overlays.o = 1; checks = 1; apps.x86_64-linux.x = { }; }; }",
    );
    expect![[r#"
        error: flake attribute 'apps.x86_64-linux.x' is not an app, but a set
        error: flake output 'checks' is an integer, not a set
        error: flake attribute 'overlays.o' is not an overlay, which is a function, but an integer
        error: flake attribute 'packages.x86_64-linux.a' is not a derivation, but an integer
        error: while checking flake output 'packages.x86_64-linux.b': no b"#]]
    .assert_eq(&checked(&mut world));
}

#[test]
fn metadata_tells_what_is_known() {
    let mut world = World::new(&[("flake.nix", PROVIDES)]);
    let text = world.run(|plan, host| {
        let metadata = metadata(plan, "path:.", host)?;
        Ok(format!("{}{}", metadata.text(), metadata.json().compact()))
    });
    expect![[r#"
        Resolved URL:  path:HERE
        Locked URL:    path:HERE?lastModified=1700000000&narHash=sha256-hSt5Zn5/mx9ka68ltf%2B3y7DOM00ShW6IIHnbe2Td4cA%3D
        Description:   all kinds of things
        Path:          /nix/store/kvmkph1sa4h6792zlsszlqr9nz5v1jm5-source
        Last modified: 2023-11-14
        Setting:       extra-substituters = ["https://cache.invalid"] (not applied)
        {"description":"all kinds of things","lastModified":1700000000,"locked":{"lastModified":1700000000,"narHash":"sha256-hSt5Zn5/mx9ka68ltf+3y7DOM00ShW6IIHnbe2Td4cA=","path":"HERE","type":"path"},"locks":{"nodes":{"root":{}},"root":"root","version":7},"original":{"path":"HERE","type":"path"},"originalUrl":"path:HERE","path":"/nix/store/kvmkph1sa4h6792zlsszlqr9nz5v1jm5-source","resolved":{"path":"HERE","type":"path"},"resolvedUrl":"path:HERE","url":"path:HERE?lastModified=1700000000&narHash=sha256-hSt5Zn5/mx9ka68ltf%2B3y7DOM00ShW6IIHnbe2Td4cA%3D"}"#]].assert_eq(&text);
}
