//! Systems that are for working in.

use crate::container::Container;
use crate::example::Example;

/// What builds a file with this text, as an expression.
fn builder_of(text: &str) -> String {
    format!(
        "derivation {{ name = \"runs\"; system = builtins.currentSystem; builder = \"/bin/sh\"; \
         args = [ \"-c\" \"echo {text} > $out\" ]; }}"
    )
}

/// Says something to the shell, which must come to print this at the end of a line.
fn tells(system: &Container, command: &str, expected: &str) {
    system.say(&format!("{command}\n"));
    system.wait_for_log(&format!("{expected}\n"));
}

#[test]
fn nix() {
    let nix = Example::of("nix").in_container(|with| with.is_interactive = true);
    nix.used(|system| {
        tells(system, "nix eval --expr '6 * 7'", "42");
        let built = builder_of("it runs");
        tells(
            system,
            &format!("nix eval --raw --impure --expr 'builtins.readFile ({built})'"),
            "it runs",
        );
    });
}

/// The store is in a volume: what was built with one image is there with the next, and what that
/// brings is there besides, known to Nix, and kept from being collected.
#[test]
fn nix_is_persistent() {
    let volume = tempfile::tempdir().unwrap();
    let at = volume.path().to_str().unwrap();
    let image = |text: &str, capabilities| {
        let module = format!(
            "{{ pkgs, ... }}: {{
               nix.persistNix = \"/data\";
               environment.etc.brought.source = pkgs.writeText \"brought-{text}\" ''{text}\n'';
             }}"
        );
        Example::of("nix").with(module).in_container(|with| {
            with.is_interactive = true;
            with.capabilities = capabilities;
            with.binds.push((at.to_owned(), "/data"));
        })
    };
    let may_mount: &[&str] = &["CAP_SYS_ADMIN"];
    image("first", &[]).refuses(
        126,
        "init: cannot mount /nix/var/nix/gcroots/image at /data/nix/var/nix/gcroots/image: \
         not permitted; that needs the capability CAP_SYS_ADMIN",
    );
    let kept = "/nix/var/nix/gcroots/kept";
    image("first", may_mount).used(|system| {
        let built = builder_of("it was built");
        tells(
            system,
            &format!("nix build --impure --out-link {kept} --expr '{built}' && echo $?"),
            "0",
        );
        tells(system, "echo /nix/store/*-brought-*", "-brought-first");
    });
    image("second", may_mount).used(|system| {
        tells(
            system,
            "nix-collect-garbage && nix-store --verify --check-contents && echo all is well",
            "all is well",
        );
        tells(system, &format!("read built < {kept} && echo $built"), "it was built");
        tells(system, "read text < /etc/brought && echo $text", "second");
        tells(system, "echo of images: /nix/store/*-brought-*", "-brought-second");
        assert!(!system.log().contains("-brought-first /nix"), "{}", system.log());
    });
}
