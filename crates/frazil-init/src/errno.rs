//! Names of error numbers, for messages.

use crate::sys::Errno;

/// The ones that starting, mounting and connecting can meet.
const NAMES: &[(i32, &str)] = &[
    (1, "not permitted"),
    (2, "not found"),
    (3, "no such process"),
    (5, "input/output error"),
    (6, "no such device or address"),
    (7, "too big"),
    (8, "not an executable"),
    (9, "not open"),
    (11, "temporarily unavailable"),
    (12, "out of memory"),
    (13, "permission denied"),
    (16, "busy"),
    (17, "already there"),
    (19, "no such device"),
    (20, "not a directory"),
    (21, "is a directory"),
    (22, "not valid"),
    (23, "too many open files in the system"),
    (24, "too many open files"),
    (26, "the program is being written"),
    (28, "no space left"),
    (30, "read-only file system"),
    (36, "name too long"),
    (38, "the kernel cannot do that"),
    (40, "too many links"),
    (95, "not supported"),
    (101, "network unreachable"),
    (104, "connection reset"),
    (110, "timed out"),
    (111, "connection refused"),
    (113, "no route"),
    (115, "in progress"),
];

/// What an error means; numbers that are not listed are rare enough to look up.
pub(crate) fn name(error: Errno) -> &'static [u8] {
    let found = NAMES.iter().find(|(number, _)| *number == error.0);
    found.map_or(b"failed", |(_, name)| name.as_bytes())
}
