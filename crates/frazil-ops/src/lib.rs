//! What a user can ask for, one function each: the layer between the crates that do the work and
//! the command line that shows it.
//!
//! Nothing here prints, exits, or reads the environment: what an operation needs to know of the
//! outside arrives in its plan or in its host.

pub mod build;
pub mod builtins;
pub mod cache;
pub mod check;
pub mod control;
pub mod debian;
pub mod eval;
pub mod flake;
pub mod host;
pub mod image;
mod inputs;
pub mod network;
pub mod option;
pub mod path;
pub mod realise;
pub mod repl;
pub mod run;
pub mod store;
pub mod system;

use std::error::Error;

/// An error and its causes in one line, as it is shown.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some errors say what their cause says.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
