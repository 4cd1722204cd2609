//! The inputs of a build: store paths, which lie elsewhere on the disk than their names say.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use frazil_model::{StoreDir, StorePath};

use crate::path::{LINKS_MAX, normal};

/// Where a path leads once all links are followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// To something in an input, which is here on the disk.
    Input(PathBuf),
    /// Out of the store: the links of adapters lead to where Debian has things.
    Outside(PathBuf),
    /// To nothing in any input.
    Nowhere,
}

/// Follows a path that the store has the names for.
pub(crate) fn follow(store: &StoreDir, inputs: &BTreeMap<StorePath, PathBuf>, path: &Path) -> Lead {
    let mut logical = path.to_owned();
    'links: for _ in 0..LINKS_MAX {
        let Ok((store_path, rest)) = store.split(logical.as_os_str().as_bytes()) else {
            return Lead::Outside(logical);
        };
        let Some(mut place) = inputs.get(&store_path).cloned() else { return Lead::Nowhere };
        let mut seen = PathBuf::from(store.join(&store_path));
        let rest = Path::new(OsStr::from_bytes(rest));
        let names: Vec<&OsStr> = rest
            .components()
            .filter_map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
            .collect();
        let mut left = names.iter();
        loop {
            if let Ok(target) = fs::read_link(&place) {
                let target = seen.parent().unwrap_or(Path::new("/")).join(target);
                logical = normal(&normal(&target).join(left.collect::<PathBuf>()));
                continue 'links;
            }
            let Some(name) = left.next() else {
                return if place.exists() { Lead::Input(place) } else { Lead::Nowhere };
            };
            place.push(name);
            seen.push(name);
        }
    }
    Lead::Nowhere
}
