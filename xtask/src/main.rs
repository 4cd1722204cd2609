//! Chores of this repository that are not part of the product: `cargo xtask tidy`.

mod tidy;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut err = std::io::stderr().lock();
    let mut args = std::env::args().skip(1);
    let written = match (args.next().as_deref(), args.next()) {
        (Some("tidy"), None) => {
            let complaints = tidy::check(repository());
            let done =
                complaints.iter().try_for_each(|complaint| writeln!(err, "tidy: {complaint}"));
            if complaints.is_empty() {
                return ExitCode::SUCCESS;
            }
            done
        }
        _ => writeln!(err, "usage: cargo xtask tidy"),
    };
    // Nobody left to read stderr: the exit code alone has to say it.
    drop(written);
    ExitCode::FAILURE
}

/// The root of the repository: the parent of this package.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}
