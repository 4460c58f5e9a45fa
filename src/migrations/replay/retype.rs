//! ALTER COLUMN ... TYPE: everything that was read over the column is read again, and what cannot be stands in its way.

use super::catalog::code::Code;
use super::catalog::object::{ConstraintKind, Index, IndexKey};
use super::catalog::types::TypeRef;
use super::catalog::{Address, Id};
use super::run::{Refusal, Result, Run, reject, state};
use crate::migrations::Name;
use crate::migrations::parse::types::TypeName;

/// Expressions over a column with their texts before its type changes: Postgres prints them, and reads them again after.
struct Readings {
    checks: Vec<(Id, String)>,
    indexes: Vec<(Id, Vec<Option<String>>, Option<String>)>,
}

impl Run {
    pub(super) fn retype_column(
        &mut self,
        id: Id,
        place: usize,
        written: &TypeName,
        collation: Option<&Name>,
        using: bool,
    ) -> Result {
        let name = self.catalog.column_name(id, place);
        let data_type = self.type_ref(written)?;
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
        if column.is_some_and(|c| c.inherited) {
            return reject(state::INVALID_DEFINITION, format!("cannot alter inherited column `{name}`"));
        }
        self.not_in_partition_key(id, place)?;
        if column.is_some_and(|c| c.identity.is_some()) {
            self.may_be_identity(&data_type)?;
        }
        if !using {
            self.converts(id, &name, &data_type)?;
        }
        self.retype(id, place, &data_type, collation)
    }

    /// Changes the type here and in all children.
    fn retype(&mut self, id: Id, place: usize, data_type: &TypeRef, collation: Option<&Name>) -> Result {
        let name = self.catalog.column_name(id, place);
        self.may_change_type(id, place, &name)?;
        self.keys_allow_type(id, place, data_type)?;
        let readings = self.readings(id, place);
        self.set_type(id, place, data_type, collation);
        self.convert_default(id, place, data_type)?;
        self.read_again(id, readings)?;
        for child in self.children(id) {
            if let Some(place) = self.find_place(child, &name) {
                self.retype(child, place, data_type, collation)?;
            }
        }
        Ok(())
    }

    fn set_type(&mut self, id: Id, place: usize, data_type: &TypeRef, collation: Option<&Name>) {
        let name = self.catalog.column_name(id, place);
        let mut probe = super::catalog::object::Column::new(&name, data_type.clone(), self.origin);
        self.collate(&mut probe, collation);
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.data_type = data_type.clone();
            column.collation = probe.collation;
            column.deterministic = probe.deterministic;
        }
    }

    /// What fixes the types of the columns that it reads: a view, a rule, a policy, a trigger's condition, the body of a
    /// function, a generated column, the filter of a publication.
    fn may_change_type(&self, id: Id, place: usize, name: &str) -> Result {
        let c = &self.catalog;
        let own = Address::column(id, place);
        let (mut by_code, mut by_column) = (false, false);
        for (dependent, _) in self.dependents(own) {
            let id = dependent.id;
            let relation = c.relations.get(id);
            let column = dependent.column.checked_sub(1).filter(|_| !dependent.default && dependent != own);
            by_column |= column.and_then(|place| relation?.columns.get(place)?.generated).is_some();
            by_code |= relation.is_some_and(|r| r.view.is_some()) && dependent.column == 0;
            by_code |= c.rules.has(id) || c.policies.has(id) || c.triggers.has(id) || c.functions.has(id);
        }
        let filters = c.publications.users(id).flat_map(|(_, p)| &p.relations).filter(|p| p.relation == id);
        by_code |= filters.filter_map(|p| p.filter.as_ref()).any(|code| code.uses.contains(&own));
        let message = |by: &str| format!("cannot alter type of column `{name}`: {by} uses it");
        match (by_code, by_column) {
            (true, _) => reject(
                state::NOT_SUPPORTED,
                message("a view, a rule, a policy, a trigger, a function or the filter of a publication"),
            ),
            (_, true) if c.major < 15 => reject(state::SYNTAX, message("a generated column")),
            (_, true) => reject(state::NOT_SUPPORTED, message("a generated column")),
            _ => Ok(()),
        }
    }

    /// A default, or what computes a column, gives values of the new type from now on.
    fn convert_default(&mut self, id: Id, place: usize, data_type: &TypeRef) -> Result {
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
        let Some(code) = column.and_then(|c| c.default.clone()) else { return Ok(()) };
        let converted = match code.tree.is_some() {
            true => self.over_again(&self.catalog.text(&code), |run, text| run.code_of_default(id, place, text)),
            // The counter of a sequence is a big integer.
            false if !code.names.is_empty() => {
                return self.code_without_row("0::int8", Some(data_type)).map(drop).or_else(not_converted);
            }
            false => return Ok(()),
        };
        let converted = converted.or_else(not_converted)?;
        self.set_default(id, place, Some(converted));
        Ok(())
    }

    fn readings(&self, id: Id, place: usize) -> Readings {
        let c = &self.catalog;
        let text = |code: &Code| code.tree.as_ref().map(|_| c.text(code));
        let checks = c.constraints.parts(id).filter(|(_, k)| k.columns.contains(&place)).filter_map(|(check, k)| {
            let ConstraintKind::Check(code) = &k.kind else { return None };
            Some((check, text(code)?))
        });
        let own = Address::column(id, place);
        let indexes = c.indexes.parts(id).filter(|(_, index)| reads(index, own)).map(|(id, index)| {
            let key = |key: &IndexKey| if let IndexKey::Expression(code) = key { text(code) } else { None };
            (id, index.keys.iter().map(key).collect(), index.predicate.as_ref().and_then(text))
        });
        Readings { checks: checks.collect(), indexes: indexes.collect() }
    }

    fn read_again(&mut self, id: Id, readings: Readings) -> Result {
        for (check, text) in readings.checks {
            let code = self.over_again(&text, |run, text| run.plain_condition(id, text))?;
            if let Some(row) = self.catalog.constraints.edit(check) {
                row.kind = ConstraintKind::Check(code);
            }
            self.touch(check);
        }
        for (index, keys, predicate) in readings.indexes {
            let mut read = Vec::with_capacity(keys.len());
            for key in keys {
                read.push(key.map(|text| self.over_again(&text, |run, text| run.code(id, text))).transpose()?);
            }
            let predicate =
                predicate.map(|text| self.over_again(&text, |run, text| run.plain_condition(id, text))).transpose()?;
            let Some(row) = self.catalog.indexes.edit(index) else { continue };
            for (key, code) in row.keys.iter_mut().zip(read) {
                if let Some(code) = code {
                    *key = IndexKey::Expression(code);
                }
            }
            row.predicate = predicate.or(row.predicate.take());
        }
        Ok(())
    }

    /// Reads printed text, which names everything in full.
    pub(super) fn over_again(
        &mut self,
        text: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<Code>,
    ) -> Result<Code> {
        let path = std::mem::take(&mut self.session.now.search_path);
        let code = read(self, text);
        self.session.now.search_path = path;
        code
    }
}

/// Whether an index has a column among its keys or in its expressions.
fn reads(index: &Index, column: Address) -> bool {
    let key = |key: &IndexKey| match key {
        IndexKey::Column(place) => Address::column(index.relation, *place) == column,
        IndexKey::Expression(code) => code.uses.contains(&column),
    };
    let included = index.include.iter().any(|place| Address::column(index.relation, *place) == column);
    included || index.keys.iter().any(key) || index.predicate.as_ref().is_some_and(|code| code.uses.contains(&column))
}

fn not_converted<T>(refusal: Refusal) -> Result<T> {
    match refusal {
        Refusal::Rejected { message, .. } => {
            reject(state::DATATYPE_MISMATCH, format!("the default cannot be cast automatically: {message}"))
        }
        other => Err(other),
    }
}
