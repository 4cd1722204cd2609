//! ASCII armor: packets in base 64 between two lines of dashes.
//!
//! The checksum is not looked at, as RFC 9580 (6.1) says: what matters is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Bytes are not in ASCII armor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// There is no such block, or not exactly one.
    #[error("expecting {} with `-----BEGIN PGP {kind}-----` first", if *one { "one block of armor" } else { "armor" })]
    Block {
        /// What should be in the block.
        kind: &'static str,
        /// Whether there must be exactly one.
        one: bool,
    },
    /// The block does not end.
    #[error("the armor has no `-----END PGP {kind}-----`")]
    End {
        /// What is in the block.
        kind: &'static str,
    },
    /// The lines between are not base 64.
    #[error("the armor is not base 64")]
    Base64,
    /// Other text stands before or behind the block.
    #[error("there is text outside of the armor")]
    Outside,
}

/// All blocks of a kind, decoded. What is between them does not matter.
pub(super) fn blocks(text: &[u8], kind: &'static str) -> Result<Vec<Vec<u8>>, ArmorError> {
    let begin = format!("-----BEGIN PGP {kind}-----");
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut blocks = Vec::new();
    while lines.by_ref().any(|line| line == begin.as_bytes()) {
        blocks.push(block(&mut lines, kind)?);
    }
    if blocks.is_empty() { Err(ArmorError::Block { kind, one: false }) } else { Ok(blocks) }
}

/// The only block, with nothing but white space around it.
pub(super) fn one_block(text: &[u8], kind: &'static str) -> Result<Vec<u8>, ArmorError> {
    let begin = format!("-----BEGIN PGP {kind}-----");
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.by_ref().find(|line| !line.is_empty());
    if first != Some(begin.as_bytes()) {
        return Err(ArmorError::Block { kind, one: true });
    }
    let block = block(&mut lines, kind)?;
    if lines.all(<[u8]>::is_empty) { Ok(block) } else { Err(ArmorError::Outside) }
}

/// The rest of a block whose first line has been read.
fn block<'t>(
    lines: &mut impl Iterator<Item = &'t [u8]>,
    kind: &'static str,
) -> Result<Vec<u8>, ArmorError> {
    let end = format!("-----END PGP {kind}-----");
    let mut in_headers = true;
    let mut encoded = Vec::new();
    for line in lines {
        if line == end.as_bytes() {
            return BASE64.decode(&encoded).map_err(|_| ArmorError::Base64);
        }
        if in_headers {
            // Headers are optional, and with them the empty line behind them.
            in_headers = line.contains(&b':');
            if in_headers {
                continue;
            }
        }
        if !line.starts_with(b"=") {
            encoded.extend_from_slice(line);
        }
    }
    Err(ArmorError::End { kind })
}
