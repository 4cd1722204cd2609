//! The search: what is chosen, what is still to be satisfied, and what was taken back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::explain::{Cause, Explanation};
use super::{
    Chosen, Need, RESTARTS_MAX, Reason, Solution, SolveError, SolveOptions, similar_names,
};
use crate::index::{Index, MultiArch, Package, PackageId};
use crate::relation::{self, Group, Relation};
use crate::version::DebVersion;

/// A relation that must hold, and whose it is.
#[derive(Clone)]
struct Task<'a> {
    reason: Reason<'a>,
    group: Group<'a>,
}

/// A package that cannot be with those that match.
struct Conflict<'a> {
    owner: PackageId,
    relation: Relation<'a>,
}

struct Search<'s, 'a> {
    index: &'s Index<'a>,
    options: &'s SolveOptions,
    architecture: &'a str,
    solution: Solution<'a>,
    /// What is chosen, by the names under which it can be found.
    present: BTreeMap<&'a str, Vec<(PackageId, Option<DebVersion<'a>>)>>,
    /// What cannot be chosen, by its name.
    conflicts: BTreeMap<&'a str, Vec<Conflict<'a>>>,
    /// Relations that one package can satisfy.
    forced: VecDeque<Task<'a>>,
    /// Relations that several packages can satisfy.
    open: VecDeque<Task<'a>>,
    /// Packages that were one of several possibilities.
    free: BTreeSet<PackageId>,
    /// What kept other packages from being chosen instead of these.
    constrained: BTreeMap<PackageId, PackageId>,
    /// Choices that led to nothing.
    avoided: &'s BTreeSet<PackageId>,
}

/// What became of an attempt.
enum Attempt<'a> {
    Done(Solution<'a>),
    Failed {
        explanation: Box<Explanation>,
        /// The choice to blame, if there was one.
        blamed: Option<PackageId>,
    },
}

pub(super) fn solve<'a>(
    index: &Index<'a>,
    roots: &[Group<'a>],
    options: &SolveOptions,
) -> Result<Solution<'a>, SolveError> {
    let mut avoided = BTreeSet::new();
    // The first failure is the one to tell: later ones are about second choices.
    let mut first = None;
    for _ in 0..=RESTARTS_MAX {
        match Search::new(index, options, &avoided)?.run(roots)? {
            Attempt::Done(solution) => return Ok(solution),
            Attempt::Failed { explanation, blamed } => {
                let told = first.get_or_insert(explanation);
                match blamed {
                    Some(blamed) if avoided.insert(blamed) => {}
                    Some(_) | None => return Err(SolveError::Unsatisfiable(told.clone())),
                }
            }
        }
    }
    match first {
        Some(explanation) => Err(SolveError::Unsatisfiable(explanation)),
        None => Ok(Solution::default()),
    }
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(
        index: &'s Index<'a>,
        options: &'s SolveOptions,
        avoided: &'s BTreeSet<PackageId>,
    ) -> Result<Self, SolveError> {
        Ok(Self {
            index,
            options,
            architecture: index.architecture()?,
            solution: Solution::default(),
            present: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            forced: VecDeque::new(),
            open: VecDeque::new(),
            free: BTreeSet::new(),
            constrained: BTreeMap::new(),
            avoided,
        })
    }

    fn run(mut self, roots: &[Group<'a>]) -> Result<Attempt<'a>, SolveError> {
        for group in roots {
            self.queue(Task { reason: Reason::Asked(group.clone()), group: group.clone() })?;
        }
        if self.options.essential {
            for id in self.index.essential()? {
                let group = relation_to(self.index.name(id)?);
                self.queue(Task { reason: Reason::Essential, group })?;
            }
        }
        while let Some(task) = self.forced.pop_front().or_else(|| self.open.pop_front()) {
            if let Some(failed) = self.satisfy(task)? {
                return Ok(failed);
            }
        }
        Ok(Attempt::Done(self.solution))
    }

    fn queue(&mut self, task: Task<'a>) -> Result<(), SolveError> {
        let candidates = self.candidates(&task.group)?;
        let queue = if candidates.len() <= 1 { &mut self.forced } else { &mut self.open };
        queue.push_back(task);
        Ok(())
    }

    fn satisfy(&mut self, task: Task<'a>) -> Result<Option<Attempt<'a>>, SolveError> {
        let candidates = self.candidates(&task.group)?;
        if candidates.iter().any(|id| self.solution.contains(*id)) {
            return Ok(None);
        }
        let mut viable = Vec::new();
        let mut kept_out = None;
        for id in candidates {
            let package = self.index.get(id)?;
            if self.obstacle(&package)?.is_none() {
                viable.push(package);
            } else if let Some((with, ..)) = self.conflict(&package)? {
                kept_out = kept_out.or(Some(with));
            }
        }
        let Some(first) = viable.first() else { return self.give_up(&task) };
        let preferred = self.options.preferences.iter().find_map(|preference| {
            viable.iter().find(|package| preference.applies(package.name, first.name))
        });
        let package = preferred.unwrap_or(first).clone();
        if viable.len() > 1 {
            self.free.insert(package.id);
        } else if let Some(with) = kept_out {
            self.constrained.insert(package.id, with);
        }
        self.choose(package, task.reason)?;
        Ok(None)
    }

    fn choose(&mut self, package: Package<'a>, reason: Reason<'a>) -> Result<(), SolveError> {
        for (name, version) in names_of(&package)? {
            self.present.entry(name).or_default().push((package.id, version));
        }
        for relation in conflicts_of(&package)? {
            let conflict = Conflict { owner: package.id, relation };
            self.conflicts.entry(conflict.relation.name).or_default().push(conflict);
        }
        let by = package.id;
        let mut needs = vec![
            (Need::PreDepends, parsed(&package, "Pre-Depends", package.pre_depends)?),
            (Need::Depends, parsed(&package, "Depends", package.depends)?),
        ];
        if self.options.recommends {
            needs.push((Need::Recommends, parsed(&package, "Recommends", package.recommends)?));
        }
        self.solution.push(Chosen { package, reason });
        for (need, groups) in needs {
            for group in groups {
                let reason = Reason::Needed { by, need, relation: group.clone() };
                self.queue(Task { reason, group })?;
            }
        }
        Ok(())
    }

    /// Which packages satisfy a relation, in the order of preference: alternative by alternative,
    /// each with the package of that name first, then its providers, the more important first.
    fn candidates(&self, group: &[Relation<'a>]) -> Result<Vec<PackageId>, SolveError> {
        let mut candidates = Vec::new();
        for relation in group.iter().filter(|relation| self.is_native(relation)) {
            if let Some(id) = self.index.find(relation.name)? {
                let package = self.index.get(id)?;
                if admits(relation, Some(package.version)) && serves(relation, &package) {
                    candidates.push(id);
                }
            }
            let mut providers = Vec::new();
            for provider in self.index.providers(relation.name)? {
                if admits(relation, provider.version) {
                    let package = self.index.get(provider.package)?;
                    providers.push((package.priority, provider.package));
                }
            }
            providers.sort();
            candidates.extend(providers.into_iter().map(|(_, id)| id));
        }
        // A package may satisfy several alternatives, by its name and by what it provides.
        let mut seen = BTreeSet::new();
        candidates.retain(|id| seen.insert(*id));
        Ok(candidates)
    }

    /// Whether a relation is about packages that the index can have.
    fn is_native(&self, relation: &Relation<'_>) -> bool {
        match relation.architecture {
            None | Some("any" | "native") => true,
            Some(architecture) => architecture == self.architecture,
        }
    }

    /// Why a package cannot be chosen now.
    fn obstacle(&self, package: &Package<'a>) -> Result<Option<Cause>, SolveError> {
        if self.options.exclude.iter().any(|name| name == package.name) {
            return Ok(Some(Cause::Excluded { package: package.name.into() }));
        }
        if self.avoided.contains(&package.id) {
            return Ok(Some(Cause::Avoided { package: package.name.into() }));
        }
        Ok(self.conflict(package)?.map(|(with, owner, relation)| Cause::Conflict {
            package: package.name.into(),
            owner: owner.into(),
            relation: relation.to_string(),
            why: self.steps_to(with),
        }))
    }

    /// What of the chosen packages a package cannot be with: it, the one of both that says so, and
    /// what that one says.
    fn conflict(
        &self,
        package: &Package<'a>,
    ) -> Result<Option<(PackageId, &'a str, Relation<'a>)>, SolveError> {
        for relation in conflicts_of(package)? {
            let present = self.present.get(relation.name).into_iter().flatten();
            let mut hit =
                present.filter(|(id, version)| *id != package.id && admits(&relation, *version));
            if let (Some((with, _)), true) = (hit.next(), self.is_native(&relation)) {
                return Ok(Some((*with, package.name, relation)));
            }
        }
        for (name, version) in names_of(package)? {
            let declared = self.conflicts.get(name).into_iter().flatten();
            for Conflict { owner, relation } in declared {
                if *owner != package.id && admits(relation, version) && self.is_native(relation) {
                    let name = self.index.name(*owner)?;
                    return Ok(Some((*owner, name, relation.clone())));
                }
            }
        }
        Ok(None)
    }

    fn give_up(&self, task: &Task<'a>) -> Result<Option<Attempt<'a>>, SolveError> {
        if matches!(task.reason, Reason::Needed { need: Need::Recommends, .. }) {
            return Ok(None);
        }
        let mut causes = Vec::new();
        let mut blamed = match &task.reason {
            Reason::Needed { by, .. } => self.choice_above(*by),
            Reason::Asked(_) | Reason::Essential => None,
        };
        for relation in &task.group {
            self.causes(relation, &mut causes)?;
        }
        for id in self.candidates(&task.group)? {
            let package = self.index.get(id)?;
            causes.extend(self.obstacle(&package)?);
            if blamed.is_none()
                && let Some((with, ..)) = self.conflict(&package)?
            {
                blamed = self.choice_above(with);
            }
        }
        let mut steps = match &task.reason {
            Reason::Needed { by, .. } => self.steps_to(*by),
            Reason::Asked(_) | Reason::Essential => Vec::new(),
        };
        steps.extend(self.step(&task.reason));
        let relation = relation::display_group(&task.group).to_string();
        let explanation = Box::new(Explanation { steps, relation, causes });
        Ok(Some(Attempt::Failed { explanation, blamed }))
    }

    /// Why an alternative has no candidates at all.
    fn causes(&self, relation: &Relation<'a>, causes: &mut Vec<Cause>) -> Result<(), SolveError> {
        let package = relation.name.to_owned();
        if !self.is_native(relation) {
            let architecture = relation.architecture.unwrap_or_default().to_owned();
            causes.push(Cause::Architecture { package, architecture });
            return Ok(());
        }
        if !self.candidates(std::slice::from_ref(relation))?.is_empty() {
            return Ok(());
        }
        let wanted = relation.version.map(|version| version.to_string()).unwrap_or_default();
        if let Some(found) = self.index.package(relation.name)? {
            if admits(relation, Some(found.version)) {
                causes.push(Cause::NotForeign { package });
            } else {
                let found = found.version.to_string();
                causes.push(Cause::Version { package, wanted, found });
            }
            return Ok(());
        }
        let mut by = Vec::new();
        for provider in self.index.providers(relation.name)? {
            let name = self.index.name(provider.package)?;
            by.push((name.to_owned(), provider.version.map(|version| version.to_string())));
        }
        causes.push(if by.is_empty() {
            Cause::Missing { similar: similar_names(self.index, &package)?, package }
        } else {
            Cause::Provided { package, wanted, by }
        });
        Ok(())
    }

    /// The nearest choice that brought a package in, itself included, or that left nothing else.
    fn choice_above(&self, id: PackageId) -> Option<PackageId> {
        let mut seen = BTreeSet::new();
        let mut next = VecDeque::from([id]);
        while let Some(id) = next.pop_front() {
            if self.free.contains(&id) {
                return Some(id);
            }
            if !seen.insert(id) {
                continue;
            }
            if let Some(Reason::Needed { by, .. }) = self.solution.at(id).map(|found| &found.reason)
            {
                next.push_back(*by);
            }
            next.extend(self.constrained.get(&id));
        }
        None
    }

    /// How a chosen package came in.
    fn steps_to(&self, id: PackageId) -> Vec<super::Step> {
        let name = self.solution.at(id).map(|chosen| chosen.package.name).unwrap_or_default();
        let path = self.solution.why(name);
        path.iter().filter_map(|chosen| self.step(&chosen.reason)).collect()
    }

    fn step(&self, reason: &Reason<'a>) -> Option<super::Step> {
        match reason {
            Reason::Asked(group) => {
                Some(super::Step::Asked(relation::display_group(group).to_string()))
            }
            Reason::Essential => Some(super::Step::Essential),
            Reason::Needed { by, need, relation } => {
                let package = &self.solution.at(*by)?.package;
                Some(super::Step::Needs {
                    package: package.name.into(),
                    version: package.version.to_string(),
                    need: *need,
                    relation: relation::display_group(relation).to_string(),
                })
            }
        }
    }
}

/// Whether a relation is satisfied by this version: that of a package, or as which it is provided.
fn admits(relation: &Relation<'_>, version: Option<DebVersion<'_>>) -> bool {
    relation.version.is_none_or(|wanted| version.is_some_and(|version| wanted.admits(version)))
}

/// `:any` asks for a package that says it can serve any architecture.
fn serves(relation: &Relation<'_>, package: &Package<'_>) -> bool {
    relation.architecture != Some("any") || package.multi_arch == MultiArch::Allowed
}

/// The names under which a package satisfies relations.
fn names_of<'a>(
    package: &Package<'a>,
) -> Result<Vec<(&'a str, Option<DebVersion<'a>>)>, SolveError> {
    let mut names = vec![(package.name, Some(package.version))];
    let provided = parsed(package, "Provides", package.provides)?.into_iter().flatten();
    names.extend(
        provided.map(|relation| (relation.name, relation.version.map(|wanted| wanted.version))),
    );
    Ok(names)
}

fn conflicts_of<'a>(package: &Package<'a>) -> Result<Vec<Relation<'a>>, SolveError> {
    let conflicts = parsed(package, "Conflicts", package.conflicts)?;
    let breaks = parsed(package, "Breaks", package.breaks)?;
    Ok(conflicts.into_iter().chain(breaks).flatten().collect())
}

fn parsed<'a>(
    package: &Package<'a>,
    field: &'static str,
    text: &'a str,
) -> Result<Vec<Group<'a>>, SolveError> {
    relation::parse(text).map_err(|source| SolveError::Relation {
        package: package.name.into(),
        field,
        source,
    })
}

fn relation_to(name: &str) -> Group<'_> {
    vec![Relation {
        name,
        architecture: None,
        version: None,
        architectures: Vec::new(),
        profiles: Vec::new(),
    }]
}
