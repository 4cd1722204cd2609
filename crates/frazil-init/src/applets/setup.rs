//! `setup`: what a machine needs before its services, and after them. PID 1 waits for it with all
//! its ears open; whatever hangs here hangs only itself.

use core::ffi::CStr;

use crate::applets::launch::{Arena, Failure, command, run_and_wait};
use crate::applets::network::link;
use crate::applets::{inherited, status};
use crate::errno;
use crate::plan::{Plan, Step, StepKind};
use crate::sys::memory::{self, Pages};
use crate::sys::system;
use crate::sys::{Arguments, Errno, Result, c_string, file};
use crate::text::tell;

/// Flags of a mount: read-only, and change what is mounted.
const READ_ONLY: u32 = 1;
const REMOUNT: u32 = 32;
/// Bytes of the random seed.
const SEED_BYTES: usize = 256;
/// How often busy file systems are tried to be unmounted: those in them may have to go first.
const ROUNDS: usize = 4;

pub(super) fn run(arguments: &Arguments) -> u8 {
    let Ok(bytes) = memory::sealed(inherited::PLAN) else {
        tell(&[b"init: setup is run by PID 1 of a machine"]);
        return status::USAGE;
    };
    let plan = Plan::trust(bytes);
    if arguments.get(2).is_some_and(|word| word == c"down") {
        down(plan)
    } else {
        up(plan, arguments)
    }
}

/// Does all steps; one that fails is told, and does not keep the others from being done.
fn up(plan: Plan<'static>, arguments: &Arguments) -> u8 {
    let Ok(mut arena) = Arena::new(arguments) else { return status::AGAIN };
    let mut code = 0;
    for step in plan.steps() {
        let result = take(step, &mut arena, arguments);
        if let Err(error) = result {
            let subject = step.text(usize::from(step.kind() == StepKind::Mount)).to_bytes();
            let kind = name(step.kind()).as_bytes();
            tell(&[b"init: set-up: cannot ", kind, b" ", subject, b": ", errno::name(error)]);
            code = 1;
        }
    }
    code
}

fn name(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Mount => "mount",
        StepKind::Module => "load the module",
        StepKind::Setting => "write",
        StepKind::HostName => "use the host name",
        StepKind::LinkUp => "bring up",
        StepKind::Address => "set the address of",
        StepKind::Route => "set the route of",
        StepKind::Run => "run a command",
        StepKind::Check => "check a file system",
        StepKind::Swap => "swap to",
        StepKind::Seed => "use the random seed",
    }
}

fn take(step: Step<'static>, arena: &mut Arena, arguments: &Arguments) -> Result<()> {
    let (first, second) = (step.text(0), step.text(1));
    match step.kind() {
        StepKind::Mount => {
            // It may be there, or be made by another mount.
            let _made = file::make_directory(second, 0o755);
            system::mount(first, second, step.text(2), step.number(), step.text(3))
        }
        StepKind::Module => load_module(first, second),
        StepKind::Setting => {
            let mut fd = file::open(first, file::Open::WRITE, 0)?;
            let written = file::write_all(fd, second.to_bytes());
            fd.close();
            written
        }
        StepKind::HostName => system::set_host_name(first.to_bytes()),
        StepKind::LinkUp => link::up(first.to_bytes()),
        StepKind::Address => link::add_address(first.to_bytes(), step.host(), step.number() as u8),
        StepKind::Route => link::add_default_route(first.to_bytes(), step.host()),
        StepKind::Run => run_command(step, arena, arguments).map_err(|failure| {
            failure.tell(c"set-up");
            Errno::INVAL
        }),
        // fsck tells by 1 that it has repaired something.
        StepKind::Check => run_command(step, arena, arguments)
            .or_else(|failure| if failure.is_status(1) { Ok(()) } else { Err(Errno::INVAL) }),
        StepKind::Swap => system::swap_on(first),
        StepKind::Seed => use_seed(first),
    }
}

fn run_command(
    step: Step<'static>,
    arena: &mut Arena,
    arguments: &Arguments,
) -> core::result::Result<(), Failure> {
    let argv = command(arena, step.command())?;
    run_and_wait(argv, arguments.environment())
}

/// The kernel unpacks compressed modules itself, if it was built to.
fn load_module(path: &CStr, parameters: &CStr) -> Result<()> {
    let bytes = path.to_bytes();
    let is_compressed = [&b".xz"[..], b".gz", b".zst"].iter().any(|end| bytes.ends_with(end));
    let mut fd = file::open(path, file::Open::READ, 0)?;
    let loaded = system::load_module(fd, parameters, is_compressed);
    fd.close();
    match loaded {
        Err(Errno::EXIST) => Ok(()),
        result => result,
    }
}

/// Credits the saved seed, and saves another, so that none is ever used twice.
fn use_seed(path: &CStr) -> Result<()> {
    if let Ok(mut fd) = file::open(path, file::Open::READ, 0) {
        let mut seed = [0; SEED_BYTES];
        let count = file::read_all(fd, &mut seed);
        fd.close();
        if count == Ok(SEED_BYTES) {
            let mut pool = file::open(c"/dev/urandom", file::Open::WRITE, 0)?;
            let added = system::add_randomness(pool, &seed);
            pool.close();
            added?;
        }
    }
    match save_seed(path) {
        // There is nothing worth saving yet; the way down saves.
        Err(Errno::AGAIN) => Ok(()),
        result => result,
    }
}

fn save_seed(path: &CStr) -> Result<()> {
    let mut seed = [0; SEED_BYTES];
    if system::random(&mut seed)? != SEED_BYTES {
        return Err(Errno::AGAIN);
    }
    let mut fd = file::open(path, file::Open::REPLACE, 0o600)?;
    let written = file::write_all(fd, &seed).and_then(|()| file::sync(fd));
    fd.close();
    written
}

/// Leaves all file systems in order: unmounted, or at least read-only.
fn down(plan: Plan<'static>) -> u8 {
    for step in plan.steps().filter(|step| step.kind() == StepKind::Seed) {
        // The next start makes one if there is none.
        let _saved = save_seed(step.text(0));
    }
    system::sync();
    if let Ok(swaps) = read(c"/proc/swaps") {
        for line in swaps.split(|byte| *byte == b'\n').skip(1) {
            with_word(line, 0, |path| {
                // It is only needed if something is stored below.
                let _off = system::swap_off(path);
            });
        }
    }
    for _ in 0..ROUNDS {
        let Ok(mounts) = read(c"/proc/self/mounts") else { break };
        let mut is_left = false;
        for line in mounts.split(|byte| *byte == b'\n').rev() {
            with_word(line, 1, |path| is_left |= !leave(path));
        }
        if !is_left {
            break;
        }
    }
    // The root stays mounted, and can only be made read-only.
    let _frozen = system::mount(c"", c"/", c"", READ_ONLY | REMOUNT, c"");
    system::sync();
    0
}

/// Unmounts a file system; false if it is in use. What the kernel only shows can stay.
fn leave(path: &CStr) -> bool {
    let kept: [&[u8]; 4] = [b"/", b"/proc", b"/dev", b"/sys"];
    kept.contains(&path.to_bytes()) || system::unmount(path, false).is_ok()
}

fn read(path: &CStr) -> Result<Pages> {
    let mut content = Pages::new(1 << 18)?;
    let mut fd = file::open(path, file::Open::READ, 0)?;
    let count = file::read_all(fd, &mut content);
    fd.close();
    count.map(|_| content)
}

/// Calls with a word of a line of the kernel's tables, in which a space is written as `\040`.
fn with_word(line: &[u8], index: usize, mut call: impl FnMut(&CStr)) {
    let mut words =
        line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).filter(|word| !word.is_empty());
    let Some(word) = words.nth(index) else { return };
    let mut path = crate::text::Buffer::<4096>::new();
    let mut rest = word;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let digits = rest.first_chunk::<3>().filter(|_| *byte == b'\\');
        if let Some([a, b, c]) = digits {
            path.put(&[(a & 7) << 6 | (b & 7) << 3 | c & 7]);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            path.put(&[*byte]);
        }
    }
    path.put(b"\0");
    if let Some(path) = c_string(path.bytes()) {
        call(path);
    }
}
