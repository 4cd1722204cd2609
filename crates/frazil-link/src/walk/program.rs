//! Evidence in programs and libraries.

use super::{Missing, Step, Suggestion, Vertex, Walk, Wanted};
use crate::analysis::Elf;
use crate::capability::{CAPABILITIES, DLOPEN};
use crate::glob;
use crate::ledger::Evidence;
use crate::policy::{NOISY_NAMES, is_generic};
use crate::universe::{NodeId, join, parent};

/// Where glibc of Debian looks; `{}` stands for the triplet of the architecture.
const DEFAULT_DIRECTORIES: [&str; 4] = ["usr/lib/{}", "usr/lib", "usr/lib64", "usr/local/lib"];
/// Processors (`e_machine`): what the loader calls them, and Debian's triplets.
const MACHINES: &[(u16, &str, &str)] = &[
    (3, "i686", "i386-linux-gnu"),
    (21, "power8", "powerpc64le-linux-gnu"),
    (22, "z900", "s390x-linux-gnu"),
    (40, "v7l", "arm-linux-gnueabihf"),
    (62, "x86_64", "x86_64-linux-gnu"),
    (183, "aarch64", "aarch64-linux-gnu"),
    (243, "riscv64", "riscv64-linux-gnu"),
];
/// Letters that a name with `%s` must have besides, to say anything.
const PATTERN_LETTERS_MIN: usize = 3;
/// Paths that the C library brings into static programs, which cannot use what is there.
const STATIC_NOISE: [&[u8]; 3] = [b"/gconv", b"/i18n", b"/locale"];
/// The shortest path that is looked up, in bytes.
const PATH_BYTES_MIN: usize = 4;

/// Which part of the C library this is, if it is one.
enum Core {
    /// Modelled by the symbols that others import: its own strings and symbols mean nothing.
    Libc,
    /// Uses much of libc on behalf of others.
    Support,
    No,
}

fn core(name: &[u8]) -> Core {
    if name.starts_with(b"libc.so.") || name.starts_with(b"ld-linux") || name.starts_with(b"ld.so")
    {
        Core::Libc
    } else if name.starts_with(b"libstdc++.so") || name.starts_with(b"libgcc_s.so") {
        Core::Support
    } else {
        Core::No
    }
}

/// A directory on each machine; `{}` in it stands for the triplet.
pub(super) fn on_machines(directory: &str) -> impl Iterator<Item = String> {
    let count = if directory.contains("{}") { MACHINES.len() } else { 1 };
    MACHINES.iter().take(count).map(move |(_, _, triplet)| directory.replace("{}", triplet))
}

/// Whether a loader for this processor looks into this directory whatever a program says.
pub(crate) fn is_searched(directory: &[u8], machine: u16) -> bool {
    let known = MACHINES.iter().find(|(code, ..)| *code == machine);
    let triplet = known.map_or("", |(_, _, triplet)| triplet);
    DEFAULT_DIRECTORIES.iter().any(|it| it.replace("{}", triplet).as_bytes() == directory)
}

impl Walk<'_, '_> {
    pub(super) fn visit_elf(&mut self, id: NodeId, elf: &Elf, is_exact: bool) {
        let universe = self.universe;
        let node = universe.node(id);
        let name = node.entry.path.file_name();
        self.load(id, elf, is_exact);
        let core = core(name);
        if matches!(core, Core::No) {
            self.take_symbols(id, elf);
        }
        if elf.is_program {
            self.take_private(id);
            self.take_runtime(id);
        }
        if matches!(core, Core::Libc) || !is_exact || glob::is_match_any(NOISY_NAMES, &node.path) {
            return;
        }
        let is_static = elf.is_program && elf.interpreter.is_empty() && elf.needed.is_empty();
        let is_noise = |path: &[u8]| {
            is_static && STATIC_NOISE.iter().any(|it| memchr::memmem::find(path, it).is_some())
        };
        for path in elf.paths.iter().filter(|path| !is_noise(path)) {
            self.take_path(id, path, Evidence::Path);
        }
        for blob in elf.blobs.iter() {
            self.take_blob(id, blob);
        }
        for path in elf.embedded.iter() {
            self.take_embedded(id, path);
        }
        for word in elf.words.iter() {
            for program in universe.programs(word) {
                self.hints.insert((*program, id, "command"));
            }
        }
        if self.loads_libraries {
            self.take_sonames(id);
        } else if !elf.sonames.is_empty() {
            self.waiting.insert(id);
        }
    }

    /// What it cannot run without.
    fn load(&mut self, id: NodeId, elf: &Elf, is_exact: bool) {
        if !elf.interpreter.is_empty() {
            let step = Step::exact(Vertex::Node(id), Evidence::Interpreter);
            if !self.reach(step, &elf.interpreter) {
                let missing = Missing { what: Wanted::Interpreter, is_exact, searched: Vec::new() };
                self.missing.insert((id, elf.interpreter.to_vec()), missing);
            }
        }
        let step = Step::exact(Vertex::Node(id), Evidence::Needed);
        for name in elf.needed.iter() {
            let mut searched = Vec::new();
            let what = match self.find_library(id, elf, name, &mut searched) {
                Some(path) if self.is_left_out(&path) => Wanted::LeftOut,
                Some(path) => {
                    self.reach_from(step, b"", &path);
                    continue;
                }
                None => Wanted::Library,
            };
            self.missing.insert((id, name.to_vec()), Missing { what, is_exact, searched });
        }
        let step = Step::exact(Vertex::Node(id), Evidence::Note);
        for name in elf.notes.iter() {
            if let Some(path) = self.find_library(id, elf, name, &mut Vec::new()) {
                self.reach_from(step, b"", &path);
            } else {
                self.suggested.insert(Suggestion::Library(name.into()));
            }
        }
    }

    /// Whether the policy leaves out what a path leads to.
    fn is_left_out(&self, path: &[u8]) -> bool {
        let found = self.universe.follow(path);
        found.links.iter().chain(&found.end).any(|id| self.is_excluded(*id))
    }

    /// Where the loader would find a library, as a path from the root.
    fn find_library(
        &self,
        id: NodeId,
        elf: &Elf,
        name: &[u8],
        searched: &mut Vec<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let node = self.universe.node(id);
        let origin = parent(&node.path);
        if name.contains(&b'/') {
            return Some(join(origin, name));
        }
        let known = MACHINES.iter().find(|(code, ..)| *code == elf.machine);
        let (platform, triplet) =
            known.map_or(("", ""), |(_, platform, triplet)| (platform, triplet));
        let mut directories: Vec<Vec<u8>> = Vec::new();
        for directory in elf.runpath.iter() {
            directories.push(join(b"", &expand(directory, origin, (platform, triplet))));
        }
        let unit = self.universe.unit_of(id);
        if unit.mount.is_root() {
            let defaults = DEFAULT_DIRECTORIES.map(|it| it.replace("{}", triplet).into_bytes());
            directories.extend(defaults);
        }
        let fits = |path: &[u8]| {
            let end = self.universe.follow(path).end?;
            let library = self.universe.node(end).entry.elf()?;
            (library.machine == elf.machine && library.is_64 == elf.is_64).then_some(())
        };
        for directory in directories {
            let path = join(&directory, name);
            if fits(&path).is_some() {
                return Some(path);
            }
            searched.push(directory);
        }
        // Already loaded under this name when it is needed: libraries that a program of the same
        // package loads first, and in a Nix store those that another library's runpath finds.
        let candidates = self.universe.libraries(name).iter();
        let loaded = candidates
            .map(|library| (library, self.universe.unit_of(*library)))
            .filter(|(_, other)| other.name == unit.name || !unit.mount.is_root())
            .map(|(library, _)| &self.universe.node(*library).path)
            .find(|path| fits(path).is_some());
        loaded.map(|path| path.to_vec())
    }

    fn take_symbols(&mut self, id: NodeId, elf: &Elf) {
        for symbol in elf.symbols.iter() {
            if !self.loads_libraries && DLOPEN.iter().any(|name| name.as_bytes() == symbol) {
                self.loads_libraries = true;
                for waiting in std::mem::take(&mut self.waiting) {
                    self.take_sonames(waiting);
                }
            }
            let rows = CAPABILITIES
                .iter()
                .filter(|row| row.symbols.iter().any(|name| name.as_bytes() == symbol));
            for row in rows {
                self.take_capability(row, Vertex::Node(id), Evidence::Symbol);
            }
        }
    }

    /// Paths in strings, of which several may be joined.
    pub(super) fn take_path(&mut self, id: NodeId, path: &[u8], evidence: Evidence) {
        let path = path.strip_suffix(b".").unwrap_or(path);
        if path.iter().any(|byte| b"%*".contains(byte)) {
            self.take_pattern(id, path);
            return;
        }
        let step = Step::exact(Vertex::Node(id), evidence);
        for part in path.split(|byte| b":=,".contains(byte)) {
            if part.starts_with(b"/") && part.len() >= PATH_BYTES_MIN && !self.reach(step, part) {
                self.suggest(part);
            }
        }
    }

    /// Paths with parts that are filled in: `/usr/lib/x/%s.so`.
    fn take_pattern(&mut self, id: NodeId, path: &[u8]) {
        let Some(pattern) = as_pattern(path) else { return };
        let star = pattern.iter().position(|byte| *byte == b'*').unwrap_or(0);
        let directory = parent(pattern.get(..star).unwrap_or_default());
        let directory = join(b"", directory);
        if is_generic(&directory) {
            return;
        }
        let pattern = join(b"", &pattern);
        for node in self.universe.matching(&pattern) {
            if !self.universe.node(node).entry.is_directory() {
                self.reach_node(Step::bulk(Vertex::Node(id), Evidence::Pattern), node);
            }
        }
    }

    /// The longest beginning of a blob that is the path of something.
    fn take_blob(&mut self, id: NodeId, blob: &[u8]) {
        let path = join(b"", blob);
        // The longest directory that is there holds the file, if there is one.
        let mut directory = parent(&path);
        while !directory.is_empty() && self.universe.get(directory).is_none() {
            directory = parent(directory);
        }
        let step = Step::exact(Vertex::Node(id), Evidence::Path);
        if self.universe.get(directory).is_some_and(|end| !self.is_directory(end)) {
            self.reach_from(step, b"", directory);
            return;
        }
        let deepest = path.len().min(directory.len() + 1 + 255);
        for len in (directory.len() + 1..=deepest).rev() {
            let Some(part) = path.get(..len) else { continue };
            let Some(end) = self.universe.follow(part).end else { continue };
            // A directory may be the beginning of what is meant, or of anything else.
            if len == path.len() || !self.is_directory(end) {
                self.reach_from(step, b"", part);
            }
            return;
        }
    }

    fn is_directory(&self, id: NodeId) -> bool {
        self.universe.node(id).entry.is_directory()
    }

    /// A path within a text is followed to what the same source built; else it is a hint.
    fn take_embedded(&mut self, id: NodeId, path: &[u8]) {
        for part in path.split(|byte| b":=,".contains(byte)) {
            if !part.starts_with(b"/") || part.len() <= PATH_BYTES_MIN {
                continue;
            }
            let Some(end) = self.universe.follow(&join(b"", part)).end else { continue };
            if self.universe.node(end).entry.is_directory() {
                continue;
            }
            if self.universe.unit_of(end).source == self.universe.unit_of(id).source {
                self.reach(Step::exact(Vertex::Node(id), Evidence::Embedded), part);
            } else {
                self.hints.insert((end, id, "path in a text"));
            }
        }
    }

    /// Libraries that its strings name.
    fn take_sonames(&mut self, id: NodeId) {
        let universe = self.universe;
        let Some(elf) = universe.node(id).entry.elf() else { return };
        for name in elf.sonames.iter() {
            self.take_soname(id, name);
        }
    }

    pub(super) fn take_soname(&mut self, id: NodeId, name: &[u8]) {
        let universe = self.universe;
        if name.contains(&b'%') {
            let Some(pattern) = as_pattern(name) else { return };
            let letters = pattern.strip_prefix(b"lib").unwrap_or(&pattern);
            let end = memchr::memmem::find(letters, b".so").unwrap_or(letters.len());
            let letters = letters.get(..end).unwrap_or_default();
            let count = letters.iter().filter(|byte| **byte != b'*').count();
            if pattern.starts_with(b"*") || count < PATTERN_LETTERS_MIN {
                return;
            }
            for library in universe.libraries_like(&pattern) {
                if memchr::memmem::find(&universe.node(library).path, b"/gconv/").is_none() {
                    self.reach_node(Step::exact(Vertex::Node(id), Evidence::Pattern), library);
                }
            }
            return;
        }
        let libraries = universe.libraries(name);
        if libraries.is_empty() {
            self.suggested.insert(Suggestion::Library(name.into()));
        }
        for library in libraries {
            self.reach_node(Step::exact(Vertex::Node(id), Evidence::Soname), *library);
        }
    }
}

/// A runpath with what the loader fills in.
fn expand(directory: &[u8], origin: &[u8], (platform, triplet): (&str, &str)) -> Vec<u8> {
    let mut expanded = Vec::new();
    let mut rest = directory;
    let origin = [b"/", origin].concat();
    let library = format!("lib/{triplet}");
    let variables: [(&[u8], &[u8]); 6] = [
        (b"$ORIGIN", &origin),
        (b"${ORIGIN}", &origin),
        (b"$LIB", library.as_bytes()),
        (b"${LIB}", library.as_bytes()),
        (b"$PLATFORM", platform.as_bytes()),
        (b"${PLATFORM}", platform.as_bytes()),
    ];
    while let Some((byte, tail)) = rest.split_first() {
        let variable =
            variables.iter().find_map(|(name, value)| Some((rest.strip_prefix(*name)?, value)));
        if let Some((tail, value)) = variable {
            expanded.extend_from_slice(value);
            rest = tail;
        } else {
            expanded.push(*byte);
            rest = tail;
        }
    }
    expanded
}

/// A format of `printf` as a pattern; `None` if nothing in it is left open.
fn as_pattern(format: &[u8]) -> Option<Vec<u8>> {
    let mut pattern = Vec::with_capacity(format.len());
    let mut rest = format;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            pattern.push(*byte);
            continue;
        }
        let flags = tail.iter().take_while(|byte| b"-.*l0123456789".contains(byte)).count();
        match tail.get(flags..).and_then(<[u8]>::split_first) {
            Some((b's' | b'd' | b'u' | b'x' | b'c', tail)) => {
                pattern.push(b'*');
                rest = tail;
            }
            Some(_) | None => pattern.push(b'%'),
        }
    }
    // Two stars would cross directories.
    pattern.dedup_by(|a, b| *a == b'*' && *b == b'*');
    pattern.contains(&b'*').then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_patterns() {
        let check = |format: &str, expected: Option<&str>| {
            assert_eq!(as_pattern(format.as_bytes()).as_deref(), expected.map(str::as_bytes));
        };
        check("lib%s.so.%d", Some("lib*.so.*"));
        check("/usr/%-10.3lu/%%", Some("/usr/*/%%"));
        check("%s%s", Some("*"));
        check("plain", None);
    }

    #[test]
    fn runpaths_are_expanded() {
        let check = |runpath: &str, expected: &str| {
            let expanded = expand(runpath.as_bytes(), b"usr/bin", ("x86_64", "x86_64-linux-gnu"));
            assert_eq!(String::from_utf8_lossy(&expanded), expected);
        };
        check("$ORIGIN/../lib", "/usr/bin/../lib");
        check("${ORIGIN}/$LIB", "/usr/bin/lib/x86_64-linux-gnu");
        check("/opt/$PLATFORM", "/opt/x86_64");
    }
}
