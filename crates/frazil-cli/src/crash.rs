//! What happens when the program itself is wrong: say so, ask for a report, and end with 70.

use std::io::Write;
use std::panic::PanicHookInfo;

/// `EX_SOFTWARE` of `sysexits.h`.
const STATUS: i32 = 70;
/// A message may quote a value of any size.
const MESSAGE_CHARS_MAX: usize = 1000;

/// Makes every panic end the process with a request for a report.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = report(panic);
        // Without stderr there is nobody to tell; the status still says it.
        drop(std::io::stderr().write_all(text.as_bytes()));
        #[expect(
            clippy::exit,
            reason = "a panic must not end with a status that means something else"
        )]
        std::process::exit(STATUS)
    }));
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let message: String =
        panic.payload_as_str().unwrap_or("no message").chars().take(MESSAGE_CHARS_MAX).collect();
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "error: internal error: {message}\n  at {place}\n\n\
         help: this is a bug in frazil {version}; please report it with the command and its input\n"
    )
}
