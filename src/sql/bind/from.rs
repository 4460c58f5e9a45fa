//! Items of FROM: what each is, and the columns that it shows.

use super::column::shown;
use super::constant::reads_no_column;
use super::query::renamed;
use super::scope::Item;
use super::{Context, Target, ast, error};
use crate::model::{QualifiedName, printable};
use crate::sql::ast::FromKind;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{self, Expr, FromItem, Node, OutputColumn, Source, SourceKind};
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

impl Context<'_> {
    /// An item between the commas of FROM; what it shows joins what is in sight.
    pub(super) fn listed_item(&mut self, from: &ast::From) -> Result<FromItem, SqlError> {
        let (bound, items) = self.source_item(from)?;
        self.refuse_twice(&items, &from.range)?;
        self.level().items.extend(items);
        Ok(bound)
    }

    fn refuse_twice(&mut self, items: &[Item], range: &Range<usize>) -> Result<(), SqlError> {
        for item in items {
            let Some(name) = &item.name else { continue };
            let same = |other: &Item| {
                let both = other.relation.is_none() && item.relation.is_none()
                    || other.relation == item.relation
                    || other.relation.is_none() != item.relation.is_none();
                other.name.as_ref() == Some(name) && both
            };
            if self.level().items.iter().any(same) {
                return error(ErrorKind::Ambiguous, range, format!("`{}` stands twice in FROM", printable(name)));
            }
        }
        Ok(())
    }

    /// Binds an item; its columns are not in sight yet.
    pub(super) fn source_item(&mut self, from: &ast::From) -> Result<(FromItem, Vec<Item>), SqlError> {
        match &from.kind {
            FromKind::Join { kind, left, right, on } => self.join(*kind, left, right, on, from.alias.as_ref()),
            FromKind::Relation { name, only, sample } => self.relation_item(name, *only, sample.clone(), from),
            FromKind::Query(query) => self.query_item(query, from),
            FromKind::Functions { calls, ordinality } => self.function_item(calls, *ordinality, from),
        }
    }

    fn add_source(
        &mut self,
        kind: SourceKind,
        columns: impl Into<Arc<[OutputColumn]>>,
        name: &str,
        from: &ast::From,
        relation: Option<QualifiedName>,
    ) -> Result<(FromItem, Vec<Item>), SqlError> {
        let columns = columns.into();
        let (alias, names) = aliases(from.alias.as_ref());
        if names.len() > columns.len() {
            return error(
                ErrorKind::Mismatch,
                &from.range,
                format!("`{}` has fewer columns than names are given", printable(name)),
            );
        }
        let source = Source {
            kind,
            name: alias.clone().unwrap_or_else(|| name.to_owned()),
            alias,
            columns: if names.is_empty() { columns } else { renamed(&columns, &names).into() },
            renamed: names.len(),
            lateral: from.lateral,
            range: from.range.clone(),
        };
        let relation = relation.filter(|_| source.alias.is_none());
        let level = self.level();
        let item = level.add(source, relation);
        Ok((FromItem::Source(level.sources.len() - 1), vec![item]))
    }

    fn relation_item(
        &mut self,
        name: &ast::Name,
        only: bool,
        sample: Option<String>,
        from: &ast::From,
    ) -> Result<(FromItem, Vec<Item>), SqlError> {
        if let [plain] = name.parts.as_slice()
            && let Some((kind, columns)) = self.cte_named(&plain.value)
        {
            return self.add_source(kind, columns, &plain.value, from, None);
        }
        let range = name.range();
        let Some(table) = self.find_table(name.schema(), name.last()) else {
            return error(ErrorKind::UnknownRelation, &range, format!("no relation `{}`", shown(name)));
        };
        if let Some(key) = table.key {
            self.refer(&range, Target::Relation(key));
        }
        let kind = SourceKind::Relation {
            key: table.key,
            name: table.name.clone(),
            columns: table.keys,
            only,
            sample: sample.is_some(),
            sample_text: sample,
        };
        self.add_source(kind, table.columns, name.last(), from, Some(table.name))
    }

    fn cte_named(&self, name: &str) -> Option<(SourceKind, Vec<OutputColumn>)> {
        for (at, level) in self.levels.iter().enumerate().rev() {
            if let Some(place) = level.ctes.iter().position(|c| c.name == name) {
                let entry = level.ctes.get(place)?;
                let up = self.levels.len() - 1 - at;
                let kind = SourceKind::Cte { up, place, name: name.to_owned(), recursive: entry.recursive };
                return Some((kind, entry.columns.clone()));
            }
        }
        None
    }

    fn query_item(&mut self, query: &ast::Query, from: &ast::From) -> Result<(FromItem, Vec<Item>), SqlError> {
        let before = std::mem::replace(&mut self.level().closed, !from.lateral);
        let bound = self.query(query, true);
        self.level().closed = before;
        let bound = bound?;
        let columns = bound.columns.clone();
        let (bound, mut items) =
            self.add_source(SourceKind::Query(Box::new(bound)), columns, "unnamed_subquery", from, None)?;
        if from.alias.is_none() {
            items.iter_mut().for_each(|i| i.name = None);
        }
        Ok((bound, items))
    }

    fn function_item(
        &mut self,
        calls: &[(ast::Expr, Vec<(ast::Part, ast::TypeName)>)],
        ordinality: bool,
        from: &ast::From,
    ) -> Result<(FromItem, Vec<Item>), SqlError> {
        let (mut bound, mut columns) = (Vec::new(), Vec::new());
        let mut scalar = false;
        let alias = from.alias.as_ref().map(|a| a.name.value.as_str());
        let mut name = "unnamed_function".to_owned();
        let calls: Vec<_> = calls
            .iter()
            .flat_map(|(call, definitions)| spread(call).into_iter().map(move |c| (c, definitions)))
            .collect();
        for (place, (call, definitions)) in calls.iter().enumerate() {
            let value = self.function_value(call)?;
            let label = super::label::label(call, self.major);
            if place == 0 {
                name.clone_from(&label);
            }
            let of_one = if calls.len() == 1 { alias.unwrap_or(&label) } else { &label };
            let (shown, is_scalar) = self.function_columns(&value, definitions, of_one)?;
            scalar = is_scalar;
            columns.extend(shown);
            bound.push(value);
        }
        scalar &= calls.len() == 1 && !ordinality;
        if ordinality {
            columns.push(OutputColumn { name: "ordinality".to_owned(), data_type: Type::named("bigint") });
        }
        let defined = calls.iter().any(|(_, d)| !d.is_empty());
        let lateral = from.lateral || !bound.iter().all(reads_no_column);
        let kind = SourceKind::Functions { calls: bound, ordinality, scalar, defined };
        let added = self.add_source(kind, columns, &name, from, None);
        if let Some(source) = self.level().sources.last_mut() {
            Arc::make_mut(source).lateral = lateral;
        }
        added
    }

    fn function_value(&mut self, call: &ast::Expr) -> Result<Expr, SqlError> {
        let value = self.expression(call)?;
        self.settle(value)
    }

    /// The columns that a function in FROM shows, and whether it is one value.
    fn function_columns(
        &mut self,
        value: &Expr,
        definitions: &[(ast::Part, ast::TypeName)],
        label: &str,
    ) -> Result<(Vec<OutputColumn>, bool), SqlError> {
        if !definitions.is_empty() {
            let mut columns = Vec::new();
            for (name, of) in definitions {
                columns.push(OutputColumn { name: name.value.clone(), data_type: self.type_of_name(of)? });
            }
            return Ok((columns, false));
        }
        let output = |list: Vec<(String, Type)>| {
            list.into_iter().map(|(name, data_type)| OutputColumn { name, data_type }).collect()
        };
        if let Node::Call(call) = &value.node {
            match call.routine.columns.as_slice() {
                [] => {}
                [(name, of)] if !self.is_composite(of) => {
                    let name = if name.starts_with("column") { label.to_owned() } else { name.clone() };
                    return Ok((vec![OutputColumn { name, data_type: value.data_type.clone() }], true));
                }
                [_] => {}
                _ => {
                    let columns = self.concrete_columns(call)?;
                    return Ok((output(columns), false));
                }
            }
        }
        if let Some(columns) = self.composite_columns(&self.base_type(&value.data_type)) {
            return Ok((output(columns), false));
        }
        if self.is_composite(&value.data_type) {
            return error(
                ErrorKind::Unsupported,
                &value.range,
                format!("the columns of `{}` are not known", value.data_type),
            );
        }
        Ok((vec![OutputColumn { name: label.to_owned(), data_type: value.data_type.clone() }], true))
    }

    /// OUT columns with polymorphic types made concrete.
    fn concrete_columns(&self, call: &tree::Call) -> Result<Vec<(String, Type)>, SqlError> {
        let given: Vec<&Type> = call.arguments.iter().map(|a| &a.data_type).collect();
        let wants: Vec<&Type> =
            call.places.iter().filter_map(|p| call.routine.parameters.get(*p)).map(|p| &p.data_type).collect();
        let concrete = |(name, of): &(String, Type)| self.concrete(of, &given, &wants).map(|of| (name.clone(), of));
        let columns: Option<Vec<_>> = call.routine.columns.iter().map(concrete).collect();
        columns.ok_or_else(|| {
            let range = call.arguments.first().map_or(0..0, |a| a.range.clone());
            SqlError::new(ErrorKind::Mismatch, range, format!("the columns of `{}` can't be told", call.routine.name))
        })
    }
}

/// `unnest(a, b)` in FROM is one function for each array in truth.
fn spread(call: &ast::Expr) -> Vec<ast::Expr> {
    if let ast::ExprKind::Call(inner) = &call.kind
        && inner.name.last() == "unnest"
        && inner.name.parts.len() == 1
        && inner.arguments.len() > 1
    {
        let one = |argument: &ast::CallArgument| {
            let only = ast::Call { arguments: vec![argument.clone()], ..ast::Call::of(inner.name.clone()) };
            ast::Expr { kind: ast::ExprKind::Call(Box::new(only)), range: call.range.clone() }
        };
        return inner.arguments.iter().map(one).collect();
    }
    vec![call.clone()]
}

/// The alias, and the names that it gives to columns.
pub(super) fn aliases(alias: Option<&ast::Alias>) -> (Option<String>, Vec<String>) {
    let Some(alias) = alias else { return (None, Vec::new()) };
    (Some(alias.name.value.clone()), alias.columns.iter().map(|c| c.value.clone()).collect())
}
