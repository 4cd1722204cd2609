//! Debian packages made up for a test, byte by byte: an `ar` archive of two plain tar archives.

/// A package.
#[derive(Clone, Debug)]
pub struct Deb {
    name: String,
    version: String,
    fields: String,
    control: Vec<u8>,
    data: Vec<u8>,
}

/// What an entry of a tar archive is.
enum Kind<'k> {
    File(&'k [u8]),
    Link(&'k str),
    Directory,
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
        put(&mut self.control, name, 0o755, &Kind::File(text.as_bytes()));
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
        put(&mut self.data, path, mode, &Kind::File(contents.as_ref()));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        put(&mut self.data, path, 0o777, &Kind::Link(target));
        self
    }

    /// Adds a directory with these permissions.
    #[must_use]
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        put(&mut self.data, path, mode, &Kind::Directory);
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
        let mut control = self.control.clone();
        put(&mut control, "control", 0o644, &Kind::File(self.description().as_bytes()));
        let mut package = b"!<arch>\n".to_vec();
        for (name, mut bytes) in [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar", ended(control)),
            ("data.tar", ended(self.data.clone())),
        ] {
            let head = format!("{name:<16}0           0     0     100644  {:<10}`\n", bytes.len());
            package.extend_from_slice(head.as_bytes());
            if !bytes.len().is_multiple_of(2) {
                bytes.push(b'\n');
            }
            package.append(&mut bytes);
        }
        package
    }
}

fn put(tar: &mut Vec<u8>, path: &str, mode: u32, kind: &Kind<'_>) {
    let (letter, target, contents) = match kind {
        Kind::File(contents) => (b'0', "", *contents),
        Kind::Link(target) => (b'2', *target, &b""[..]),
        Kind::Directory => (b'5', "", &b""[..]),
    };
    let mut block = vec![0; 512];
    let mut field = |at: usize, bytes: &[u8]| {
        for (slot, byte) in block.iter_mut().skip(at).zip(bytes) {
            *slot = *byte;
        }
    };
    field(0, format!("./{path}").as_bytes());
    field(100, format!("{mode:07o}\0{0:07o}\0{0:07o}\0", 0).as_bytes());
    field(124, format!("{:011o}\0{:011o}\0        ", contents.len(), 0).as_bytes());
    field(156, &[letter]);
    field(157, target.as_bytes());
    field(257, b"ustar\x0000root");
    field(297, b"root");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    for (slot, byte) in block.iter_mut().skip(148).zip(sum.as_bytes()) {
        *slot = *byte;
    }
    tar.append(&mut block);
    tar.extend_from_slice(contents);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

fn ended(mut tar: Vec<u8>) -> Vec<u8> {
    tar.resize(tar.len() + 1024, 0);
    tar
}
