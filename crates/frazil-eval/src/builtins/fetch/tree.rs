//! `fetchTree`, and `fetchGit` and `fetchMercurial`, which are older.

use frazil_model::StorePath;

use super::{one, text};
use crate::diagnostic::ErrorKind;
use crate::error::Result;
use crate::eval::Coercion;
use crate::evaluator::Evaluator;
use crate::heap::Attrs;
use crate::host::FetchAttribute;
use crate::input::{Attributes, Input, Url, git_url, is_rev};
use crate::source::Pos;
use crate::value::{Lazy, Value};

/// The commit of what is none.
const NO_REV: &str = "0000000000000000000000000000000000000000";
const SHORT_REV_DIGITS: usize = 7;
/// `shortRev` has more digits in the result of `fetchMercurial`.
const SHORT_MERCURIAL_REV_DIGITS: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Tree,
    Git,
}

impl Caller {
    fn name(self) -> &'static str {
        match self {
            Self::Tree => "fetchTree",
            Self::Git => "fetchGit",
        }
    }
}

pub(super) fn fetch_tree<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    fetch(ev, one(args), Caller::Tree)
}

pub(super) fn fetch_git<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    fetch(ev, one(args), Caller::Git)
}

fn fetch<'a>(ev: &mut Evaluator<'a>, argument: Lazy<'a>, caller: Caller) -> Result<Value<'a>> {
    let value = ev.force(argument)?;
    let input = if let Value::Attrs(set) = value {
        Input::from_attributes(attributes(ev, set, caller)?)
    } else {
        let url = text(ev.coerce(value, Coercion::TEXT)?.bytes());
        input_of_text(ev, &url, caller)?
    };
    let input = input.map_err(|error| ev.input_error(error))?;
    if ev.options.pure && !input.is_locked() {
        let url = input.to_url().map_err(|error| ev.input_error(error))?;
        let name = caller.name();
        let message =
            format!("in pure evaluation mode, '{name}' will not fetch unlocked input '{url}'");
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let url = input.to_url().map_err(|error| ev.input_error(error))?;
    ev.check_uri(&url.to_string())?;
    let fetched = ev.fetch_input(&input, false)?;
    let known = input.with_fetched(&fetched.attributes);
    let commit = if caller == Caller::Git { Commit::OrZero } else { Commit::Known };
    Ok(Value::Attrs(tree_set(ev, &fetched.path, &known, commit)))
}

fn input_of_text(
    ev: &Evaluator<'_>,
    url: &str,
    caller: Caller,
) -> Result<Result<Input, crate::input::InputError>> {
    if caller == Caller::Git {
        return Ok(Input::from_attributes(Attributes::from([
            ("type".to_owned(), FetchAttribute::String("git".to_owned())),
            ("url".to_owned(), FetchAttribute::String(git_url(url))),
            ("exportIgnore".to_owned(), FetchAttribute::Bool(true)),
        ])));
    }
    if !ev.has_feature("flakes") {
        let message =
            "passing a string argument to 'fetchTree' requires the 'flakes' experimental feature";
        return Err(ev.error(ErrorKind::Other, message));
    }
    Ok(Url::parse(url).and_then(|url| Input::from_url(&url)))
}

fn attributes<'a>(ev: &mut Evaluator<'a>, set: Attrs<'a>, caller: Caller) -> Result<Attributes> {
    let kind = match (set.get(ev.names.type_), caller) {
        (Some(_), Caller::Git) => {
            return Err(ev.error(ErrorKind::Other, "unexpected attribute 'type'"));
        }
        (Some(kind), Caller::Tree) => text(ev.force_plain_string(Lazy::of(&kind.slot))?),
        (None, Caller::Git) => "git".to_owned(),
        (None, Caller::Tree) => {
            return Err(
                ev.error(ErrorKind::Other, "attribute 'type' is missing in call to 'fetchTree'")
            );
        }
    };
    let mut attributes = plain_attributes(ev, set, caller)?;
    let has_submodules = attributes.get("submodules") == Some(&FetchAttribute::Bool(true));
    if caller == Caller::Git && !has_submodules {
        attributes.entry("exportIgnore".to_owned()).or_insert(FetchAttribute::Bool(true));
    }
    if caller == Caller::Tree {
        if kind == "git" {
            attributes.entry("shallow".to_owned()).or_insert(FetchAttribute::Bool(true));
        }
        if attributes.contains_key("name") {
            return Err(ev.error(
                ErrorKind::Other,
                "attribute 'name' isn’t supported in call to 'fetchTree'",
            ));
        }
    }
    attributes.insert("type".to_owned(), FetchAttribute::String(kind));
    Ok(attributes)
}

/// The attributes of a set, but for its type.
fn plain_attributes<'a>(
    ev: &mut Evaluator<'a>,
    set: Attrs<'a>,
    caller: Caller,
) -> Result<Attributes> {
    let mut attributes = Attributes::new();
    for entry in ev.cursor.entries(set) {
        if entry.name == ev.names.type_ {
            continue;
        }
        let name = text(ev.symbols.text(entry.name));
        let value = ev.force_slot(&entry.slot)?;
        let attribute = attribute(ev, &name, value, caller)?;
        attributes.insert(name, attribute);
    }
    Ok(attributes)
}

/// The attributes of an input that a lock file has, and so are as they must be.
pub(crate) fn locked_attributes<'a>(ev: &mut Evaluator<'a>, set: Attrs<'a>) -> Result<Attributes> {
    let kind = ev.required(set, ev.names.type_)?;
    let kind = text(ev.force_plain_string(kind)?);
    let mut attributes = plain_attributes(ev, set, Caller::Tree)?;
    attributes.insert("type".to_owned(), FetchAttribute::String(kind));
    attributes.remove("dir");
    Ok(attributes)
}

fn attribute<'a>(
    ev: &mut Evaluator<'a>,
    name: &str,
    value: Value<'a>,
    caller: Caller,
) -> Result<FetchAttribute> {
    match value {
        Value::String(bytes) | Value::Path(bytes) => {
            let text = text(bytes.bytes());
            let is_git_url = caller == Caller::Git && name == "url";
            Ok(FetchAttribute::String(if is_git_url { git_url(&text) } else { text }))
        }
        Value::Bool(value) => Ok(FetchAttribute::Bool(value)),
        Value::Int(value) if value >= 0 => Ok(FetchAttribute::Int(value)),
        Value::Int(value) => {
            let message = format!("negative value given for fetchTree attr {name}: {value}");
            Err(ev.error(ErrorKind::Other, message))
        }
        Value::Null
        | Value::Float(_)
        | Value::List(_)
        | Value::Attrs(_)
        | Value::Lambda(_)
        | Value::Builtin(_)
        | Value::Partial(_) => {
            let phrase = value.type_phrase();
            Err(ev.type_error(format!(
                "fetchTree argument '{name}' is {phrase} while a string, Boolean or integer is expected"
            )))
        }
    }
}

/// What the set that describes a tree says of its commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    Known,
    /// A repository with changes has no commit; `fetchGit` always gave one.
    OrZero,
    /// The tree is no longer that of the commit.
    Hidden,
}

/// The set that describes a tree.
pub(crate) fn tree_set<'a>(
    ev: &mut Evaluator<'a>,
    tree: &StorePath,
    input: &Input,
    commit: Commit,
) -> Attrs<'a> {
    let known = input.attributes();
    let mut members = Attributes::new();
    let mut add = |name: &str, value: Option<FetchAttribute>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("narHash", known.get("narHash").cloned());
    if input.kind() == "git" {
        add(
            "submodules",
            Some(known.get("submodules").cloned().unwrap_or(FetchAttribute::Bool(false))),
        );
    }
    let fallback = (commit == Commit::OrZero).then_some(NO_REV);
    let rev = match known.get("rev") {
        Some(FetchAttribute::String(_)) if commit == Commit::Hidden => None,
        Some(FetchAttribute::String(rev)) => Some(rev.as_str()),
        _ => fallback,
    };
    add("rev", rev.map(|rev| FetchAttribute::String(rev.to_owned())));
    add(
        "shortRev",
        rev.map(|rev| FetchAttribute::String(rev.chars().take(SHORT_REV_DIGITS).collect())),
    );
    let count = known.get("revCount").filter(|_| commit != Commit::Hidden).cloned();
    add("revCount", count.or(fallback.map(|_| FetchAttribute::Int(0))));
    add("dirtyRev", known.get("dirtyRev").cloned());
    add("dirtyShortRev", known.get("dirtyShortRev").cloned());
    if let Some(FetchAttribute::Int(seconds)) = known.get("lastModified") {
        add("lastModified", Some(FetchAttribute::Int(*seconds)));
        add("lastModifiedDate", Some(FetchAttribute::String(date(*seconds))));
    }
    set_of(ev, Some(tree), &members)
}

/// A set of these attributes, and `outPath` if there is a tree.
pub(crate) fn set_of<'a>(
    ev: &mut Evaluator<'a>,
    tree: Option<&StorePath>,
    members: &Attributes,
) -> Attrs<'a> {
    let mut writer = ev.cursor.attrs_writer(members.len() + 1);
    if let Some(tree) = tree {
        let path = Value::String(ev.store_path_string(tree));
        writer.push(ev.names.out_path, Pos::NOWHERE, path.into());
    }
    for (name, value) in members {
        let name = ev.symbols.intern(name.as_bytes(), &mut ev.cursor);
        let value = match value {
            FetchAttribute::String(text) => Value::String(ev.cursor.string(text.as_bytes())),
            FetchAttribute::Int(value) => Value::Int(*value),
            FetchAttribute::Bool(value) => Value::Bool(*value),
        };
        writer.push(name, Pos::NOWHERE, value.into());
    }
    writer.finish(&mut ev.cursor)
}

/// `YYYYMMDDHHMMSS` in UTC, of seconds since 1970.
pub(crate) fn date(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years start in March here, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{:02}", second % 60)
}

pub(super) fn fetch_mercurial<'a>(ev: &mut Evaluator<'a>, args: &[Lazy<'a>]) -> Result<Value<'a>> {
    let mut request =
        Attributes::from([("name".to_owned(), FetchAttribute::String("source".to_owned()))]);
    let value = ev.force(one(args))?;
    let url = if let Value::Attrs(set) = value {
        mercurial_arguments(ev, set, &mut request)?
    } else {
        text(ev.coerce(value, Coercion::TEXT)?.bytes())
    };
    ev.check_uri(&url)?;
    if ev.options.pure && !request.contains_key("rev") {
        let message = "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision";
        return Err(ev.error(ErrorKind::Restricted, message));
    }
    let url = if url.contains("://") { url } else { format!("file://{url}") };
    request.insert("url".to_owned(), FetchAttribute::String(url));
    let fetched = ev.fetch("hg", request.clone())?;
    let known: Attributes = request.into_iter().chain(fetched.attributes.clone()).collect();
    let rev = match known.get("rev") {
        Some(FetchAttribute::String(rev)) => rev.as_str(),
        _ => NO_REV,
    };
    let short = rev.chars().take(SHORT_MERCURIAL_REV_DIGITS).collect();
    let mut members = Attributes::from([
        ("rev".to_owned(), FetchAttribute::String(rev.to_owned())),
        ("shortRev".to_owned(), FetchAttribute::String(short)),
    ]);
    members.extend(known.get("ref").map(|branch| ("branch".to_owned(), branch.clone())));
    members.extend(known.get("revCount").map(|count| ("revCount".to_owned(), count.clone())));
    Ok(Value::Attrs(set_of(ev, Some(&fetched.path), &members)))
}

/// Puts `rev` or `ref`, and `name` into the request; returns the URL.
fn mercurial_arguments<'a>(
    ev: &mut Evaluator<'a>,
    set: Attrs<'a>,
    request: &mut Attributes,
) -> Result<String> {
    let mut url = String::new();
    for entry in ev.cursor.entries(set) {
        let value = Lazy::of(&entry.slot);
        match ev.symbols.text(entry.name) {
            b"url" => url = text(ev.coerce_lazy(value, Coercion::TEXT)?.bytes()),
            // Unlike that of `fetchGit`, it may name a branch as well.
            b"rev" => {
                let value = text(ev.force_plain_string(value)?);
                let name = if is_rev(&value) { "rev" } else { "ref" };
                request.insert(name.to_owned(), FetchAttribute::String(value));
            }
            b"name" => {
                let value = text(ev.force_plain_string(value)?);
                request.insert("name".to_owned(), FetchAttribute::String(value));
            }
            other => {
                let message = format!("unsupported argument '{}' to 'fetchMercurial'", text(other));
                return Err(ev.error(ErrorKind::Other, message));
            }
        }
    }
    if url.is_empty() {
        return Err(ev.error(ErrorKind::Other, "'url' argument required"));
    }
    Ok(url)
}
