//! The order of the services: each after all that it refers to.

use std::collections::BTreeMap;

use super::CompileError;
use super::writer::Writer;
use crate::plan::record::{Field, HeaderField};
use crate::table::Service;

/// The services in an order to start in, with their references as numbers.
pub(super) struct Order<'a> {
    placed: Vec<Placed<'a>>,
}

struct Placed<'a> {
    name: &'a str,
    requires: Vec<u32>,
    wants: Vec<u32>,
    after: Vec<u32>,
    dependents: Vec<u32>,
}

/// A walk of the graph, depth first: `None` is "on the way".
struct Walk<'a> {
    services: &'a BTreeMap<String, Service>,
    numbers: BTreeMap<&'a str, Option<u32>>,
    order: Order<'a>,
}

/// Orders the services; those that no edge decides about are in the order of their names.
pub(super) fn order(services: &BTreeMap<String, Service>) -> Result<Order<'_>, CompileError> {
    let order = Order { placed: Vec::new() };
    let mut walk = Walk { services, numbers: BTreeMap::new(), order };
    for name in services.keys() {
        walk.visit(name)?;
    }
    Ok(walk.order)
}

impl<'a> Walk<'a> {
    /// Places a service behind everything that it refers to. An explicit stack: the depth of the
    /// graph is the user's choice.
    fn visit(&mut self, start: &'a str) -> Result<(), CompileError> {
        let mut stack = vec![start];
        while let Some(name) = stack.last().copied() {
            let Some((name, service)) = self.services.get_key_value(name) else {
                stack.pop();
                continue;
            };
            if matches!(self.numbers.get(name.as_str()), Some(Some(_))) {
                stack.pop();
                continue;
            }
            self.numbers.insert(name, None);
            let mut pending = None;
            for other in service.requires.iter().chain(&service.wants).chain(&service.after) {
                match self.numbers.get(other.as_str()) {
                    Some(Some(_)) => {}
                    Some(None) => return Err(cycle(&stack, other)),
                    None if !self.services.contains_key(other) => {
                        let (service, missing) = (name.clone(), other.clone());
                        return Err(CompileError::Missing { service, missing });
                    }
                    None => pending = pending.or(Some(other)),
                }
            }
            if let Some(other) = pending {
                stack.push(other);
            } else {
                stack.pop();
                self.place(name, service);
            }
        }
        Ok(())
    }

    fn place(&mut self, name: &'a str, service: &Service) {
        let number = self.order.placed.len() as u32;
        let numbers = |names: &[String]| -> Vec<u32> {
            let found = |name: &String| self.numbers.get(name.as_str()).copied().flatten();
            names.iter().filter_map(found).collect()
        };
        let [requires, wants, after] =
            [&service.requires, &service.wants, &service.after].map(|names| numbers(names));
        for other in requires.iter().chain(&wants).chain(&after) {
            if let Some(other) = self.order.placed.get_mut(*other as usize)
                && other.dependents.last() != Some(&number)
            {
                other.dependents.push(number);
            }
        }
        self.numbers.insert(name, Some(number));
        self.order.placed.push(Placed { name, requires, wants, after, dependents: Vec::new() });
    }
}

fn cycle(stack: &[&str], back_to: &str) -> CompileError {
    let start = stack.iter().position(|name| *name == back_to).unwrap_or(0);
    let names = stack.iter().skip(start).copied().chain([back_to]);
    CompileError::Cycle(names.map(str::to_owned).collect())
}

impl Order<'_> {
    pub(super) fn len(&self) -> usize {
        self.placed.len()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.placed.iter().map(|placed| placed.name)
    }

    /// Writes the references of one service into its record.
    pub(super) fn write(&self, writer: &mut Writer, index: usize) {
        let Some(placed) = self.placed.get(index) else { return };
        let base = HeaderField::WORDS + index * Field::WORDS;
        for (field, numbers, is_own) in [
            (Field::Requires, &placed.requires, true),
            (Field::Wants, &placed.wants, true),
            (Field::After, &placed.after, true),
            // Who depends on it is not its own declaration.
            (Field::Dependents, &placed.dependents, false),
        ] {
            let offset = writer.block(numbers);
            writer.set_list(base + field as usize, (offset, numbers.len() as u32));
            for other in numbers.iter().filter(|_| is_own) {
                if let Some(other) = self.placed.get(*other as usize) {
                    writer.describe(other.name.as_bytes());
                }
            }
        }
    }
}
