//! `builtin:closure-info`: what some store paths need, all of it, as `nix-store --load-db` reads it.
//!
//! The graph comes with the attributes, under the name `closure` of `exportReferencesGraph`. With
//! `onlyPaths` the output is a file with a path in each line; otherwise it is a directory with that
//! as `store-paths`, with `registration` and with `total-nar-size`.

use std::fmt::Write as _;
use std::fs;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_model::{Hash, HashAlgorithm, HashFormat};
use serde_json::Value;

use super::{AttributeProblem, Tools, out, structured};

/// One path of the graph.
struct Member<'v> {
    path: &'v str,
    nar_hash: String,
    nar_size: u64,
    references: Vec<&'v str>,
}

pub(super) fn build(
    task: &BuiltinTask<'_>,
    _tools: &Tools,
    _log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let attributes = structured(task)?;
    let wrong = || AttributeProblem::Wrong { name: "closure", wanted: "a graph of references" };
    let graph = attributes.get("closure").and_then(Value::as_array).ok_or_else(wrong)?;
    let mut members = graph.iter().map(member).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    members.sort_by_key(|member| member.path);
    let mut paths = String::new();
    let mut registration = String::new();
    let mut size_bytes = 0;
    for member in &members {
        writeln!(paths, "{}", member.path)?;
        write!(registration, "{}\n{}\n{}\n", member.path, member.nar_hash, member.nar_size)?;
        // No deriver; then how many references, and which.
        write!(registration, "\n{}\n", member.references.len())?;
        for reference in &member.references {
            writeln!(registration, "{reference}")?;
        }
        size_bytes += member.nar_size;
    }
    let out = out(task)?;
    if attributes.get("onlyPaths") == Some(&Value::Bool(true)) {
        return Ok(fs::write(out, paths)?);
    }
    fs::create_dir(out)?;
    fs::write(out.join("store-paths"), paths)?;
    fs::write(out.join("registration"), registration)?;
    fs::write(out.join("total-nar-size"), format!("{size_bytes}\n"))?;
    Ok(())
}

fn member(value: &Value) -> Option<Member<'_>> {
    let hash = value.get("narHash")?.as_str()?;
    let hash = Hash::parse_any(hash.as_bytes(), Some(HashAlgorithm::Sha256)).ok()?;
    let mut references: Vec<&str> =
        value.get("references")?.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    references.sort_unstable();
    Some(Member {
        path: value.get("path")?.as_str()?,
        nar_hash: hash.format(HashFormat::Base16),
        nar_size: value.get("narSize")?.as_u64()?,
        references,
    })
}
