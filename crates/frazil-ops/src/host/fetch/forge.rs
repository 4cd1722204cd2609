//! Repositories of forges, which are downloaded as archives: those of `github:`, `gitlab:` and `sourcehut:`.
//!
//! A branch or tag becomes a commit first; the archive of a commit is the same forever, but its
//! bytes are not, so it is the hash of the tree that is compared.

use frazil_eval::host::{FetchAttribute, FetchRequest, Fetched, HostError};
use frazil_eval::json::Json;

use super::super::DiskHost;
use super::super::tree::Node;
use super::network::Wanted;
use super::{Attributes, add, archive, required, text};

/// What a forge says about a branch is small.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// A commit has so many digits.
const REV_DIGITS: usize = 40;

/// A repository on a forge.
struct Place<'r> {
    /// The header by which the user is known there.
    authorization: Option<String>,
    kind: &'r str,
    host: &'r str,
    owner: &'r str,
    repo: &'r str,
}

pub(super) fn fetch(host: &mut DiskHost<'_>, request: &FetchRequest) -> Result<Fetched, HostError> {
    let default = match request.kind.as_str() {
        "github" => "github.com",
        "gitlab" => "gitlab.com",
        _ => "git.sr.ht",
    };
    let forge = text(request, "host").unwrap_or(default);
    let (owner, repo) = (required(request, "owner")?, required(request, "repo")?);
    let network = host.network.as_ref();
    let token = network.and_then(|network| network.token(&format!("{forge}/{owner}/{repo}")));
    let authorization = token.map(|token| authorization(&request.kind, token));
    let place = Place { authorization, kind: &request.kind, host: forge, owner, repo };
    let rev = match text(request, "rev") {
        Some(rev) => rev.to_owned(),
        None => place.commit(host, text(request, "ref").unwrap_or("HEAD"))?,
    };
    let url = place.archive(&rev);
    let bytes = host.download_as(&url, Wanted::Archive, place.authorization.as_deref())?;
    let unpacked = archive::unpack(&bytes, &url)?;
    let attributes = Attributes::from([
        ("rev".to_owned(), FetchAttribute::String(rev)),
        ("lastModified".to_owned(), FetchAttribute::Int(unpacked.last_modified)),
    ]);
    add(host, request, Node::Directory(unpacked.entries), attributes)
}

/// What a token is shown as. GitLab's kinds of tokens are told apart as Nix does it, `PAT:TOKEN` and
/// `OAuth2:TOKEN`; it takes both in the same way.
fn authorization(kind: &str, token: &str) -> String {
    let plain = ["PAT:", "OAuth2:"].iter().find_map(|kind| token.strip_prefix(kind));
    match kind {
        "github" => format!("token {token}"),
        _ => format!("Bearer {}", plain.unwrap_or(token)),
    }
}

impl Place<'_> {
    fn archive(&self, rev: &str) -> String {
        let Self { host, owner, repo, .. } = self;
        match self.kind {
            "gitlab" => format!(
                "https://{host}/api/v4/projects/{}/repository/archive.tar.gz?sha={rev}",
                self.project()
            ),
            "github" if *host != "github.com" => {
                format!("https://{host}/api/v3/repos/{owner}/{repo}/tarball/{rev}")
            }
            // Pages of private repositories want a login, not a token.
            "github" if self.authorization.is_some() => {
                format!("https://api.github.com/repos/{owner}/{repo}/tarball/{rev}")
            }
            _ => format!("https://{host}/{owner}/{repo}/archive/{rev}.tar.gz"),
        }
    }

    /// `OWNER/REPO` as one part of a path.
    fn project(&self) -> String {
        format!("{}%2F{}", self.owner, self.repo)
    }

    /// The commit of a branch or tag.
    fn commit(&self, host: &mut DiskHost<'_>, name: &str) -> Result<String, HostError> {
        let Self { host: forge, owner, repo, .. } = self;
        let found = match self.kind {
            "github" => {
                let api = match *forge {
                    "github.com" => "https://api.github.com".to_owned(),
                    other => format!("https://{other}/api/v3"),
                };
                let url = format!("{api}/repos/{owner}/{repo}/commits/{name}");
                self.answer(host, &url)?.get("sha").and_then(Json::as_str).map(str::to_owned)
            }
            "gitlab" => {
                let project = self.project();
                let url = format!(
                    "https://{forge}/api/v4/projects/{project}/repository/commits?ref_name={name}"
                );
                let answer = self.answer(host, &url)?;
                let first = if let Json::List(commits) = &answer { commits.first() } else { None };
                first.and_then(|commit| commit.get("id")?.as_str().map(str::to_owned))
            }
            _ => self.listed_commit(host, name)?,
        };
        found.filter(|rev| is_rev(rev)).ok_or_else(|| {
            HostError::Store(format!(
                "the forge '{forge}' did not say which commit '{name}' of '{owner}/{repo}' is"
            ))
        })
    }

    fn answer(&self, host: &mut DiskHost<'_>, url: &str) -> Result<Json, HostError> {
        let bytes = self.asked(host, url)?;
        Json::parse(&bytes)
            .map_err(|error| HostError::Store(format!("the answer of '{url}' is no JSON: {error}")))
    }

    fn asked(&self, host: &mut DiskHost<'_>, url: &str) -> Result<Vec<u8>, HostError> {
        host.download_as(url, Wanted::Answer(ANSWER_BYTES_MAX), self.authorization.as_deref())
    }

    /// The commit of a name in the list of all of them that git's own protocol has.
    fn listed_commit(
        &self,
        host: &mut DiskHost<'_>,
        name: &str,
    ) -> Result<Option<String>, HostError> {
        let base = format!("https://{}/{}/{}", self.host, self.owner, self.repo);
        let wanted = if name == "HEAD" {
            let head = self.asked(host, &format!("{base}/HEAD"))?;
            let head = String::from_utf8_lossy(&head).into_owned();
            vec![head.trim().trim_start_matches("ref: ").to_owned()]
        } else {
            vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")]
        };
        let url = format!("{base}/info/refs");
        let list = self.asked(host, &url)?;
        let list = String::from_utf8_lossy(&list).into_owned();
        let commits: Vec<_> = list.lines().filter_map(|line| line.split_once('\t')).collect();
        let found = wanted.iter().find_map(|wanted| {
            commits.iter().find(|(_, name)| name == wanted).map(|(rev, _)| (*rev).to_owned())
        });
        Ok(found)
    }
}

fn is_rev(text: &str) -> bool {
    text.len() == REV_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
