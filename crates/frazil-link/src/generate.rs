//! Files that no package brings and a finished system has: what maintainer scripts and the first
//! boot would have made. Each is a pure function of what the system declares.

pub mod accounts;
pub mod loader_cache;
#[cfg(test)]
mod tests;

/// The bundle of authorities: all certificates of `usr/share/ca-certificates`, sorted by path.
///
/// Certificates elsewhere, in documentation for one, must not get in: OpenSSL refuses a bundle
/// with a broken one, and says nothing.
pub fn authorities<'f>(files: impl IntoIterator<Item = (&'f [u8], &'f [u8])>) -> Vec<u8> {
    let mut certificates: Vec<(&[u8], &[u8])> = files
        .into_iter()
        .filter(|(path, _)| {
            path.starts_with(b"usr/share/ca-certificates/") && path.ends_with(b".crt")
        })
        .collect();
    certificates.sort_unstable();
    let mut bundle = Vec::new();
    for (_, certificate) in certificates {
        bundle.extend_from_slice(certificate);
        if !certificate.ends_with(b"\n") {
            bundle.push(b'\n');
        }
    }
    bundle
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
