//! Requests to one repository, with whatever it asks for to let us in.

use std::sync::{Mutex, PoisonError};

use frazil_store::fetch::{Answer, Client, FetchError, OpenContents, Request, Url};
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
    ) -> Result<Self, RegistryError> {
        let login = logins.of(reference.host())?;
        Ok(Self { client, reference, login, sources, authorisation: Mutex::new(None) })
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
        let mut scope = format!("repository:{}:pull,push", self.reference.repository());
        for source in self.sources {
            scope.extend([" repository:", source, ":pull"]);
        }
        let fresh = auth::answer(self.client, challenge, &scope, self.login.as_ref())?;
        let Some(fresh) = fresh.filter(|fresh| known.as_ref() != Some(fresh)) else {
            return Ok(answer);
        };
        let answer = ask(Some(&fresh))?;
        *self.authorisation() = Some(fresh);
        Ok(answer)
    }

    fn authorisation(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.authorisation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error of an answer that is none of those that were hoped for.
    pub(super) fn refused(&self, action: &str, answer: &Answer) -> RegistryError {
        if matches!(answer.status, 401 | 403) {
            return RegistryError::Unauthorised {
                host: self.reference.host().to_owned(),
                action: action.to_owned(),
                is_known: self.login.is_some(),
            };
        }
        let said = serde_json::from_slice(&answer.body).ok().and_then(|refusal: Refusal| {
            let said = refusal.errors.into_iter().next()?;
            Some(if said.message.is_empty() { said.code } else { said.message })
        });
        RegistryError::Refused {
            action: action.to_owned(),
            status: answer.status,
            message: said.unwrap_or_else(|| format!("HTTP status {}", answer.status)),
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
            Some(_) | None => Ok(answer.header("oci-subject").is_some()),
        }
    }
}

const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";
