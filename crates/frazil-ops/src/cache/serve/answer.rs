//! What is answered to a request.

use std::io::{self, BufRead, BufWriter, Write};
use std::net::TcpStream;

use frazil_model::cache_info::CacheInfo;
use frazil_model::narinfo::Compression;
use frazil_model::{Hash, HashFormat, NarInfo};
use frazil_store::cache::{CACHE_INFO, CompressionMethod, Encoder};
use frazil_store::{Kept, PathInfo, StoreError};

use super::http::{self, Chunks, Head, Keep, Request};
use super::{Server, upload};

const BUFFER_BYTES: usize = 64 << 10;
/// So much of a body that is not wanted is read, so that the connection can be used again.
const UNWANTED_BYTES_MAX: u64 = 64 << 10;

/// What was answered.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) reason: Option<String>,
    pub(super) keep: Keep,
}

/// What a request names.
enum Resource {
    CacheInfo(String),
    NarInfo(String),
    /// It stays in the store while it is served.
    Nar(Box<PathInfo>, Kept),
    /// A file that was written, and its size.
    Upload(u64),
}

/// Answers one request. An error is one of the connection, which is of no use any more.
pub(super) fn answer(
    server: &Server,
    request: &Request,
    body: &mut dyn BufRead,
    out: &TcpStream,
    keep: Keep,
) -> io::Result<Answered> {
    match request.method.as_str() {
        "GET" | "HEAD" => {
            let keep = skip_body(request, body, keep)?;
            match find(server, request) {
                Ok(Some(resource)) => give(server, request, &resource, out, keep),
                Ok(None) => tell(out, 404, "not found", request, keep),
                Err(err) => {
                    let answered = tell(out, 500, "the store failed", request, keep)?;
                    Ok(Answered { reason: Some(err.to_string()), ..answered })
                }
            }
        }
        "PUT" => match server.options.writable.as_ref().zip(server.held.as_ref()) {
            None => {
                let keep = skip_body(request, body, keep)?;
                tell(out, 403, "this cache cannot be written", request, keep)
            }
            Some((writable, held)) => {
                let put = upload::Put { server, writable, held, request };
                let (status, reason, is_read) = put.take(body, out)?;
                let keep = if is_read { keep } else { Keep::No };
                tell(out, status, &reason, request, keep)
            }
        },
        _ => {
            let keep = skip_body(request, body, keep)?;
            tell(out, 405, "only GET, HEAD and PUT are understood", request, keep)
        }
    }
}

/// Gets a body that nobody wants out of the way of the next request.
fn skip_body(request: &Request, body: &mut dyn BufRead, keep: Keep) -> io::Result<Keep> {
    let size = request.body_bytes.unwrap_or(0);
    if size == 0 {
        return Ok(keep);
    }
    // A client that waits to be asked for the body will not send it.
    if size > UNWANTED_BYTES_MAX || request.expects_continue {
        return Ok(Keep::No);
    }
    io::copy(&mut io::Read::take(body, size), &mut io::sink())?;
    Ok(keep)
}

fn tell(
    out: &TcpStream,
    status: u16,
    words: &str,
    request: &Request,
    keep: Keep,
) -> io::Result<Answered> {
    if request.method == "HEAD" {
        let content_type = "text/plain; charset=utf-8";
        let size = Some(0);
        let head = Head { status, content_type, size, range: None, version: None, keep };
        http::write_head(out, &head)?;
    } else {
        http::write_text(out, status, words, keep)?;
    }
    let reason = (status >= 400 && status != 404).then(|| words.to_owned());
    Ok(Answered { status, reason, keep })
}

fn find(server: &Server, request: &Request) -> Result<Option<Resource>, StoreError> {
    let store = &server.store;
    let path = request.target.split('?').next().unwrap_or_default();
    let Some(name) = path.strip_prefix('/') else { return Ok(None) };
    if name == CACHE_INFO {
        let info = CacheInfo {
            store_dir: store.store_dir().clone(),
            want_mass_query: true,
            priority: Some(server.options.priority),
        };
        return Ok(Some(Resource::CacheInfo(info.to_string())));
    }
    if let Some(digest) = name.strip_suffix(".narinfo") {
        let Some(path) = store.path_of_digest(digest)? else { return Ok(None) };
        let info = store.path_info(&path)?;
        return Ok(info.map(|info| Resource::NarInfo(narinfo(server, &info))));
    }
    let Some(file) = name.strip_prefix("nar/") else { return Ok(None) };
    if let Some((digest, _)) = file.split_once('-')
        && let Some(path) = store.path_of_digest(digest)?
    {
        let kept = store.hold([&path])?;
        if let Some(info) = store.path_info(&path)?
            && file == nar_name(server, &info)
        {
            return Ok(Some(Resource::Nar(Box::new(info), kept)));
        }
    }
    Ok(server.held.as_ref().and_then(|held| held.size(file)).map(Resource::Upload))
}

/// Says which path it is and which contents, so that no proxy confuses two.
fn nar_name(server: &Server, info: &PathInfo) -> String {
    let hash = Hash::from(info.nar.hash).format(HashFormat::Nix32);
    let extension = server.options.encoder.method.extension();
    format!("{}-{hash}.nar{extension}", info.path.digest())
}

fn narinfo(server: &Server, info: &PathInfo) -> String {
    let compression = server.options.encoder.method.in_narinfo();
    let is_plain = compression == Compression::None;
    let mut narinfo = NarInfo {
        path: info.path.clone(),
        url: format!("nar/{}", nar_name(server, info)),
        compression,
        file_hash: is_plain.then(|| info.nar.hash.into()),
        file_size: is_plain.then_some(info.nar.size),
        nar: info.nar,
        references: info.references.clone(),
        deriver: info.deriver.clone(),
        signatures: info.signatures.clone(),
        content_address: info.content_address,
    };
    let store_dir = server.store.store_dir();
    for key in &server.options.keys {
        narinfo.sign(store_dir, key);
    }
    narinfo.display(store_dir).to_string()
}

fn give(
    server: &Server,
    request: &Request,
    resource: &Resource,
    out: &TcpStream,
    keep: Keep,
) -> io::Result<Answered> {
    let (content_type, text) = match resource {
        Resource::CacheInfo(text) => ("text/x-nix-cache-info", text),
        Resource::NarInfo(text) => ("text/x-nix-narinfo", text),
        Resource::Nar(info, _kept) => return give_nar(server, request, info, out, keep),
        Resource::Upload(size) => {
            let size = Some(*size);
            let content_type = "application/x-nix-nar";
            let head = Head { status: 200, content_type, size, range: None, version: None, keep };
            // Only whether it is there is of use, and to nobody but who writes.
            if request.method != "HEAD" {
                return tell(out, 404, "not found", request, keep);
            }
            http::write_head(out, &head)?;
            return Ok(Answered { status: 200, reason: None, keep });
        }
    };
    let size = Some(text.len() as u64);
    let head = Head { status: 200, content_type, size, range: None, version: None, keep };
    let mut out = BufWriter::new(out);
    http::write_head(&mut out, &head)?;
    if request.method != "HEAD" {
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(Answered { status: 200, reason: None, keep })
}

fn give_nar(
    server: &Server,
    request: &Request,
    info: &PathInfo,
    out: &TcpStream,
    keep: Keep,
) -> io::Result<Answered> {
    let is_plain = server.options.encoder.method == CompressionMethod::None;
    let size = info.nar.size;
    let version = format!("\"{}\"", Hash::from(info.nar.hash).format(HashFormat::Nix32));
    let is_same = request.if_range.as_ref().is_none_or(|wanted| *wanted == version);
    let start = request.range_start.filter(|start| is_plain && is_same && *start > 0);
    if start.is_some_and(|start| start >= size) {
        return tell(out, 416, "there are not so many bytes", request, keep);
    }
    // A client that takes no chunks has to see the end of the connection.
    let keep = if is_plain || request.takes_chunks { keep } else { Keep::No };
    let status = if start.is_some() { 206 } else { 200 };
    let head = Head {
        status,
        content_type: "application/x-nix-nar",
        size: is_plain.then_some(size - start.unwrap_or(0)),
        range: start.map(|start| (start, size)),
        version: is_plain.then_some(version.as_str()),
        keep,
    };
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    http::write_head(&mut out, &head)?;
    if request.method != "HEAD" {
        if is_plain {
            let mut rest = Skip { left: start.unwrap_or(0), out: &mut out };
            write_nar(server, info, &mut rest)?;
        } else if keep == Keep::Yes {
            let chunks = BufWriter::with_capacity(BUFFER_BYTES, Chunks::new(&mut out));
            let mut encoder = Encoder::new(chunks, server.options.encoder)?;
            write_nar(server, info, &mut encoder)?;
            let chunks = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            chunks.finish()?;
        } else {
            let mut encoder = Encoder::new(&mut out, server.options.encoder)?;
            write_nar(server, info, &mut encoder)?;
            encoder.finish()?;
        }
    }
    out.flush()?;
    Ok(Answered { status, reason: None, keep })
}

/// An error ends the connection, by which the client sees that the NAR is not whole.
fn write_nar(server: &Server, info: &PathInfo, out: &mut dyn Write) -> io::Result<()> {
    server.store.write_nar(&info.path, out).map_err(io::Error::other)
}

/// Leaves out the first bytes.
struct Skip<W> {
    left: u64,
    out: W,
}

impl<W: Write> Write for Skip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= skipped as u64;
        self.out.write_all(bytes.get(skipped..).unwrap_or_default())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
