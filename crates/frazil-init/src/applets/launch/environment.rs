//! The environment of a service: what is passed on, what files say, what is declared; each wins
//! over the one before.

use core::ffi::CStr;

use super::values::{self, Arena};
use super::{During, Failure, Step};
use crate::plan::{Field, LIST_MAX, Service, flag};
use crate::sys::{Arguments, Errno, Word};

/// Where programs are looked for by services that are not told.
const PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How many variables we add ourselves, and the end mark.
const OWN_MAX: usize = 4;
/// What whoever started PID 1 said to PID 1, not to its services.
const PRIVATE: &[&[u8]] = &[b"NOTIFY_SOCKET", b"LISTEN_FDS", b"LISTEN_PID", b"LISTEN_FDNAMES"];

/// The variables, and the end mark.
pub(crate) struct Environment {
    words: &'static mut [Word<'static>],
    count: usize,
}

impl Environment {
    pub(crate) fn new(
        arena: &mut Arena,
        service: Service<'static>,
        arguments: &Arguments,
    ) -> Step<Self> {
        let own = service.environment().len() + OWN_MAX;
        let read = if service.strings(Field::EnvironmentFiles).len() > 0 { LIST_MAX } else { 0 };
        let words = values::words(arguments.environment().len() + own + read)
            .during("get memory for", c"the environment")?;
        let mut environment = Self { words, count: 0 };
        environment.pass(service, arguments)?;
        for path in service.strings(Field::EnvironmentFiles) {
            environment.read(arena, path)?;
        }
        for (name, value) in service.environment() {
            let value = arena.complete(value)?;
            environment.set(arena, name, &[value.to_bytes()])?;
        }
        if environment.find(b"PATH").is_none() {
            environment.set(arena, c"PATH", &[PATH])?;
        }
        Ok(environment)
    }

    /// The array that `execve` takes.
    pub(crate) fn words(&self) -> &[Word<'static>] {
        self.words.get(..=self.count).unwrap_or(&[Word::END])
    }

    fn pass(&mut self, service: Service<'static>, arguments: &Arguments) -> Step<()> {
        for word in arguments.environment().iter().filter(|word| !word.is_end()) {
            let name = name_of(word.text());
            let is_wanted = service.has(flag::PASS_ALL)
                || service.strings(Field::PassEnvironment).any(|wanted| wanted.to_bytes() == name);
            if is_wanted && !PRIVATE.contains(&name) {
                self.put(*word)?;
            }
        }
        Ok(())
    }

    /// Reads lines of the form `NAME=value`; others are skipped if they are empty or comments.
    fn read(&mut self, arena: &mut Arena, path: &'static CStr) -> Step<()> {
        let optional = path.to_bytes_with_nul().strip_prefix(b"?");
        let (path, may_lack) = match optional.and_then(crate::sys::c_string) {
            Some(path) => (path, true),
            None => (path, false),
        };
        let content = match arena.read(path) {
            Err(Errno::NOENT) if may_lack => return Ok(()),
            content => content.during("read", path)?,
        };
        for line in content.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if !line.contains(&b'=') || line.starts_with(b"=") {
                return Err(Failure::new("understand", path, Errno::INVAL));
            }
            let word = arena.join(&[line]).during("understand", path)?;
            self.put(Word::from(word))?;
        }
        Ok(())
    }

    /// Sets a variable.
    pub(crate) fn set(
        &mut self,
        arena: &mut Arena,
        name: &'static CStr,
        value: &[&[u8]],
    ) -> Step<()> {
        let mut parts = [&b""[..]; 4];
        let given = [name.to_bytes(), b"="];
        for (place, part) in parts.iter_mut().zip(given.iter().chain(value)) {
            *place = part;
        }
        let word = arena.join(&parts).during("set", name)?;
        self.put(Word::from(word))
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.words().iter().position(|word| !word.is_end() && name_of(word.text()) == name)
    }

    fn put(&mut self, word: Word<'static>) -> Step<()> {
        let index = self.find(name_of(word.text())).unwrap_or(self.count);
        // The last place is the end's.
        let is_free = index + 1 < self.words.len();
        let Some(place) = self.words.get_mut(index).filter(|_| is_free) else {
            return Err(Failure::new("set", word.text(), Errno::TOOBIG));
        };
        *place = word;
        self.count = self.count.max(index + 1);
        Ok(())
    }
}

fn name_of(variable: &CStr) -> &[u8] {
    let bytes = variable.to_bytes();
    bytes.split(|byte| *byte == b'=').next().unwrap_or(bytes)
}
