//! As much of HTTP/1.1 as a binary cache needs, strictly: what is odd is refused, not guessed.

use std::io::{self, BufRead, Read as _, Write};

/// The most bytes of the head of a request.
const HEAD_BYTES_MAX: u64 = 16 << 10;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path with the query, as it was sent.
    pub(super) target: String,
    /// The first byte that is wanted.
    pub(super) range_start: Option<u64>,
    /// The version for which the range counts.
    pub(super) if_range: Option<String>,
    /// The size of the body.
    pub(super) body_bytes: Option<u64>,
    /// Whether the body is sent only when it is asked for.
    pub(super) expects_continue: bool,
    /// Whether another request may follow.
    pub(super) keep_alive: bool,
    /// Whether an answer may come in chunks.
    pub(super) takes_chunks: bool,
}

/// Why there is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestError {
    /// The client is gone, or too slow.
    Gone,
    /// It is none, or not one that is answered.
    Bad { status: u16, reason: &'static str },
}

/// Whether a connection can be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Yes,
    No,
}

impl Request {
    /// Reads the head of a request; `None` where the client has no more.
    pub(super) fn read(input: &mut dyn BufRead) -> Result<Option<Self>, RequestError> {
        let mut input = input.take(HEAD_BYTES_MAX);
        let Some(first) = line(&mut input)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(bad("not an HTTP request"));
        };
        let is_old = version == "HTTP/1.0";
        if !is_old && version != "HTTP/1.1" {
            return Err(RequestError::Bad { status: 505, reason: "only HTTP/1.1 is spoken here" });
        }
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the target is not a path"));
        }
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            range_start: None,
            if_range: None,
            body_bytes: None,
            expects_continue: false,
            keep_alive: !is_old,
            takes_chunks: !is_old,
        };
        loop {
            let header = line(&mut input)?.ok_or(bad("the head of the request is cut off"))?;
            if header.is_empty() {
                return Ok(Some(request));
            }
            let (name, value) = header.split_once(':').ok_or(bad("a header has no value"))?;
            request.header(name, value.trim())?;
        }
    }

    fn header(&mut self, name: &str, value: &str) -> Result<(), RequestError> {
        match name.to_ascii_lowercase().as_str() {
            // A name with a space before the colon is read differently by different programs.
            name if name.is_empty() || name.contains([' ', '\t']) => {
                return Err(bad("a header has an odd name"));
            }
            "content-length" => {
                let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                let size = value.parse().ok().filter(|_| is_number);
                let size = size.ok_or(bad("the length is not a number"))?;
                if self.body_bytes.replace(size).is_some_and(|other| other != size) {
                    return Err(bad("there are two lengths"));
                }
            }
            "transfer-encoding" => {
                let reason = "a body needs a Content-Length here";
                return Err(RequestError::Bad { status: 411, reason });
            }
            "expect" if value.eq_ignore_ascii_case("100-continue") => self.expects_continue = true,
            "expect" => {
                return Err(RequestError::Bad { status: 417, reason: "unknown expectation" });
            }
            "connection" => {
                for word in value.split(',').map(str::trim) {
                    if word.eq_ignore_ascii_case("close") {
                        self.keep_alive = false;
                    }
                }
            }
            // Other ranges may be ignored, says RFC 9110.
            "range" => {
                let start = value.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-'));
                self.range_start = start.and_then(|start| start.parse().ok());
            }
            "if-range" => self.if_range = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

fn bad(reason: &'static str) -> RequestError {
    RequestError::Bad { status: 400, reason }
}

/// The next line without its end; `None` where nothing comes any more.
fn line(input: &mut io::Take<&mut dyn BufRead>) -> Result<Option<String>, RequestError> {
    let mut bytes = Vec::new();
    input.read_until(b'\n', &mut bytes).map_err(|_| RequestError::Gone)?;
    if bytes.is_empty() && input.limit() > 0 {
        return Ok(None);
    }
    let Some(line) = bytes.strip_suffix(b"\n") else {
        let reason = "the head of the request is too long, or cut off";
        return Err(RequestError::Bad { status: 431, reason });
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(bad("there is a control character in the head"));
    }
    let text = std::str::from_utf8(line).map_err(|_| bad("the head is not text"))?;
    Ok(Some(text.to_owned()))
}

/// The head of an answer.
pub(super) struct Head<'a> {
    pub(super) status: u16,
    pub(super) content_type: &'a str,
    /// The size of the body; where it is not known, it comes in chunks or up to the end.
    pub(super) size: Option<u64>,
    /// Where the body begins and how many bytes the whole has.
    pub(super) range: Option<(u64, u64)>,
    pub(super) version: Option<&'a str>,
    pub(super) keep: Keep,
}

pub(super) fn write_head(mut out: impl Write, head: &Head<'_>) -> io::Result<()> {
    let mut text = format!("HTTP/1.1 {} {}\r\n", head.status, meaning(head.status));
    let mut header = |name: &str, value: &str| {
        text.extend([name, ": ", value, "\r\n"]);
    };
    header("Content-Type", head.content_type);
    match head.size {
        Some(size) => header("Content-Length", &size.to_string()),
        None if head.keep == Keep::Yes => header("Transfer-Encoding", "chunked"),
        None => {}
    }
    if let Some((start, size)) = head.range {
        header("Content-Range", &format!("bytes {start}-{}/{size}", size.saturating_sub(1)));
    }
    if let Some(version) = head.version {
        header("ETag", version);
        header("Accept-Ranges", "bytes");
    }
    if head.keep == Keep::No {
        header("Connection", "close");
    }
    text.push_str("\r\n");
    out.write_all(text.as_bytes())
}

/// A whole answer of some words.
pub(super) fn write_text(
    mut out: impl Write,
    status: u16,
    words: &str,
    keep: Keep,
) -> io::Result<()> {
    let body = format!("{words}\n");
    let size = Some(body.len() as u64);
    let content_type = "text/plain; charset=utf-8";
    let head = Head { status, content_type, size, range: None, version: None, keep };
    write_head(&mut out, &head)?;
    out.write_all(body.as_bytes())
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        206 => "Partial Content",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        400..=499 => "Bad Request",
        _ => "Internal Server Error",
    }
}

/// Writes a body in chunks.
pub(super) struct Chunks<W> {
    out: W,
}

impl<W: Write> Chunks<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    /// Marks the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"0\r\n\r\n")
    }
}

impl<W: Write> Write for Chunks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An empty chunk would be the end.
        if !bytes.is_empty() {
            let start = format!("{:x}\r\n", bytes.len());
            self.out.write_all(&[start.as_bytes(), bytes, b"\r\n"].concat())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// For fuzzing: no input panics, and no more is read than a head may have.
///
/// # Panics
/// If that does not hold.
pub(super) fn fuzz(data: &[u8]) {
    let mut rest = data;
    loop {
        let before = rest.len();
        let request = Request::read(&mut rest);
        assert!((before - rest.len()) as u64 <= HEAD_BYTES_MAX);
        match request {
            Ok(Some(request)) => assert!(request.target.starts_with('/')),
            Ok(None) | Err(_) => return,
        }
    }
}
