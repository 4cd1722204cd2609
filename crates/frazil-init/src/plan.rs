//! The plan: the table of services, compiled for a PID 1 that parses no text.
//!
//! A plan is little-endian 32-bit words, then strings. Its header says what it is, how long, and a
//! CRC-32C over the rest; then come the records of the services, all of one size; then whatever
//! they refer to by (offset, count) pairs. Strings end with a 0 byte that their length excludes.
//! A service only refers to services before it, so that a plan cannot hold a cycle, and the order
//! of the records is an order to start in.
//!
//! [`read`] checks every reference once and refuses the plan as a whole. The accessors are total
//! nonetheless: out of bounds reads as 0 or empty, so that no plan, however made, can make PID 1
//! fail.

mod check;
#[cfg(not(standalone))]
mod compile;
mod crc;
mod record;

#[cfg(test)]
mod tests;

use core::ffi::CStr;

use crate::sys::signal;

pub use check::{PlanError, read};
#[cfg(not(standalone))]
pub use compile::{CompileError, compile};
pub(crate) use record::{Field, HeaderField, flag};
pub use record::{
    Health, Kind, LogKind, Mode, NodeKind, OnUnhealthy, ProbeKind, Restart, StepKind, TextKind,
};

/// The first bytes of a plan.
pub const MAGIC: [u8; 8] = *b"FRZLINIT";
/// The version of the format. Any other is refused.
pub const VERSION: u32 = 2;
/// The most services a plan can hold.
pub const SERVICES_MAX: usize = 4096;
/// The most arguments, or variables, or the like, of one service.
pub const LIST_MAX: usize = 1024;
/// The largest plan.
pub const BYTES_MAX: usize = 8 << 20;
/// A user or group number that means "do not change".
pub const UNCHANGED: u32 = u32::MAX;

/// A plan in memory. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    bytes: &'a [u8],
}

/// A list in the plan: where it starts, and how many elements it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    offset: usize,
    pub(crate) count: usize,
}

impl<'a> Plan<'a> {
    /// A plan that some process has checked before; see the module for why this is safe.
    pub(crate) fn trust(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn word(self, offset: usize) -> u32 {
        let end = offset.saturating_add(4);
        let word = self.bytes.get(offset..end).and_then(|bytes| bytes.first_chunk::<4>());
        word.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn header(self, field: HeaderField) -> u32 {
        self.word(field as usize * 4)
    }

    /// The number of services.
    pub fn count(self) -> usize {
        self.header(HeaderField::Count) as usize
    }

    /// How PID 1 is to behave.
    pub fn mode(self) -> Mode {
        Mode::from_word(self.header(HeaderField::Mode))
    }

    /// How long a shutdown may take, in milliseconds.
    pub fn stop_deadline(self) -> u64 {
        self.header(HeaderField::StopDeadline).into()
    }

    /// Where the control socket is to be.
    pub fn control(self) -> &'a CStr {
        self.text_at(HeaderField::ControlOffset as usize * 4)
    }

    /// Whether a signal to PID 1 ends the system.
    pub(crate) fn ends_on(self, signal: u32) -> bool {
        matches!(signal, signal::TERM | signal::INT | signal::PWR)
            || signal == self.header(HeaderField::StopSignal)
    }

    /// The steps that set a machine up, in order.
    pub(crate) fn steps(self) -> impl ExactSizeIterator<Item = Step<'a>> {
        let list = self.list_at(HeaderField::StepsOffset as usize * 4);
        (0..list.count)
            .map(move |index| Step { plan: self, base: list.offset + index * STEP_BYTES })
    }

    /// A service by its number.
    pub fn service(self, index: usize) -> Service<'a> {
        let base = HeaderField::WORDS.saturating_add(index.saturating_mul(Field::WORDS));
        Service { plan: self, base: base.saturating_mul(4) }
    }

    /// All services, in an order to start in.
    pub fn services(self) -> impl ExactSizeIterator<Item = Service<'a>> {
        (0..self.count()).map(move |index| self.service(index))
    }

    /// The number of the service of that name.
    pub fn find(self, name: &[u8]) -> Option<usize> {
        self.services().position(|service| service.name().to_bytes() == name)
    }

    fn list_at(self, offset: usize) -> List {
        // No list is longer than the plan; in one that was checked, none claims to be.
        let count = (self.word(offset.saturating_add(4)) as usize).min(self.bytes.len());
        List { offset: self.word(offset) as usize, count }
    }

    fn text_at(self, offset: usize) -> &'a CStr {
        let List { offset, count } = self.list_at(offset);
        let bytes = self.bytes.get(offset..offset.saturating_add(count).saturating_add(1));
        bytes.and_then(|bytes| CStr::from_bytes_with_nul(bytes).ok()).unwrap_or(c"")
    }

    fn words(self, list: List) -> impl ExactSizeIterator<Item = u32> + Clone {
        (0..list.count).map(move |index| self.word(list.offset + index * 4))
    }

    fn strings(self, list: List) -> impl ExactSizeIterator<Item = &'a CStr> + Clone {
        (0..list.count).map(move |index| self.text_at(list.offset + index * 8))
    }

    fn texts(self, list: List) -> impl ExactSizeIterator<Item = Text<'a>> + Clone {
        (0..list.count)
            .map(move |index| Text { plan: self, list: self.list_at(list.offset + index * 8) })
    }
}

/// The record of one service.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    plan: Plan<'a>,
    base: usize,
}

impl<'a> Service<'a> {
    pub(crate) fn get(self, field: Field) -> u32 {
        self.plan.word(self.at(field))
    }

    fn at(self, field: Field) -> usize {
        self.base.saturating_add(field as usize * 4)
    }

    fn list(self, field: Field) -> List {
        self.plan.list_at(self.at(field))
    }

    pub(crate) fn text(self, field: Field) -> &'a CStr {
        self.plan.text_at(self.at(field))
    }

    pub(crate) fn has(self, flag: u32) -> bool {
        self.get(Field::Flags) & flag != 0
    }

    pub(crate) fn wide(self, field: Field) -> u64 {
        let at = self.at(field);
        u64::from(self.plan.word(at)) | u64::from(self.plan.word(at + 4)) << 32
    }

    /// What the service is called.
    pub fn name(self) -> &'a CStr {
        self.text(Field::NameOffset)
    }

    /// A fingerprint of everything that is declared about it.
    pub fn fingerprint(self) -> u64 {
        self.wide(Field::Fingerprint)
    }

    /// What kind of service it is.
    pub fn kind(self) -> Kind {
        Kind::from_word(self.get(Field::Kind))
    }

    /// When it is started again.
    pub fn restart(self) -> Restart {
        Restart::from_word(self.get(Field::Restart))
    }

    /// The user it runs as, if that is not the one of PID 1.
    #[cfg(not(standalone))]
    pub fn uid(self) -> Option<u32> {
        Some(self.get(Field::Uid)).filter(|uid| *uid != UNCHANGED)
    }

    /// The services that must be up before this one.
    pub fn requires(self) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.numbers(Field::Requires)
    }

    /// The services that this one wants, but can do without.
    pub fn wants(self) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.numbers(Field::Wants)
    }

    /// The services that this one starts after, if they start.
    pub fn after(self) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.numbers(Field::After)
    }

    /// The services that name this one in any of these ways.
    pub fn dependents(self) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.numbers(Field::Dependents)
    }

    fn numbers(self, field: Field) -> impl ExactSizeIterator<Item = usize> + Clone {
        self.plan.words(self.list(field)).map(|word| word as usize)
    }

    pub(crate) fn words(self, field: Field) -> impl ExactSizeIterator<Item = u32> + Clone {
        self.plan.words(self.list(field))
    }

    pub(crate) fn strings(self, field: Field) -> impl ExactSizeIterator<Item = &'a CStr> + Clone {
        self.plan.strings(self.list(field))
    }

    pub(crate) fn texts(self, field: Field) -> impl ExactSizeIterator<Item = Text<'a>> + Clone {
        self.plan.texts(self.list(field))
    }

    /// Several commands, each a list of arguments.
    pub(crate) fn commands(
        self,
        field: Field,
    ) -> impl Iterator<Item = impl ExactSizeIterator<Item = Text<'a>> + Clone> + Clone {
        let list = self.list(field);
        (0..list.count)
            .map(move |index| self.plan.texts(self.plan.list_at(list.offset + index * 8)))
    }

    /// The variables of the environment: name and value.
    pub(crate) fn environment(self) -> impl ExactSizeIterator<Item = (&'a CStr, Text<'a>)> + Clone {
        let list = self.list(Field::Environment);
        (0..list.count).map(move |index| {
            let at = list.offset + index * 16;
            (self.plan.text_at(at), Text { plan: self.plan, list: self.plan.list_at(at + 8) })
        })
    }

    /// The resource limits: number, soft, hard.
    pub(crate) fn limits(self) -> impl ExactSizeIterator<Item = (u32, u64, u64)> + Clone {
        let list = self.list(Field::Limits);
        let word = move |index: usize, place: usize| {
            self.plan.word(list.offset + (index * LIMIT_WORDS + place) * 4)
        };
        let wide = move |index, place| {
            u64::from(word(index, place)) | u64::from(word(index, place + 1)) << 32
        };
        (0..list.count).map(move |index| (word(index, 0), wide(index, 1), wide(index, 3)))
    }

    /// Directories, files and links to make before each start.
    pub(crate) fn nodes(self) -> impl ExactSizeIterator<Item = Node<'a>> + Clone {
        let list = self.list(Field::Nodes);
        (0..list.count)
            .map(move |index| Node { plan: self.plan, base: list.offset + index * NODE_BYTES })
    }

    /// Signals to PID 1 that are passed on, and as what.
    pub(crate) fn signals(self) -> impl ExactSizeIterator<Item = (u32, u32)> + Clone {
        let list = self.list(Field::Signals);
        (0..list.count).map(move |index| {
            let at = list.offset + index * 8;
            (self.plan.word(at), self.plan.word(at + 4))
        })
    }

    /// How it tells that it is ready.
    pub(crate) fn ready(self) -> Probe<'a> {
        Probe { plan: self.plan, base: self.get(Field::Ready) as usize }
    }

    /// How its health is checked; of kind `None` if it is not.
    pub(crate) fn health(self) -> Probe<'a> {
        Probe { plan: self.plan, base: self.get(Field::Health) as usize }
    }

    /// Whether an applet watches over it, for its readiness or its health.
    pub(crate) fn is_probed(self) -> bool {
        let ready = self.ready().kind();
        !matches!(ready, ProbeKind::None | ProbeKind::Fd) || self.health().kind() != ProbeKind::None
    }

    pub(crate) fn log(self) -> LogKind {
        LogKind::from_word(self.get(Field::Log))
    }
}

/// Words of a resource limit, bytes of the other fixed blocks.
const LIMIT_WORDS: usize = 5;
const NODE_BYTES: usize = 32;
const STEP_BYTES: usize = 52;
const PROBE_WORDS: usize = 10;
const PART_BYTES: usize = 20;

/// A value that may have to be completed where the service starts.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    plan: Plan<'a>,
    list: List,
}

/// A part of a value.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) kind: TextKind,
    /// The characters themselves, the name of a variable, or the path of a file.
    pub(crate) text: &'a CStr,
    /// What holds if the variable is not set; without one that is an error.
    pub(crate) default: Option<&'a CStr>,
}

impl Part<'_> {
    #[cfg(not(standalone))]
    const WORDS: usize = PART_BYTES / 4;
}

impl<'a> Text<'a> {
    pub(crate) fn parts(self) -> impl ExactSizeIterator<Item = Part<'a>> + Clone {
        (0..self.list.count).map(move |index| {
            let at = self.list.offset + index * PART_BYTES;
            let kind = self.plan.word(at);
            let default = kind & TextKind::HAS_DEFAULT != 0;
            Part {
                kind: TextKind::from_word(kind & !TextKind::HAS_DEFAULT),
                text: self.plan.text_at(at + 4),
                default: default.then(|| self.plan.text_at(at + 12)),
            }
        })
    }
}

/// A directory, file or link that must be there.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    plan: Plan<'a>,
    base: usize,
}

impl<'a> Node<'a> {
    pub(crate) fn kind(self) -> NodeKind {
        NodeKind::from_word(self.plan.word(self.base))
    }

    pub(crate) fn mode(self) -> u32 {
        self.plan.word(self.base + 4)
    }

    pub(crate) fn uid(self) -> u32 {
        self.plan.word(self.base + 8)
    }

    pub(crate) fn gid(self) -> u32 {
        self.plan.word(self.base + 12)
    }

    pub(crate) fn path(self) -> &'a CStr {
        self.plan.text_at(self.base + 16)
    }

    /// The content of a file, the target of a link.
    pub(crate) fn content(self) -> Text<'a> {
        Text { plan: self.plan, list: self.plan.list_at(self.base + 24) }
    }
}

/// A way to find out whether a service does its work.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    plan: Plan<'a>,
    /// 0 if there is none: no probe can be in the header.
    base: usize,
}

impl<'a> Probe<'a> {
    fn get(self, index: usize) -> u32 {
        if self.base == 0 { 0 } else { self.plan.word(self.base + index * 4) }
    }

    pub(crate) fn kind(self) -> ProbeKind {
        ProbeKind::from_word(self.get(0))
    }

    /// A descriptor or a port.
    pub(crate) fn number(self) -> u32 {
        self.get(1)
    }

    /// An address of version 4, in the order of the wire.
    pub(crate) fn host(self) -> [u8; 4] {
        self.get(2).to_be_bytes()
    }

    /// Milliseconds from one check to the next.
    pub(crate) fn interval(self) -> u64 {
        self.get(3).into()
    }

    /// Milliseconds until a check has failed.
    pub(crate) fn timeout(self) -> u64 {
        self.get(4).into()
    }

    /// Failed checks in a row until the service counts as unhealthy.
    pub(crate) fn retries(self) -> u32 {
        self.get(5) & 0xffff
    }

    pub(crate) fn action(self) -> OnUnhealthy {
        OnUnhealthy::from_word(self.get(5) >> 16)
    }

    /// A path: of a file, of a socket, or of the thing to ask for.
    pub(crate) fn path(self) -> &'a CStr {
        if self.base == 0 { c"" } else { self.plan.text_at(self.base + 24) }
    }

    pub(crate) fn command(self) -> impl ExactSizeIterator<Item = Text<'a>> + Clone {
        let none = List { offset: 0, count: 0 };
        let list = if self.base == 0 { none } else { self.plan.list_at(self.base + 32) };
        self.plan.texts(list)
    }
}

/// A step of setting a machine up: a kind, two numbers, four strings, and a command.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    plan: Plan<'a>,
    base: usize,
}

impl<'a> Step<'a> {
    pub(crate) fn kind(self) -> StepKind {
        StepKind::from_word(self.plan.word(self.base))
    }

    pub(crate) fn number(self) -> u32 {
        self.plan.word(self.base + 4)
    }

    /// An address of version 4, in the order of the wire.
    pub(crate) fn host(self) -> [u8; 4] {
        self.plan.word(self.base + 8).to_be_bytes()
    }

    /// Its strings, in the order that its kind says.
    pub(crate) fn text(self, index: usize) -> &'a CStr {
        self.plan.text_at(self.base + 12 + index.min(3) * 8)
    }

    pub(crate) fn command(self) -> impl ExactSizeIterator<Item = Text<'a>> + Clone {
        self.plan.texts(self.plan.list_at(self.base + 44))
    }
}
