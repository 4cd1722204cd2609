//! Compiling a table into a plan.

mod edges;
mod service;
mod steps;
mod writer;

use std::net::AddrParseError;

use crate::names;
use crate::plan::record::{Field, HeaderField, Mode};
use crate::plan::{
    BYTES_MAX, LIST_MAX, MAGIC, PlanError, SERVICES_MAX, VERSION, crc::crc32c, read,
};
use crate::table::{Log, ModeChoice, Table};
use writer::Writer;

/// Why a table cannot become a plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The name of a service would mean something else to a shell or a file system.
    #[error("`{0}` cannot be the name of a service")]
    Name(String),
    /// Two services cannot wait for each other.
    #[error("these services wait for each other: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// A service that is referred to is not in the table.
    #[error("the service `{service}` refers to `{missing}`, which is not in the table")]
    Missing {
        /// Who refers to it.
        service: String,
        /// What is missing.
        missing: String,
    },
    /// A field has a value that it cannot have.
    #[error("`{field}` of the service `{service}`: {problem}")]
    Field {
        /// Whose.
        service: String,
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: Problem,
    },
    /// What holds for the whole system has a value that it cannot have.
    #[error("`{field}`: {problem}")]
    System {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A step of the set-up is not valid.
    #[error("step {index} of the set-up: {problem}")]
    Step {
        /// Counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: Problem,
    },
    /// There are more services than PID 1 has room for.
    #[error("{0} services are too many: the limit is {SERVICES_MAX}")]
    Services(usize),
    /// The plan would be larger than PID 1 accepts.
    #[error("the plan would have {0} bytes: the limit is {BYTES_MAX}")]
    Size(usize),
    /// What was made is not valid: our own mistake.
    #[error("the compiled plan is not valid ({}); this is a bug", .0.message())]
    Refused(PlanError),
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A C string cannot hold it.
    #[error("it holds a zero byte")]
    Zero,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// More elements than PID 1 takes.
    #[error("it has more than {LIST_MAX} elements")]
    Long,
    /// A relative path depends on who starts the service.
    #[error("`{0}` is not an absolute path")]
    Relative(String),
    /// A word that means nothing here.
    #[error("`{0}` is not known")]
    Unknown(String),
    /// A signal that PID 1 does not get, or that tells it something else.
    #[error("PID 1 cannot act on the signal `{0}`")]
    Deaf(String),
    /// Not octal.
    #[error("`{0}` is not an octal number up to 7777")]
    Octal(String),
    /// Not an address with the length of its prefix.
    #[error("`{0}` is not an address like 192.0.2.1/24")]
    Address(String),
    /// Several ways, or none, to find out one thing.
    #[error("exactly one of fd, notify, tcp, unix, file, http, exec must be given")]
    Choice,
    /// Something that PID 1 cannot do repeatedly.
    #[error("`{0}` tells readiness once; it cannot check health")]
    Once(&'static str),
    /// Not a number of the range.
    #[error("{0} is out of range")]
    Range(i64),
}

impl From<AddrParseError> for Problem {
    fn from(error: AddrParseError) -> Self {
        Self::Address(error.to_string())
    }
}

impl CompileError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Name(_) => Some("a name has up to 64 letters, digits and . _ - @"),
            Self::Cycle(_) => {
                Some("take one of the services out of `requires`, `wants` or `after`")
            }
            Self::Missing { .. } => Some("declare it, or take the reference away"),
            Self::Field { problem: Problem::Relative(_), .. } => {
                Some("PID 1 has no search path; name the program by its absolute path")
            }
            Self::Services(_) | Self::Size(_) => Some("split the system"),
            Self::Field { .. } | Self::System { .. } | Self::Step { .. } | Self::Refused(_) => None,
        }
    }
}

/// Milliseconds that a shutdown may take: below the 10 s after which container engines kill, and a
/// machine's patience.
const CONTAINER_DEADLINE: u32 = 9_000;
const MACHINE_DEADLINE: u32 = 90_000;

/// Compiles a table. The same table gives the same bytes.
pub fn compile(table: &Table) -> Result<Vec<u8>, CompileError> {
    if table.services.len() > SERVICES_MAX {
        return Err(CompileError::Services(table.services.len()));
    }
    if let Some(name) = table.services.keys().find(|name| !names::is_valid(name.as_bytes())) {
        return Err(CompileError::Name(name.clone()));
    }
    let order = edges::order(&table.services)?;
    let mut writer = Writer::new(HeaderField::WORDS + order.len() * Field::WORDS);
    let log = table.log.clone().unwrap_or(match order.len() {
        1 => Log::Inherit,
        _ => Log::Prefix,
    });
    for (index, name) in order.names().enumerate() {
        let Some(declared) = table.services.get(name) else { continue };
        service::write(&mut writer, index, name, declared, &log, table.mode).map_err(
            |(field, problem)| CompileError::Field { service: name.to_owned(), field, problem },
        )?;
        order.write(&mut writer, index);
        writer.fingerprint(index);
    }
    let deadline = table.stop_deadline.map_or(
        if table.mode == ModeChoice::Vm { MACHINE_DEADLINE } else { CONTAINER_DEADLINE },
        |time| time.millis,
    );
    let control = writer
        .string(&table.control)
        .map_err(|problem| CompileError::System { field: "control", problem })?;
    let stop_signal = stop_signal(&table.stop_signal)
        .map_err(|problem| CompileError::System { field: "stop_signal", problem })?;
    let steps = steps::write(&mut writer, &table.setup)?;
    let mode = match table.mode {
        ModeChoice::Auto => Mode::Auto,
        ModeChoice::Container => Mode::Container,
        ModeChoice::Vm => Mode::Machine,
    };
    for (field, value) in [
        (HeaderField::Version, VERSION),
        (HeaderField::Count, order.len() as u32),
        (HeaderField::Mode, mode as u32),
        (HeaderField::StopDeadline, deadline),
        (HeaderField::StopSignal, stop_signal),
    ] {
        writer.set(field as usize, value);
    }
    writer.set_list(HeaderField::ControlOffset as usize, control);
    writer.set_list(HeaderField::StepsOffset as usize, steps);
    finish(writer)
}

/// The number of the signal that ends the system.
fn stop_signal(name: &str) -> Result<u32, Problem> {
    let number = service::signal(name)?;
    // The kernel's own, the end of a child, and what PID 1 takes for a fault.
    match names::signal_name(number) {
        Some("KILL" | "STOP" | "CHLD" | "ILL" | "BUS" | "FPE" | "SEGV") => {
            Err(Problem::Deaf(name.to_owned()))
        }
        Some(_) | None => Ok(number),
    }
}

fn finish(writer: Writer) -> Result<Vec<u8>, CompileError> {
    let mut bytes = writer.bytes();
    if bytes.len() > BYTES_MAX {
        return Err(CompileError::Size(bytes.len()));
    }
    put(&mut bytes, 0, &MAGIC);
    let length = bytes.len() as u32;
    put(&mut bytes, HeaderField::Length as usize * 4, &length.to_le_bytes());
    let sum = crc32c(bytes.get(HeaderField::Version as usize * 4..).unwrap_or_default());
    put(&mut bytes, HeaderField::Checksum as usize * 4, &sum.to_le_bytes());
    read(&bytes).map_err(CompileError::Refused)?;
    Ok(bytes)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}
