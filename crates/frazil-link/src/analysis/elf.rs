//! Programs and libraries: their headers, and the strings in their read-only data.
//!
//! What is damaged says nothing: a broken section is left out, the rest is read.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::{memchr, memmem};
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::StringTable;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, FileKind};

use super::{Elf, Strings, tokens};
use crate::capability::{self, EXEC};

/// The note in which a library says what it may load (`ELF_NOTE_DLOPEN`).
const NOTE_DLOPEN: u32 = 0x407c_0c0a;
/// Strings longer than this are texts: help, default configuration, license.
const TEXT_BYTES_MIN: usize = 4000;
/// Paths taken from one string.
const PATHS_PER_STRING_MAX: usize = 20;
/// Longer strings are no commands.
const COMMAND_BYTES_MAX: usize = 400;

pub(super) fn read(bytes: &[u8]) -> Option<Elf> {
    match FileKind::parse(bytes).ok()? {
        FileKind::Elf32 => read_class::<FileHeader32<Endianness>>(bytes),
        FileKind::Elf64 => read_class::<FileHeader64<Endianness>>(bytes),
        _ => None,
    }
}

fn read_class<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Elf> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let mut facts =
        Elf { machine: header.e_machine(endian).0, is_64: header.is_class_64(), ..Elf::default() };
    let mut has_dynamic = false;
    let segments = header.program_headers(endian, bytes).unwrap_or_default();
    for segment in segments {
        if let Ok(Some(interpreter)) = segment.interpreter(endian, bytes) {
            facts.interpreter = interpreter.into();
        } else if let Ok(Some(entries)) = segment.dynamic(endian, bytes) {
            has_dynamic = true;
            read_dynamic::<H>(&mut facts, entries, segments, endian, bytes);
        }
    }
    facts.notes = notes::<H>(segments, endian, bytes);
    facts.is_program = !facts.interpreter.is_empty()
        || header.e_type(endian) == elf::ET_EXEC
        || (header.e_type(endian) == elf::ET_DYN && facts.soname.is_empty() && !has_dynamic);
    read_sections(header, &mut facts, endian, bytes);
    Some(facts)
}

/// Where debug information stands in the file, in order.
pub(super) fn debug_sections(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = match FileKind::parse(bytes) {
        Ok(FileKind::Elf32) => debug_sections_of::<FileHeader32<Endianness>>(bytes),
        Ok(FileKind::Elf64) => debug_sections_of::<FileHeader64<Endianness>>(bytes),
        Ok(_) | Err(_) => None,
    }
    .unwrap_or_default();
    found.sort_by_key(|range| range.start);
    found
}

fn debug_sections_of<H: FileHeader<Endian = Endianness>>(
    bytes: &[u8],
) -> Option<Vec<Range<usize>>> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let is_debug = |section: &&H::SectionHeader| {
        let name = sections.section_name(endian, section).unwrap_or_default();
        // What is loaded is no debug information, whatever its name says.
        let is_loaded = section.sh_flags(endian).0 & elf::SHF_ALLOC.0 != 0;
        !is_loaded && (name.starts_with(b".debug") || name == b".gnu_debuglink")
    };
    let range = |section: &H::SectionHeader| {
        let (at, len) = section.file_range(endian)?;
        let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        let end = at.checked_add(len).filter(|end| *end <= bytes.len())?;
        Some(at..end)
    };
    Some(sections.iter().filter(is_debug).filter_map(range).collect())
}

/// The file without these parts, which are in order but may overlap.
pub(super) fn around<'b>(bytes: &'b [u8], holes: &[Range<usize>]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut at = 0;
    for hole in holes {
        parts.extend(bytes.get(at..hole.start));
        at = at.max(hole.end);
    }
    parts.extend(bytes.get(at..));
    parts
}

fn read_dynamic<H: FileHeader<Endian = Endianness>>(
    facts: &mut Elf,
    entries: &[H::Dyn],
    segments: &[H::ProgramHeader],
    endian: Endianness,
    bytes: &[u8],
) {
    let live = || entries.iter().take_while(|entry| entry.tag(endian) != elf::DT_NULL);
    let value = |tag| live().find(|entry| entry.tag(endian) == tag).map(|entry| entry.val(endian));
    let (Some(address), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else { return };
    let table = segments
        .iter()
        .find_map(|segment| segment.data_range(endian, bytes, address, size).ok().flatten());
    let Some(table) = table else { return };
    let table = StringTable::new(table, 0, table.len() as u64);
    let strings = |tag| {
        live()
            .filter(move |entry| entry.tag(endian) == tag)
            .filter_map(move |entry| table.get(u32::try_from(entry.val(endian)).ok()?).ok())
    };
    facts.needed = Strings::of(strings(elf::DT_NEEDED));
    facts.soname = strings(elf::DT_SONAME).next().unwrap_or_default().into();
    let directories = strings(elf::DT_RPATH).chain(strings(elf::DT_RUNPATH));
    facts.runpath = Strings::of(
        directories
            .flat_map(|list| list.split(|byte| *byte == b':'))
            .filter(|directory| !directory.is_empty()),
    );
}

/// The libraries in the notes, which are lists of objects in JSON.
fn notes<H: FileHeader<Endian = Endianness>>(
    segments: &[H::ProgramHeader],
    endian: Endianness,
    bytes: &[u8],
) -> Strings {
    let mut sonames = BTreeSet::new();
    for segment in segments {
        let Ok(Some(mut notes)) = segment.notes(endian, bytes) else { continue };
        while let Ok(Some(note)) = notes.next() {
            if note.name() != b"FDO" || note.n_type(endian).0 != NOTE_DLOPEN {
                continue;
            }
            let text = note.desc().trim_ascii_end();
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
            let Ok(json) = serde_json::from_slice::<serde_json::Value>(text) else { continue };
            for library in json.as_array().into_iter().flatten() {
                let names = library.get("soname").and_then(|names| names.as_array());
                let names = names.into_iter().flatten().filter_map(|name| name.as_str());
                sonames.extend(names.map(str::to_owned));
            }
        }
    }
    Strings::of(sonames)
}

/// Symbols, and strings in sections of data.
fn read_sections<H: FileHeader<Endian = Endianness>>(
    header: &H,
    facts: &mut Elf,
    endian: Endianness,
    bytes: &[u8],
) {
    let Ok(sections) = header.sections(endian, bytes) else { return };
    let mut symbols = BTreeSet::new();
    if let Ok(table) = sections.symbols(endian, bytes, elf::SHT_DYNSYM) {
        for symbol in table.iter().filter(|symbol| symbol.st_shndx(endian) == elf::SHN_UNDEF) {
            let name = symbol.name(endian, table.strings()).unwrap_or_default();
            if capability::is_relevant(name) {
                symbols.insert(name);
            }
        }
    }
    let mut data: Vec<&[u8]> = Vec::new();
    let mut has_ends = true;
    for section in sections.iter() {
        let name = sections.section_name(endian, section).unwrap_or_default();
        if matches!(name, b".gopclntab" | b".go.buildinfo" | b".note.go.buildid") {
            has_ends = false;
        }
        let is_data = [&b".rodata"[..], b".data", b".noptrdata", b".lrodata"]
            .iter()
            .any(|start| name.starts_with(start));
        if is_data && section.sh_type(endian) == elf::SHT_PROGBITS {
            data.extend(section.data(endian, bytes).ok());
        }
    }
    if sections.is_empty() {
        // Stripped of its section headers: all of it may be data, and separated by anything.
        data.push(bytes);
        has_ends = false;
    }
    has_ends &= !data.iter().any(|data| memmem::find(data, b"/rustc/").is_some());
    let runs_commands = symbols.iter().any(|symbol| {
        std::str::from_utf8(symbol)
            .is_ok_and(|symbol| EXEC.contains(&symbol) || matches!(symbol, "popen" | "system"))
    });
    facts.symbols = Strings::of(&symbols);
    facts.sonames = Strings::set(data.iter().flat_map(|data| tokens::sonames(data)));
    if has_ends {
        read_strings(facts, &data, runs_commands);
    } else {
        facts.blobs = Strings::set(data.iter().flat_map(|data| tokens::blob_paths(data)));
    }
}

fn read_strings(facts: &mut Elf, data: &[&[u8]], runs_commands: bool) {
    let (mut paths, mut embedded) = (BTreeSet::new(), BTreeSet::new());
    for data in data {
        tokens::strings_with_slash(data, |string| {
            let rest = match tokens::whole_path(string) {
                Some(path) => {
                    paths.extend(tokens::is_shipped(path).then_some(path));
                    string.get(path.len()..).unwrap_or_default()
                }
                None if string.len() < TEXT_BYTES_MIN => string,
                None => return,
            };
            let more = tokens::paths(rest).take(PATHS_PER_STRING_MAX);
            embedded.extend(more.filter(|path| tokens::is_shipped(path)));
        });
    }
    facts.embedded = Strings::of(embedded.difference(&paths));
    facts.paths = Strings::of(&paths);
    if runs_commands {
        facts.words = Strings::set(data.iter().flat_map(|data| commands(data)));
    }
}

/// First words of strings that look like command lines, and strings that are one word.
fn commands(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    let strings = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(0, rest).unwrap_or(rest.len());
        let string = rest.get(..end);
        rest = rest.get(end + 1..).unwrap_or_default();
        string
    });
    strings.filter_map(|string| {
        let string = string.strip_prefix(b"exec ").unwrap_or(string);
        let is_word = |byte: &u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.+-".contains(byte)
        };
        let len = string.iter().take_while(|byte| is_word(byte)).count();
        let (word, after) = string.split_at_checked(len)?;
        let is_name = (2..32).contains(&len) && word.first().is_some_and(u8::is_ascii_lowercase);
        let is_command = match after {
            [] => true,
            [b' ', next, ..] => {
                string.len() < COMMAND_BYTES_MAX && (is_word(next) || b"%'\"$/".contains(next))
            }
            _ => false,
        };
        (is_name && is_command).then_some(word)
    })
}
