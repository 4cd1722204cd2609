//! Packages without faults.

use super::{header, member, package, tar};

/// A package.
#[derive(Clone, Debug)]
pub struct Deb {
    name: String,
    version: String,
    fields: String,
    control: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
}

impl Deb {
    /// An empty package for all architectures.
    pub fn new(name: &str, version: &str) -> Self {
        let (name, version) = (name.to_owned(), version.to_owned());
        Self { name, version, fields: String::new(), control: Vec::new(), data: Vec::new() }
    }

    /// Adds a field such as `Depends`.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.extend([name, ": ", value, "\n"]);
        self
    }

    /// Adds a file of the package's own, such as `postinst`.
    #[must_use]
    pub fn script(mut self, name: &str, text: &str) -> Self {
        self.control.push(entry(name, 0o755, b'0', "", text.as_bytes()));
        self
    }

    /// Adds a file that everybody may read.
    #[must_use]
    pub fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.file_with(path, 0o644, contents)
    }

    /// Adds a file that everybody may run.
    #[must_use]
    pub fn program(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.file_with(path, 0o755, contents)
    }

    /// Adds a file with these permissions.
    #[must_use]
    pub fn file_with(mut self, path: &str, mode: u32, contents: impl AsRef<[u8]>) -> Self {
        self.data.push(entry(path, mode, b'0', "", contents.as_ref()));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.data.push(entry(path, 0o777, b'2', target, b""));
        self
    }

    /// Adds a directory with these permissions.
    #[must_use]
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self.data.push(entry(path, mode, b'5', "", b""));
        self
    }

    /// The file name that an archive would give it.
    pub fn file_name(&self) -> String {
        format!("{}_{}_all.deb", self.name, self.version)
    }

    /// What the package and an archive's list say of it.
    pub fn description(&self) -> String {
        let Self { name, version, fields, .. } = self;
        format!("Package: {name}\nVersion: {version}\nArchitecture: all\n{fields}")
    }

    /// The package.
    pub fn bytes(&self) -> Vec<u8> {
        let description = entry("control", 0o644, b'0', "", self.description().as_bytes());
        let control = [&self.control[..], &[description]].concat();
        package(&[
            member("debian-binary", b"2.0\n"),
            member("control.tar", &tar(&control)),
            member("data.tar", &tar(&self.data)),
        ])
    }
}

/// An entry that belongs to root.
fn entry(path: &str, mode: u32, kind: u8, target: &str, contents: &[u8]) -> Vec<u8> {
    header(&format!("./{path}"), kind, target, contents, |block| {
        super::put(block, 100, format!("{mode:07o}\0{0:07o}\0{0:07o}\0", 0).as_bytes());
        super::put(block, 136, format!("{:011o}\0", 0).as_bytes());
        super::put(block, 297, b"root");
    })
}
