//! Compiles a table of services into a plan, and writes the program that runs it.
//!
//! `plan TABLE.json PLAN [PROGRAM]`: what the builder of an image does, for the benchmark and for
//! trying things out.

use std::path::PathBuf;

use frazil_init::plan::compile;
use frazil_init::table::Table;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(table), Some(plan)) = (arguments.next(), arguments.next()) else {
        return Err("usage: plan TABLE.json PLAN [PROGRAM]".into());
    };
    let table = Table::from_json(&std::fs::read(table)?)?;
    std::fs::write(plan, compile(&table)?)?;
    if let Some(program) = arguments.next() {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&program, frazil_init::PROGRAM)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
