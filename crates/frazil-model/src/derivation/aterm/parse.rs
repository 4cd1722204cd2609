//! The text of a `.drv` file: reading.
//!
//! Invariant: taken text is what printing gives, so a file cannot mean the same derivation as
//! another file and have a different path.

use std::collections::{BTreeMap, BTreeSet};

use super::{DYNAMIC_DEPTH_MAX, escape, is_printed_digest};
use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::derivation::{Derivation, DerivationOutput, KindError, WantedOutputs};
use crate::hash::{Hash, HashAlgorithm, HashError, UnknownName};
use crate::store_path::{
    MakePathError, OutputName, StoreDir, StoreName, StoreNameError, StorePath, StorePathError,
};

/// A text is not a derivation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing derivation '{name}' at byte {offset}: {problem}")]
pub struct AtermError {
    /// The derivation's name.
    pub name: StoreName,
    /// Where in the text the problem was noticed.
    pub offset: usize,
    /// What is wrong there.
    pub problem: AtermProblem,
}

/// What is wrong with the text of a derivation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AtermProblem {
    /// Neither of the two constructors.
    #[error("derivation does not start with 'Derive' or 'DrvWithVersion'")]
    Start,
    /// A version that only a newer Nix knows.
    #[error("unknown derivation ATerm format version '{0}'")]
    Version(String),
    /// The versioned form for a derivation that does not need it.
    #[error("a derivation without dynamic inputs has no version")]
    NeedlessVersion,
    /// Other text than the syntax asks for.
    #[error("expected string '{0}'")]
    Expected(&'static str),
    /// The text ends in a string.
    #[error("unterminated string in derivation")]
    Unterminated,
    /// A byte that is printed with a backslash, or the reverse.
    #[error("wrong escape in a string")]
    Escape,
    /// The text goes on behind the end.
    #[error("unexpected text after the derivation")]
    Trailing,
    /// A set or map is not in the order of its keys, or has one twice.
    #[error("entries are not sorted, or one is there twice")]
    Order,
    /// Outputs of outputs nest too deep.
    #[error("dynamic outputs nest more than {DYNAMIC_DEPTH_MAX} deep")]
    Depth,
    /// Not a path of this store.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// Not an output's name.
    #[error(transparent)]
    OutputName(#[from] StoreNameError),
    /// Not a hash algorithm.
    #[error(transparent)]
    Algorithm(#[from] UnknownName),
    /// Not a digest.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A digest that is not written in lower-case base 16.
    #[error("the output's hash is not in base 16")]
    HashFormat,
    /// There is no path for a fixed output's content.
    #[error(transparent)]
    Content(#[from] MakePathError),
    /// A fixed output has another path than its content gives.
    #[error("incorrect output '{found}', should be '{expected}'")]
    FixedPath {
        /// The path in the text.
        found: StorePath,
        /// The right path.
        expected: StorePath,
    },
    /// An output that has no path before the build has one.
    #[error("content-addressed derivation output should not specify output path")]
    FloatingPath,
    /// A digest without an algorithm.
    #[error("an output has a hash but no hash algorithm")]
    HashWithoutAlgorithm,
    /// The outputs do not fit together.
    #[error(transparent)]
    Kind(#[from] KindError),
}

pub(super) fn derivation(
    dir: &StoreDir,
    name: &StoreName,
    text: &[u8],
) -> Result<Derivation, AtermError> {
    let mut parser = Parser { dir, name, rest: text };
    parser.derivation().map_err(|problem| AtermError {
        name: name.clone(),
        offset: text.len() - parser.rest.len(),
        problem,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Traditional,
    Dynamic,
}

struct Parser<'a> {
    dir: &'a StoreDir,
    name: &'a StoreName,
    rest: &'a [u8],
}

type Parsed<T> = Result<T, AtermProblem>;

impl Parser<'_> {
    fn derivation(&mut self) -> Parsed<Derivation> {
        let version = self.start()?;
        let outputs = self.map(|parser| {
            let name = OutputName::parse(&parser.plain()?)?;
            let output = parser.output(&name)?;
            Ok((name, output))
        })?;
        self.expect(",")?;
        let input_derivations = self.map(|parser| {
            let path = parser.path()?;
            parser.expect(",")?;
            Ok((path, parser.wanted(version, 0)?))
        })?;
        let is_dynamic = |wanted: &WantedOutputs| !wanted.dynamic.is_empty();
        if version == Version::Dynamic && !input_derivations.values().any(is_dynamic) {
            return Err(AtermProblem::NeedlessVersion);
        }
        self.expect(",")?;
        let input_sources = self.set(Self::path)?;
        self.expect(",")?;
        let system = self.plain()?;
        self.expect(",")?;
        let builder = self.string()?;
        self.expect(",")?;
        let args = self.list(Self::string)?;
        self.expect(",")?;
        let env = self.map(|parser| {
            let key = parser.string()?;
            parser.expect(",")?;
            Ok((key, parser.string()?))
        })?;
        self.expect(")")?;
        if !self.rest.is_empty() {
            return Err(AtermProblem::Trailing);
        }
        let name = self.name.clone();
        let derivation = Derivation {
            name,
            outputs,
            input_derivations,
            input_sources,
            system,
            builder,
            args,
            env,
        };
        derivation.kind()?;
        Ok(derivation)
    }

    fn start(&mut self) -> Parsed<Version> {
        if self.skip("Derive(") {
            return Ok(Version::Traditional);
        }
        if !self.skip("DrvWithVersion(") {
            return Err(AtermProblem::Start);
        }
        let version = self.plain()?;
        if version != b"xp-dyn-drv" {
            return Err(AtermProblem::Version(lossy(&version)));
        }
        self.expect(",")?;
        Ok(Version::Dynamic)
    }

    fn output(&mut self, name: &OutputName) -> Parsed<DerivationOutput> {
        self.expect(",")?;
        let path = match self.plain()? {
            text if text.is_empty() => None,
            text => Some(self.dir.parse(&text)?),
        };
        self.expect(",")?;
        let method = lossy(&self.plain()?);
        self.expect(",")?;
        let digest = self.plain()?;
        if method.is_empty() {
            return match path {
                _ if !digest.is_empty() => Err(AtermProblem::HashWithoutAlgorithm),
                Some(path) => Ok(DerivationOutput::InputAddressed(path)),
                None => Ok(DerivationOutput::Deferred),
            };
        }
        let (method, algorithm) = ContentAddressMethod::split_prefix(&method);
        let algorithm: HashAlgorithm = algorithm.parse()?;
        match (path, digest.as_slice()) {
            (None, b"") => Ok(DerivationOutput::FloatingCa { method, algorithm }),
            (None, b"impure") => Ok(DerivationOutput::Impure { method, algorithm }),
            (Some(_), b"" | b"impure") => Err(AtermProblem::FloatingPath),
            (None, _) => Err(AtermProblem::Path(StorePathError::Outside { path: String::new() })),
            (Some(found), digest) => {
                let hash = Hash::parse_unprefixed(digest, algorithm)?;
                if !is_printed_digest(&hash, digest) {
                    return Err(AtermProblem::HashFormat);
                }
                self.fixed(name, ContentAddress { method, hash }, found)
            }
        }
    }

    fn fixed(
        &self,
        name: &OutputName,
        content: ContentAddress,
        found: StorePath,
    ) -> Parsed<DerivationOutput> {
        let expected = self
            .dir
            .fixed_path(&self.name.of_output(name).map_err(MakePathError::from)?, &content)?;
        if found != expected {
            return Err(AtermProblem::FixedPath { found, expected });
        }
        Ok(DerivationOutput::Fixed { content, path: expected })
    }

    fn wanted(&mut self, version: Version, depth: usize) -> Parsed<WantedOutputs> {
        if depth > DYNAMIC_DEPTH_MAX {
            return Err(AtermProblem::Depth);
        }
        if version == Version::Traditional || !self.skip("(") {
            return Ok(WantedOutputs { outputs: self.names()?, dynamic: BTreeMap::new() });
        }
        let outputs = self.names()?;
        self.expect(",")?;
        let dynamic = self.map(|parser| {
            let name = OutputName::parse(&parser.plain()?)?;
            parser.expect(",")?;
            Ok((name, parser.wanted(version, depth + 1)?))
        })?;
        // Without inner outputs the short form is printed.
        if dynamic.is_empty() {
            return Err(AtermProblem::Expected("("));
        }
        self.expect(")")?;
        Ok(WantedOutputs { outputs, dynamic })
    }

    fn names(&mut self) -> Parsed<BTreeSet<OutputName>> {
        self.set(|parser| Ok(OutputName::parse(&parser.plain()?)?))
    }

    fn path(&mut self) -> Parsed<StorePath> {
        let text = self.plain()?;
        Ok(self.dir.parse(&text)?)
    }

    fn map<K: Ord, V>(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Parsed<(K, V)>,
    ) -> Parsed<BTreeMap<K, V>> {
        let entries = self.list(|parser| {
            parser.expect("(")?;
            let entry = entry(parser)?;
            parser.expect(")")?;
            Ok(entry)
        })?;
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(AtermProblem::Order);
        }
        Ok(entries.into_iter().collect())
    }

    fn set<T: Ord>(&mut self, item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<BTreeSet<T>> {
        let items = self.list(item)?;
        if !items.is_sorted_by(|a, b| a < b) {
            return Err(AtermProblem::Order);
        }
        Ok(items.into_iter().collect())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect("[")?;
        let mut items = Vec::new();
        if self.skip("]") {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.skip("]") {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    /// A string that is printed without escapes.
    fn plain(&mut self) -> Parsed<Vec<u8>> {
        self.expect("\"")?;
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))
            .ok_or(AtermProblem::Unterminated)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.expect("\"")?;
        Ok(text.to_vec())
    }

    /// A string that is printed with escapes.
    fn string(&mut self) -> Parsed<Vec<u8>> {
        self.expect("\"")?;
        let mut text = Vec::new();
        loop {
            let special = self
                .rest
                .iter()
                .position(|byte| escape(*byte).is_some())
                .ok_or(AtermProblem::Unterminated)?;
            let (clean, rest) = self.rest.split_at(special);
            text.extend_from_slice(clean);
            self.rest = rest;
            if self.skip("\"") {
                return Ok(text);
            }
            let escaped = [b'"', b'\\', b'\n', b'\r', b'\t']
                .into_iter()
                .find(|byte| matches!(rest, [b'\\', letter, ..] if escape(*byte) == Some(*letter)));
            text.push(escaped.ok_or(AtermProblem::Escape)?);
            self.rest = rest.split_at_checked(2).map_or(&[], |(_, after)| after);
        }
    }

    fn expect(&mut self, what: &'static str) -> Parsed<()> {
        if self.skip(what) { Ok(()) } else { Err(AtermProblem::Expected(what)) }
    }

    fn skip(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
