//! `builtin:fetchurl`: one file from the network, as Nix fetches what the bootstrap needs.
//!
//! Whoever runs it checks the hash. Several addresses may be given, of which the first that answers
//! is taken; a download that breaks is gone on with.

use std::fs;
use std::io::{BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use frazil_build::builtin::{BuiltinError, BuiltinTask};
use frazil_model::derivation::DerivationKind;
use frazil_store::fetch::{Client, DownloadOptions, Url};
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::{AttributeProblem, Tools, out, required, variable};

const BUFFER_BYTES: usize = 256 << 10;
/// As much memory as the highest level of xz needs.
const XZ_MEMORY_BYTES_MAX: u64 = 72 << 20;

#[derive(Debug, thiserror::Error)]
#[error("'builtin:fetchurl' must be a fixed-output derivation")]
struct NotFixed;

pub(super) fn build(
    task: &BuiltinTask<'_>,
    tools: &Tools,
    log: &mut dyn FnMut(&[u8]),
) -> Result<(), BuiltinError> {
    if task.derivation.kind()? != DerivationKind::Fixed {
        return Err(NotFixed.into());
    }
    let client = tools.network.client()?;
    let out = out(task)?;
    let flag = |name| Ok::<_, AttributeProblem>(variable(task.derivation, name)? == Some("1"));
    let unpacks = flag("unpack")?;
    let mut failure = None;
    for address in addresses(task)? {
        let url: Url = match address.parse() {
            Ok(url) => url,
            Err(error) => return Err(BuiltinError::from(error)),
        };
        log(format!("fetching {url}\n").as_bytes());
        match fetch(&client, &url, out, unpacks) {
            Ok(()) => {
                if flag("executable")? {
                    fs::set_permissions(out, fs::Permissions::from_mode(0o755))?;
                }
                return Ok(());
            }
            Err(error) => {
                log(format!("{}\n", crate::causes(&*error)).as_bytes());
                failure = Some(error);
                remove(out)?;
            }
        }
    }
    Err(failure.unwrap_or_else(|| AttributeProblem::Missing { name: "url" }.into()))
}

/// `url`, then the words of `urls`, each once.
fn addresses<'d>(task: &BuiltinTask<'d>) -> Result<Vec<&'d str>, BuiltinError> {
    let mut addresses = Vec::new();
    let urls = variable(task.derivation, "urls")?.unwrap_or_default();
    if urls.is_empty() {
        addresses.push(required(task.derivation, "url")?);
    } else {
        addresses.extend(variable(task.derivation, "url")?);
    }
    for address in urls.split_ascii_whitespace() {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

fn fetch(client: &Client, url: &Url, out: &Path, unpacks: bool) -> Result<(), BuiltinError> {
    if !unpacks {
        let options = DownloadOptions { hash: None, bytes_max: u64::MAX };
        client.download(url, out, &options)?;
        return Ok(());
    }
    let body = BufReader::with_capacity(BUFFER_BYTES, client.open(url, u64::MAX)?);
    let nar: Box<dyn Read> = if url.as_str().as_bytes().ends_with(b".xz") {
        let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED)
            .map_err(std::io::Error::from)?;
        Box::new(XzDecoder::new_stream(body, stream))
    } else {
        Box::new(body)
    };
    Ok(frazil_store::read_nar(&mut BufReader::with_capacity(BUFFER_BYTES, nar), out)?)
}

/// Removes what a fetch that failed has left, so that the next one can begin.
fn remove(out: &Path) -> Result<(), BuiltinError> {
    match fs::symlink_metadata(out) {
        Ok(found) if found.is_dir() => Ok(fs::remove_dir_all(out)?),
        Ok(_) => Ok(fs::remove_file(out)?),
        Err(_) => Ok(()),
    }
}
