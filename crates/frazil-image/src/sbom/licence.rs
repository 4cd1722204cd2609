//! Licences of Debian's packages: what their copyright files name.
//!
//! It is what the files say, not a legal opinion; names that SPDX does not know stay as they are.
//! Of a file that only people can read it is the texts of Debian that it points to.

use std::collections::BTreeSet;

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// An identifier of the SPDX list.
    Spdx(&'static str),
    /// As the package names it.
    Named(String),
}

/// Under what some files may be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Terms {
    /// One licence.
    One(Licence),
    /// Any of these, as the user likes.
    Any(Vec<Terms>),
    /// All of these.
    All(Vec<Terms>),
}

impl Terms {
    /// The licences that are named, in their order.
    pub(super) fn licences(&self) -> Vec<&Licence> {
        match self {
            Self::One(licence) => vec![licence],
            Self::Any(terms) | Self::All(terms) => terms.iter().flat_map(Self::licences).collect(),
        }
    }

    fn expression(&self) -> String {
        let joined = |terms: &[Self], word: &str| {
            let terms: Vec<String> = terms.iter().map(Self::expression).collect();
            format!("({})", terms.join(word))
        };
        match self {
            Self::One(Licence::Spdx(id)) => (*id).to_owned(),
            Self::One(Licence::Named(name)) => reference(name),
            Self::Any(terms) => joined(terms, " OR "),
            Self::All(terms) => joined(terms, " AND "),
        }
    }
}

/// The expression of SPDX for terms that all hold; `None` if there are none.
pub(super) fn expression(terms: &[Terms]) -> Option<String> {
    let terms: BTreeSet<String> = terms.iter().map(Terms::expression).collect();
    if let [only] = &Vec::from_iter(&terms)[..] {
        let inner = only.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        return Some(inner.unwrap_or(only).to_owned());
    }
    (!terms.is_empty()).then(|| Vec::from_iter(terms).join(" AND "))
}

/// What is listed elsewhere under a name of its own.
pub(super) fn reference(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '-' };
    format!("LicenseRef-{}", name.chars().map(legal).collect::<String>())
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

/// The texts that all systems of Debian have.
const COMMON: &str = "/usr/share/common-licenses/";

/// How licences are joined, those first that bind the least: a comma makes a word bind less.
type Join = fn(Vec<Terms>) -> Terms;
const JOINS: [(&str, Join); 5] = [
    (", or ", Terms::Any),
    (", and ", Terms::All),
    (",", Terms::All),
    (" or ", Terms::Any),
    (" and ", Terms::All),
];

/// The terms that a copyright file names, which all hold for some part of the package.
pub fn of_copyright(text: &[u8]) -> Vec<Terms> {
    let text = String::from_utf8_lossy(text);
    let is_readable = text
        .lines()
        .take(8)
        .any(|line| line.starts_with("Format:") && line.contains("copyright-format"));
    let terms: BTreeSet<Terms> = if is_readable {
        let names = text.lines().filter_map(|line| line.strip_prefix("License:"));
        names.filter_map(|names| of_names(names, &JOINS)).collect()
    } else {
        let names = text.split(COMMON).skip(1).filter_map(of_common);
        names.map(Terms::One).collect()
    };
    terms.into_iter().collect()
}

fn of_names(names: &str, joins: &[(&str, Join)]) -> Option<Terms> {
    let Some(((separator, join), joins)) = joins.split_first() else {
        let name = names.split(" with ").next().unwrap_or_default().trim();
        let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
        return is_name.then(|| Terms::One(of_name(name)));
    };
    let mut terms: Vec<Terms> =
        names.split(separator).filter_map(|names| of_names(names, joins)).collect();
    if terms.len() < 2 { terms.pop() } else { Some(join(terms)) }
}

/// The licence of a text that all systems have. That of the GNU licences does not say whether later
/// versions will do, too, so it stays a name.
fn of_common(rest: &str) -> Option<Licence> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let name = rest.get(..end)?.trim_end_matches(['.', '-']);
    let is_name =
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.len() <= NAME_BYTES_MAX;
    let is_gnu = ["GPL", "GFDL"].iter().any(|part| name.contains(part));
    is_name.then(|| if is_gnu { Licence::Named(name.to_owned()) } else { of_name(name) })
}

fn of_name(name: &str) -> Licence {
    let canonical = name.replace(".0+", "+");
    let canonical =
        canonical.strip_suffix(".0").filter(|_| name.contains("GPL")).unwrap_or(&canonical);
    let known = NAMES.iter().find(|(debian, _)| *debian == canonical || *debian == name);
    known.map_or_else(|| Licence::Named(name.to_owned()), |(_, spdx)| Licence::Spdx(spdx))
}
