//! `builtin:oci-image` and `builtin:image-stream`: a linked system becomes an image, or a program
//! that writes one.
//!
//! Both take the system as `toplevel`. An image is one archive that is an OCI layout and what
//! `docker load` takes, or with `format = "layout"` a directory.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_model::StorePath;

use super::{AttributeProblem, Tools, out, required, variable};
use crate::image::output::Format;
use crate::image::{Image, ImageOptions, Located, Scratch, System};

const TOPLEVEL: &str = "toplevel";

pub(super) fn build(
    task: &BuiltinTask<'_>,
    tools: &Tools,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let (_, place) = toplevel(task)?;
    let out = out(task)?;
    let format = match variable(task.derivation, "format")? {
        None | Some("archive") => Format::LayoutArchive,
        Some("layout") => Format::Layout,
        Some("docker") => Format::Docker,
        Some(_) => {
            let wanted = "`archive`, `layout` or `docker`";
            return Err(AttributeProblem::Wrong { name: "format", wanted }.into());
        }
    };
    let locate = |path: &str| {
        let path = task.store.parse(path.as_bytes()).ok()?;
        Some(Located::at(task.inputs.get(&path)?.clone()))
    };
    let mut system = System::open(&place, &locate)?;
    if let Some(tag) = variable(task.derivation, "tag")? {
        tag.clone_into(&mut system.presentation.tag);
    }
    let scratch = Scratch::new(out.parent().unwrap_or(out))?;
    let cache = tools.cache.clone();
    let options = ImageOptions { cache, ..ImageOptions::default() };
    let image = Image::encode(&system, &options, scratch.path(), &|_| {})?;
    image.write(format, out)?;
    let (layers, bytes) = (image.layers().count(), image.blob_bytes());
    log(format!("{layers} layers, {bytes} bytes\n").as_bytes());
    Ok(())
}

/// It works wherever its store is: it finds the system beside itself, and the units beside that.
const STREAM: &str = r#"#!/bin/sh
# Writes the image to standard output, as `docker load` takes it.
set -eu
store=$(dirname "$(readlink -f "$0")")
frazil=${FRAZIL:-frazil}
command -v "$frazil" > /dev/null || {
    echo "error: there is no $frazil; add its directory to PATH, or set FRAZIL to its place" >&2
    exit 127
}
exec "$frazil" image docker "$store/SYSTEM" --output - TAG "$@"
"#;

/// A script that streams the image of a system.
pub(super) fn stream(
    task: &BuiltinTask<'_>,
    _tools: &Tools,
    _log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    let (path, _) = toplevel(task)?;
    let out = out(task)?;
    let tag = variable(task.derivation, "tag")?.map(|tag| format!(" --tag '{tag}'"));
    let tag = tag.unwrap_or_default();
    let script = STREAM.replace("SYSTEM", path.as_str()).replace(" TAG", &tag);
    fs::write(out, script)?;
    fs::set_permissions(out, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn toplevel(task: &BuiltinTask<'_>) -> Result<(StorePath, PathBuf), BuiltinError> {
    let text = required(task.derivation, TOPLEVEL)?;
    let wrong = || AttributeProblem::Wrong { name: TOPLEVEL, wanted: "a linked system" };
    let path = task.store.parse(text.as_bytes()).map_err(|_| wrong())?;
    let place = task.inputs.get(&path).ok_or_else(wrong)?;
    Ok((path, Path::new(place).to_owned()))
}
