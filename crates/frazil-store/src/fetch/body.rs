//! The contents of a resource, read as they come; a connection that breaks is made again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom};

use super::error::{FetchError, FetchProblem};
use super::{COPY_BYTES, Client, Scheme, Url, checked};
use crate::fs::IoError;

/// What a server says about a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentInfo {
    /// How many bytes the whole has.
    pub size: Option<u64>,
    /// What it is said to be: `text/html`.
    pub content_type: Option<String>,
    /// What changes when the contents do: a strong entity tag, or else the time of change.
    pub version: Option<String>,
}

impl ContentInfo {
    pub(super) fn of_response<T>(response: &ureq::http::Response<T>) -> Self {
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        };
        let tag = header("etag").filter(|tag| !tag.starts_with("W/"));
        Self {
            size: header("content-length").and_then(|size| size.parse().ok()),
            content_type: header("content-type"),
            version: tag.or_else(|| header("last-modified")),
        }
    }

    /// Whether this is a page for people: what a portal or a wrong address gives for everything.
    pub fn is_page(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default();
        kind.to_ascii_lowercase().starts_with("text/html")
    }
}

/// The contents of a resource. Reading gives [`FetchError`]s, wrapped; see [`FetchError::of_io`].
pub struct Body {
    client: Client,
    url: Url,
    /// Sent with each request; none stands for what the client knows of the host.
    headers: Vec<(String, String)>,
    info: ContentInfo,
    reader: Box<dyn Read + Send>,
    /// Where in the resource the next byte stands.
    position: u64,
    bytes_max: u64,
    failures: u32,
}

impl Body {
    /// Opens a resource at an offset. Where the server gives it from the start, [`Body::position`]
    /// is 0.
    pub(super) fn open(
        client: &Client,
        url: &Url,
        headers: &[(&str, &str)],
        offset: u64,
        bytes_max: u64,
    ) -> Result<Self, FetchError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut body = Self {
            client: client.clone(),
            url: url.clone(),
            headers: headers.iter().map(owned).collect(),
            info: ContentInfo::default(),
            reader: Box::new(io::empty()),
            position: offset,
            bytes_max,
            failures: 0,
        };
        client.retried(|| {
            (body.reader, body.info, body.position) = body.connect(offset)?;
            Ok(())
        })?;
        body.check_size(body.info.size.unwrap_or(0))?;
        Ok(body)
    }

    /// What the server says about it.
    pub fn info(&self) -> &ContentInfo {
        &self.info
    }

    /// Where in the resource the next byte stands.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Passes on all that is left, and says how much there is.
    pub(super) fn copy_to(
        &mut self,
        put: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        let mut buffer = vec![0; COPY_BYTES];
        loop {
            let len = self.fill(&mut buffer)?;
            match buffer.get(..len) {
                None | Some([]) => return Ok(()),
                Some(bytes) => put(bytes)?,
            }
        }
    }

    /// Reads some bytes; none at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, FetchError> {
        loop {
            self.check_stopped()?;
            let err = match self.reader.read(buffer) {
                Ok(0) if buffer.is_empty() || self.is_whole() => return Ok(0),
                Ok(0) => self.truncated(),
                Ok(len) => {
                    self.check_size(self.position + len as u64)?;
                    self.position += len as u64;
                    return Ok(len);
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => match FetchError::of_read(&self.url, err) {
                    err if matches!(&err.problem, FetchProblem::Connection { source }
                        if source.kind() == io::ErrorKind::UnexpectedEof)
                        && self.info.size.is_some() =>
                    {
                        self.truncated()
                    }
                    err => err,
                },
            };
            self.resume(err)?;
        }
    }

    fn check_stopped(&self) -> Result<(), FetchError> {
        if (self.client.options().is_stopped)() {
            return Err(FetchError::new(&self.url, FetchProblem::Stopped));
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.info.size.is_none_or(|size| self.position >= size)
    }

    fn truncated(&self) -> FetchError {
        let expected = self.info.size.unwrap_or(self.position);
        FetchError::new(&self.url, FetchProblem::Truncated { got: self.position, expected })
    }

    fn check_size(&self, size: u64) -> Result<(), FetchError> {
        if size > self.bytes_max {
            let problem = FetchProblem::TooLarge { bytes_max: self.bytes_max };
            return Err(FetchError::new(&self.url, problem));
        }
        Ok(())
    }

    /// Goes on after `err` where it happened.
    ///
    /// Only what can be told to be the same is continued: by its version, or at least its size.
    fn resume(&mut self, err: FetchError) -> Result<(), FetchError> {
        if self.info.version.is_none() && self.info.size.is_none() {
            return Err(err);
        }
        let mut last = err;
        loop {
            self.client.wait_after(last, &mut self.failures)?;
            match self.connect(self.position) {
                Ok((reader, info, position)) => {
                    if info.version != self.info.version || info.size != self.info.size {
                        return Err(FetchError::new(&self.url, FetchProblem::Changed));
                    }
                    self.reader = reader;
                    match self.skip(self.position - position) {
                        Ok(()) => return Ok(()),
                        Err(err) => last = err,
                    }
                }
                Err(err) => last = err,
            }
        }
    }

    /// Reads what was had before from a server that knows no ranges.
    fn skip(&mut self, bytes: u64) -> Result<(), FetchError> {
        let skipped = io::copy(&mut (&mut self.reader).take(bytes), &mut io::sink())
            .map_err(|err| FetchError::of_read(&self.url, err))?;
        if skipped == bytes { Ok(()) } else { Err(self.truncated()) }
    }

    /// One attempt to get the resource from an offset on, or from its start.
    fn connect(&self, offset: u64) -> Result<(Box<dyn Read + Send>, ContentInfo, u64), FetchError> {
        self.check_stopped()?;
        if self.url.scheme() == Scheme::File {
            let (file, info) = open_file(&self.url, offset)?;
            return Ok((Box::new(file), info, offset));
        }
        let shared = &self.client.shared;
        let request = shared.agent.get(self.url.as_str());
        let mut request = if self.headers.is_empty() {
            self.client.authorised(request, &self.url)
        } else {
            self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        if offset > 0 {
            request = request.header("Range", format!("bytes={offset}-"));
            if let Some(version) = &self.info.version {
                request = request.header("If-Range", version);
            }
        }
        let request = request.config().proxy(self.client.proxy_of(&self.url)).build();
        let response = request.call().map_err(|err| FetchError::of_ureq(&self.url, err))?;
        let is_unsatisfiable = response.status() == 416 && offset > 0;
        if is_unsatisfiable {
            return Err(FetchError::new(&self.url, FetchProblem::Changed));
        }
        let response = checked(&self.url, response)?;
        let mut info = ContentInfo::of_response(&response);
        let mut position = 0;
        if response.status() == 206 {
            let (first, size) = content_range(&response).ok_or_else(|| {
                let message = "the answer to a range has no usable Content-Range".into();
                FetchError::new(&self.url, FetchProblem::Protocol { message })
            })?;
            if first != offset {
                let message = format!("asked for bytes from {offset} on, it sends from {first} on");
                return Err(FetchError::new(&self.url, FetchProblem::Protocol { message }));
            }
            (position, info.size) = (first, size);
        }
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok((Box::new(body), info, position))
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(buffer).map_err(io::Error::other)
    }
}

/// The first byte and the size of the whole: `bytes 5-9/10`.
fn content_range<T>(response: &ureq::http::Response<T>) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get("content-range")?.to_str().ok()?;
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-')?.0.parse().ok()?;
    Some((first, size.parse().ok()))
}

pub(super) fn open_file(url: &Url, offset: u64) -> Result<(File, ContentInfo), FetchError> {
    let path = url.file_path().unwrap_or_default();
    let open = || -> io::Result<(File, ContentInfo)> {
        let mut file = OpenOptions::new().read(true).open(&path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if offset > 0 {
            file.seek(SeekFrom::Start(offset))?;
        }
        let size = metadata.is_file().then_some(metadata.len());
        Ok((file, ContentInfo { size, ..ContentInfo::default() }))
    };
    open().map_err(|err| FetchError::new(url, IoError::on("open", &path)(err).into()))
}
