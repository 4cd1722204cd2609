//! The types of inputs: which attributes each has, and what their URLs look like.

use super::url::transport;
use super::{
    Attributes, Input, InputError, Url, fail, is_flake_id, is_ref, is_rev, required, rev_of, text,
};
use crate::host::FetchAttribute;

const FORGE: &[&str] =
    &["owner", "repo", "ref", "rev", "narHash", "lastModified", "host", "treeHash"];
const DOWNLOAD: &[&str] =
    &["type", "url", "narHash", "name", "unpack", "rev", "revCount", "lastModified"];
const GIT_FLAGS: &[&str] = &["shallow", "submodules", "exportIgnore", "allRefs", "verifyCommit"];
const GIT_TEXTS: &[&str] = &["rev", "ref", "keytype", "publicKey", "publicKeys"];

const DEBIAN_FLAGS: &[&str] = &["updates", "security"];
const DEBIAN_TEXTS: &[&str] = &["arch", "components", "versions", "snapshot", "indexes", "narHash"];
/// `snapshot` and `indexes` say in a lock which state of the archive was found: the date of the
/// release, and the hash of each index.
const DEBIAN: &[&str] = &[
    "suite",
    "arch",
    "components",
    "updates",
    "security",
    "versions",
    "snapshot",
    "indexes",
    "lastModified",
    "narHash",
];

/// The attributes that inputs of a type may have, or `None` for an unknown type.
pub(super) fn known_attributes(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "github" | "gitlab" | "sourcehut" => FORGE,
        "tarball" | "file" => DOWNLOAD,
        "git" => &[
            "url",
            "ref",
            "rev",
            "shallow",
            "submodules",
            "exportIgnore",
            "lastModified",
            "revCount",
            "narHash",
            "allRefs",
            "name",
            "dirtyRev",
            "dirtyShortRev",
            "verifyCommit",
            "keytype",
            "publicKey",
            "publicKeys",
        ],
        "hg" => &["url", "ref", "rev", "revCount", "narHash", "name"],
        "indirect" => &["id", "ref", "rev", "narHash"],
        "path" => &["path", "rev", "revCount", "lastModified", "narHash"],
        "builtin" => &["name", "narHash", "lastModified"],
        "debian" => DEBIAN,
        _ => return None,
    })
}

/// Checks the attributes of a known type, and brings them into their usual form.
pub(super) fn check(kind: &str, attributes: &mut Attributes) -> Result<(), InputError> {
    match kind {
        "github" | "gitlab" | "sourcehut" => {
            required(attributes, "owner")?;
            required(attributes, "repo")?;
        }
        "git" => {
            if let Some(name) = text(attributes, "ref")?
                && is_bad_git_ref(name)
            {
                return fail(format!("invalid Git branch/tag name '{name}'"));
            }
            let url = git_url(required(attributes, "url")?);
            Url::parse(&url)?;
            attributes.insert("url".to_owned(), FetchAttribute::String(url));
        }
        "hg" => {
            Url::parse(required(attributes, "url")?)?;
        }
        "indirect" => {
            let id = required(attributes, "id")?;
            if !is_flake_id(id) {
                return fail(format!("'{id}' is not a valid flake ID"));
            }
        }
        "path" => {
            required(attributes, "path")?;
        }
        "builtin" => {
            required(attributes, "name")?;
        }
        "debian" => {
            let suite = required(attributes, "suite")?;
            if !is_ref(suite) {
                return fail(format!("'{suite}' is not the name of a Debian suite"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The URL of a git repository: `user@host:path` and plain paths are taken too.
pub(crate) fn git_url(text: &str) -> String {
    if !text.starts_with('/')
        && let Some((user, rest)) = text.split_once('@')
        && !user.contains('/')
        && let Some((host, path)) = rest.rsplit_once(':')
    {
        return format!("ssh://{user}@{host}/{path}");
    }
    if text.starts_with("file:") || text.contains("://") {
        return text.to_owned();
    }
    Url { authority: Some(String::new()), ..Url::new("file", text) }.to_string()
}

/// What git takes for no name of a branch or tag.
fn is_bad_git_ref(name: &str) -> bool {
    let bad = |byte: u8| byte.is_ascii_control() || b" :?^~[\\*".contains(&byte);
    name.is_empty()
        || name == "@"
        || name.starts_with(['.', '/'])
        || name.ends_with(['.', '/'])
        || ["//", "/.", "..", ".lock/", "@{"].iter().any(|part| name.contains(part))
        || name.strip_suffix(".lock").is_some()
        || name.bytes().any(bad)
}

/// The attributes that a URL stands for, or `None` if no type has such URLs.
pub(super) fn attributes_of(url: &Url) -> Result<Option<Attributes>, InputError> {
    let (application, transport) = match url.scheme.split_once('+') {
        Some((application, transport)) => (Some(application), transport),
        None => (None, url.scheme.as_str()),
    };
    let is_download = ["file", "http", "https"].contains(&transport);
    let attributes = match (url.scheme.as_str(), application) {
        ("github" | "gitlab" | "sourcehut", _) => forge(url)?,
        ("git", _) | (_, Some("git"))
            if ["git", "http", "https", "ssh", "file"].contains(&transport) =>
        {
            git(url)
        }
        (_, Some("hg")) if ["http", "https", "ssh", "file"].contains(&transport) => mercurial(url)?,
        ("flake", _) => indirect(url)?,
        ("path", _) => path(url)?,
        ("builtin", _) => builtin(url)?,
        ("debian", _) => debian(url)?,
        (_, Some("file")) if is_download => download("file", url),
        (_, Some("tarball") | None) if is_download => download("tarball", url),
        _ => return Ok(None),
    };
    Ok(Some(attributes))
}

fn string(text: impl Into<String>) -> FetchAttribute {
    FetchAttribute::String(text.into())
}

fn of_kind(kind: &str) -> Attributes {
    Attributes::from([("type".to_owned(), string(kind))])
}

fn insert(attributes: &mut Attributes, name: &str, value: Option<impl Into<String>>) {
    if let Some(value) = value {
        attributes.insert(name.to_owned(), string(value));
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn forge(url: &Url) -> Result<Attributes, InputError> {
    let segments = segments(&url.path);
    let [owner, repo, rest @ ..] = segments.as_slice() else {
        return fail(format!("URL '{url}' is invalid"));
    };
    let rest = rest.join("/");
    let (mut rev, mut reference) = (None, None);
    if is_rev(&rest) {
        rev = Some(rest);
    } else if is_ref(&rest) {
        reference = Some(rest);
    } else if !rest.is_empty() {
        return fail(format!("in URL '{url}', '{rest}' is not a commit hash or branch/tag name"));
    }
    if let Some(value) = url.query.get("rev")
        && rev.replace(value.clone()).is_some()
    {
        return fail(format!("URL '{url}' contains multiple commit hashes"));
    }
    if let Some(value) = url.query.get("ref") {
        if !is_ref(value) {
            return fail(format!("URL '{url}' contains an invalid branch/tag name"));
        }
        if reference.replace(value.clone()).is_some() {
            return fail(format!("URL '{url}' contains multiple branch/tag names"));
        }
    }
    let host = url.query.get("host");
    if host.is_some_and(|host| {
        !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    }) {
        return fail(format!("URL '{url}' contains an invalid instance host"));
    }
    let rev = rev.as_deref().map(rev_of).transpose()?;
    if let (Some(reference), Some(rev)) = (&reference, &rev) {
        return fail(format!(
            "URL '{url}' contains both a commit hash and a branch/tag name {reference} {rev}"
        ));
    }
    let mut attributes = of_kind(&url.scheme);
    insert(&mut attributes, "owner", Some(*owner));
    insert(&mut attributes, "repo", Some(*repo));
    insert(&mut attributes, "rev", rev);
    insert(&mut attributes, "ref", reference);
    insert(&mut attributes, "host", host);
    insert(&mut attributes, "narHash", url.query.get("narHash"));
    Ok(attributes)
}

fn git(url: &Url) -> Attributes {
    let mut attributes = of_kind("git");
    let mut plain = Url { scheme: transport(&url.scheme).to_owned(), ..url.clone() };
    for (name, value) in &url.query {
        let attribute = if GIT_TEXTS.contains(&name.as_str()) {
            string(value)
        } else if GIT_FLAGS.contains(&name.as_str()) {
            FetchAttribute::Bool(value == "1")
        } else {
            continue;
        };
        plain.query.remove(name);
        attributes.insert(name.clone(), attribute);
    }
    insert(&mut attributes, "url", Some(plain.to_string()));
    attributes
}

fn mercurial(url: &Url) -> Result<Attributes, InputError> {
    let mut attributes = of_kind("hg");
    let mut plain = Url { scheme: transport(&url.scheme).to_owned(), ..url.clone() };
    for name in ["rev", "ref"] {
        insert(&mut attributes, name, plain.query.remove(name));
    }
    if !plain.query.is_empty() {
        plain.query.clear();
        return fail(format!("Mercurial URL '{plain}' has unsupported parameters"));
    }
    insert(&mut attributes, "url", Some(plain.to_string()));
    Ok(attributes)
}

fn indirect(url: &Url) -> Result<Attributes, InputError> {
    let segments = segments(&url.path);
    let (id, reference, rev) = match *segments.as_slice() {
        [id] => (id, None, None),
        [id, rev] if is_rev(rev) => (id, None, Some(rev)),
        [id, reference] if is_ref(reference) => (id, Some(reference), None),
        [_, other] => {
            return fail(format!(
                "in flake URL '{url}', '{other}' is not a commit hash or branch/tag name"
            ));
        }
        [_, reference, _] if !is_ref(reference) => {
            return fail(format!("in flake URL '{url}', '{reference}' is not a branch/tag name"));
        }
        [id, reference, rev] if is_rev(rev) => (id, Some(reference), Some(rev)),
        [_, _, other] => {
            return fail(format!("in flake URL '{url}', '{other}' is not a commit hash"));
        }
        _ => return fail(format!("flake URL '{url}' is invalid")),
    };
    let mut attributes = of_kind("indirect");
    insert(&mut attributes, "id", Some(id));
    insert(&mut attributes, "ref", reference);
    insert(&mut attributes, "rev", rev.map(rev_of).transpose()?);
    Ok(attributes)
}

fn path(url: &Url) -> Result<Attributes, InputError> {
    if let Some(authority) = url.authority.as_ref().filter(|authority| !authority.is_empty()) {
        return fail(format!("path URL '{url}' should not have an authority ('{authority}')"));
    }
    let mut attributes = of_kind("path");
    insert(&mut attributes, "path", Some(&url.path));
    for (name, value) in &url.query {
        let attribute = match name.as_str() {
            "rev" | "narHash" => string(value),
            "revCount" | "lastModified" => match value.parse() {
                Ok(number) => FetchAttribute::Int(number),
                Err(_) => return fail(format!("path URL '{url}' has invalid parameter '{name}'")),
            },
            _ => return fail(format!("path URL '{url}' has unsupported parameter '{name}'")),
        };
        attributes.insert(name.clone(), attribute);
    }
    Ok(attributes)
}

fn builtin(url: &Url) -> Result<Attributes, InputError> {
    let mut attributes = of_kind("builtin");
    insert(&mut attributes, "name", Some(&url.path));
    for (name, value) in &url.query {
        match (name.as_str(), value.parse()) {
            ("narHash", _) => insert(&mut attributes, name, Some(value)),
            ("lastModified", Ok(seconds)) => {
                attributes.insert(name.clone(), FetchAttribute::Int(seconds));
            }
            _ => return fail(format!("URL '{url}' has unsupported parameter '{name}'")),
        }
    }
    Ok(attributes)
}

fn debian(url: &Url) -> Result<Attributes, InputError> {
    let mut attributes = of_kind("debian");
    insert(&mut attributes, "suite", Some(&url.path));
    for (name, value) in &url.query {
        let attribute = match (name.as_str(), value.as_str()) {
            (text, _) if DEBIAN_TEXTS.contains(&text) => string(value),
            (flag, "0" | "1") if DEBIAN_FLAGS.contains(&flag) => FetchAttribute::Bool(value == "1"),
            (flag, _) if DEBIAN_FLAGS.contains(&flag) => {
                return fail(format!("parameter '{name}' of URL '{url}' is neither 0 nor 1"));
            }
            ("lastModified", seconds) if seconds.parse::<i64>().is_ok() => {
                FetchAttribute::Int(seconds.parse().unwrap_or_default())
            }
            _ => return fail(format!("URL '{url}' has unsupported parameter '{name}'")),
        };
        attributes.insert(name.clone(), attribute);
    }
    Ok(attributes)
}

fn download(kind: &str, url: &Url) -> Attributes {
    let mut attributes = of_kind(kind);
    let mut plain = Url { scheme: transport(&url.scheme).to_owned(), ..url.clone() };
    for name in DOWNLOAD {
        let Some(value) = plain.query.remove(*name) else { continue };
        let attribute = match *name {
            "narHash" | "rev" => Some(string(value)),
            "revCount" | "lastModified" => value.parse().ok().map(FetchAttribute::Int),
            _ => None,
        };
        attributes.extend(attribute.map(|attribute| ((*name).to_owned(), attribute)));
    }
    insert(&mut attributes, "url", Some(plain.to_string()));
    attributes
}

/// The URL of an input.
pub(super) fn url_of(input: &Input) -> Result<Url, InputError> {
    let attributes = &input.attributes;
    let kind = input.kind();
    match kind {
        "github" | "gitlab" | "sourcehut" => {
            let owner_and_repo = [required(attributes, "owner")?, required(attributes, "repo")?];
            let mut url = Url::new(kind, &with_ref_and_rev(&owner_and_repo, input)?);
            add(&mut url, "narHash", input.text("narHash")?);
            Ok(url)
        }
        "git" | "hg" => {
            let mut url = Url::parse(required(attributes, "url")?)?;
            if url.scheme != "git" {
                url.scheme = format!("{kind}+{}", url.scheme);
            }
            add(&mut url, "rev", input.rev()?);
            add(&mut url, "ref", input.text("ref")?);
            for name in ["shallow", "submodules", "exportIgnore", "verifyCommit"] {
                add(&mut url, name, input.flag(name)?.then_some("1"));
            }
            for name in ["keytype", "publicKey", "publicKeys"] {
                add(&mut url, name, input.text(name)?);
            }
            Ok(url)
        }
        "indirect" => {
            Ok(Url::new("flake", &with_ref_and_rev(&[required(attributes, "id")?], input)?))
        }
        "path" | "builtin" | "debian" => {
            let place = match kind {
                "path" => "path",
                "builtin" => "name",
                _ => "suite",
            };
            let mut url = Url::new(kind, required(attributes, place)?);
            let others = attributes.iter().filter(|(name, _)| *name != place && *name != "type");
            url.query.extend(others.map(|(name, value)| (name.clone(), value.to_string())));
            Ok(url)
        }
        "tarball" | "file" => {
            let mut url = Url::parse(required(attributes, "url")?)?;
            add(&mut url, "narHash", input.text("narHash")?);
            Ok(url)
        }
        _ => fail(format!(
            "cannot show unsupported input '{}'",
            super::to_json(attributes).compact()
        )),
    }
}

fn add(url: &mut Url, name: &str, value: Option<impl Into<String>>) {
    if let Some(value) = value {
        url.query.insert(name.to_owned(), value.into());
    }
}

fn with_ref_and_rev(start: &[&str], input: &Input) -> Result<String, InputError> {
    let rev = input.rev()?;
    let parts = start.iter().copied().chain(input.text("ref")?).chain(rev.as_deref());
    Ok(parts.collect::<Vec<_>>().join("/"))
}
