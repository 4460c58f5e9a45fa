//! `[[rule]] on`: which rule counts for each role, relation and command.
//!
//! A rule of the project's files wins over one of a preset, the more specific pattern over the less specific, a command
//! that is named over `all`, and then the later rule over the earlier. Two rules conflict if none of this but their order
//! tells them apart, because they have the same pattern, and they say different things.

use std::collections::BTreeMap;

use super::super::intent::{Declaration, HiddenColumns, Mode, WritableColumns};
use super::super::pattern::{Level, Pattern};
use super::super::rules::{RowRule, Said, Word};
use super::Resolving;
use crate::analyzer::decide::Which;
use crate::model::{Command, Relation};

/// What makes one rule win over another; the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_own: bool,
    level: Level,
    named: bool,
    order: usize,
}

/// A rule that speaks of a command.
#[derive(Clone, Copy)]
struct Voice<'a> {
    rank: Rank,
    rule: &'a RowRule,
    pattern: &'a Pattern,
    /// None where only columns are said.
    said: Option<&'a Said>,
    role: &'a Word,
}

/// One row of one command of a role.
type Slot<'a> = (&'a str, Command, Which);

/// Whether two rules say different things, as far as someone could tell who reads them.
fn differ(a: &Voice<'_>, b: &Voice<'_>) -> bool {
    let words = |v: &Voice<'_>| -> (Option<String>, Mode) { (v.said.map(|s| s.what.text().to_owned()), v.rule.mode) };
    words(a) != words(b)
}

impl<'a> Resolving<'a> {
    pub(super) fn rows(&mut self) {
        let rules = self.rules;
        let mut voices: BTreeMap<&'a crate::model::QualifiedName, (&'a Relation, Vec<Voice<'a>>)> = BTreeMap::new();
        for (order, rule) in rules.rows.iter().enumerate() {
            for (relation, pattern) in self.relations(&rule.on) {
                let entry = voices.entry(&relation.name).or_insert_with(|| (relation, Vec::new()));
                let is_own = !rules.is_preset(&pattern.at);
                for role in rule.roles.iter().filter(|role| self.schema.role(&role.text).is_some()) {
                    let rank = |named| Rank { is_own, level: pattern.level(), named, order };
                    let voice = |named, said| Voice { rank: rank(named), rule, pattern, said, role };
                    entry.1.extend(rule.said.iter().map(|said| voice(said.named, Some(said))));
                    if rule.columns.is_some() && !rule.said.iter().any(|s| s.command == Command::Update) {
                        entry.1.push(voice(true, None));
                    }
                    self.hide(relation, pattern, rule, role);
                }
            }
            self.carried(&rule.on, &rule.hide);
        }
        for (relation, all) in voices.into_values() {
            self.relation(relation, &all);
        }
    }

    /// What must not be read adds up: no rule takes back what another hides.
    fn hide(&mut self, relation: &Relation, pattern: &Pattern, rule: &RowRule, role: &Word) {
        let columns = self.columns(relation, pattern, &rule.hide);
        if let (Some(first), false) = (rule.hide.first(), columns.is_empty()) {
            self.intent.hidden.push(HiddenColumns {
                relation: relation.name.clone(),
                role: role.text.clone(),
                columns,
                origin: self.declared(&first.at),
                reason: rule.reason.clone(),
            });
        }
    }

    fn relation(&mut self, relation: &'a Relation, voices: &[Voice<'a>]) {
        let mut slots: BTreeMap<Slot<'a>, Vec<Voice<'a>>> = BTreeMap::new();
        let mut updates: BTreeMap<&'a str, Vec<Voice<'a>>> = BTreeMap::new();
        for voice in voices {
            if let Some(said) = voice.said {
                slots.entry((&voice.role.text, said.command, said.row)).or_default().push(*voice);
            }
            if voice.said.is_none_or(|s| s.command == Command::Update) {
                updates.entry(&voice.role.text).or_default().push(*voice);
            }
        }
        for (slot, voices) in slots {
            self.slot(relation, slot, &voices);
        }
        for (role, voices) in updates {
            self.writable(relation, role, &voices);
        }
    }

    /// The rule that counts; an error if another could as well.
    fn winner(&mut self, voices: &[Voice<'a>], what: &str, relation: &Relation) -> Option<Voice<'a>> {
        let winner = *voices.iter().max_by_key(|v| v.rank)?;
        let tied = |v: &&Voice<'_>| {
            let key = |r: Rank| (r.is_own, r.level, r.named);
            key(v.rank) == key(winner.rank) && v.rank.order != winner.rank.order && v.pattern.is_same(winner.pattern)
        };
        if let Some(other) = voices.iter().filter(tied).find(|v| differ(v, &winner)) {
            let at = |v: &Voice<'_>| v.said.map_or(&v.pattern.at, |s| s.what.at()).clone();
            let place = self.rules.texts().place(&at(other));
            let message = format!(
                "{what} by `{}` on {} is also declared at {place}, otherwise, and for the same pattern",
                winner.role.text, relation.name
            );
            self.fail(&at(&winner), message, Some("keep one of them, or make one pattern more specific".to_owned()));
        }
        Some(winner)
    }

    fn slot(&mut self, relation: &'a Relation, (role, command, row): Slot<'a>, voices: &[Voice<'a>]) {
        let Some(winner) = self.winner(voices, &command.to_string(), relation) else { return };
        let Some(said) = winner.said else { return };
        let Some(predicate) = self.condition(relation, winner.pattern, &said.what) else { return };
        self.intent.declarations.push(Declaration {
            relation: relation.name.clone(),
            role: role.to_owned(),
            command,
            row,
            predicate,
            mode: winner.rule.mode,
            origin: self.declared(said.what.at()),
            reason: winner.rule.reason.clone(),
        });
    }

    /// The columns that the rule which counts for UPDATE leaves.
    fn writable(&mut self, relation: &Relation, role: &str, voices: &[Voice<'a>]) {
        let Some(winner) = voices.iter().max_by_key(|v| v.rank) else { return };
        let Some(named) = &winner.rule.columns else { return };
        let columns = self.columns(relation, winner.pattern, named);
        let at = named.first().map_or(&winner.pattern.at, |word| &word.at);
        self.intent.columns.push(WritableColumns {
            relation: relation.name.clone(),
            role: role.to_owned(),
            columns,
            mode: winner.rule.mode,
            origin: self.declared(at),
            reason: winner.rule.reason.clone(),
        });
    }
}
