//! Evidence in scripts and configuration.

use super::{Step, Vertex, Walk};
use crate::analysis::{Script, Text, script_program};
use crate::ledger::Evidence;
use crate::universe::{NodeId, join};

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
            self.suggest_commands();
        }
    }

    pub(super) fn visit_text(&mut self, id: NodeId, text: &crate::analysis::Text) {
        let Text { paths, sonames } = text;
        for path in paths.iter() {
            self.take_path(id, path, Evidence::ConfigPath);
        }
        for name in sonames.iter() {
            self.take_soname(id, name);
        }
    }

    /// Notes which package could hold a path that leads to nothing.
    pub(super) fn suggest(&mut self, path: &[u8]) {
        const PROGRAMS: &[(&[u8], &str)] = &[
            (b"usr/bin/bash", "bash"),
            (b"usr/bin/dash", "dash"),
            (b"usr/bin/env", "coreutils"),
            (b"usr/bin/perl", "perl-base"),
            (b"usr/bin/sh", "dash"),
        ];
        let path = join(b"", path);
        let package = PROGRAMS.iter().find(|(program, _)| *program == path);
        self.suggested.extend(package.map(|(_, package)| *package));
    }

    /// A shell script may run anything that Debian calls essential.
    fn suggest_commands(&mut self) {
        self.suggested.insert(super::ESSENTIAL);
    }
}
