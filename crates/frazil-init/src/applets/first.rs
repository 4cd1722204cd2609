//! `first COMMAND... -- NEXT...`: runs a command, which must end well, and becomes the next one.
//!
//! What has to be done before any service is done so in a container, whichever init it has, or if
//! it has a shell instead. `bind`, `ensure` and `password` are commands for it that need no other
//! program.

mod password;

use core::ffi::CStr;

use crate::applets::launch::{Arena, make_directories, run_and_wait};
use crate::applets::status;
use crate::errno;
use crate::sys::{Arguments, Errno, Result, Word, file, memory, process, system};
use crate::text::tell;
pub(super) use password::password;

/// Flags of a mount: a second view of a directory and of all that is mounted below it.
const BIND: u32 = 1 << 12 | 1 << 14;

/// Where the words of the command begin.
const COMMAND: usize = 2;

pub(super) fn first(arguments: &Arguments) -> u8 {
    let words = arguments.from(COMMAND);
    let end = words.iter().position(|word| word.text() == c"--");
    let next = end.and_then(|end| arguments.get(COMMAND + end + 1));
    let (Some(end @ 1..), Some(next)) = (end, next) else {
        tell(&[b"usage: init first COMMAND... -- NEXT..."]);
        return status::USAGE;
    };
    let Ok(argv) = memory::table(end + 1, Word::END) else { return status::AGAIN };
    for (place, word) in argv.iter_mut().zip(words.iter().take(end)) {
        *place = *word;
    }
    if let Err(failure) = run_and_wait(argv, arguments.environment()) {
        failure.tell(c"first");
        return failure.code();
    }
    turn_into(next, arguments.from(COMMAND + end + 1), arguments.environment())
}

/// `bind SOURCE TARGET`: mounts a directory at another place, too. Both are made if absent.
pub(super) fn bind(arguments: &Arguments) -> u8 {
    let (Some(source), Some(target)) = (arguments.get(2), arguments.get(3)) else {
        tell(&[b"usage: init bind SOURCE TARGET"]);
        return status::USAGE;
    };
    let mounted = make_directories(source)
        .and_then(|()| make_directories(target))
        .and_then(|()| system::mount(source, target, c"", BIND, c""));
    let Err(error) = mounted else { return 0 };
    let reason = errno::name(error);
    let (source, target) = (source.to_bytes(), target.to_bytes());
    let advice: &[u8] =
        if error == Errno::PERM { b"; that needs the capability CAP_SYS_ADMIN" } else { b"" };
    tell(&[b"init: cannot mount ", source, b" at ", target, b": ", reason, advice]);
    status::CANNOT_EXECUTE
}

/// `ensure PATH PROGRAM`: runs a program, with the path in the variable `out`, unless something is
/// there.
pub(super) fn ensure(arguments: &Arguments) -> u8 {
    let (Some(path), Some(program)) = (arguments.get(2), arguments.get(3)) else {
        tell(&[b"usage: init ensure PATH PROGRAM"]);
        return status::USAGE;
    };
    if file::exists(path) {
        return 0;
    }
    match with_out(path, arguments) {
        Ok(environment) => turn_into(program, arguments.from(3), environment),
        Err(_) => status::AGAIN,
    }
}

/// The environment with the variable `out`.
fn with_out(path: &CStr, arguments: &Arguments) -> Result<&'static [Word<'static>]> {
    let name = b"out=";
    let variable = Arena::new(arguments)?.join(&[name, path.to_bytes()])?;
    let variables = arguments.environment();
    let all = memory::table(variables.len() + 1, Word::END)?;
    let others =
        variables.iter().filter(|word| !word.is_end() && !word.text().to_bytes().starts_with(name));
    for (place, word) in all.iter_mut().zip(others.chain([&Word::from(variable)])) {
        *place = *word;
    }
    Ok(all)
}

/// Executes a program in place of this one; the status of a failure.
fn turn_into(program: &CStr, argv: &[Word<'_>], environment: &[Word<'_>]) -> u8 {
    let error = process::execute(program, argv, environment);
    tell(&[b"init: cannot execute ", program.to_bytes(), b": ", errno::name(error)]);
    if error == Errno::NOENT { status::NOT_FOUND } else { status::CANNOT_EXECUTE }
}
