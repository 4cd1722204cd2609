//! Licences of Debian's packages: what their machine-readable copyright files name.
//!
//! It is what the files say, not a legal opinion; names that SPDX does not know stay as they are.

use std::collections::BTreeSet;

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// An identifier of the SPDX list.
    Spdx(&'static str),
    /// As the package names it.
    Named(String),
}

/// Debian's short names, and what SPDX calls them.
const NAMES: &[(&str, &str)] = &[
    ("0BSD", "0BSD"),
    ("AGPL-3", "AGPL-3.0-only"),
    ("AGPL-3+", "AGPL-3.0-or-later"),
    ("Apache-2.0", "Apache-2.0"),
    ("Artistic", "Artistic-1.0-Perl"),
    ("Artistic-2.0", "Artistic-2.0"),
    ("BSD-2-clause", "BSD-2-Clause"),
    ("BSD-3-clause", "BSD-3-Clause"),
    ("BSD-4-clause", "BSD-4-Clause"),
    ("BSL-1.0", "BSL-1.0"),
    ("CC0-1.0", "CC0-1.0"),
    ("CC-BY-SA-3.0", "CC-BY-SA-3.0"),
    ("Expat", "MIT"),
    ("FSFAP", "FSFAP"),
    ("FSFUL", "FSFUL"),
    ("FSFULLR", "FSFULLR"),
    ("GFDL-1.2+", "GFDL-1.2-or-later"),
    ("GFDL-1.3+", "GFDL-1.3-or-later"),
    ("GPL-1+", "GPL-1.0-or-later"),
    ("GPL-2", "GPL-2.0-only"),
    ("GPL-2+", "GPL-2.0-or-later"),
    ("GPL-3", "GPL-3.0-only"),
    ("GPL-3+", "GPL-3.0-or-later"),
    ("HPND", "HPND"),
    ("ISC", "ISC"),
    ("LGPL-2", "LGPL-2.0-only"),
    ("LGPL-2+", "LGPL-2.0-or-later"),
    ("LGPL-2.1", "LGPL-2.1-only"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
    ("LGPL-3", "LGPL-3.0-only"),
    ("LGPL-3+", "LGPL-3.0-or-later"),
    ("MIT", "MIT"),
    ("MPL-1.1", "MPL-1.1"),
    ("MPL-2.0", "MPL-2.0"),
    ("OpenSSL", "OpenSSL"),
    ("PostgreSQL", "PostgreSQL"),
    ("Unlicense", "Unlicense"),
    ("W3C", "W3C"),
    ("X11", "X11"),
    ("ZLIB", "Zlib"),
    ("Zlib", "Zlib"),
    ("zlib", "Zlib"),
];
/// Longer names are text that somebody put in the wrong place.
const NAME_BYTES_MAX: usize = 64;

/// The licences that a copyright file names; none if it is not machine-readable.
pub fn of_copyright(text: &[u8]) -> Vec<Licence> {
    let text = String::from_utf8_lossy(text);
    let is_readable = text
        .lines()
        .take(8)
        .any(|line| line.starts_with("Format:") && line.contains("copyright-format"));
    if !is_readable {
        return Vec::new();
    }
    let mut licences = BTreeSet::new();
    for line in text.lines() {
        let Some(names) = line.strip_prefix("License:") else { continue };
        let names = names.replace(',', " ");
        let words = [" or ", " and "].iter().fold(names, |text, word| text.replace(word, "\n"));
        for name in words.lines().map(str::trim) {
            let name = name.split(" with ").next().unwrap_or_default().trim();
            if !name.is_empty() && name.len() <= NAME_BYTES_MAX {
                licences.insert(of_name(name));
            }
        }
    }
    licences.into_iter().collect()
}

fn of_name(name: &str) -> Licence {
    let canonical = name.replace(".0+", "+");
    let canonical =
        canonical.strip_suffix(".0").filter(|_| name.contains("GPL")).unwrap_or(&canonical);
    let known = NAMES.iter().find(|(debian, _)| *debian == canonical || *debian == name);
    known.map_or_else(|| Licence::Named(name.to_owned()), |(_, spdx)| Licence::Spdx(spdx))
}
