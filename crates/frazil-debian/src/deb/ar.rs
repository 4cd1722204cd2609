//! The archive around the parts of a package: ar(5), as dpkg writes it.
//!
//! Strict: names that fit into the header, decimal sizes, nothing else. No index of symbols, no long
//! names.

use std::io::{self, Read};

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER_BYTES: usize = 60;

/// Reads member after member.
pub(super) struct Ar<'r> {
    input: &'r mut dyn Read,
    /// Bytes of the member that have not been read.
    left: u64,
    /// Whether a byte follows it that makes its length even.
    padded: bool,
}

/// A member: a part of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// In bytes.
    pub(super) size: u64,
}

/// Bytes are not the archive of a package.
#[derive(Debug, thiserror::Error)]
pub enum ArError {
    /// Something else.
    #[error("not a Debian package: it does not begin with `!<arch>`")]
    Magic,
    /// A header that is none.
    #[error("the package has a damaged header of a part")]
    Header,
    /// It ends too early.
    #[error("the package is cut off")]
    Truncated,
    /// The input fails.
    #[error("cannot read the package")]
    Read(#[source] io::Error),
}

impl<'r> Ar<'r> {
    pub(super) fn open(input: &'r mut dyn Read) -> Result<Self, ArError> {
        let mut magic = [0; MAGIC.len()];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == *MAGIC => Ok(Self { input, left: 0, padded: false }),
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(ArError::Read(error)),
            Ok(()) | Err(_) => Err(ArError::Magic),
        }
    }

    /// Skips what is left of the member and reads the header of the next.
    pub(super) fn next_member(&mut self) -> Result<Option<Member>, ArError> {
        io::copy(&mut self.contents(), &mut io::sink()).map_err(read_error)?;
        if self.padded {
            self.input.read_exact(&mut [0]).map_err(read_error)?;
        }
        let mut header = Vec::with_capacity(HEADER_BYTES);
        let mut limited = Read::take(&mut *self.input, HEADER_BYTES as u64);
        limited.read_to_end(&mut header).map_err(ArError::Read)?;
        if header.is_empty() {
            self.padded = false;
            return Ok(None);
        }
        let header = <[u8; HEADER_BYTES]>::try_from(header).map_err(|_| ArError::Truncated)?;
        let member = parse_header(&header).ok_or(ArError::Header)?;
        self.left = member.size;
        self.padded = member.size % 2 == 1;
        Ok(Some(member))
    }

    /// What is left of the member. It ends in an error if the input ends too early.
    pub(super) fn contents<'c>(&'c mut self) -> Contents<'c, 'r> {
        Contents(self)
    }
}

fn read_error(error: io::Error) -> ArError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ArError::Truncated
    } else {
        ArError::Read(error)
    }
}

/// Reads a member.
pub(super) struct Contents<'c, 'r>(&'c mut Ar<'r>);

impl Read for Contents<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.0.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.0.input.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 && wanted != 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.left -= read as u64;
        Ok(read)
    }
}

/// Name (16 bytes), time (12), owner and group (6 each), mode (8), size (10), end (2).
fn parse_header(header: &[u8; HEADER_BYTES]) -> Option<Member> {
    let end = header.get(58..)?;
    let name = std::str::from_utf8(header.get(..16)?).ok()?.trim_end_matches(' ');
    let name = name.strip_suffix('/').unwrap_or(name);
    let size = std::str::from_utf8(header.get(48..58)?).ok()?.trim_end_matches(' ');
    let is_legal = end == b"`\n"
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        && size.bytes().all(|byte| byte.is_ascii_digit());
    is_legal.then(|| Some(Member { name: name.into(), size: size.parse().ok()? }))?
}
