//! Who we are to registries: the files that `docker login` and `skopeo login` write, and the
//! programs that keep passwords for them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use frazil_store::fs::IoError;
use serde::Deserialize;

use super::RegistryError;
use super::reference::DOCKER_HUB;

/// Under this name `docker login` keeps that of Docker's registry.
const DOCKER_HUB_LOGIN: &str = "https://index.docker.io/v1/";

/// The name under which helpers give a token in place of a password.
const TOKEN_NAME: &str = "<token>";

/// Where names and passwords are looked for, in this order.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// Files in the format of Docker's `config.json`.
    pub files: Vec<PathBuf>,
}

/// How we prove who we are.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    Password {
        name: String,
        password: String,
    },
    /// With which short-lived tokens can be had.
    Token(String),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    username: String,
    secret: String,
}

impl Logins {
    /// The login for a registry; none if we are nobody there.
    pub(super) fn of(&self, host: &str) -> Result<Option<Login>, RegistryError> {
        for path in &self.files {
            let text = match fs::read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                text => text.map_err(IoError::on("read", path))?,
            };
            let file: File = serde_json::from_slice(&text).map_err(|source| {
                RegistryError::Logins { path: path.display().to_string(), source }
            })?;
            let helper = file.cred_helpers.get(host).or(file.creds_store.as_ref());
            if let Some(helper) = helper
                && let Some(login) = ask(helper, host)?
            {
                return Ok(Some(login));
            }
            let names = [host.to_owned(), format!("https://{host}"), format!("https://{host}/v1/")];
            let hub = (host == DOCKER_HUB).then(|| DOCKER_HUB_LOGIN.to_owned());
            let names: Vec<String> = names.into_iter().chain(hub).collect();
            let found = names.iter().find_map(|name| file.auths.get(name));
            if let Some(login) = found.and_then(of_auth) {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

fn of_auth(auth: &Auth) -> Option<Login> {
    if let Some(token) = auth.identitytoken.as_ref().filter(|token| !token.is_empty()) {
        return Some(Login::Token(token.clone()));
    }
    let pair = String::from_utf8(BASE64.decode(auth.auth.as_ref()?).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some(Login::Password { name: name.to_owned(), password: password.to_owned() })
}

/// Asks `docker-credential-HELPER`; it may know nothing about the registry.
fn ask(helper: &str, host: &str) -> Result<Option<Login>, RegistryError> {
    let program = format!("docker-credential-{helper}");
    let failed = |message: String| RegistryError::Helper {
        program: program.clone(),
        host: host.to_owned(),
        message,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !helper.chars().all(is_name) {
        return Err(failed("that is no name of a program".to_owned()));
    }
    let child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Who does not read the question fails below.
        drop(stdin.write_all(host.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let is_unknown = said.contains("not found");
        return if is_unknown { Ok(None) } else { Err(failed(said)) };
    }
    let kept: Kept =
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    Ok(Some(if kept.username == TOKEN_NAME {
        Login::Token(kept.secret)
    } else {
        Login::Password { name: kept.username, password: kept.secret }
    }))
}
