//! The system calls that a builder may not make, as a program for the kernel's filter.
//!
//! As with Nix these are few, because the namespaces do the work: no file may become setuid or
//! setgid, and there are no extended attributes, which a store cannot hold. The calls of 32-bit
//! programs are filtered too. Invariant: an architecture that is not in the table may call nothing.

/// The bits of a mode that let a program run as somebody else.
const SETID_BITS: u32 = 0o6000;
/// Where the number, the architecture and the arguments lie in what a filter looks at.
const NUMBER_OFFSET: u32 = 0;
const ARCH_OFFSET: u32 = 4;
const ARGUMENTS_OFFSET: u32 = 16;
const ARGUMENT_BYTES: u32 = 8;
/// Marks the calls of programs with 32-bit pointers on x86-64; below it the numbers are the same.
const X32_BIT: u32 = 0x4000_0000;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

/// The numbers of the filtered calls on one architecture.
struct Architecture {
    /// What the kernel calls it (`AUDIT_ARCH_*`).
    id: u32,
    /// Calls that set a mode, and which argument it is.
    chmods: &'static [(u32, u32)],
    /// Calls that read or write extended attributes.
    attributes: &'static [u32],
}

const ARCHITECTURES: &[Architecture] = &[
    // x86-64: chmod fchmod fchmodat fchmodat2
    Architecture {
        id: 0xC000_003E,
        chmods: &[(90, 1), (91, 1), (268, 2), (452, 2)],
        attributes: &[188, 189, 190, 191, 192, 193, 463, 464],
    },
    // i386: chmod fchmod fchmodat fchmodat2
    Architecture {
        id: 0x4000_0003,
        chmods: &[(15, 1), (94, 1), (306, 2), (452, 2)],
        attributes: &[226, 227, 228, 229, 230, 231, 463, 464],
    },
    // aarch64: fchmod fchmodat fchmodat2
    Architecture {
        id: 0xC000_00B7,
        chmods: &[(52, 1), (53, 2), (452, 2)],
        attributes: &[5, 6, 7, 8, 9, 10, 463, 464],
    },
    // arm: chmod fchmod fchmodat fchmodat2
    Architecture {
        id: 0x4000_0028,
        chmods: &[(15, 1), (94, 1), (333, 2), (452, 2)],
        attributes: &[226, 227, 228, 229, 230, 231, 463, 464],
    },
];

/// The program: for each architecture its rules, each of which answers or falls through.
pub(super) fn program() -> Vec<libc::sock_filter> {
    let allow = answer(libc::SECCOMP_RET_ALLOW);
    let refuse = |errno: i32| answer(libc::SECCOMP_RET_ERRNO | errno.cast_unsigned());
    let mut program = vec![load(ARCH_OFFSET)];
    for architecture in ARCHITECTURES {
        let mut rules = vec![load(NUMBER_OFFSET), instruction(AND, !X32_BIT, 0, 0)];
        for &call in architecture.attributes {
            rules.extend([unless_skip(JUMP_IF_EQUAL, call, 1), refuse(libc::ENOTSUP)]);
        }
        for &(call, argument) in architecture.chmods {
            rules.extend([
                unless_skip(JUMP_IF_EQUAL, call, 4),
                load(ARGUMENTS_OFFSET + argument * ARGUMENT_BYTES),
                unless_skip(JUMP_IF_ANY_BIT, SETID_BITS, 1),
                refuse(libc::EPERM),
                allow,
            ]);
        }
        rules.push(allow);
        program.push(unless_skip(JUMP_IF_EQUAL, architecture.id, rules.len() as u8));
        program.extend(rules);
    }
    program.push(refuse(libc::EPERM));
    program
}

/// A program that has the kernel ask about some calls of one architecture, and allows all others.
pub(super) fn asking(architecture: u32, calls: &[u32]) -> Vec<libc::sock_filter> {
    let allow = answer(libc::SECCOMP_RET_ALLOW);
    let mut rules = vec![load(NUMBER_OFFSET)];
    for &call in calls {
        rules.extend([unless_skip(JUMP_IF_EQUAL, call, 1), answer(libc::SECCOMP_RET_USER_NOTIF)]);
    }
    let mut program = vec![load(ARCH_OFFSET)];
    program.push(unless_skip(JUMP_IF_EQUAL, architecture, rules.len() as u8));
    program.extend(rules);
    program.push(allow);
    program
}

/// Goes on if the condition holds for `value`, otherwise skips the next instructions.
fn unless_skip(condition: u16, value: u32, skipped: u8) -> libc::sock_filter {
    instruction(condition, value, 0, skipped)
}

fn load(offset: u32) -> libc::sock_filter {
    instruction(LOAD, offset, 0, 0)
}

fn answer(value: u32) -> libc::sock_filter {
    instruction(RETURN, value, 0, 0)
}

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::{
        AND, ARCH_OFFSET, JUMP_IF_ANY_BIT, JUMP_IF_EQUAL, LOAD, NUMBER_OFFSET, RETURN, program,
    };

    /// What the kernel would answer.
    fn run(arch: u32, number: u32, arguments: [u32; 3]) -> u32 {
        let program = program();
        let (mut accumulator, mut at) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    accumulator = match step.k {
                        NUMBER_OFFSET => number,
                        ARCH_OFFSET => arch,
                        offset => arguments[(offset as usize - 16) / 8],
                    }
                }
                AND => accumulator &= step.k,
                JUMP_IF_EQUAL => at += jump(accumulator == step.k),
                JUMP_IF_ANY_BIT => at += jump(accumulator & step.k != 0),
                RETURN => return step.k,
                code => panic!("{code}"),
            }
        }
    }

    #[test]
    fn answers() {
        const X86_64: u32 = 0xC000_003E;
        const I386: u32 = 0x4000_0003;
        const EPERM: u32 = 0x0005_0001;
        const ENOTSUP: u32 = 0x0005_005F;
        const ALLOW: u32 = 0x7FFF_0000;
        assert_eq!(run(X86_64, 90, [0, 0o755, 0]), ALLOW);
        assert_eq!(run(X86_64, 90, [0, 0o4755, 0]), EPERM);
        assert_eq!(run(X86_64, 90, [0, 0o1755, 0]), ALLOW);
        assert_eq!(run(X86_64, 91, [0, 0o2755, 0]), EPERM);
        assert_eq!(run(X86_64, 268, [0, 0o4755, 0o755]), ALLOW);
        assert_eq!(run(X86_64, 268, [0, 0, 0o4755]), EPERM);
        assert_eq!(run(X86_64, 452 + 0x4000_0000, [0, 0, 0o6755]), EPERM);
        assert_eq!(run(X86_64, 188, [0; 3]), ENOTSUP);
        assert_eq!(run(X86_64, 15, [0, 0o4755, 0]), ALLOW);
        assert_eq!(run(I386, 15, [0, 0o4755, 0]), EPERM);
        assert_eq!(run(I386, 90, [0, 0o4755, 0]), ALLOW);
        assert_eq!(run(0xC000_00B7, 53, [0, 0, 0o4755]), EPERM);
        assert_eq!(run(0xC000_00F3, 0, [0; 3]), EPERM);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn numbers() {
        let of = |call: libc::c_long| u32::try_from(call).unwrap();
        let table = &super::ARCHITECTURES[0];
        let chmods = [libc::SYS_chmod, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchmodat2];
        assert!(table.chmods.iter().map(|(call, _)| *call).eq(chmods.map(of)));
        assert_eq!(table.attributes[0], of(libc::SYS_setxattr));
        assert_eq!(table.attributes[5], of(libc::SYS_fgetxattr));
    }
}
