//! One write of a principal: what allows it, and the state that it leaves.

use super::access::{Asked, Kept};
use super::{Decider, Formula};
use crate::analyzer::effective::{Columns, Extent};
use crate::analyzer::term::{Id, Key, Query, Row, Write};
use crate::analyzer::verdict::Subject;
use crate::model::{Column, Command, ConstraintKind, Relation, TriggerEvent};

/// A write over rows of its own.
#[derive(Debug, Clone)]
pub(super) struct Written<'a> {
    pub(super) relation: &'a Relation,
    pub(super) command: Command,
    /// The row that was there.
    pub(super) old: Option<Row>,
    /// The row that is there afterwards.
    pub(super) new: Option<Row>,
    /// What allows it.
    pub(super) allowed: Id,
    pub(super) write: Write,
    kept: Option<Kept<'a>>,
}

impl<'a> Decider<'a> {
    /// The write of `asked` as part of a formula's question; `None` if the role lacks the privilege.
    pub(super) fn written(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>) -> Option<Written<'a>> {
        let Asked { role, relation, command, .. } = asked;
        if matches!(self.effective.access(role, relation, command).extent, Extent::None(_)) {
            return None;
        }
        let mut row = |stored: bool| {
            let row = formula.resolver.terms.row(&relation.name, &relation.name.name);
            formula.subjects.push(Subject { row, stored });
            row
        };
        let old = (command != Command::Insert).then(|| row(true));
        let new = (command != Command::Delete).then(|| row(false));
        let mut allowed = Vec::new();
        if let Some(old) = old {
            allowed.push(self.old_row(formula, asked, old));
        }
        if let Some(new) = new {
            allowed.push(self.new_row(formula, asked, new));
        }
        let kept = old.zip(new).and_then(|(old, new)| self.kept(asked, old, new));
        let key = formula.resolver.key(relation);
        let removed = old.zip(key.clone());
        if let Some(new) = new {
            allowed.extend(formula.unique(relation, new, old.zip(key)));
            allowed.extend(formula.resolver.references(relation, new));
        }
        let allowed = formula.resolver.terms.and(&allowed);
        let write = Write { relation: relation.name.clone(), removed, added: new };
        Some(Written { relation, command, old, new, allowed, write, kept })
    }

    /// What is known of columns that the role may not set: an UPDATE leaves them, an INSERT gives them their defaults.
    pub(super) fn unset(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>, written: &Written<'a>) -> Vec<Id> {
        if let Some(kept) = &written.kept {
            return formula.same(kept);
        }
        let (Command::Insert, Some(new)) = (written.command, written.new) else { return Vec::new() };
        let columns = self.left_out(asked);
        formula.defaults(written.relation, &columns, new)
    }

    /// The columns that an INSERT leaves to their defaults, because the role may not give them a value and no trigger
    /// does.
    pub(super) fn left_out(&self, asked: Asked<'_, 'a>) -> Vec<&'a Column> {
        let access = self.effective.access(asked.role, asked.relation, Command::Insert);
        let Columns::Only(held) = &access.columns else { return Vec::new() };
        if self.is_rewritten(asked.relation, TriggerEvent::Insert) {
            return Vec::new();
        }
        asked.relation.columns.iter().filter(|c| !held.iter().any(|(name, _)| *name == c.name)).collect()
    }
}

impl<'a> Formula<'a> {
    /// That a new row has the defaults of those of the columns that are read or must have a value, as far as they are
    /// known.
    pub(super) fn defaults(&mut self, relation: &Relation, columns: &[&'a Column], new: Row) -> Vec<Id> {
        let read = self.resolver.terms.columns_of(&[new]);
        let open = columns.iter().filter(|c| !c.nullable || read.contains(&*c.name));
        open.filter_map(|c| self.resolver.is_default(relation, c, new)).collect()
    }

    /// That an UPDATE's rows share the columns that it leaves.
    pub(super) fn same(&mut self, kept: &Kept<'a>) -> Vec<Id> {
        let mut all = Vec::new();
        for column in self.resolver.terms.columns_of(&[kept.old, kept.new]) {
            if kept.columns.iter().any(|c| **c == *column)
                && let Some((old, new)) = self.resolver.column_pair(kept.relation, &column, kept.old, kept.new)
            {
                all.push(self.resolver.terms.not_distinct(old, new));
            }
        }
        all
    }

    /// That a new row has no key of a row that stays.
    fn unique(&mut self, relation: &Relation, new: Row, removed: Option<(Row, Key)>) -> Vec<Id> {
        let is_key = |k: &ConstraintKind| matches!(k, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
        let mut all = Vec::new();
        for constraint in relation.constraints.iter().filter(|c| is_key(&c.kind)) {
            let other = self.resolver.terms.row(&relation.name, &relation.name.name);
            let mut same = Vec::new();
            for column in &constraint.columns {
                let Some((a, b)) = self.resolver.column_pair(relation, column, new, other) else { break };
                same.push(self.resolver.terms.equal(a, b));
            }
            if same.len() < constraint.columns.len() {
                continue;
            }
            if let Some((removed, key)) = &removed {
                let terms = &mut self.resolver.terms;
                let mut of_old = Vec::new();
                for (column, data_type) in key {
                    let a = terms.column(other, column, data_type.clone(), false);
                    let b = terms.column(*removed, column, data_type.clone(), false);
                    of_old.push(terms.equal(a, b));
                }
                let is_old = terms.and(&of_old);
                same.push(terms.not(is_old));
            }
            let terms = &mut self.resolver.terms;
            let (condition, projection) = (terms.and(&same), terms.boolean(true));
            let taken = terms.exists(&[Query { rows: [other].into(), condition, projection }]);
            all.push(terms.not(taken));
        }
        all
    }
}
