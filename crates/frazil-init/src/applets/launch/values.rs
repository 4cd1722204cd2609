//! Values that are completed at the start: from variables of PID 1, and from files.

use core::ffi::CStr;

use super::{During, Failure, Step};
use crate::plan::{Text, TextKind};
use crate::sys::memory::Pages;
use crate::sys::{Arguments, Errno, Result, Word, c_string, file};

/// Memory for everything that one launch puts together; a page costs nothing until it is used. Less
/// than a huge page: one of those would cost as much as all the rest of a launch.
const ARENA_BYTES: usize = 1 << 20;

/// Where values are put together. They stay until the program is executed.
pub(crate) struct Arena {
    free: &'static mut [u8],
    pub(super) arguments: Arguments,
}

impl Arena {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self> {
        Ok(Self { free: Pages::new(ARENA_BYTES)?.leak(), arguments: *arguments })
    }

    /// Puts bytes together to a C string.
    pub(crate) fn join(&mut self, parts: &[&[u8]]) -> Result<&'static CStr> {
        let len = parts.iter().map(|part| part.len()).sum::<usize>() + 1;
        let place = self.take(len)?;
        let bytes = parts.iter().copied().flatten();
        for (place, byte) in place.iter_mut().zip(bytes) {
            *place = *byte;
        }
        c_string(place).ok_or(Errno::INVAL)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'static mut [u8]> {
        let free = core::mem::take(&mut self.free);
        let (place, rest) = free.split_at_mut_checked(len).ok_or(Errno::TOOBIG)?;
        self.free = rest;
        Ok(place)
    }

    /// The content of a file, in the arena.
    pub(super) fn read(&mut self, path: &CStr) -> Result<&'static [u8]> {
        let mut fd = file::open(path, file::Open::READ, 0)?;
        let free = core::mem::take(&mut self.free);
        let count = file::read_all(fd, free);
        fd.close();
        let count = count?;
        if count >= free.len() {
            return Err(Errno::TOOBIG);
        }
        let (content, rest) = free.split_at_mut(count);
        self.free = rest;
        Ok(content)
    }

    /// Completes a value.
    pub(super) fn complete(&mut self, text: Text<'static>) -> Step<&'static CStr> {
        let mut parts = text.parts();
        // Most values are just characters, and those can stay where they are.
        if parts.len() == 1
            && let Some(part) = parts.clone().next()
            && part.kind == TextKind::Literal
        {
            return Ok(part.text);
        }
        let mut value = c"";
        for part in &mut parts {
            let next = match part.kind {
                TextKind::Literal => part.text.to_bytes(),
                TextKind::Variable => {
                    let found = self.arguments.variable(part.text.to_bytes()).or(part.default);
                    let Some(found) = found else {
                        return Err(Failure::new("find the variable", part.text, Errno::NOENT));
                    };
                    found.to_bytes()
                }
                TextKind::File => {
                    let content = self.read(part.text).during("read", part.text)?;
                    content.strip_suffix(b"\n").unwrap_or(content)
                }
            };
            value = self.join(&[value.to_bytes(), next]).during("use", part.text)?;
        }
        Ok(value)
    }
}

/// Completes the words of a command.
pub(crate) fn command(
    arena: &mut Arena,
    texts: impl ExactSizeIterator<Item = Text<'static>>,
) -> Step<&'static [Word<'static>]> {
    let words = words(texts.len() + 1).during("get memory for", c"a command")?;
    for (place, text) in words.iter_mut().zip(texts) {
        *place = Word::from(arena.complete(text)?);
    }
    Ok(words)
}

/// An array of ends.
pub(super) fn words(count: usize) -> Result<&'static mut [Word<'static>]> {
    crate::sys::memory::table(count, Word::END)
}
