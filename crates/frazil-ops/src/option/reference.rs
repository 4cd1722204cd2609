//! The reference of options: Markdown, a page for each part of a system.

use std::collections::BTreeMap;

use super::Described;

/// The page that lists the others.
pub const INDEX: &str = "README.md";

/// What stands on the index before the list.
const INTRODUCTION: &str = "# Options\n\n\
    All options of the modules that every system has. `frazil option search WORD` finds them, and\n\
    `frazil option show NAME` shows one. `frazil option reference` makes these pages.\n\n";

/// The pages by their file names.
pub fn pages(options: &[Described]) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, Vec<&Described>> = BTreeMap::new();
    for option in options {
        parts.entry(part(&option.name)).or_default().push(option);
    }
    let mut index = INTRODUCTION.to_owned();
    let mut pages = BTreeMap::new();
    for (part, options) in &parts {
        let file = format!("{part}.md");
        let count = options.len();
        let noun = if count == 1 { "option" } else { "options" };
        index.extend([format!("- [{part}]({file}): {count} {noun}\n")]);
        let entries = options.iter().map(|option| entry(option));
        pages.insert(file, format!("# {part}\n{}", entries.collect::<String>()));
    }
    pages.insert(INDEX.to_owned(), index);
    pages
}

/// `services.nginx` of what is below it, and else the first name.
fn part(name: &str) -> String {
    let mut names = name.split('.');
    match (names.next(), names.next()) {
        (Some("services"), Some(service)) => format!("services.{service}"),
        (first, _) => first.unwrap_or_default().to_owned(),
    }
}

/// An option as a section.
fn entry(option: &Described) -> String {
    let mut text = format!("\n## `{}`\n\n", option.name);
    if let Some(description) = &option.description {
        text.extend([description.trim(), "\n\n"]);
    }
    text.extend(["- type: ", &option.r#type, "\n"]);
    if option.is_read_only {
        text.push_str("- read-only\n");
    }
    for (what, value) in [("default", &option.default), ("example", &option.example)] {
        if let Some(value) = value {
            text.extend(["- ", what, ":", &code(value), "\n"]);
        }
    }
    for file in &option.declarations {
        text.extend(["- declared in `", file, "`\n"]);
    }
    text
}

/// Code in a list: in the line if it fits there, and else as a block.
fn code(value: &str) -> String {
    let value = value.trim();
    if !value.contains(['\n', '`']) {
        return format!(" `{value}`");
    }
    let lines: Vec<String> = value.lines().map(|line| format!("  {line}")).collect();
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    format!("\n\n  ```nix\n{}\n  ```\n", lines.join("\n"))
}
