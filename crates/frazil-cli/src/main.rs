//! The binary `frazil`: arguments in, text and an exit status out.
//!
//! The only crate that reads the environment, prints, and decides how a process ends; what is
//! done happens in `frazil-ops`.

mod command_error;
mod commands;
mod crash;
mod environment;
mod evaluation;
mod progress;
mod realising;
mod network;
mod render;
mod screen;
mod settings;
mod store_access;

use std::process::ExitCode;

fn main() -> ExitCode {
    crash::report_panics();
    // Everything runs on the large stack, since diagnostics do not leave their thread.
    ExitCode::from(frazil_eval::with_large_stack(|| commands::run(std::env::args_os().collect())))
}
