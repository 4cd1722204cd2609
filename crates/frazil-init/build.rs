//! Builds the program that becomes PID 1, so that the library can hand out its bytes.
//!
//! The program is this crate once more, without std and libc: `--cfg standalone` selects that
//! half. It is compiled by rustc directly, because it needs flags (no start files, static, size)
//! that neither a profile nor a feature can give to a single binary of a workspace, and so that
//! every way of building the workspace embeds the very same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

type Failure = Box<dyn std::error::Error>;

/// Flags of both halves: small, and without anything of this machine inside.
const FLAGS: &[&str] = &[
    "--edition=2024",
    "--cfg=standalone",
    "--cap-lints=allow",
    "-Copt-level=z",
    "-Cpanic=abort",
    "-Ccodegen-units=1",
    "-Cembed-bitcode=yes",
    "-Crelocation-model=static",
    "-Cforce-unwind-tables=no",
];
/// Flags of the link: nothing but our own code, and no traces of how it was made.
const LINK: &[&str] = &[
    "-Clto=fat",
    "-Cstrip=symbols",
    "-Ctarget-feature=+crt-static",
    "-Clink-arg=-nostartfiles",
    "-Clink-arg=-nostdlib",
    "-Clink-arg=-static",
    "-Clink-arg=-Wl,--build-id=none",
    "-Clink-arg=-Wl,-z,noseparate-code",
    "-Clink-arg=-Wl,-z,norelro",
    "-Clink-arg=-Wl,--no-eh-frame-hdr",
    "-Clink-arg=-Wl,--hash-style=gnu",
];

/// Tables for unwinding come along from `core`; nothing here unwinds, and they are a fifth of the
/// program.
const LINKER_SCRIPT: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.comment) } } INSERT AFTER .rodata;\n";

fn main() -> Result<(), Failure> {
    for line in ["rerun-if-changed=src", "rerun-if-changed=build.rs"] {
        write_line(line)?;
    }
    write_line("rustc-check-cfg=cfg(standalone)")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    let library = out.join("libfrazil_init.rlib");
    compile(&["--crate-type=rlib", "--crate-name=frazil_init", "src/lib.rs"], &library)?;
    let external = format!("--extern=frazil_init={}", library.display());
    let mut arguments = vec!["--crate-type=bin", "--crate-name=init", "src/main.rs", &external];
    let script = out.join("discard.ld");
    std::fs::write(&script, LINKER_SCRIPT)?;
    let script = format!("-Clink-arg=-Wl,-T,{}", script.display());
    arguments.extend_from_slice(LINK);
    arguments.push(&script);
    compile(&arguments, &out.join("frazil-init"))
}

fn compile(arguments: &[&str], output: &Path) -> Result<(), Failure> {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(FLAGS).args(arguments).arg("-o").arg(output);
    command.arg(format!("--target={}", env::var("TARGET")?));
    // The path of the sources must not be in the program: same sources, same bytes.
    command.arg(format!("--remap-path-prefix={}=frazil-init", env::var("CARGO_MANIFEST_DIR")?));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        command.arg("-C").arg(format!("linker={}", linker.to_string_lossy()));
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

/// A directive for cargo.
fn write_line(directive: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "cargo::{directive}")
}
