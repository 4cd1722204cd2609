//! Universes for tests, in a small language.
//!
//! ```text
//! unit nginx named depends=libc6,zlib
//!   elf usr/sbin/nginx needed=libc.so.6 path=/etc/nginx.conf symbol=setlocale
//!   text etc/nginx.conf path=/usr/lib/x.so
//!   script usr/bin/x line=/bin/sh word=cat
//!   file usr/share/data
//!   dir var/lib/x mode=700
//!   link bin/y -> ../usr/bin/x
//!   hard usr/bin/z -> usr/bin/x
//!   alternative usr/bin/any -> /usr/bin/x 10
//! ```
//!
//! Every file has 10 bytes unless `size` says otherwise, and its path as contents.

use std::collections::BTreeMap;
use std::sync::Arc;

use frazil_model::Sha256;
use frazil_tree::{Mode, Origin, TreePath};

use crate::analysis::{
    Alternative, Analysed, AnalysedFile, AnalysedKind, Analysis, Elf, Facts, Script, Strings, Text,
};
use crate::unit::{Level, Role, Unit};

/// The units of a text and their analyses.
pub(crate) fn universe(text: &str) -> (Vec<Unit>, Vec<Arc<Analysis>>) {
    let mut units: Vec<Unit> = Vec::new();
    let mut entries: Vec<Vec<Analysed>> = Vec::new();
    let mut alternatives: Vec<Vec<Alternative>> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (kind, rest) = line.split_once(' ').unwrap();
        if kind == "unit" {
            units.push(unit(rest));
            entries.push(vec![entry("dir", ".")]);
            alternatives.push(Vec::new());
        } else if kind == "alternative" {
            alternatives.last_mut().unwrap().push(alternative(rest));
        } else {
            entries.last_mut().unwrap().push(entry(kind, rest));
        }
    }
    let analyses = entries.into_iter().zip(alternatives).map(|(entries, alternatives)| {
        Arc::new(Analysis::of(entries).with_alternatives(alternatives))
    });
    (units, analyses.collect())
}

fn alternative(text: &str) -> Alternative {
    let (place, rest) = text.split_once(" -> ").unwrap();
    let (target, priority) = rest.split_once(' ').unwrap();
    Alternative::new(path(place), target.as_bytes(), priority.parse().unwrap())
}

type Fields<'t> = BTreeMap<&'t str, Vec<&'t str>>;

/// The first word, and `key=value` words behind it.
fn fields(text: &str) -> (&str, Fields<'_>) {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap();
    let mut fields = Fields::new();
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        fields.entry(key).or_default().extend(value.split(',').filter(|it| !it.is_empty()));
    }
    (first, fields)
}

fn one<'t>(fields: &Fields<'t>, key: &str) -> Option<&'t str> {
    fields.get(key).and_then(|values| values.first()).copied()
}

fn unit(text: &str) -> Unit {
    let (name, fields) = fields(text);
    let roles = [
        ("generated", Role::Generated),
        ("offered", Role::Offered),
        ("named", Role::Named),
        ("declared", Role::Declared),
        ("essential", Role::Essential),
        ("data", Role::Data),
    ];
    let role = roles.iter().find(|(word, _)| fields.contains_key(word));
    let depends = fields.get("depends").cloned().unwrap_or_default();
    Unit {
        name: Origin::parse(name).unwrap(),
        package: name.into(),
        source: one(&fields, "source").unwrap_or(name).into(),
        mount: TreePath::parse(one(&fields, "mount").unwrap_or("").as_bytes()).unwrap(),
        depends: depends.into_iter().map(Into::into).collect(),
        is_essential: fields.contains_key("essential"),
        role: role.map_or(Role::Declared, |(_, role)| *role),
        level: one(&fields, "level").map(|level| match level {
            "packages" => Level::Packages,
            "declared" => Level::Declared,
            _ => Level::Files,
        }),
    }
}

fn path(text: &str) -> TreePath {
    let text = if text == "." { "" } else { text };
    TreePath::parse(text.as_bytes()).unwrap()
}

fn entry(kind: &str, text: &str) -> Analysed {
    if let Some((at, target)) = text.split_once(" -> ") {
        let kind = match kind {
            "hard" => AnalysedKind::HardLink(path(target)),
            _ => AnalysedKind::Symlink(target.as_bytes().into()),
        };
        return Analysed { path: path(at), mode: Mode::SYMLINK, uid: 0, gid: 0, kind };
    }
    let (at, fields) = fields(text);
    let strings =
        |key: &str| Strings::of(fields.get(key).into_iter().flatten().map(|it| it.as_bytes()));
    let bytes = |key: &str| -> Box<[u8]> { one(&fields, key).unwrap_or("").as_bytes().into() };
    let facts = match kind {
        "elf" => Facts::Elf(Box::new(Elf {
            machine: one(&fields, "machine").map_or(62, |machine| machine.parse().unwrap()),
            is_64: true,
            is_program: fields.contains_key("interpreter") || fields.contains_key("program"),
            soname: bytes("soname"),
            interpreter: bytes("interpreter"),
            needed: strings("needed"),
            runpath: strings("runpath"),
            notes: strings("note"),
            symbols: strings("symbol"),
            paths: strings("path"),
            embedded: strings("embedded"),
            blobs: strings("blob"),
            sonames: strings("library"),
            words: strings("word"),
        })),
        "script" => Facts::Script(Script {
            interpreter: strings("line"),
            paths: strings("path"),
            words: strings("word"),
        }),
        "text" => Facts::Text(Text {
            paths: strings("path"),
            includes: strings("include"),
            sonames: strings("library"),
        }),
        _ => Facts::Nothing,
    };
    let is_directory = kind == "dir";
    let mode = one(&fields, "mode").map(|mode| u32::from_str_radix(mode, 8).unwrap());
    let mode = Mode::of(mode.unwrap_or(if is_directory { 0o755 } else { 0o644 }));
    let file = AnalysedFile {
        size: one(&fields, "size").map_or(10, |size| size.parse().unwrap()),
        digest: Sha256::of(one(&fields, "content").unwrap_or(at).as_bytes()),
        references: strings("reference"),
        debug_references: strings("debug"),
        facts,
    };
    let kind =
        if is_directory { AnalysedKind::Directory } else { AnalysedKind::File(Box::new(file)) };
    Analysed { path: path(at), mode, uid: 0, gid: 0, kind }
}
