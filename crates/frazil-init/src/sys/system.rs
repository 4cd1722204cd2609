//! The machine: mounts, modules, swap, its name, its end. VM mode only.

use core::ffi::CStr;

use super::{Fd, Result, arch, plain, syscall};

pub(crate) fn mount(
    source: &CStr,
    target: &CStr,
    kind: &CStr,
    flags: u32,
    options: &CStr,
) -> Result<()> {
    let [source, target, kind, options] =
        [source, target, kind, options].map(|c| c.as_ptr() as usize);
    // SAFETY: all are C strings.
    unsafe { syscall(arch::MOUNT, [source, target, kind, flags as usize, options]) }.map(drop)
}

/// Unmounts; `lazily` also what is still in use.
pub(crate) fn unmount(target: &CStr, lazily: bool) -> Result<()> {
    let flags = if lazily { 2 } else { 0 };
    // SAFETY: a C string.
    unsafe { syscall(arch::UMOUNT2, [target.as_ptr() as usize, flags]) }.map(drop)
}

/// Loads a module, compressed or not: the kernel unpacks it (`MODULE_INIT_COMPRESSED_FILE`).
pub(crate) fn load_module(fd: Fd, parameters: &CStr, compressed: bool) -> Result<()> {
    let flags = if compressed { 4 } else { 0 };
    // SAFETY: a C string.
    unsafe { syscall(arch::FINIT_MODULE, [fd.raw(), parameters.as_ptr() as usize, flags]) }
        .map(drop)
}

pub(crate) fn swap_on(path: &CStr) -> Result<()> {
    // SAFETY: a C string.
    unsafe { syscall(arch::SWAPON, [path.as_ptr() as usize, 0]) }.map(drop)
}

pub(crate) fn swap_off(path: &CStr) -> Result<()> {
    // SAFETY: a C string.
    unsafe { syscall(arch::SWAPOFF, [path.as_ptr() as usize]) }.map(drop)
}

pub(crate) fn set_host_name(name: &[u8]) -> Result<()> {
    // SAFETY: the kernel reads `len` bytes.
    unsafe { syscall(arch::SETHOSTNAME, [name.as_ptr() as usize, name.len()]) }.map(drop)
}

/// Writes all file systems to their disks.
pub(crate) fn sync() {
    let _always = plain(arch::SYNC, []);
}

/// What to do with the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Off,
    Reboot,
    Halt,
    /// The three keys send a signal to PID 1 instead of resetting the machine.
    KeysSignal,
}

pub(crate) fn power(what: Power) -> Result<()> {
    let command = match what {
        Power::Off => 0x4321_fedc,
        Power::Reboot => 0x0123_4567,
        Power::Halt => 0xcdef_0123,
        Power::KeysSignal => 0,
    };
    plain(arch::REBOOT, [0xfee1_dead, 0x2812_1969, command, 0]).map(drop)
}

/// Random bytes from the kernel, without waiting for it to have gathered enough.
pub(crate) fn random(buffer: &mut [u8]) -> Result<usize> {
    // GRND_NONBLOCK. SAFETY: the kernel writes at most `len` bytes.
    unsafe { syscall(arch::GETRANDOM, [buffer.as_mut_ptr() as usize, buffer.len(), 1]) }
}

/// Credits bytes to the kernel's pool of randomness (`RNDADDENTROPY`).
pub(crate) fn add_randomness(fd: Fd, seed: &[u8; 256]) -> Result<()> {
    #[repr(C)]
    struct Pool {
        bits: i32,
        bytes: i32,
        seed: [u8; 256],
    }
    let pool = Pool { bits: 8 * 256, bytes: 256, seed: *seed };
    // SAFETY: the kernel reads the counts and as many bytes as they say.
    unsafe { syscall(arch::IOCTL, [fd.raw(), 0x4008_5203, &raw const pool as usize]) }.map(drop)
}

/// The number of a network interface.
pub(crate) fn interface(socket: Fd, name: &[u8]) -> Result<u32> {
    request(socket, 0x8933, name)
        .map(|value| u32::from_ne_bytes([value[0], value[1], value[2], value[3]]))
}

/// The Ethernet address of a network interface.
pub(crate) fn hardware_address(socket: Fd, name: &[u8]) -> Result<[u8; 6]> {
    let value = request(socket, 0x8927, name)?;
    // The family comes first.
    Ok([value[2], value[3], value[4], value[5], value[6], value[7]])
}

fn request(socket: Fd, number: usize, name: &[u8]) -> Result<[u8; 24]> {
    #[repr(C)]
    struct Request {
        name: [u8; 16],
        value: [u8; 24],
    }
    let mut request = Request { name: [0; 16], value: [0; 24] };
    // The last byte stays 0.
    for (place, byte) in request.name.iter_mut().take(15).zip(name) {
        *place = *byte;
    }
    // SAFETY: these requests read and write one ifreq, 40 bytes.
    unsafe { syscall(arch::IOCTL, [socket.raw(), number, &raw mut request as usize]) }?;
    Ok(request.value)
}
