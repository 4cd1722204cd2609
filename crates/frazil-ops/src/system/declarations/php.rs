//! Extensions of PHP: a package brings one with a file that loads it, and `phpenmod` would put that
//! file where each interpreter reads it.
//!
//! An extension is loaded if it is in the system, by every interpreter that is.

#[cfg(test)]
mod tests;

use frazil_tree::{File, Leaf, LeafKind, Metadata, Mode, Origin, Tree, TreePath};

/// What reads extensions, by the name of its directory, and how its programs are called.
const INTERPRETERS: [(&str, &str, &str); 4] = [
    ("cli", "usr/bin/php", ""),
    ("fpm", "usr/sbin/php-fpm", ""),
    ("cgi", "usr/bin/php-cgi", ""),
    ("apache2", "usr/lib/apache2/modules/libphp", ".so"),
];
/// Where an extension stands among others that says nothing about it.
const USUAL_PRIORITY: &str = "20";

/// The directory in which a package has such files, if it is one of an extension.
pub fn directory(package: &str) -> Option<String> {
    let (version, name) = package.strip_prefix("php")?.split_once('-')?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    is_version.then(|| format!("usr/share/{package}/{name}"))
}

/// Has the extension loaded that a file of a package is about. Does nothing with other files.
pub fn enable(file: &str, text: &str, tree: &mut Tree, origin: &Origin) {
    let Some(extension) = Extension::of(file, text) else { return };
    let is_there = tree.walk().any(|(path, _)| extension.is_at(path));
    if !is_there {
        return;
    }
    for (interpreter, program, end) in INTERPRETERS {
        let version = extension.version;
        let program = TreePath::parse(format!("{program}{version}{end}").as_bytes());
        let file = format!(
            "etc/php/{version}/{interpreter}/conf.d/{}-{}.ini",
            extension.priority, extension.name
        );
        let (Ok(program), Ok(file)) = (program, TreePath::parse(file.as_bytes())) else { continue };
        if tree.get(&program).is_none() || tree.get(&file).is_some() {
            continue;
        }
        let metadata = Metadata::of_root(Mode::of(0o644));
        let kind = LeafKind::File(File::inline(text.as_bytes()));
        // It is in nobody's way: nothing is there, and only directories above it.
        drop(tree.insert(file, Leaf { metadata, origin: origin.clone(), kind }));
    }
}

struct Extension<'e> {
    version: &'e str,
    /// As its file is called.
    name: &'e str,
    priority: &'e str,
    /// As its library is called.
    library: String,
}

impl<'e> Extension<'e> {
    fn of(file: &'e str, text: &'e str) -> Option<Self> {
        let (version, rest) = file.strip_prefix("usr/share/php")?.split_once('-')?;
        let name = rest.rsplit('/').next()?.strip_suffix(".ini")?;
        let value = |line: &'e str, key: &str| {
            let (found, value) = line.split_once('=')?;
            (found.trim() == key).then_some(value.trim())
        };
        let library = text
            .lines()
            .find_map(|line| value(line, "extension").or_else(|| value(line, "zend_extension")))?;
        let library = format!("{}.so", library.trim_matches('"').trim_end_matches(".so"));
        let priority = text.lines().find_map(|line| value(line.strip_prefix(';')?, "priority"));
        let is_number = |priority: &&str| priority.bytes().all(|byte| byte.is_ascii_digit());
        let priority = priority.filter(is_number).unwrap_or(USUAL_PRIORITY);
        Some(Self { version, name, priority, library })
    }

    fn is_at(&self, path: &TreePath) -> bool {
        path.as_bytes().starts_with(b"usr/lib/php/") && path.file_name() == self.library.as_bytes()
    }
}
