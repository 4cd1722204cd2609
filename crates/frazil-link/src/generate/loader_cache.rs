//! `etc/ld.so.cache`: where glibc's loader finds libraries at once, as `ldconfig` writes it.
//!
//! The format is that of `elf/cache.c` since glibc 2.32: a header, entries in descending order of
//! names, strings. It has no extensions, which say what made the file and what processors need.

use std::cmp::Ordering;

const MAGIC: &[u8; 20] = b"glibc-ld.so.cache1.1";
const HEADER_BYTES: usize = 48;
const ENTRY_BYTES: usize = 24;
/// The byte order of what follows.
const LITTLE_ENDIAN: u8 = 2;
/// Libraries for glibc.
const FLAG_LIBC6: u32 = 3;

/// A library that the loader may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The name that programs know it by.
    pub soname: Vec<u8>,
    /// Where it lies, as an absolute path.
    pub path: Vec<u8>,
    /// The processor (`e_machine`), and whether addresses have 64 bits.
    pub machine: (u16, bool),
}

/// The bytes of the cache.
pub fn loader_cache(libraries: &[Library]) -> Vec<u8> {
    let mut libraries: Vec<&Library> = libraries.iter().collect();
    libraries.sort_by(|a, b| compare(&b.soname, &a.soname).then_with(|| a.path.cmp(&b.path)));
    libraries.dedup_by(|a, b| (&a.soname, &a.path) == (&b.soname, &b.path));
    let mut strings = Vec::new();
    let start = HEADER_BYTES + libraries.len() * ENTRY_BYTES;
    let mut entries = Vec::new();
    for library in &libraries {
        let mut put = |string: &[u8]| {
            let offset = (start + strings.len()) as u32;
            strings.extend_from_slice(string);
            strings.push(0);
            offset
        };
        let (key, value) = (put(&library.soname), put(&library.path));
        for number in [flags(library.machine), key, value, 0] {
            entries.extend_from_slice(&number.to_le_bytes());
        }
        entries.extend_from_slice(&0_u64.to_le_bytes());
    }
    let mut cache = MAGIC.to_vec();
    cache.extend_from_slice(&(libraries.len() as u32).to_le_bytes());
    cache.extend_from_slice(&(strings.len() as u32).to_le_bytes());
    cache.push(LITTLE_ENDIAN);
    cache.resize(HEADER_BYTES, 0);
    cache.extend_from_slice(&entries);
    cache.extend_from_slice(&strings);
    cache
}

/// What glibc calls the kind of library (`sysdeps/generic/ldconfig.h`).
const fn flags(machine: (u16, bool)) -> u32 {
    let required = match machine {
        (62, true) => 0x0300,
        (62, false) => 0x0800,
        (183, true) => 0x0a00,
        (40, false) => 0x0900,
        (22, true) => 0x0400,
        (21, true) => 0x0500,
        (243, true) => 0x1000,
        _ => 0,
    };
    FLAG_LIBC6 | required
}

/// The order of `_dl_cache_libcmp`: numbers by value, and behind other characters.
fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (Some(x), Some(y)) = (a.first(), b.first()) else { return a.len().cmp(&b.len()) };
        match (x.is_ascii_digit(), y.is_ascii_digit()) {
            (true, true) => {
                let ((left, rest_a), (right, rest_b)) = (number(a), number(b));
                if left != right {
                    return left.cmp(&right);
                }
                (a, b) = (rest_a, rest_b);
            }
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {
                if x != y {
                    return x.cmp(y);
                }
                (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
            }
        }
    }
}

fn number(text: &[u8]) -> (u64, &[u8]) {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len).unwrap_or((text, b""));
    let value = digits
        .iter()
        .fold(0_u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    (value, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_the_loader_searches() {
        let sorted = ["ld.so", "libc.so", "libc.so.6", "libc.so.10", "libcap.so", "libx2.so"];
        assert!(sorted[1..4].is_sorted_by(|a, b| compare(a.as_bytes(), b.as_bytes()).is_lt()));
        assert_eq!(compare(b"liba1", b"liba.so"), Ordering::Greater);
        assert_eq!(compare(b"lib01", b"lib1"), Ordering::Equal);
        assert_eq!(compare(b"lib", b"lib1"), Ordering::Less);
    }

    #[test]
    fn the_layout() {
        let library = |soname: &[u8]| Library {
            soname: soname.into(),
            path: [b"/usr/lib/", soname].concat(),
            machine: (62, true),
        };
        let cache = loader_cache(&[library(b"liba.so.1"), library(b"libb.so.2")]);
        assert_eq!(&cache[..20], MAGIC);
        assert_eq!(cache[20..28], [2, 0, 0, 0, 58, 0, 0, 0]);
        // The first entry is the last name; its key begins behind both entries.
        assert_eq!(cache[48..52], [3, 3, 0, 0]);
        assert_eq!(cache[52..56], 96_u32.to_le_bytes());
        assert_eq!(&cache[96..106], b"libb.so.2\0");
        assert_eq!(&cache[106..125], b"/usr/lib/libb.so.2\0");
    }
}
