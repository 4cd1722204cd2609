//! Files that no package brings and a finished system has: what maintainer scripts and the first
//! boot would have made. Each is a pure function of what the system declares.

pub mod accounts;
pub mod loader_cache;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// The bundle of authorities: all certificates of `usr/share/ca-certificates`, sorted by path.
///
/// Certificates elsewhere, in documentation for one, must not get in: OpenSSL refuses a bundle
/// with a broken one, and says nothing.
#[derive(Debug, Default)]
pub struct Authorities {
    certificates: BTreeMap<Vec<u8>, Vec<u8>>,
    others: Vec<Vec<u8>>,
}

impl Authorities {
    /// Adds a file of a package, if it is the certificate of an authority.
    pub fn add_file(&mut self, path: &[u8], certificate: Vec<u8>) {
        if path.starts_with(b"usr/share/ca-certificates/") && path.ends_with(b".crt") {
            self.certificates.insert(path.to_owned(), certificate);
        }
    }

    /// Adds certificates that a system brings; whether there are any in the text.
    pub fn add_own(&mut self, certificates: Vec<u8>) -> bool {
        let count = |line: &[u8]| memchr::memmem::find_iter(&certificates, line).count();
        let begun = count(b"-----BEGIN CERTIFICATE-----");
        let is_whole = begun > 0 && begun == count(b"-----END CERTIFICATE-----");
        if is_whole {
            self.others.push(certificates);
        }
        is_whole
    }

    /// Leaves out an authority; whether there is one of that name. Mozilla's list calls it
    /// `ISRG Root X1`, and the file in the package is `ISRG_Root_X1.crt`.
    pub fn remove(&mut self, name: &str) -> bool {
        let letters = name.chars().map(|letter| match letter {
            '/' | ' ' | ',' => '_',
            '(' | ')' => '=',
            other => other,
        });
        let file = [b"/", letters.collect::<String>().as_bytes(), b".crt"].concat();
        let before = self.certificates.len();
        self.certificates.retain(|path, _| !path.ends_with(&file));
        self.certificates.len() < before
    }

    /// The file that programs read.
    pub fn bundle(&self) -> Vec<u8> {
        let mut bundle = Vec::new();
        for certificate in self.certificates.values().chain(&self.others) {
            bundle.extend_from_slice(certificate);
            if !certificate.ends_with(b"\n") {
                bundle.push(b'\n');
            }
        }
        bundle
    }
}

/// `nsswitch.conf` for what glibc has built in: files, and DNS for hosts.
pub fn nsswitch() -> &'static str {
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"
}

/// Fields that scanners of vulnerabilities read; the others are about installing.
const STATUS_FIELDS: [&str; 6] =
    ["package", "source", "version", "architecture", "maintainer", "homepage"];

/// What `var/lib/dpkg/status.d/PACKAGE` says, from the package's control file.
pub fn package_status(control: &[u8]) -> Vec<u8> {
    let mut status = Vec::new();
    for line in control.split(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
        if !line.starts_with(b" ") && STATUS_FIELDS.iter().any(|field| field.as_bytes() == name) {
            status.extend_from_slice(line);
            status.push(b'\n');
            if name == b"package" {
                status.extend_from_slice(b"Status: install ok installed\n");
            }
        }
    }
    status
}
