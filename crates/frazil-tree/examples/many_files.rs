//! A measurement for development: how a tree of 300 000 files fares.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for development, which measures and prints"
)]

use std::time::Instant;

use frazil_tree::diff::diff;
use frazil_tree::dump::{dump, parse};
use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Origin, Tree, TreePath};

const FILES: u64 = 300_000;

fn main() {
    let origin = Origin::parse("unit").expect("a legal name");
    let mut tree = Tree::default();
    let start = Instant::now();
    for number in 0..FILES {
        let name =
            format!("usr/share/package-{}/folder-{}/file-{number}", number % 97, number % 1009);
        let path = TreePath::parse(name.as_bytes()).expect("a legal path");
        let kind = LeafKind::File(File::in_unit(path.clone(), number, None));
        let metadata = Metadata::of_root(Mode::of(0o644));
        tree.insert(path, Leaf { metadata, origin: origin.clone(), kind }).expect("a new place");
    }
    println!("insert {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let text = dump(&tree);
    println!("dump {:.0} ms, {} bytes", start.elapsed().as_secs_f64() * 1e3, text.len());
    let start = Instant::now();
    let again = parse(&text).expect("what was printed");
    println!("parse {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    println!("{} differences", diff(&tree, &again).len());
    println!("diff {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak} (two trees and the text)");
}
