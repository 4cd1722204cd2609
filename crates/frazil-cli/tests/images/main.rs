//! Images from the command line, from a flake to a container that serves, with the programs that others use:
//! engines, readers, a registry, scanners. Packages come from the mirrors of the machine's apt.
//!
//! A test is skipped, and says so, where what it needs is missing; with `FRAZIL_NO_SKIP` that fails.

#[cfg(test)]
mod comparing;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod inventory;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod naming;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod running;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod world;
