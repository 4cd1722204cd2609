//! Chores of this repository that are not part of the product: `cargo xtask demo`, `test`
//! and `tidy`.

mod demo;
mod kernel;
mod peers;
mod tidy;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut err = io::stderr().lock();
    let mut args = std::env::args().skip(1);
    let succeeded = match (args.next().as_deref(), args.next()) {
        (Some("tidy"), None) => tidy(&mut err),
        (Some("demo"), None) => demo::run(repository(), &mut err),
        (Some("test"), None) => test(&mut err),
        _ => writeln!(err, "usage: cargo xtask demo | test | tidy").map(|()| false),
    };
    if let Err(error) = &succeeded {
        drop(writeln!(err, "xtask: {error}"));
    }
    // Nobody left to read stderr: the exit code alone has to say it.
    if succeeded.unwrap_or(false) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks the rules of the repository that no compiler checks.
fn tidy(err: &mut impl Write) -> io::Result<bool> {
    let complaints = tidy::check(repository());
    complaints.iter().try_for_each(|complaint| writeln!(err, "tidy: {complaint}"))?;
    Ok(complaints.is_empty())
}

/// Gets the peers and runs all tests.
fn test(err: &mut impl Write) -> io::Result<bool> {
    peers::install(repository(), err)?;
    peers::test(repository(), err).map(|status| status.success())
}

/// The root of the repository: the parent of this package.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}
