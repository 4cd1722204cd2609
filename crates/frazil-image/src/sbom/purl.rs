//! Package URLs: the names under which databases of weaknesses know packages.

use std::fmt::Write as _;

use frazil_model::percent;

use super::{Package, PackageKind};

/// The package URL of a package.
pub fn purl(package: &Package) -> String {
    let (name, version) = (escaped(&package.name), escaped(&package.version));
    match &package.kind {
        PackageKind::Debian { architecture, source, release } => {
            let mut text =
                format!("pkg:deb/debian/{name}@{version}?arch={}", escaped(architecture));
            if let Some(release) = release {
                put(&mut text, format_args!("&distro=debian-{}", escaped(release)));
            }
            if let Some((name, version)) = source {
                put(&mut text, format_args!("&upstream={}", escaped(name)));
                if let Some(version) = version {
                    put(&mut text, format_args!("%40{}", escaped(version)));
                }
            }
            text
        }
        PackageKind::Nix { store_path } => {
            let base = store_path.rsplit('/').next().unwrap_or_default();
            let hash = escaped(base.split('-').next().unwrap_or_default());
            let at = if version.is_empty() { "" } else { "@" };
            format!("pkg:nix/{name}{at}{version}?outputhash={hash}")
        }
        PackageKind::Own => format!("pkg:generic/{name}@{version}"),
    }
}

/// The colon of versions may stay.
fn escaped(text: &str) -> String {
    percent::encode(text.as_bytes(), b":")
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}
