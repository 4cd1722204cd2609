//! Checking a plan: every reference once, before anything is believed.

use super::record::{
    Field, HeaderField, Kind, LogKind, Mode, NodeKind, OnUnhealthy, ProbeKind, Restart, StepKind,
    TextKind, flag,
};
use super::{
    BYTES_MAX, LIMIT_WORDS, LIST_MAX, List, MAGIC, NODE_BYTES, PART_BYTES, PROBE_WORDS, Plan,
    SERVICES_MAX, STEP_BYTES, VERSION, crc::crc32c,
};
use crate::names;

/// Why a plan is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// It does not begin as a plan does, or it ends too soon.
    NotAPlan,
    /// It is of another version of the format.
    Version(u32),
    /// Its bytes are not those that were written.
    Damaged,
    /// The header is not valid.
    Header,
    /// The record of this service is not valid.
    Service(u32),
}

impl PlanError {
    /// What to tell the user; the number of a service goes with it.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotAPlan => "not a plan",
            Self::Version(_) => "a plan of another version",
            Self::Damaged => "the plan is damaged",
            Self::Header => "the header of the plan is not valid",
            Self::Service(_) => "the record of a service is not valid",
        }
    }
}

/// Checks a plan as a whole; what is returned can be relied on.
pub fn read(bytes: &[u8]) -> Result<Plan<'_>, PlanError> {
    let plan = Plan { bytes };
    if bytes.len() < HeaderField::WORDS * 4 || !bytes.starts_with(&MAGIC) || bytes.len() > BYTES_MAX
    {
        return Err(PlanError::NotAPlan);
    }
    let version = plan.header(HeaderField::Version);
    if version != VERSION {
        return Err(PlanError::Version(version));
    }
    let checked = bytes.get(HeaderField::Version as usize * 4..).unwrap_or_default();
    if plan.header(HeaderField::Length) as usize != bytes.len()
        || plan.header(HeaderField::Checksum) != crc32c(checked)
    {
        return Err(PlanError::Damaged);
    }
    let count = plan.count();
    let end = (HeaderField::WORDS + count.saturating_mul(Field::WORDS)).saturating_mul(4);
    if count > SERVICES_MAX
        || end > bytes.len()
        || !is_number_of(plan.header(HeaderField::Mode), Mode::ALL)
        || !check_string(plan, HeaderField::ControlOffset as usize * 4)
        || !is_signal(plan.header(HeaderField::StopSignal))
        || !check_steps(plan)
    {
        return Err(PlanError::Header);
    }
    for index in 0..count {
        if !check_service(plan, index) {
            return Err(PlanError::Service(index as u32));
        }
    }
    Ok(plan)
}

fn is_number_of<T>(word: u32, all: &[T]) -> bool {
    (word as usize) < all.len()
}

fn check_list(plan: Plan<'_>, at: usize, element: usize) -> Option<List> {
    let list = plan.list_at(at);
    let end = list.offset.checked_add(list.count.checked_mul(element)?)?;
    (list.count <= LIST_MAX && end <= plan.bytes.len()).then_some(list)
}

fn check_string(plan: Plan<'_>, at: usize) -> bool {
    let List { offset, count } = plan.list_at(at);
    let Some(end) = offset.checked_add(count).and_then(|end| end.checked_add(1)) else {
        return false;
    };
    let bytes = plan.bytes.get(offset..end).unwrap_or_default();
    // `text_at` gives the empty string for anything else.
    bytes.last() == Some(&0) && plan.text_at(at).to_bytes().len() == count
}

fn check_strings(plan: Plan<'_>, at: usize) -> bool {
    check_list(plan, at, 8).is_some_and(|list| {
        (0..list.count).all(|index| check_string(plan, list.offset + index * 8))
    })
}

/// A value: a list of parts.
fn check_text(plan: Plan<'_>, at: usize) -> bool {
    check_list(plan, at, PART_BYTES).is_some_and(|list| {
        (0..list.count).all(|index| {
            let part = list.offset + index * PART_BYTES;
            is_number_of(plan.word(part) & !TextKind::HAS_DEFAULT, TextKind::ALL)
                && check_string(plan, part + 4)
                && check_string(plan, part + 12)
        })
    })
}

fn check_command(plan: Plan<'_>, at: usize) -> bool {
    check_list(plan, at, 8)
        .is_some_and(|list| (0..list.count).all(|index| check_text(plan, list.offset + index * 8)))
}

fn check_steps(plan: Plan<'_>) -> bool {
    let at = HeaderField::StepsOffset as usize * 4;
    check_list(plan, at, STEP_BYTES).is_some_and(|list| {
        (0..list.count).all(|index| {
            let step = list.offset + index * STEP_BYTES;
            is_number_of(plan.word(step), StepKind::ALL)
                && (0..4).all(|text| check_string(plan, step + 12 + text * 8))
                && check_command(plan, step + 44)
        })
    })
}

fn check_service(plan: Plan<'_>, index: usize) -> bool {
    let service = plan.service(index);
    let at = |field| service.at(field);
    let strings = [Field::NameOffset, Field::LogPath, Field::Cwd, Field::Terminal, Field::Unless];
    let lists = [Field::EnvironmentFiles, Field::PassEnvironment];
    let commands = [Field::Command, Field::AfterStop, Field::StopCommand];
    let words = [Field::Groups, Field::SuccessCodes];
    strings.iter().all(|field| check_string(plan, at(*field)))
        && names::is_valid(service.name().to_bytes())
        && check_numbers(service)
        && lists.iter().all(|field| check_strings(plan, at(*field)))
        && commands.iter().all(|field| check_command(plan, at(*field)))
        && service.texts(Field::Command).len() > 0
        && words.iter().all(|field| check_list(plan, at(*field), 4).is_some())
        && check_list(plan, at(Field::BeforeStart), 8).is_some_and(|list| {
            (0..list.count).all(|index| check_command(plan, list.offset + index * 8))
        })
        && check_list(plan, at(Field::Environment), 16).is_some_and(|list| {
            (0..list.count).all(|index| {
                let entry = list.offset + index * 16;
                check_string(plan, entry) && check_text(plan, entry + 8)
            })
        })
        && check_list(plan, at(Field::Limits), LIMIT_WORDS * 4).is_some()
        && check_list(plan, at(Field::Signals), 8).is_some()
        && service.signals().all(|(from, to)| is_signal(from) && is_signal(to))
        && check_nodes(plan, at(Field::Nodes))
        && check_probe(plan, service.get(Field::Ready))
        && check_probe(plan, service.get(Field::Health))
        && check_edges(plan, index)
}

fn check_numbers(service: super::Service<'_>) -> bool {
    is_number_of(service.get(Field::Kind), Kind::ALL)
        && is_number_of(service.get(Field::Restart), Restart::ALL)
        && is_number_of(service.get(Field::Log), LogKind::ALL)
        && service.get(Field::Flags) & !flag::ALL == 0
        && is_signal(service.get(Field::StopSignal))
}

fn is_signal(number: u32) -> bool {
    (1..=crate::names::SIGNAL_MAX).contains(&number)
}

/// What a service needs comes before it, and what depends on it after it.
fn check_edges(plan: Plan<'_>, index: usize) -> bool {
    let service = plan.service(index);
    let needs = [Field::Requires, Field::Wants, Field::After];
    let before = |field: Field| {
        check_list(plan, service.at(field), 4).is_some()
            && service.numbers(field).all(|other| other < index)
    };
    // Each may depend on this one, so this list can be longer than any that a person wrote.
    let dependents = service.list(Field::Dependents);
    needs.into_iter().all(before)
        && dependents.count <= SERVICES_MAX
        && dependents.offset.saturating_add(dependents.count * 4) <= plan.bytes.len()
        && service.dependents().all(|other| other > index && other < plan.count())
}

fn check_nodes(plan: Plan<'_>, at: usize) -> bool {
    check_list(plan, at, NODE_BYTES).is_some_and(|list| {
        (0..list.count).all(|index| {
            let node = list.offset + index * NODE_BYTES;
            is_number_of(plan.word(node), NodeKind::ALL)
                && check_string(plan, node + 16)
                && check_text(plan, node + 24)
        })
    })
}

fn check_probe(plan: Plan<'_>, base: u32) -> bool {
    let base = base as usize;
    base == 0
        || (base >= HeaderField::WORDS * 4
            && base.saturating_add(PROBE_WORDS * 4) <= plan.bytes.len()
            && is_number_of(plan.word(base), ProbeKind::ALL)
            && is_number_of(plan.word(base + 20) >> 16, OnUnhealthy::ALL)
            && check_string(plan, base + 24)
            && check_command(plan, base + 32))
}
