//! Requests to one repository, with whatever it asks for to let us in.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use frazil_image::oci::Blob;
use frazil_store::fetch::{Answer, Client, FetchError, FetchProblem, OpenContents, Request, Url};
use serde::Deserialize;

use super::login::{Login, Logins};
use super::{Reference, RegistryError, auth};

/// Documents, and what a registry says when it refuses.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// A repository.
pub(super) struct Repository<'r> {
    client: &'r Client,
    pub(super) reference: &'r Reference,
    login: Option<Login>,
    /// Other repositories of which blobs may be taken.
    sources: &'r [String],
    /// A blob that is larger is sent in pieces, after each of which it can go on.
    pub(super) piece_bytes: u64,
    /// What is asked for the right to do: `pull,push`.
    actions: &'static str,
    authorisation: Mutex<Option<String>>,
}

/// What registries say when they refuse.
#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl<'r> Repository<'r> {
    pub(super) fn new(
        client: &'r Client,
        reference: &'r Reference,
        logins: &Logins,
        sources: &'r [String],
        piece_bytes: u64,
    ) -> Result<Self, RegistryError> {
        let login = logins.of(reference.host())?;
        let (actions, authorisation) = ("pull,push", Mutex::new(None));
        Ok(Self { client, reference, login, sources, piece_bytes, actions, authorisation })
    }

    /// A repository that is only looked at.
    pub(super) fn to_read(
        client: &'r Client,
        reference: &'r Reference,
        logins: &Logins,
    ) -> Result<Self, RegistryError> {
        Ok(Self { actions: "pull", ..Self::new(client, reference, logins, &[], u64::MAX)? })
    }

    pub(super) fn sources(&self) -> &[String] {
        self.sources
    }

    /// The address of something in the repository.
    pub(super) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        Ok(self.reference.url(path).parse()?)
    }

    /// The address that an answer says to go on at. Registries may name one on another host, which
    /// stores their blobs.
    pub(super) fn location(&self, answer: &Answer) -> Result<Url, RegistryError> {
        let Some(location) = answer.header("location") else {
            let message = "an upload was begun, but nobody said where".to_owned();
            return Err(RegistryError::Protocol { message });
        };
        let text = if location.starts_with('/') {
            format!("{}{location}", self.reference.base())
        } else {
            location.to_owned()
        };
        let url: Url = text.parse()?;
        let is_downgrade = self.reference.base().starts_with("https:") && text.starts_with("http:");
        if is_downgrade {
            let message = "it wants blobs sent unencrypted".to_owned();
            return Err(RegistryError::Protocol { message });
        }
        Ok(url)
    }

    /// Asks, and again with a token if the registry wants one.
    pub(super) fn ask(
        &self,
        method: &'static str,
        url: &Url,
        headers: &[(&str, &str)],
        body: Option<(u64, &OpenContents<'_>)>,
    ) -> Result<Answer, RegistryError> {
        self.ask_by(method, url, headers, body, Client::exchange)
    }

    /// As [`ask`](Self::ask), but a failure is not tried again.
    pub(super) fn ask_once(
        &self,
        method: &'static str,
        url: &Url,
        headers: &[(&str, &str)],
        body: Option<(u64, &OpenContents<'_>)>,
    ) -> Result<Answer, RegistryError> {
        self.ask_by(method, url, headers, body, Client::exchange_once)
    }

    /// Waits before something is asked for again, if that may help.
    pub(super) fn wait_after(
        &self,
        error: FetchError,
        failures: &mut u32,
    ) -> Result<(), RegistryError> {
        Ok(self.client.wait_after(error, failures)?)
    }

    fn ask_by(
        &self,
        method: &'static str,
        url: &Url,
        headers: &[(&str, &str)],
        body: Option<(u64, &OpenContents<'_>)>,
        exchange: fn(&Client, &Request<'_, '_>, u64) -> Result<Answer, FetchError>,
    ) -> Result<Answer, RegistryError> {
        let known = self.authorisation().clone();
        let ask = |authorisation: Option<&str>| {
            let mut headers = headers.to_vec();
            // What is for the registry is not for those who store its blobs.
            let is_ours = url.as_str().starts_with(&format!("{}/", self.reference.base()));
            headers.extend(authorisation.filter(|_| is_ours).map(|value| ("Authorization", value)));
            exchange(
                self.client,
                &Request { method, url, headers: &headers, body },
                ANSWER_BYTES_MAX,
            )
        };
        let answer = ask(known.as_deref())?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let mut scope = format!("repository:{}:{}", self.reference.repository(), self.actions);
        for source in self.sources {
            scope.extend([" repository:", source, ":pull"]);
        }
        let (host, login) = (self.reference.host(), self.login.as_ref());
        let fresh = auth::answer(self.client, host, challenge, &scope, login)?;
        let Some(fresh) = fresh.filter(|fresh| known.as_ref() != Some(fresh)) else {
            return Ok(answer);
        };
        let answer = ask(Some(&fresh))?;
        if answer.status == 401 && auth::is_password(&fresh) {
            return Err(RegistryError::Login { host: host.to_owned() });
        }
        *self.authorisation() = Some(fresh);
        Ok(answer)
    }

    fn authorisation(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.authorisation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error of an answer that is none of those that were hoped for.
    pub(super) fn refused(&self, action: &str, answer: &Answer) -> RegistryError {
        let said = serde_json::from_slice(&answer.body).ok().and_then(|refusal: Refusal| {
            let said = refusal.errors.into_iter().next()?;
            Some(if said.message.is_empty() { said.code } else { said.message })
        });
        let (action, status) = (action.to_owned(), answer.status);
        let message = said.unwrap_or_else(|| format!("HTTP status {status}"));
        match status {
            401 | 403 => RegistryError::Unauthorised {
                host: self.reference.host().to_owned(),
                action,
                message,
                is_known: self.login.is_some(),
            },
            _ => RegistryError::Refused { action, status, message },
        }
    }

    /// The digest and bytes of a manifest, by its tag or digest; `None` if there is none.
    pub(super) fn manifest(&self, name: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let url = self.url(&format!("manifests/{name}"))?;
        let answer = self.ask("GET", &url, &[("Accept", ACCEPTED)], None)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            _ => Err(self.refused("read a manifest", &answer)),
        }
    }

    /// Whether a blob is there.
    pub(super) fn has_blob(&self, blob: &Blob) -> Result<bool, RegistryError> {
        let url = self.url(&format!("blobs/{}", blob.reference()))?;
        let answer = self.ask("HEAD", &url, &[], None)?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.refused("look for a blob", &answer)),
        }
    }

    /// The bytes of a blob, as they come; `None` if it is not there.
    pub(super) fn open_blob(
        &self,
        digest: &str,
        bytes_max: u64,
    ) -> Result<Option<Box<dyn Read + '_>>, RegistryError> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let open = || {
            let known = self.authorisation().clone();
            let headers: Vec<_> =
                known.iter().map(|value| ("Authorization", value.as_str())).collect();
            self.client.open_with(&url, &headers, bytes_max)
        };
        let is_refused =
            |error: &FetchError| matches!(error.problem, FetchProblem::Status { status: 401, .. });
        let body = match open() {
            // A token may have become too old since the manifest was read.
            Err(error) if is_refused(&error) => {
                self.manifest(self.reference.target())?;
                open()
            }
            body => body,
        };
        match body {
            Ok(body) => Ok(Some(Box::new(body))),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The digest of what a tag names.
    pub(super) fn tagged(&self, tag: &str) -> Result<Option<String>, RegistryError> {
        let url = self.url(&format!("manifests/{tag}"))?;
        let answer = self.ask("HEAD", &url, &[("Accept", ACCEPTED)], None)?;
        Ok(answer
            .header("docker-content-digest")
            .filter(|_| answer.status == 200)
            .map(str::to_owned))
    }

    /// Gives a manifest a name: a tag, or its digest. Returns whether the registry keeps a list of
    /// what refers to its subject.
    pub(super) fn put_manifest(
        &self,
        name: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<bool, RegistryError> {
        let url = self.url(&format!("manifests/{name}"))?;
        let open = || Ok(Box::new(bytes) as Box<dyn std::io::Read>);
        let body = Some((bytes.len() as u64, &open as &OpenContents<'_>));
        let answer = self.ask("PUT", &url, &[("Content-Type", media_type)], body)?;
        if !answer.is_success() {
            return Err(self.refused("store a manifest", &answer));
        }
        let expected = crate::image::digest(bytes);
        match answer.header("docker-content-digest") {
            Some(found) if found != expected => {
                Err(RegistryError::Mismatch { expected, found: found.to_owned() })
            }
            // A page for people, as of a portal that wants a login, has any other status.
            None if answer.status != 201 => {
                let message = "a manifest was sent, but nobody says that it is stored".to_owned();
                Err(RegistryError::Protocol { message })
            }
            Some(_) | None => Ok(answer.header("oci-subject").is_some()),
        }
    }
}

const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
