//! Systems that are for working in.

use crate::example::Example;

#[test]
fn nix() {
    let nix = Example::of("nix").in_container(|with| with.is_interactive = true);
    nix.used(|system| {
        system.say("nix eval --expr '6 * 7'\n");
        system.wait_for_log("42");
        let derivation = "derivation {
            name = \"runs\"; system = builtins.currentSystem;
            builder = \"/bin/sh\"; args = [ \"-c\" \"echo it runs > $out\" ];
        }";
        system.say(&format!("cat $(nix-build --no-out-link -E '{derivation}')\n"));
        system.wait_for_log("it runs");
    });
}
