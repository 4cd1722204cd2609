//! Evidence in scripts and configuration.

use super::{Step, Suggestion, Vertex, Walk};
use crate::analysis::{Script, Text, script_program};
use crate::ledger::Evidence;
use crate::policy::RUNTIMES;
use crate::universe::{NodeId, join, parent};

impl Walk<'_, '_> {
    pub(super) fn visit_script(&mut self, id: NodeId, script: &Script) {
        let universe = self.universe;
        let words: Vec<&[u8]> = script.interpreter.iter().collect();
        if let Some(first) = words.first() {
            let step = Step::exact(Vertex::Node(id), Evidence::Shebang);
            if !self.reach(step, first) {
                self.suggest(first);
            }
            let name = script_program(&words);
            let is_found_by_name = name.is_some_and(|name| !first.ends_with(name));
            for program in
                name.filter(|_| is_found_by_name).map_or(&[][..], |it| universe.programs(it))
            {
                self.reach_node(step, *program);
            }
        }
        for path in script.paths.iter() {
            self.take_path(id, path, Evidence::ScriptPath);
        }
        for word in script.words.iter() {
            for program in universe.programs(word) {
                self.reach_node(Step::exact(Vertex::Node(id), Evidence::Command), *program);
            }
        }
        if !script.words.is_empty() {
            // A shell script may run anything that Debian calls essential.
            self.suggested.insert(Suggestion::Essential);
        }
    }

    /// All that a text says, or only what it cannot be read without.
    pub(super) fn visit_text(&mut self, id: NodeId, text: &Text, is_whole: bool) {
        let Text { paths, includes, sonames } = text;
        for path in if is_whole { paths } else { includes }.iter() {
            self.take_path(id, path, Evidence::ConfigPath);
        }
        for name in sonames.iter().filter(|_| is_whole) {
            self.take_soname(id, name);
        }
    }

    /// Notes where a path could lead that leads to nothing.
    pub(super) fn suggest(&mut self, path: &[u8]) {
        const PROGRAMS: &[(&[u8], &str)] = &[
            (b"usr/bin/bash", "bash"),
            (b"usr/bin/dash", "dash"),
            (b"usr/bin/perl", "perl-base"),
            (b"usr/bin/sh", "dash"),
        ];
        let path = join(b"", path);
        let known = PROGRAMS.iter().find(|(program, _)| *program == path);
        let runtime = RUNTIMES.iter().find(|row| row.is_interpreter(&path));
        let suggestion = match (known, runtime) {
            (Some((_, package)), _) => Suggestion::Package(package),
            (None, Some(row)) => Suggestion::Like(row.opens),
            _ if matches!(parent(&path), b"usr/bin" | b"usr/sbin") => Suggestion::Essential,
            _ => return,
        };
        self.suggested.insert(suggestion);
    }
}
