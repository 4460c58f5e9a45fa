//! Queries: WITH, SELECT lists, UNION, ORDER BY.

use super::coerce::Form;
use super::label::label;
use super::scope::{CteEntry, Level};
use super::{Context, ast, error};
use crate::model::printable;
use crate::sql::ast::ExprKind;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Body, Cte, Expr, Node, OrderBy, OutputColumn, Query, Select, Target};
use crate::sql::types::Type;

impl Context<'_> {
    /// Binds a query one level below the current one; constants of its list become text unless a UNION decides.
    pub(super) fn query(&mut self, query: &ast::Query, settle: bool) -> Result<Query, SqlError> {
        self.levels.push(Level::default());
        let bound = self.query_here(query, settle);
        self.levels.pop();
        bound
    }

    fn query_here(&mut self, query: &ast::Query, settle: bool) -> Result<Query, SqlError> {
        let mut ctes = Vec::with_capacity(query.ctes.len());
        for cte in &query.ctes {
            ctes.push(self.cte(cte, query.recursive)?);
        }
        let (body, columns) = match &query.body {
            ast::Body::Select(select) => self.select(select, settle)?,
            ast::Body::Values(rows) => self.values(rows, settle)?,
            ast::Body::Set { operation, all, left, right } => self.set_operation(*operation, *all, left, right)?,
        };
        let mut bound = Query {
            ctes,
            recursive: query.recursive,
            body,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            locks: query.locks,
            columns,
            range: query.range.clone(),
        };
        bound.order_by = self.order_by(&query.order_by, &bound)?;
        bound.limit = self.count(query.limit.as_ref())?;
        bound.offset = self.count(query.offset.as_ref())?;
        if let Body::Select(select) = &mut bound.body {
            let level = self.level();
            select.aggregates =
                level.aggregates || !select.group_by.is_empty() || select.grouping_sets || select.having.is_some();
            select.sources = level.take_sources();
        }
        Ok(bound)
    }

    fn count(&mut self, of: Option<&ast::Expr>) -> Result<Option<Box<Expr>>, SqlError> {
        let Some(of) = of else { return Ok(None) };
        let bound = self.expression(of)?;
        Ok(Some(Box::new(self.coerce(bound, &Type::named("bigint"), Form::Assignment)?)))
    }

    pub(super) fn cte(&mut self, cte: &ast::Cte, recursive: bool) -> Result<Cte, SqlError> {
        let name = cte.name.value.clone();
        if self.level().ctes.iter().any(|c| c.name == name) {
            return error(
                ErrorKind::Ambiguous,
                &cte.name.range,
                format!("`{}` is given twice in WITH", printable(&name)),
            );
        }
        let names: Vec<_> = cte.columns.iter().map(|c| c.value.clone()).collect();
        let query = if recursive { self.recursive_cte(cte, &names)? } else { self.query(&cte.query, true)? };
        let columns = renamed(&query.columns, &names);
        self.level().ctes.push(CteEntry { name: name.clone(), columns, recursive: false });
        Ok(Cte { name, materialized: cte.materialized, column_names: names, query })
    }

    /// The left side of the UNION tells the columns that the right side sees.
    fn recursive_cte(&mut self, cte: &ast::Cte, names: &[String]) -> Result<Query, SqlError> {
        if let ast::Body::Set { left, .. } = &cte.query.body {
            let (references, captured) = (self.references.len(), self.captured.len());
            self.levels.push(Level::default());
            let first = self.query(left, true);
            self.levels.pop();
            if let Ok(first) = first {
                let columns = renamed(&first.columns, names);
                self.level().ctes.push(CteEntry { name: cte.name.value.clone(), columns, recursive: true });
            }
            self.references.truncate(references);
            self.captured.truncate(captured);
        }
        let query = self.query(&cte.query, true);
        self.level().ctes.retain(|c| !c.recursive);
        query
    }

    fn select(&mut self, select: &ast::Select, settle: bool) -> Result<(Body, Vec<OutputColumn>), SqlError> {
        let mut from = Vec::with_capacity(select.from.len());
        for item in &select.from {
            from.push(self.listed_item(item)?);
        }
        let targets = self.targets(&select.targets, settle)?;
        let filter = self.optional_condition(select.filter.as_ref(), "WHERE")?;
        let group_by = self.group_by(&select.group_by, &targets)?;
        let having = self.optional_condition(select.having.as_ref(), "HAVING")?;
        let mut windows = Vec::new();
        for (name, window) in &select.windows {
            windows.push((name.value.clone(), self.window(window)?));
        }
        let distinct = match &select.distinct {
            Some(on) => Some(self.group_by(on, &targets)?),
            None => None,
        };
        let columns = columns_of(&targets);
        let bound = Select {
            distinct,
            targets,
            sources: Vec::new(),
            from,
            filter,
            group_by,
            grouping_sets: select.grouping_sets,
            grouping_text: select.grouping_text.clone(),
            having,
            windows,
            aggregates: false,
        };
        Ok((Body::Select(Box::new(bound)), columns))
    }

    pub(super) fn optional_condition(
        &mut self,
        of: Option<&ast::Expr>,
        clause: &str,
    ) -> Result<Option<Expr>, SqlError> {
        let Some(of) = of else { return Ok(None) };
        let bound = self.expression(of)?;
        self.condition(bound, clause).map(Some)
    }

    pub(super) fn targets(&mut self, targets: &[ast::Target], settle: bool) -> Result<Vec<Target>, SqlError> {
        let mut bound = Vec::with_capacity(targets.len());
        for target in targets {
            match &target.value.kind {
                ExprKind::Star(name) => bound.extend(self.star(name.as_ref(), &target.value.range)?),
                ExprKind::AllFields(row) => bound.extend(self.all_fields(row, &target.value.range)?),
                _ => {
                    let value = self.expression(&target.value)?;
                    let value = if settle { self.settle(value)? } else { value };
                    let name =
                        target.alias.as_ref().map_or_else(|| label(&target.value, self.major), |a| a.value.clone());
                    bound.push(Target { name, value });
                }
            }
        }
        Ok(bound)
    }

    fn all_fields(&mut self, row: &ast::Expr, range: &std::ops::Range<usize>) -> Result<Vec<Target>, SqlError> {
        let row = self.expression(row)?;
        let Some(columns) = self.row_columns(&row) else {
            return error(ErrorKind::Unsupported, range, format!("the fields of `{}` are not known", row.data_type));
        };
        let field = |(name, data_type): (String, Type)| Target {
            name: name.clone(),
            value: Expr { node: Node::Field(Box::new(row.clone()), name), data_type, range: range.clone() },
        };
        Ok(columns.into_iter().map(field).collect())
    }

    /// GROUP BY and DISTINCT ON: a column of FROM, else an output name or its number, else an expression.
    fn group_by(&mut self, items: &[ast::Expr], targets: &[Target]) -> Result<Vec<Expr>, SqlError> {
        let mut bound = Vec::with_capacity(items.len());
        for item in items {
            let place = match &item.kind {
                ExprKind::Number(number) => Some(place(number, targets.len(), &item.range)?),
                _ => None,
            };
            let by_name = || match &item.kind {
                ExprKind::Column(name) if name.parts.len() == 1 => targets.iter().position(|t| t.name == name.last()),
                _ => None,
            };
            bound.push(match place {
                Some(at) => self.target_value(targets, at, item)?,
                None => match (self.expression(item), by_name()) {
                    (Ok(value), _) => self.settle(value)?,
                    (Err(_), Some(at)) => self.target_value(targets, at, item)?,
                    (Err(error), None) => return Err(error),
                },
            });
        }
        Ok(bound)
    }

    fn target_value(&self, targets: &[Target], at: usize, item: &ast::Expr) -> Result<Expr, SqlError> {
        match targets.get(at) {
            Some(target) => Ok(target.value.clone()),
            None => error(ErrorKind::UnknownColumn, &item.range, "no such place in the SELECT list"),
        }
    }

    /// ORDER BY: an output name or number, else an expression over FROM.
    fn order_by(&mut self, items: &[ast::OrderBy], query: &Query) -> Result<Vec<OrderBy>, SqlError> {
        let mut bound = Vec::with_capacity(items.len());
        for item in items {
            let target = match &item.value.kind {
                ExprKind::Number(number) => Some(place(number, query.columns.len(), &item.value.range)?),
                ExprKind::Column(name) if name.parts.len() == 1 => self.output_named(query, name)?,
                _ => None,
            };
            let value = match (target, &query.body) {
                (Some(at), Body::Select(select)) => self.target_value(&select.targets, at, &item.value)?,
                (Some(at), _) => {
                    let data_type =
                        query.columns.get(at).map_or_else(|| Type::named("unknown"), |c| c.data_type.clone());
                    Expr { node: Node::Constant(None), data_type, range: item.value.range.clone() }
                }
                (None, Body::Select(_)) => {
                    let value = self.expression(&item.value)?;
                    self.settle(value)?
                }
                (None, _) => {
                    return error(
                        ErrorKind::UnknownColumn,
                        &item.value.range,
                        "a UNION is ordered by output columns only",
                    );
                }
            };
            bound.push(OrderBy { value, target, descending: item.descending, nulls_first: item.nulls_first });
        }
        Ok(bound)
    }

    fn output_named(&self, query: &Query, name: &ast::Name) -> Result<Option<usize>, SqlError> {
        let mut found = query.columns.iter().enumerate().filter(|(_, c)| c.name == name.last());
        let Some((first, _)) = found.next() else { return Ok(None) };
        if let (Some((second, _)), Body::Select(select)) = (found.next(), &query.body)
            && select.targets.get(first).map(|t| &t.value.node) != select.targets.get(second).map(|t| &t.value.node)
        {
            return error(
                ErrorKind::Ambiguous,
                &name.range(),
                format!("`{}` is more than one output column", printable(name.last())),
            );
        }
        Ok(Some(first))
    }

    fn values(&mut self, rows: &[Vec<ast::Expr>], settle: bool) -> Result<(Body, Vec<OutputColumn>), SqlError> {
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            bound.push(self.expressions(row)?);
        }
        let width = bound.first().map_or(0, Vec::len);
        if bound.iter().any(|row| row.len() != width) {
            let range = rows.first().and_then(|r| r.first()).map_or(0..0, |e| e.range.clone());
            return error(ErrorKind::Mismatch, &range, "rows of VALUES differ in length");
        }
        let mut columns = Vec::with_capacity(width);
        for at in 0..width {
            let column: Vec<Expr> = bound.iter().filter_map(|row| row.get(at).cloned()).collect();
            let range = column.first().map_or(0..0, |e| e.range.clone());
            let all_unknown = column.iter().all(|e| e.data_type.is("unknown"));
            let column = if all_unknown && !settle { column } else { self.unify(column, 0, "VALUES", &range)? };
            let data_type = super::common::shared_type(&column);
            for (row, value) in bound.iter_mut().zip(column) {
                if let Some(slot) = row.get_mut(at) {
                    *slot = value;
                }
            }
            columns.push(OutputColumn { name: format!("column{}", at + 1), data_type });
        }
        Ok((Body::Values(bound), columns))
    }

    fn set_operation(
        &mut self,
        operation: ast::SetOperation,
        all: bool,
        left: &ast::Query,
        right: &ast::Query,
    ) -> Result<(Body, Vec<OutputColumn>), SqlError> {
        let mut left = self.query(left, false)?;
        let mut right = self.query(right, false)?;
        if left.columns.len() != right.columns.len() {
            return error(ErrorKind::Mismatch, &right.range, "the queries of a UNION must have as many columns");
        }
        let mut columns = Vec::with_capacity(left.columns.len());
        for at in 0..left.columns.len() {
            let (Some(l), Some(r)) = (left.columns.get(at), right.columns.get(at)) else { break };
            let (name, one, other) = (l.name.clone(), l.data_type.clone(), r.data_type.clone());
            let Some(common) = self.common_type(&[&one, &other]) else {
                return error(
                    ErrorKind::Mismatch,
                    &right.range,
                    format!("UNION can't match types `{one}` and `{other}`"),
                );
            };
            self.recast(&mut left, at, &common)?;
            self.recast(&mut right, at, &common)?;
            let data_type = if one == other && !one.is("unknown") { one } else { common };
            columns.push(OutputColumn { name, data_type });
        }
        Ok((Body::Set { operation, all, left: Box::new(left), right: Box::new(right) }, columns))
    }

    /// Gives a column of a query another type: constants at once, what else differs where the UNION is made.
    fn recast(&mut self, query: &mut Query, at: usize, to: &Type) -> Result<(), SqlError> {
        let Some(column) = query.columns.get_mut(at) else { return Ok(()) };
        if !column.data_type.is("unknown") {
            return Ok(());
        }
        column.data_type = to.clone();
        match &mut query.body {
            Body::Select(select) => {
                if let Some(target) = select.targets.get_mut(at) {
                    target.value = self.coerce(target.value.clone(), to, Form::Implicit)?;
                }
            }
            Body::Values(rows) => {
                for value in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
                    *value = self.coerce(value.clone(), to, Form::Implicit)?;
                }
            }
            Body::Set { left, right, .. } => {
                self.recast(left, at, to)?;
                self.recast(right, at, to)?;
            }
        }
        Ok(())
    }
}

fn place(number: &str, count: usize, range: &std::ops::Range<usize>) -> Result<usize, SqlError> {
    match number.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|at| *at < count) {
        Some(at) => Ok(at),
        None => error(ErrorKind::UnknownColumn, range, format!("there is no output column {number}")),
    }
}

fn columns_of(targets: &[Target]) -> Vec<OutputColumn> {
    targets.iter().map(|t| OutputColumn { name: t.name.clone(), data_type: t.value.data_type.clone() }).collect()
}

/// Columns with the names given to the first of them.
pub(super) fn renamed(columns: &[OutputColumn], names: &[String]) -> Vec<OutputColumn> {
    let mut columns = columns.to_vec();
    for (column, name) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
    columns
}
