//! Column references: the innermost FROM that has the name wins, then parameters and variables.

use super::scope::{Item, row_type, seen_from};
use super::{Captured, Context, Scope, Target, error};
use crate::model::printable;
use crate::sql::ast::{Name, Part};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{ColumnRef, Expr, Node, SourceKind};
use crate::sql::types::Type;
use std::ops::Range;

/// Columns that every table has.
const SYSTEM: [(&str, &str); 6] =
    [("tableoid", "oid"), ("ctid", "tid"), ("xmin", "xid"), ("cmin", "cid"), ("xmax", "xid"), ("cmax", "cid")];

impl Context<'_> {
    /// `a`, `a.b`, `a.b.c`
    pub(super) fn column(&mut self, name: &Name) -> Result<Expr, SqlError> {
        let range = name.range();
        match name.parts.as_slice() {
            [column] => self.plain_column(column, &range),
            [item, column] => self.qualified_column(None, item, column, &range),
            [schema, item, column] => self.qualified_column(Some(schema), item, column, &range),
            [_, schema, item, column] => self.qualified_column(Some(schema), item, column, &range),
            _ => error(ErrorKind::UnknownColumn, &range, format!("`{}` has too many parts", shown(name))),
        }
    }

    fn plain_column(&mut self, column: &Part, range: &Range<usize>) -> Result<Expr, SqlError> {
        let found = self.unqualified(&column.value, range)?;
        let parameter = self.named_parameter(&column.value);
        if let Some((level, expr)) = found {
            if parameter.is_some() && self.scope.program {
                return error(
                    ErrorKind::Ambiguous,
                    range,
                    format!("`{}` is a column and a variable", printable(&column.value)),
                );
            }
            self.note_captured(level, column, range);
            return Ok(expr);
        }
        if let Some(at) = parameter {
            return Ok(self.parameter(at, range));
        }
        match self.find_item(None, &column.value, range)? {
            Some((level, item)) => self.whole_row(level, &item, range),
            None => {
                error(ErrorKind::UnknownColumn, range, format!("no column `{}` is in sight", printable(&column.value)))
            }
        }
    }

    /// The column of that name in the innermost level that has one.
    fn unqualified(&mut self, name: &str, range: &Range<usize>) -> Result<Option<(usize, Expr)>, SqlError> {
        for at in (0..self.levels.len()).rev() {
            let Some(level) = self.levels.get(at).filter(|l| !l.closed) else { continue };
            let seen = level.items.iter().filter(|i| i.unqualified);
            let mut found = seen.flat_map(|i| i.columns.places(name).map(|place| (&i.columns, place)));
            let first = found.next().and_then(|(columns, place)| columns.value(place));
            let several = found.next().is_some();
            drop(found);
            if several {
                return error(
                    ErrorKind::Ambiguous,
                    range,
                    format!("`{}` is a column of more than one item of FROM", printable(name)),
                );
            }
            let up = self.levels.len() - 1 - at;
            if let Some(value) = first {
                self.refer_columns(at, &value, range);
                return Ok(Some((at, seen_from(&value, up, range))));
            }
            let tables: Vec<_> =
                level.items.iter().filter(|i| i.unqualified).filter_map(|i| self.system_column(at, i, name)).collect();
            if tables.len() > 1 {
                return error(
                    ErrorKind::Ambiguous,
                    range,
                    format!("`{name}` is a column of more than one item of FROM"),
                );
            }
            if let Some(value) = tables.into_iter().next() {
                return Ok(Some((at, seen_from(&value, up, range))));
            }
        }
        Ok(None)
    }

    fn system_column(&self, level: usize, item: &Item, name: &str) -> Option<Expr> {
        let (name, of) = SYSTEM.iter().find(|(n, _)| *n == name)?;
        let source = item.source?;
        let kind = &self.levels.get(level)?.sources.get(source)?.kind;
        matches!(kind, SourceKind::Relation { .. } | SourceKind::Given { .. }).then(|| Expr {
            node: Node::Column(ColumnRef { up: 0, source, column: None, name: (*name).to_owned() }),
            data_type: Type::named(of),
            range: 0..0,
        })
    }

    /// Whether an item further out has such a column too.
    fn note_captured(&mut self, level: usize, column: &Part, range: &Range<usize>) {
        let has = |item: &&Item| item.unqualified && item.columns.places(&column.value).next().is_some();
        let shown = |item: &Item| item.name.clone().unwrap_or_default();
        let Some(inner) = self.levels.get(level).and_then(|l| l.items.iter().find(has)).map(shown) else { return };
        let outer = self
            .levels
            .iter()
            .take(level)
            .rev()
            .filter(|l| !l.closed)
            .find_map(|l| l.items.iter().find(has))
            .map(shown);
        if let Some(outer) = outer {
            self.captured.push(Captured {
                start: range.start,
                end: range.end,
                column: column.value.clone(),
                inner,
                outer,
            });
        }
    }

    /// The item of FROM of that name in the innermost level that has one.
    pub(super) fn find_item(
        &self,
        schema: Option<&str>,
        name: &str,
        range: &Range<usize>,
    ) -> Result<Option<(usize, Item)>, SqlError> {
        let place = self.item_place(schema, name, range)?;
        Ok(place.and_then(|(level, at)| Some((level, self.levels.get(level)?.items.get(at)?.clone()))))
    }

    /// The level and the place of the item of FROM of that name in the innermost level that has one.
    fn item_place(
        &self,
        schema: Option<&str>,
        name: &str,
        range: &Range<usize>,
    ) -> Result<Option<(usize, usize)>, SqlError> {
        for (at, level) in self.levels.iter().enumerate().rev().filter(|(_, l)| !l.closed) {
            let fits = |(_, item): &(usize, &Item)| match schema {
                None => item.name.as_deref() == Some(name),
                Some(schema) => item.relation.as_ref().is_some_and(|r| r.schema == schema && r.name == name),
            };
            let mut found = level.items.iter().enumerate().filter(fits);
            let first = found.next();
            if found.next().is_some() {
                return error(
                    ErrorKind::Ambiguous,
                    range,
                    format!("`{}` names more than one item of FROM", printable(name)),
                );
            }
            if let Some((place, _)) = first {
                return Ok(Some((at, place)));
            }
        }
        Ok(None)
    }

    fn qualified_column(
        &mut self,
        schema: Option<&Part>,
        item: &Part,
        column: &Part,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let schema = schema.map(|s| s.value.as_str());
        if let Some((level, at)) = self.item_place(schema, &item.value, range)? {
            let found = self.levels.get(level).and_then(|l| l.items.get(at));
            if let Some(value) = found.and_then(|item| item.only_column(&column.value)) {
                self.refer_columns(level, &value, range);
                return Ok(seen_from(&value, self.levels.len() - 1 - level, range));
            }
            // Anything else is rare.
            if let Some(found) = found.cloned() {
                return self.column_of(level, &found, column, range);
            }
        }
        if schema.is_none() {
            let of_function = self.scope.function.as_deref() == Some(&item.value);
            if of_function && let Some(at) = self.named_parameter(&column.value) {
                return Ok(self.parameter(at, range));
            }
            if let Some(at) = self.named_parameter(&Scope::field_name(&item.value, &column.value)) {
                return Ok(self.parameter(at, range));
            }
            if let Some(at) = self.named_parameter(&item.value) {
                let row = self.parameter(at, &item.range);
                return self.field(row, column, range);
            }
        }
        error(ErrorKind::UnknownRelation, range, format!("no item `{}` of FROM is in sight", printable(&item.value)))
    }

    fn column_of(&mut self, level: usize, item: &Item, column: &Part, range: &Range<usize>) -> Result<Expr, SqlError> {
        let up = self.levels.len() - 1 - level;
        let mut found = item.columns.places(&column.value);
        let first = found.next().and_then(|place| item.columns.value(place));
        if found.next().is_some() {
            return error(
                ErrorKind::Ambiguous,
                range,
                format!("`{}` is more than one column", printable(&column.value)),
            );
        }
        if let Some(value) = first {
            self.refer_columns(level, &value, range);
            return Ok(seen_from(&value, up, range));
        }
        if let Some(value) = self.system_column(level, item, &column.value) {
            return Ok(seen_from(&value, up, range));
        }
        // `t.f` may be written for `f(t)`.
        let row = self.whole_row(level, item, range)?;
        let function = Name { parts: vec![column.clone()] };
        match self.call_with(&function, vec![row], range) {
            Ok(call) => Ok(call),
            Err(_) => {
                let item = item.name.as_deref().unwrap_or("the join");
                error(
                    ErrorKind::UnknownColumn,
                    range,
                    format!("`{}` has no column `{}`", printable(item), printable(&column.value)),
                )
            }
        }
    }

    /// An item of FROM as a value: its row, or the result of a function that gives no rows.
    pub(super) fn whole_row(&mut self, level: usize, item: &Item, range: &Range<usize>) -> Result<Expr, SqlError> {
        let up = self.levels.len() - 1 - level;
        let Some(source) = item.source else {
            return error(ErrorKind::Unsupported, range, "the whole row of a join is not modelled");
        };
        let kind = self.levels.get(level).and_then(|l| l.sources.get(source)).map(|s| s.kind.clone());
        let data_type = match kind {
            Some(SourceKind::Functions { scalar: true, .. }) if item.columns.len() == 1 => {
                let value = item.columns.value(0).map(|value| seen_from(&value, up, range));
                return value.ok_or_else(|| {
                    SqlError::new(ErrorKind::UnknownColumn, range.clone(), "a function without a result")
                });
            }
            Some(SourceKind::Relation { key, name, .. } | SourceKind::Given { key, name, .. }) => {
                if let Some(key) = key {
                    self.refer(range, Target::Relation(key));
                }
                row_type(&name)
            }
            Some(SourceKind::Functions { calls, ordinality: false, defined: false, .. }) if calls.len() == 1 => {
                calls.first().map_or_else(|| Type::named("record"), |c| c.data_type.bare())
            }
            _ => Type::named("record"),
        };
        Ok(Expr { node: Node::WholeRow { up, source }, data_type, range: range.clone() })
    }

    fn named_parameter(&self, name: &str) -> Option<usize> {
        self.scope.parameters.iter().rposition(|p| p.name.as_deref() == Some(name))
    }

    fn parameter(&self, at: usize, range: &Range<usize>) -> Expr {
        let data_type = self.scope.parameters.get(at).map_or_else(|| Type::named("unknown"), |p| p.data_type.clone());
        Expr { node: Node::Parameter(at), data_type, range: range.clone() }
    }

    /// `$1`
    pub(super) fn numbered_parameter(&self, number: usize, range: &Range<usize>) -> Result<Expr, SqlError> {
        match number.checked_sub(1).filter(|at| *at < self.scope.parameters.len()) {
            Some(at) => Ok(self.parameter(at, range)),
            None => error(ErrorKind::UnknownColumn, range, format!("there is no parameter `${number}`")),
        }
    }

    /// `(row).field`
    pub(super) fn field(&mut self, row: Expr, field: &Part, range: &Range<usize>) -> Result<Expr, SqlError> {
        let columns = self.row_columns(&row);
        let found =
            columns.as_ref().and_then(|c| c.iter().find(|(name, _)| *name == field.value)).map(|(_, of)| of.clone());
        if let Some(data_type) = found {
            self.refer_field(&row, field, range);
            return Ok(Expr { node: Node::Field(Box::new(row), field.value.clone()), data_type, range: range.clone() });
        }
        if columns.is_none() && self.is_composite(&row.data_type) {
            let what = format!("the attributes of type `{}` are not known", row.data_type);
            return error(ErrorKind::Unsupported, range, what);
        }
        let of = row.data_type.to_string();
        let function = Name { parts: vec![field.clone()] };
        self.call_with(&function, vec![row], range).or_else(|_| {
            error(
                ErrorKind::UnknownColumn,
                range,
                format!("`{}` has no field `{}`", printable(&of), printable(&field.value)),
            )
        })
    }

    /// The field of a row type that is a relation's refers to the relation's column.
    fn refer_field(&mut self, row: &Expr, field: &Part, range: &Range<usize>) {
        let Some(name) = row.data_type.qualified() else { return };
        let Some(table) = self.find_table(Some(&name.schema), &name.name) else { return };
        let column = table.place(&field.value).and_then(|at| table.keys.get(at).copied());
        if let Some((table, column)) = table.key.zip(column) {
            self.refer(range, Target::Column(table, column));
        }
    }
}

/// A name as written, for messages.
pub(super) fn shown(name: &Name) -> String {
    let words: Vec<_> = name.parts.iter().map(|p| p.value.as_str()).collect();
    printable(&words.join(".")).into_owned()
}
