//! `password USER FILE`: takes the hash of a user's password from a file that is no part of the
//! image, so that who has the image has not the hash.

#[cfg(test)]
mod tests;

use core::ffi::CStr;

use crate::applets::status;
use crate::errno;
use crate::sys::memory::Pages;
use crate::sys::{Arguments, Errno, Result, file};
use crate::text::tell;

const SHADOW: &CStr = c"/etc/shadow";
const NEW: &CStr = c"/etc/shadow.init-new";
/// More bytes than accounts, and a hash, may have.
const SHADOW_BYTES: usize = 1 << 20;
const HASH_BYTES: usize = 1 << 10;

pub(crate) fn password(arguments: &Arguments) -> u8 {
    let (Some(user), Some(secret)) = (arguments.get(2), arguments.get(3)) else {
        tell(&[b"usage: init password USER FILE"]);
        return status::USAGE;
    };
    let (path, error) = match set(user.to_bytes(), secret) {
        Ok(()) => return 0,
        Err(failure) => failure,
    };
    let (user, path) = (user.to_bytes(), path.to_bytes());
    let reason: &[u8] = match error {
        Errno::INVAL => b"it holds no hash of a password",
        Errno::CHILD => b"the user is not in it",
        error => errno::name(error),
    };
    tell(&[b"init: the password of ", user, b": ", path, b": ", reason]);
    status::CANNOT_EXECUTE
}

/// Replaces the hash; an error comes with the file that it is about.
fn set(user: &[u8], secret: &'static CStr) -> core::result::Result<(), (&'static CStr, Errno)> {
    let mut hash = [0; HASH_BYTES];
    let hash = read(secret, &mut hash).and_then(hash_in).map_err(|error| (secret, error))?;
    replace(user, hash).map_err(|error| (SHADOW, error))
}

/// What the file says, without the newline at its end; what would be another field is refused.
fn hash_in(bytes: &[u8]) -> Result<&[u8]> {
    let hash = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let is_hash = !hash.is_empty()
        && hash.len() < HASH_BYTES - 1
        && hash.iter().all(|byte| byte.is_ascii_graphic() && *byte != b':');
    if is_hash { Ok(hash) } else { Err(Errno::INVAL) }
}

/// Writes the accounts anew and moves them into place, so that nobody ever sees half of them.
fn replace(user: &[u8], hash: &[u8]) -> Result<()> {
    let mut old = Pages::new(SHADOW_BYTES)?;
    let old = read(SHADOW, &mut old)?;
    let (before, after) = around(old, user).ok_or(Errno::CHILD)?;
    let mut fd = file::open(NEW, file::Open::REPLACE, 0o600)?;
    let written = [before, hash, after]
        .into_iter()
        .try_for_each(|part| file::write_all(fd, part))
        .and_then(|()| file::sync(fd));
    fd.close();
    written.and_then(|()| file::rename(NEW, SHADOW))
}

/// What stands before and after the hash of a user.
fn around<'a>(shadow: &'a [u8], user: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut start = 0;
    for line in shadow.split_inclusive(|byte| *byte == b'\n') {
        let rest = line.strip_prefix(user).and_then(|rest| rest.strip_prefix(b":"));
        if let Some(rest) = rest {
            let hash = rest.iter().position(|byte| *byte == b':')?;
            let place = start + user.len() + 1;
            return Some((shadow.get(..place)?, shadow.get(place + hash..)?));
        }
        start += line.len();
    }
    None
}

/// The bytes of a file that must be smaller than the place for them.
fn read<'a>(path: &CStr, place: &'a mut [u8]) -> Result<&'a [u8]> {
    let mut fd = file::open(path, file::Open::READ, 0)?;
    let count = file::read_all(fd, place);
    fd.close();
    let bytes = place.get(..count?).unwrap_or_default();
    if bytes.len() == place.len() { Err(Errno::TOOBIG) } else { Ok(bytes) }
}
