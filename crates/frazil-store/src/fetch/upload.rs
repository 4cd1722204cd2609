//! Storing a resource: PUT to a server, or a new file.

use std::io::Read;
use std::path::Path;

use ureq::SendBody;

use super::error::{FetchError, FetchProblem};
use super::{COPY_BYTES, Client, Scheme, Url, checked};
use crate::fs::{IoError, create_beside};

/// Opens the contents anew for each attempt.
pub type OpenContents<'a> = dyn Fn() -> std::io::Result<Box<dyn Read + 'a>> + 'a;

impl Client {
    /// Stores `size` bytes under an address, which then has all of them, or what it had before.
    pub(crate) fn put(
        &self,
        url: &Url,
        content_type: &str,
        size: u64,
        contents: &OpenContents<'_>,
    ) -> Result<(), FetchError> {
        if let Some(path) = url.file_path() {
            return self.put_file(url, &path, contents);
        }
        self.retried(|| self.put_once(url, content_type, size, contents))
    }

    /// Stores a small resource.
    pub(crate) fn put_bytes(
        &self,
        url: &Url,
        content_type: &str,
        bytes: &[u8],
    ) -> Result<(), FetchError> {
        self.put(url, content_type, bytes.len() as u64, &|| Ok(Box::new(bytes)))
    }

    fn put_once(
        &self,
        url: &Url,
        content_type: &str,
        size: u64,
        contents: &OpenContents<'_>,
    ) -> Result<(), FetchError> {
        debug_assert_ne!(url.scheme(), Scheme::File);
        let source = |source| FetchError::new(url, FetchProblem::Source { source });
        let mut reader = contents().map_err(source)?;
        let request = self.authorised(self.shared.agent.put(url.as_str()), url);
        let request = request
            .header("Content-Type", content_type)
            .header("Content-Length", size.to_string())
            .config()
            .proxy(self.proxy_of(url))
            .build();
        let response = request
            .send(SendBody::from_reader(&mut reader))
            .map_err(|err| FetchError::of_ureq(url, err))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        match checked(url, response) {
            Err(err) if err.is_transient() => Err(err),
            _ => Err(FetchError::new(url, FetchProblem::Refused { status: status.as_u16() })),
        }
    }

    fn put_file(
        &self,
        url: &Url,
        path: &Path,
        contents: &OpenContents<'_>,
    ) -> Result<(), FetchError> {
        let failed = |err: IoError| FetchError::new(url, FetchProblem::Target(err.into()));
        let source = |source| FetchError::new(url, FetchProblem::Source { source });
        let disk = &self.options().disk;
        disk.create_dirs(path.parent().unwrap_or(path)).map_err(failed)?;
        let (temporary, file) =
            create_beside(path, |name| disk.create_file(name, 0o644)).map_err(failed)?;
        let write = || -> Result<(), FetchError> {
            let mut reader = contents().map_err(source)?;
            let mut buffer = vec![0; COPY_BYTES];
            loop {
                let len = reader.read(&mut buffer).map_err(source)?;
                match buffer.get(..len) {
                    None | Some([]) => break,
                    Some(bytes) => disk.write(&file, &temporary, bytes).map_err(failed)?,
                }
            }
            disk.change("write to", &temporary, || file.sync_all()).map_err(failed)?;
            disk.rename(&temporary, path).map_err(failed)
        };
        write().inspect_err(|_| {
            // What failed is said already.
            let _stays = disk.remove_file(&temporary).is_err();
        })
    }
}
