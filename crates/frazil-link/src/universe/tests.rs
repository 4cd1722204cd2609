use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::fixture;
use crate::policy::Alternatives;

fn whole<'a>(units: &'a [Unit], opened: &'a Opened) -> Universe<'a> {
    let mut universe = Universe::new(units);
    universe.add(0..units.len(), opened, &Alternatives::new());
    universe
}

/// Follows each path; shows the links on the way and the end.
fn check(text: &str, cases: &[(&str, &str)]) {
    let (units, analyses) = fixture::universe(text);
    let opened: Vec<OnceCell<Arc<Analysis>>> = analyses.into_iter().map(OnceCell::from).collect();
    let universe = whole(&units, &opened);
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
    let opened: Vec<OnceCell<Arc<Analysis>>> = analyses.into_iter().map(OnceCell::from).collect();
    let universe = whole(&units, &opened);
    let found = universe.follow(b"etc/loop");
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
    let opened: Vec<OnceCell<Arc<Analysis>>> = analyses.into_iter().map(OnceCell::from).collect();
    let universe = whole(&units, &opened);
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

/// Units come in any order, and several at once or not.
#[test]
fn the_order_of_opening_does_not_matter() {
    let text = "unit made generated
           file etc/x
         unit a
           file etc/x
           file usr/bin/mawk
           file usr/lib/b.so
           alternative usr/bin/awk -> /usr/bin/mawk 5
         unit b
           dir usr/lib/b.so
           file usr/bin/gawk
           alternative usr/bin/awk -> /usr/bin/gawk 10
         unit c
           file usr/lib/b.so
           file usr/bin/awk";
    let (units, analyses) = fixture::universe(text);
    let opened: Vec<OnceCell<Arc<Analysis>>> = analyses.into_iter().map(OnceCell::from).collect();
    let shown = |orders: &[&[usize]]| {
        let mut universe = Universe::new(&units);
        for order in orders {
            universe.add(order.iter().copied(), &opened, &Alternatives::new());
        }
        let of = |(unit, entry): (usize, &Analysed)| format!("{}:{}", unit, entry.is_directory());
        let mut lines = Vec::new();
        for id in universe.below(b"") {
            let node = universe.node(*id);
            let rivals: BTreeSet<String> =
                universe.rivals.get(id).into_iter().flatten().map(|rival| of(*rival)).collect();
            let path = String::from_utf8_lossy(&node.path).into_owned();
            lines.push((path, of((node.unit, node.entry)), rivals));
        }
        let end = |ids: &[NodeId]| ids.iter().map(|id| universe.node(*id).unit).collect::<Vec<_>>();
        (lines, end(universe.programs(b"awk")), end(universe.libraries(b"b.so")))
    };
    let expected = shown(&[&[0, 1, 2, 3]]);
    assert_eq!((&expected.1, &expected.2), (&vec![3], &vec![1]));
    for orders in [&[&[3, 2, 1, 0][..]][..], &[&[2], &[1], &[0, 3]], &[&[0, 1], &[3, 2]]] {
        assert_eq!(shown(orders), expected, "{orders:?}");
    }
    let without_c = shown(&[&[2], &[0], &[1]]);
    assert_eq!(without_c, shown(&[&[0, 1, 2]]));
    assert_eq!(without_c.1, [2]);
}
