//! What registries ask for before they let one write: a name and password, or a token that somebody
//! else gives for them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use frazil_model::percent;
use frazil_store::fetch::{Client, Request, Url};
use serde::Deserialize;

use super::RegistryError;
use super::login::Login;

/// A token and all that is said about it.
const TOKEN_BYTES_MAX: u64 = 1 << 20;

#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
}

/// The header `Authorization` that answers a challenge of a registry; `None` if it cannot be answered.
pub(super) fn answer(
    client: &Client,
    host: &str,
    challenge: &str,
    scope: &str,
    login: Option<&Login>,
) -> Result<Option<String>, RegistryError> {
    let (kind, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
    if kind.eq_ignore_ascii_case("basic") {
        return Ok(login.and_then(basic));
    }
    if !kind.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let parameters = parameters(rest);
    let protocol = |message: &str| RegistryError::Protocol { message: message.to_owned() };
    let realm = parameters.get("realm").ok_or_else(|| protocol("a challenge without a realm"))?;
    let service = parameters.get("service").map(String::as_str).unwrap_or_default();
    let given = match login {
        Some(Login::Token(token)) => refresh(client, realm, service, scope, token)?,
        Some(Login::Password { .. }) | None => {
            let query = format!("service={}&scope={}", escaped(service), escaped(scope));
            let separator = if realm.contains('?') { '&' } else { '?' };
            let url: Url = format!("{realm}{separator}{query}").parse()?;
            let basic = login.and_then(basic);
            let headers: Vec<_> =
                basic.iter().map(|value| ("Authorization", value.as_str())).collect();
            let request = Request { method: "GET", url: &url, headers: &headers, body: None };
            client.exchange(&request, TOKEN_BYTES_MAX)?
        }
    };
    if !given.is_success() {
        // Without a login nothing was asked for but what all may have.
        let is_login = login.is_some() && matches!(given.status, 400 | 401 | 403);
        return if is_login {
            Err(RegistryError::Login { host: host.to_owned() })
        } else {
            Ok(None)
        };
    }
    let given: Given = serde_json::from_slice(&given.body)
        .map_err(|_| protocol("the answer to a request for a token is no token"))?;
    Ok(given.token.or(given.access_token).map(|token| format!("Bearer {token}")))
}

fn refresh(
    client: &Client,
    realm: &str,
    service: &str,
    scope: &str,
    token: &str,
) -> Result<frazil_store::fetch::Answer, RegistryError> {
    let form = format!(
        "grant_type=refresh_token&client_id=frazil&service={}&scope={}&refresh_token={}",
        escaped(service),
        escaped(scope),
        escaped(token),
    );
    let url: Url = realm.parse()?;
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let open = || Ok(Box::new(form.as_bytes()) as Box<dyn std::io::Read>);
    let body = Some((form.len() as u64, &open as &frazil_store::fetch::OpenContents<'_>));
    let request = Request { method: "POST", url: &url, headers: &headers, body };
    Ok(client.exchange(&request, TOKEN_BYTES_MAX)?)
}

fn basic(login: &Login) -> Option<String> {
    let Login::Password { name, password } = login else { return None };
    Some(format!("Basic {}", BASE64.encode(format!("{name}:{password}"))))
}

/// Whether such a header is a name and a password. A token that is refused may be good for something
/// else.
pub(super) fn is_password(authorisation: &str) -> bool {
    authorisation.starts_with("Basic ")
}

/// `realm="https://...",service="...",scope="repository:x:pull,push"`
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        parameters.insert(name, value.to_owned());
        rest = after;
    }
    parameters
}

fn escaped(text: &str) -> String {
    percent::encode(text.as_bytes(), b"")
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn challenges_are_taken_apart() {
        let text =
            r#"realm="https://a.example/token?x=1",service="r",scope="repository:a/b:pull,push""#;
        let shown = format!("{:?}", parameters(text));
        expect_test::expect![[r#"{"realm": "https://a.example/token?x=1", "scope": "repository:a/b:pull,push", "service": "r"}"#]].assert_eq(&shown);
        assert_eq!(parameters("nonsense"), [].into());
    }
}
