//! Who the service is: its groups, its user, and what it may do.

use super::{During, Step};
use crate::plan::{Field, Service, UNCHANGED, flag};
use crate::sys::{Errno, memory, process};

/// Gives up whatever the service is not to have. The order matters: each step needs privileges that
/// a later one takes away.
pub(super) fn assume(service: Service<'static>) -> Step<()> {
    if service.has(flag::GROUPS) {
        let declared = service.words(Field::Groups);
        let groups = memory::table(declared.len(), 0).during("get memory for", c"the groups")?;
        for (place, group) in groups.iter_mut().zip(declared) {
            *place = group;
        }
        // Without privileges there is nothing to give up, if there is nothing to gain.
        match process::set_groups(groups) {
            Err(Errno::PERM) if groups.is_empty() && process::effective_user() != 0 => {}
            result => result.during("set", c"the groups")?,
        }
    }
    let (uid, gid) = (service.get(Field::Uid), service.get(Field::Gid));
    if gid != UNCHANGED {
        process::set_group(gid).during("change", c"the group")?;
    }
    let ambient = service.wide(Field::Ambient);
    if service.has(flag::CAPABILITIES) {
        limit_capabilities(service.wide(Field::Bounding)).during("drop", c"capabilities")?;
        if ambient != 0 {
            process::keep_capabilities().during("keep", c"capabilities")?;
        }
    }
    if uid != UNCHANGED {
        process::set_user(uid).during("change", c"the user")?;
    }
    if service.has(flag::CAPABILITIES) && ambient != 0 {
        raise(ambient).during("raise", c"capabilities")?;
    }
    if service.has(flag::NO_NEW_PRIVILEGES) {
        process::set_no_new_privileges().during("give up", c"privileges")?;
    }
    Ok(())
}

fn limit_capabilities(bounding: u64) -> Result<(), Errno> {
    for capability in 0..64 {
        let is_kept = bounding >> capability & 1 == 1;
        match process::has_bounding(capability) {
            Ok(true) if !is_kept => process::drop_bounding(capability)?,
            Ok(_) => {}
            // The kernel knows none of that number, nor any above.
            Err(_) => break,
        }
    }
    Ok(())
}

fn raise(ambient: u64) -> Result<(), Errno> {
    process::set_capabilities(ambient)?;
    (0..64).filter(|bit| ambient >> bit & 1 == 1).try_for_each(process::raise_ambient)
}
