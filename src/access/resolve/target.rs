//! The relations and columns that rules name.

use std::collections::BTreeMap;

use super::super::pattern::{Part, Pattern};
use super::super::rules::Word;
use super::Resolving;
use crate::commands::similar;
use crate::model::{QualifiedName, Relation, RelationKind};

impl<'a> Resolving<'a> {
    /// The relations that some patterns cover, each with the most specific one. A pattern that covers none is an error.
    pub(super) fn relations<'p>(&mut self, patterns: &'p [Pattern]) -> Vec<(&'a Relation, &'p Pattern)> {
        let mut found: BTreeMap<&'a QualifiedName, (&'a Relation, &'p Pattern)> = BTreeMap::new();
        for pattern in patterns {
            let covered = self.covered(pattern);
            if covered.is_empty() && !self.rules.is_preset(&pattern.at) {
                self.nothing(pattern);
            }
            for relation in covered {
                let best = found.entry(&relation.name).or_insert((relation, pattern));
                if pattern.level() > best.1.level() {
                    best.1 = pattern;
                }
            }
        }
        found.into_values().collect()
    }

    /// The relations that one pattern covers.
    pub(super) fn covered(&self, pattern: &Pattern) -> Vec<&'a Relation> {
        if let Some(name) = pattern.exact() {
            return self.schema.relation(&name).filter(|r| r.kind != RelationKind::Sequence).into_iter().collect();
        }
        let all = self.schema.relations.iter().filter(|r| r.kind != RelationKind::Sequence);
        all.filter(|r| pattern.covers(&r.name) && self.is_meant(pattern, &r.name.schema, r.extension.as_deref()))
            .collect()
    }

    /// Whether a pattern with wildcards means an object: not what an extension brought, and the platform's own only by the
    /// name of its schema.
    pub(super) fn is_meant(&self, pattern: &Pattern, schema: &str, extension: Option<&str>) -> bool {
        extension.is_none()
            && (matches!(pattern.schema, Part::Exact(_)) || !self.effective.is_platform_namespace(schema))
    }

    fn nothing(&mut self, pattern: &Pattern) {
        let Some(name) = pattern.exact() else {
            let message = format!("`{}` matches no relation", pattern.text);
            self.fail(&pattern.at, message, Some("`*` stands for any run of characters, `?` for one".to_owned()));
            return;
        };
        if self.schema.relation(&name).is_some() {
            self.fail(&pattern.at, format!("`{}` is a sequence, which has no rows", pattern.text), None);
            return;
        }
        let rows = || self.schema.relations.iter().map(|r| &r.name).filter(|n| !self.is_sequence(n));
        let help = near(&name, rows());
        self.fail(&pattern.at, format!("there is no relation `{}`", pattern.text), help);
    }

    fn is_sequence(&self, name: &QualifiedName) -> bool {
        self.schema.relation(name).is_some_and(|r| r.kind == RelationKind::Sequence)
    }

    /// Those of the named columns that a relation has; one that is named together with the whole name of the relation
    /// must be there.
    pub(super) fn columns(&mut self, relation: &Relation, pattern: &Pattern, named: &[Word]) -> Vec<String> {
        let mut columns = Vec::new();
        for word in named {
            if relation.column(&word.text).is_some() {
                columns.push(word.text.clone());
            } else if pattern.exact().is_some() {
                let help = similar::to(&word.text, relation.columns.iter().map(|c| c.name.as_str()));
                self.fail(&word.at, format!("{} has no column `{}`", relation.name, word.text), help);
            }
        }
        columns.sort();
        columns.dedup();
        columns
    }

    /// Every column that is named with a wildcard is somewhere.
    pub(super) fn carried(&mut self, patterns: &[Pattern], named: &[Word]) {
        for word in named {
            let mut covered = patterns.iter().flat_map(|p| self.covered(p)).peekable();
            let exact = patterns.iter().any(|p| p.exact().is_some());
            let missing = covered.peek().is_some() && covered.all(|r| r.column(&word.text).is_none());
            if missing && !exact && !self.rules.is_preset(&word.at) {
                self.fail(&word.at, format!("no relation that is meant has a column `{}`", word.text), None);
            }
        }
    }
}

/// The one of some names that is near: of the same schema, or of another if that is mistyped as well.
pub(super) fn near<'n>(name: &QualifiedName, known: impl Iterator<Item = &'n QualifiedName>) -> Option<String> {
    let known: Vec<_> = known.collect();
    let here: Vec<_> = known.iter().filter(|n| n.schema == name.schema).map(|n| n.name.as_str()).collect();
    if here.is_empty() {
        let all: Vec<_> = known.iter().map(|n| format!("{}.{}", n.schema, n.name)).collect();
        return similar::to(&format!("{}.{}", name.schema, name.name), all.iter().map(String::as_str));
    }
    let same = known.iter().find(|n| n.name == name.name).map(|n| format!("did you mean `{}.{}`?", n.schema, n.name));
    let whole = |help: String| help.replacen('`', &format!("`{}.", name.schema), 1);
    similar::to(&name.name, here).map(whole).or(same)
}
