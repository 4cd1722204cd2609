//! What the launcher does below another supervisor: runit, s6, dinit, or one that runs one process.
//!
//! They start, watch and restart a process each, and know of nothing else. All the rest that a plan
//! declares is done here, in processes that the supervisor starts or that a start leaves behind:
//!
//! | called as | by | does |
//! |---|---|---|
//! | `run` in a service directory | runit, s6 | waits for what the service needs, then executes it |
//! | `finish` there | runit, s6 | judges the end: again, later, never, or the end of the system |
//! | `control/t` there | runit | asks the service to stop, as declared |
//! | `log/run` there | runit, s6 | writes the lines of one service |
//! | `watch` | `run`, `launch` | tells when the service is ready or ill |
//! | `under` | the image | makes the directories, and is PID 1 or becomes it |
//! | `.s6-svscan/...` | s6 | ends the system in order, passes signals on |
//!
//! What they tell each other lies in [`STATES`], a record per service.

mod finish;
mod host;
mod record;
mod start;
mod stop;
mod watch;

use core::ffi::CStr;

pub(super) use finish::{ask, finish};
pub(super) use host::{end_of_scan, signal_of_scan, under};
pub(super) use start::{launch, log, run};
pub(super) use watch::watch;

use super::{PLAN_PATH, status, supervise};
use crate::plan::{self, Plan};
use crate::sys::{Errno, Fd, Result, c_string, file};
use crate::text::{Buffer, tell};

/// Where the records are.
const STATES: &CStr = c"/run/init";
/// Where supervisors find their service directories.
const SCAN: &CStr = c"/run/service";

/// A path put together.
struct Path(Buffer<512>);

impl Path {
    fn new(parts: &[&[u8]]) -> Self {
        let mut path = Buffer::new();
        for part in parts {
            path.put(part);
        }
        path.put(b"\0");
        Self(path)
    }

    /// A file of a service directory.
    fn of_service(name: &CStr, file: &[u8]) -> Self {
        Self::new(&[SCAN.to_bytes(), b"/", name.to_bytes(), b"/", file])
    }

    fn text(&self) -> Result<&CStr> {
        c_string(self.0.bytes()).ok_or(Errno::INVAL)
    }
}

/// The plan of a file, and the descriptor of its sealed copy; or the exit status of a refusal.
fn load(path: &CStr) -> core::result::Result<(Fd, Plan<'static>), u8> {
    let (fd, bytes) = match supervise::load(path) {
        Ok(loaded) => loaded,
        Err(error) => {
            let reason = crate::errno::name(error);
            tell(&[b"init: cannot read ", path.to_bytes(), b": ", reason]);
            return Err(status::PLAN);
        }
    };
    match plan::read(bytes) {
        Ok(plan) => Ok((fd, plan)),
        Err(error) => {
            tell(&[b"init: ", path.to_bytes(), b": ", error.message().as_bytes()]);
            Err(status::PLAN)
        }
    }
}

/// The service whose directory is ours: the plan, its descriptor, and the number of the service.
fn here(name: &[u8]) -> core::result::Result<(Fd, Plan<'static>, usize), u8> {
    let (fd, plan) = load(PLAN_PATH)?;
    let Some(index) = plan.find(name) else {
        tell(&[b"init: no such service: ", name]);
        return Err(status::USAGE);
    };
    Ok((fd, plan, index))
}

/// Our directory's name, and that of the one above it.
fn directory(buffer: &mut [u8; 512]) -> (&[u8], &[u8]) {
    let path = file::read_link(c"/proc/self/cwd", buffer).unwrap_or_default();
    let mut names = path.rsplit(|byte| *byte == b'/');
    (names.next().unwrap_or_default(), names.next().unwrap_or_default())
}

/// Tells the supervisor of a service something: a letter that runit and s6 understand alike.
fn command(name: &CStr, letter: &[u8]) -> Result<()> {
    let path = Path::of_service(name, b"supervise/control");
    let mut fd = file::open(path.text()?, file::Open::WRITE_NONBLOCK, 0)?;
    let written = file::write_all(fd, letter);
    fd.close();
    written
}
