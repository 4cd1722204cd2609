use std::sync::Arc;

use super::*;
use crate::fixture;
use crate::policy::Alternatives;

/// Follows each path; shows the links on the way and the end.
fn check(text: &str, cases: &[(&str, &str)]) {
    let (units, analyses) = fixture::universe(text);
    let opened: Vec<Option<Arc<Analysis>>> = analyses.into_iter().map(Some).collect();
    let universe = Universe::new(&units, &opened, &Alternatives::new());
    let shown = |id: &NodeId| String::from_utf8_lossy(&universe.node(*id).path).into_owned();
    for (path, expected) in cases {
        let found = universe.follow(&join(b"", path.as_bytes()));
        let mut way: Vec<String> = found.links.iter().map(shown).collect();
        way.push(found.end.as_ref().map_or("nothing".into(), shown));
        assert_eq!(way.join(" > "), *expected, "{path}");
    }
}

#[test]
fn links_are_followed() {
    check(
        "unit a
           file usr/bin/dash
           link bin/sh -> dash
           link usr/lib/x -> ../share/x
           file usr/share/x/y
           dir usr/share/x
           link etc/loop -> loop
           link etc/up -> ../../../usr/bin/dash
           link bin -> usr/bin",
        &[
            ("/bin/dash", "usr/bin/dash"),
            ("/bin/sh", "usr/bin/sh > usr/bin/dash"),
            ("/usr//bin/./sh", "usr/bin/sh > usr/bin/dash"),
            ("/lib/x/y", "usr/lib/x > usr/share/x/y"),
            ("/lib/x", "usr/lib/x > usr/share/x"),
            ("/lib/x/z", "usr/lib/x > nothing"),
            ("/etc/up", "etc/up > usr/bin/dash"),
            ("/nowhere", "nothing"),
        ],
    );
    let (units, analyses) = fixture::universe("unit a\n link etc/loop -> loop");
    let opened: Vec<Option<Arc<Analysis>>> = analyses.into_iter().map(Some).collect();
    let found = Universe::new(&units, &opened, &Alternatives::new()).follow(b"etc/loop");
    assert_eq!((found.links.len(), found.end), (LINKS_MAX, None));
}

#[test]
fn units_lie_where_they_are_mounted() {
    check(
        "unit store mount=nix/store/h-x
           link bin/x -> /usr/bin/x
         unit deb
           file usr/bin/x",
        &[("/nix/store/h-x/bin/x", "nix/store/h-x/bin/x > usr/bin/x"), ("/bin/x", "usr/bin/x")],
    );
}

#[test]
fn directories_are_ranges() {
    let text = "unit a\n file usr/a/x\n file usr/a/y/z\n file usr/a-b\n file usr/a.c/d\n dir usr/a";
    let (units, analyses) = fixture::universe(text);
    let opened: Vec<Option<Arc<Analysis>>> = analyses.into_iter().map(Some).collect();
    let universe = Universe::new(&units, &opened, &Alternatives::new());
    let below = |directory: &str| -> Vec<String> {
        let ids = universe.below(directory.as_bytes()).iter();
        ids.map(|id| String::from_utf8_lossy(&universe.node(*id).path).into_owned()).collect()
    };
    assert_eq!(below("usr/a"), ["usr/a/x", "usr/a/y/z"]);
    assert_eq!(below("usr/a.c"), ["usr/a.c/d"]);
    assert_eq!(below("usr/nothing").len(), 0);
    assert_eq!(below("").len(), 5);
    let matching = universe.matching(b"usr/*/x");
    assert_eq!(matching.len(), 1);
}
