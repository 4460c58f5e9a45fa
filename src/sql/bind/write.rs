//! INSERT, UPDATE and DELETE: the relation that is written, values as its columns take them, and what RETURNING sees.

use super::coerce::Form;
use super::scope::{Item, Level};
use super::{Context, Target, ast, error};
use crate::model::{QualifiedName, printable};
use crate::sql::ast::ExprKind;
use crate::sql::catalog::Table;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{
    self, Arbiter, Assigned, Assignment, Conflict, Cte, Delete, Expr, Insert, Inserted, Query, Source, SourceKind,
    Statement, Update,
};
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

/// What a statement writes, and the item that shows it.
struct Goal {
    table: Table,
    item: Item,
}

impl Context<'_> {
    /// Binds a statement; one that writes stands one level below the current one, as a query does.
    pub(super) fn statement(&mut self, statement: &ast::Statement) -> Result<Statement, SqlError> {
        let bound = match statement {
            ast::Statement::Query(query) => return Ok(Statement::Query(Box::new(self.query(query, true)?))),
            ast::Statement::Nothing => return Ok(Statement::Nothing),
            ast::Statement::Notify(channel, payload) => {
                return Ok(Statement::Notify(channel.value.clone(), payload.clone()));
            }
            ast::Statement::Return(value) => {
                self.levels.push(Level::default());
                self.expression(value).and_then(|value| self.settle(value)).map(Statement::Return)
            }
            ast::Statement::Insert(insert) => {
                self.levels.push(Level::default());
                self.insert(insert).map(|i| Statement::Insert(Box::new(i)))
            }
            ast::Statement::Update(update) => {
                self.levels.push(Level::default());
                self.update(update).map(|u| Statement::Update(Box::new(u)))
            }
            ast::Statement::Delete(delete) => {
                self.levels.push(Level::default());
                self.delete(delete).map(|d| Statement::Delete(Box::new(d)))
            }
        };
        self.levels.pop();
        bound
    }

    fn with(&mut self, with: &ast::With) -> Result<(Vec<Cte>, bool), SqlError> {
        let mut ctes = Vec::with_capacity(with.ctes.len());
        for cte in &with.ctes {
            ctes.push(self.cte(cte, with.recursive)?);
        }
        Ok((ctes, with.recursive))
    }

    /// The relation that is written becomes the first source; it is not in sight yet.
    fn goal(&mut self, written: &ast::Written) -> Result<Goal, SqlError> {
        let range = written.name.range();
        let Some(table) = self.find_table(written.name.schema(), written.name.last()) else {
            let what = format!("no relation `{}`", super::column::shown(&written.name));
            return error(ErrorKind::UnknownRelation, &range, what);
        };
        if let Some(key) = table.key {
            self.refer(&range, Target::Relation(key));
        }
        let kind = SourceKind::Relation {
            key: table.key,
            name: table.name.clone(),
            columns: Arc::clone(&table.keys),
            only: written.only,
            sample: false,
            sample_text: None,
        };
        let alias = written.alias.as_ref().map(|a| a.value.clone());
        let name = alias.clone().unwrap_or_else(|| written.name.last().to_owned());
        let relation = alias.is_none().then(|| table.name.clone());
        let source = source(kind, alias, name, &table, range);
        let item = self.level().add(source, relation);
        Ok(Goal { table, item })
    }

    /// The place of a column that gets a value.
    fn assigned_place(&mut self, table: &Table, column: &ast::Part) -> Result<usize, SqlError> {
        let Some(place) = table.place(&column.value) else {
            let what = format!("relation `{}` has no column `{}`", table.name, printable(&column.value));
            return error(ErrorKind::UnknownColumn, &column.range, what);
        };
        self.refer_assigned(table, place, &column.range);
        Ok(place)
    }

    fn refer_assigned(&mut self, table: &Table, place: usize, range: &Range<usize>) {
        if let (Some(key), Some(column)) = (table.key, table.keys.get(place)) {
            self.refer(range, Target::Column(key, *column));
        }
    }

    fn insert(&mut self, insert: &ast::Insert) -> Result<Insert, SqlError> {
        let with = self.with(&insert.with)?;
        let goal = self.goal(&insert.into)?;
        let named = !insert.columns.is_empty();
        let mut columns = Vec::with_capacity(goal.table.columns.len());
        for column in &insert.columns {
            let place = self.assigned_place(&goal.table, column)?;
            if columns.contains(&place) {
                let what = format!("column `{}` is given twice", printable(&column.value));
                return error(ErrorKind::Repeated, &column.range, what);
            }
            columns.push(place);
        }
        if !named {
            columns.extend(0..goal.table.columns.len());
        }
        let range = insert.into.name.range();
        let (values, width) = self.inserted(&insert.values, &goal.table, &columns, &range)?;
        if width > columns.len() || named && width < columns.len() && width > 0 {
            return error(ErrorKind::Count, &range, "INSERT has not as many values as columns");
        }
        columns.truncate(width);
        columns.iter().for_each(|place| self.refer_assigned(&goal.table, *place, &range));
        let conflict = match &insert.conflict {
            Some(conflict) => Some(self.conflict(conflict, &goal)?),
            None => None,
        };
        self.level().items = vec![goal.item.clone()];
        let returning = self.returning(&insert.returning, &goal)?;
        let sources = self.level().take_sources();
        let overriding = insert.overriding;
        Ok(Insert { with, sources, columns, overriding, values, conflict, returning })
    }

    /// The values of an INSERT and how many columns they fill.
    fn inserted(
        &mut self,
        values: &Inserted<ast::Expr, ast::Query>,
        table: &Table,
        columns: &[usize],
        range: &Range<usize>,
    ) -> Result<(Inserted<Expr, Query>, usize), SqlError> {
        match values {
            Inserted::Default => Ok((Inserted::Default, 0)),
            Inserted::Rows(rows) => {
                let mut bound = Vec::with_capacity(rows.len());
                for row in rows {
                    bound.push(self.inserted_row(row, table, columns)?);
                }
                let width = bound.first().map_or(0, Vec::len);
                if bound.iter().any(|row| row.len() != width) {
                    return error(ErrorKind::Count, range, "rows of VALUES differ in length");
                }
                Ok((Inserted::Rows(bound), width))
            }
            Inserted::Query(query) => {
                let bound = self.query(query, false)?;
                for (column, place) in bound.columns.iter().zip(columns) {
                    let Some(goal) = table.columns.get(*place) else { continue };
                    if !self.can_coerce(&column.data_type, &goal.data_type, Form::Assignment) {
                        let what = format!(
                            "column `{}` is of type `{}` but the query gives `{}`",
                            goal.name, goal.data_type, column.data_type
                        );
                        return error(ErrorKind::Mismatch, range, what);
                    }
                }
                let width = bound.columns.len();
                Ok((Inserted::Query(Box::new(bound)), width))
            }
        }
    }

    fn inserted_row(
        &mut self,
        row: &[Option<ast::Expr>],
        table: &Table,
        columns: &[usize],
    ) -> Result<Vec<Option<Expr>>, SqlError> {
        let mut values = Vec::with_capacity(row.len());
        for value in row {
            match value {
                None => values.push(None),
                Some(ast::Expr { kind: ExprKind::Star(name), range }) => {
                    values.extend(self.star(name.as_ref(), range)?.into_iter().map(|t| Some(t.value)));
                }
                Some(value) => values.push(Some(self.expression(value)?)),
            }
        }
        for (value, place) in values.iter_mut().zip(columns) {
            if let (Some(bound), Some(column)) = (value.take_if(|_| true), table.columns.get(*place)) {
                *value = Some(self.assign(bound, &column.data_type)?);
            }
        }
        Ok(values)
    }

    fn conflict(&mut self, conflict: &ast::Conflict, goal: &Goal) -> Result<Conflict, SqlError> {
        self.level().items = vec![goal.item.clone()];
        let arbiter = match &conflict.arbiter {
            ast::Arbiter::Any => Arbiter::Any,
            ast::Arbiter::Constraint(name) => Arbiter::Constraint(name.value.clone()),
            ast::Arbiter::Keys(keys, filter) => {
                let name = |n: &ast::Name| QualifiedName::new(n.schema().unwrap_or_default(), n.last());
                let mut bound = Vec::with_capacity(keys.len());
                for key in keys {
                    let value = self.expression(&key.value)?;
                    bound.push((value, key.collation.as_ref().map(name), key.class.as_ref().map(name)));
                }
                Arbiter::Keys(bound, self.optional_condition(filter.as_ref(), "WHERE")?)
            }
        };
        let Some((set, filter)) = &conflict.update else { return Ok(Conflict { arbiter, update: None }) };
        let kind = SourceKind::Given {
            key: goal.table.key,
            name: goal.table.name.clone(),
            columns: Arc::clone(&goal.table.keys),
        };
        let excluded = source(kind, None, "excluded".to_owned(), &goal.table, 0..0);
        let level = self.level();
        let item = level.add(excluded, None);
        level.items.push(item);
        let set = self.set(set, &goal.table)?;
        let filter = self.optional_condition(filter.as_ref(), "WHERE")?;
        Ok(Conflict { arbiter, update: Some((set, filter)) })
    }

    fn set(&mut self, set: &[ast::Assignment], table: &Table) -> Result<Vec<Assignment>, SqlError> {
        let mut bound = Vec::with_capacity(set.len());
        for assignment in set {
            let mut columns = Vec::with_capacity(assignment.columns.len());
            for column in &assignment.columns {
                columns.push(self.assigned_place(table, column)?);
            }
            let of = columns.first().and_then(|place| table.columns.get(*place)).map(|c| c.data_type.clone());
            let value = match &assignment.value {
                Assigned::Default => Assigned::Default,
                Assigned::Value(value) => {
                    let value = self.expression(value)?;
                    Assigned::Value(self.assign(value, &of.unwrap_or_else(|| Type::named("text")))?)
                }
                Assigned::Row(query) => {
                    let query_bound = self.query(query, true)?;
                    if query_bound.columns.len() != columns.len() {
                        return error(ErrorKind::Count, &query.range, "not as many values as columns");
                    }
                    Assigned::Row(Box::new(query_bound))
                }
            };
            bound.push(Assignment { columns, value });
        }
        Ok(bound)
    }

    fn update(&mut self, update: &ast::Update) -> Result<Update, SqlError> {
        let with = self.with(&update.with)?;
        let goal = self.goal(&update.relation)?;
        self.level().items.push(goal.item.clone());
        let from = self.listed_items(&update.from)?;
        let set = self.set(&update.set, &goal.table)?;
        let filter = self.optional_condition(update.filter.as_ref(), "WHERE")?;
        let returning = self.returning(&update.returning, &goal)?;
        let sources = self.level().take_sources();
        Ok(Update { with, sources, set, from, filter, returning })
    }

    fn delete(&mut self, delete: &ast::Delete) -> Result<Delete, SqlError> {
        let with = self.with(&delete.with)?;
        let goal = self.goal(&delete.relation)?;
        self.level().items.push(goal.item.clone());
        let using = self.listed_items(&delete.using)?;
        let filter = self.optional_condition(delete.filter.as_ref(), "WHERE")?;
        let returning = self.returning(&delete.returning, &goal)?;
        let sources = self.level().take_sources();
        Ok(Delete { with, sources, using, filter, returning })
    }

    fn listed_items(&mut self, items: &[ast::From]) -> Result<Vec<tree::FromItem>, SqlError> {
        items.iter().map(|item| self.listed_item(item)).collect()
    }

    /// RETURNING; from 18 on it sees the row before and after as OLD and NEW, if nothing else is called so.
    fn returning(&mut self, returning: &[ast::Target], goal: &Goal) -> Result<Vec<tree::Target>, SqlError> {
        if returning.is_empty() {
            return Ok(Vec::new());
        }
        if self.major >= 18 {
            for name in ["old", "new"] {
                let has = |item: &Item| item.name.as_deref() == Some(name);
                if self.levels.iter().any(|level| level.items.iter().any(has)) {
                    continue;
                }
                let kind = SourceKind::Given {
                    key: goal.table.key,
                    name: goal.table.name.clone(),
                    columns: Arc::clone(&goal.table.keys),
                };
                let row = source(kind, None, name.to_owned(), &goal.table, 0..0);
                let level = self.level();
                let mut item = level.add(row, None);
                item.unqualified = false;
                level.items.push(item);
            }
        }
        self.targets(returning, true)
    }
}

fn source(kind: SourceKind, alias: Option<String>, name: String, table: &Table, range: Range<usize>) -> Source {
    Source { kind, alias, name, columns: Arc::clone(&table.columns), renamed: 0, lateral: false, range }
}
