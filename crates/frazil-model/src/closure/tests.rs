use expect_test::{Expect, expect};

use super::*;

fn path(name: &str) -> StorePath {
    format!("00000000000000000000000000000000-{name}").parse().unwrap()
}

/// A graph from lines like `a: b c`.
fn graph(text: &str) -> ClosureGraph {
    let mut graph = ClosureGraph::default();
    for line in text.split(';') {
        let (from, to) = line.split_once(':').unwrap();
        graph.insert(path(from.trim()), to.split_whitespace().map(path));
    }
    graph
}

fn names<'a>(paths: impl IntoIterator<Item = &'a StorePath>) -> String {
    paths.into_iter().map(StorePath::name).collect::<Vec<_>>().join(" ")
}

fn shown_error(err: ClosureError) -> String {
    err.to_string().replace("00000000000000000000000000000000-", "")
}

#[track_caller]
fn check_order(text: &str, expected: Expect) {
    expected.assert_eq(&graph(text).topological().map_or_else(shown_error, names));
}

#[test]
fn order() {
    check_order("a: b c; b: d; c: d; d:", expect!["d b c a"]);
    check_order("a: a b; b: b", expect!["b a"]);
    check_order("z: a; a: m; m:", expect!["m a z"]);
    check_order("a: b; b: c; c: b", expect!["cycle in the references: b -> c"]);
    check_order("a: b", expect!["store path 'b' is not in the closure graph"]);
}

#[track_caller]
fn check_closure(text: &str, roots: &[&str], expected: Expect) {
    let roots: Vec<StorePath> = roots.iter().map(|name| path(name)).collect();
    let shown = graph(text).closure(&roots).map_or_else(shown_error, names);
    expected.assert_eq(&shown);
}

#[test]
fn closures() {
    let text = "a: b c; b: d; c: d; d:; e: a e";
    check_closure(text, &["b"], expect!["b d"]);
    check_closure(text, &["c", "b"], expect!["b c d"]);
    check_closure(text, &["e"], expect!["a b c d e"]);
    check_closure(text, &[], expect![""]);
    check_closure(text, &["x"], expect!["store path 'x' is not in the closure graph"]);
    check_closure("a: b; b: a", &["b"], expect!["a b"]);
}

#[test]
fn who_refers_to_whom() {
    let reversed = graph("a: b c; b: d; c: d; d:").reversed();
    assert_eq!(reversed, graph("d: b c; b: a; c: a; a:"));
    assert_eq!(names(reversed.closure([&path("d")]).unwrap()), "a b c d");
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let mut graph = ClosureGraph::default();
    for index in 0..50_000 {
        graph.insert(path(&index.to_string()), [path(&(index + 1).to_string())]);
    }
    graph.insert(path("50000"), []);
    let order = graph.topological().unwrap();
    assert_eq!(order.len(), 50_001);
    assert_eq!(order.first().map(|path| path.name()), Some("50000"));
}
