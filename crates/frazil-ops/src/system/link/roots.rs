//! Where a link begins: what services run, what they are told, and the commands of packages.

use frazil_link::Root;
use serde_json::Value;

use super::{INIT_PROGRAM, NO_INIT, Setting, SystemError, laid_out};
use crate::system::specification::Specification;

/// The roots of a system. Only what runs has to be there; arguments may name what is made later.
pub(super) fn roots(
    specification: &Specification,
    setting: &Setting<'_>,
    services: &Value,
) -> Result<Vec<Root>, SystemError> {
    let mut roots = Vec::new();
    if let Some(setup) = services.get("setup") {
        push_value(&mut roots, setup, "init.setup");
    }
    let services = services.get("services").and_then(Value::as_object);
    for (name, service) in services.into_iter().flatten() {
        let at = |field: &str| format!("init.services.{name}.{field}");
        let argv = service.get("exec").and_then(Value::as_array);
        for (index, word) in argv.into_iter().flatten().filter_map(Value::as_str).enumerate() {
            let is_ours = word.strip_prefix('/') == Some(INIT_PROGRAM);
            push_word(&mut roots, word, &at("exec"), index == 0 && !is_ours);
        }
        for (field, value) in service.as_object().into_iter().flatten() {
            if field != "exec" {
                push_value(&mut roots, value, &at(field));
            }
        }
    }
    push_image(&mut roots, specification);
    for package in &specification.root {
        for file in laid_out::files(package, setting)? {
            push(&mut roots, &file.target, "contents", true);
        }
    }
    for file in &specification.files {
        if super::is_in_place(file, setting)? {
            push(&mut roots, &format!("/{}", file.path), "system.files", true);
        }
    }
    for (name, user) in specification.users.iter().filter(|(_, user)| user.logs_in) {
        push(&mut roots, &user.shell, &format!("users.users.{name}.shell"), true);
    }
    for program in &specification.plan.programs {
        push(&mut roots, program, "init.type", true);
    }
    for package in &specification.packages {
        push_commands(&mut roots, package, setting);
    }
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
        push(&mut roots, path, "the system", false);
    }
    Ok(roots)
}

/// What an image runs. Where it starts no init, its program has to be there; what that is told may
/// name what is made later.
fn push_image(roots: &mut Vec<Root>, specification: &Specification) {
    let image = &specification.image;
    let words = |field: &str| {
        let found = image.get(field)?;
        found.get("command").unwrap_or(found).as_array()
    };
    let is_given = words("entrypoint").is_some_and(|words| !words.is_empty());
    let started = if is_given { "entrypoint" } else { "cmd" };
    let has_init = specification.plan.init != NO_INIT;
    for field in ["entrypoint", "cmd", "healthcheck"] {
        let texts = words(field).into_iter().flatten().filter_map(Value::as_str);
        for (index, word) in texts.enumerate() {
            let is_program = index == 0 && field == started && !has_init;
            push_word(roots, word, &format!("image.{field}"), is_program);
        }
    }
    let variables = image.get("environment").and_then(Value::as_object);
    // Search paths name where things may be, not what is needed.
    let variables = variables.into_iter().flatten().filter(|(name, _)| !name.ends_with("PATH"));
    for (name, value) in variables.filter(|_| !has_init) {
        push_value(roots, value, &format!("image.environment.{name}"));
    }
}

fn push(roots: &mut Vec<Root>, path: &str, named_by: &str, is_required: bool) {
    roots.push(Root { path: path.as_bytes().into(), named_by: named_by.into(), is_required });
}

/// What stands around the paths in a word that is more than one: signs of lists, of templates, and of
/// shells.
const SEPARATORS: &[char] =
    &[':', ',', '=', ' ', '\n', '\t', '"', '\'', ';', '<', '>', '(', ')', '|', '&', '`'];

/// The paths in a word: the whole of it, or what follows a `=`, a colon or a comma, and of a text,
/// as templates and scripts have it, what stands between spaces and line breaks.
fn push_word(roots: &mut Vec<Root>, word: &str, named_by: &str, is_required: bool) {
    if word.starts_with('/') && !word.contains([':', ',', '=', '\n']) {
        return push(roots, word, named_by, is_required);
    }
    let parts = word.split(SEPARATORS);
    for part in parts.filter(|part| part.starts_with('/') && part.len() > 1) {
        push(roots, part, named_by, false);
    }
}

fn push_value(roots: &mut Vec<Root>, value: &Value, named_by: &str) {
    match value {
        Value::String(text) => push_word(roots, text, named_by, false),
        Value::Array(values) => values.iter().for_each(|it| push_value(roots, it, named_by)),
        Value::Object(values) => values.values().for_each(|it| push_value(roots, it, named_by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn push_commands(roots: &mut Vec<Root>, package: &str, setting: &Setting<'_>) {
    for command in super::commands::of_package(package, setting) {
        push(roots, &command.path, "environment.systemPackages", true);
    }
}

#[cfg(test)]
mod tests {
    use super::push_word;

    #[test]
    fn paths_in_words() {
        let check = |word: &str, expected: &[&str]| {
            let mut roots = Vec::new();
            push_word(&mut roots, word, "the test", false);
            let found: Vec<String> =
                roots.iter().map(|root| String::from_utf8_lossy(&root.path).into_owned()).collect();
            assert_eq!(found, expected, "{word:?}");
        };
        check("/srv/my files", &["/srv/my files"]);
        check("--config=/etc/x.conf,/etc/y", &["/etc/x.conf", "/etc/y"]);
        check("cat /etc/a\nexec /usr/bin/b\n", &["/etc/a", "/usr/bin/b"]);
        check("/usr/bin/a\n", &["/usr/bin/a"]);
        check("x=$(cat </etc/a)|/usr/bin/b>/dev/null&", &["/etc/a", "/usr/bin/b", "/dev/null"]);
        check("a/b :/ relative", &[]);
    }
}
