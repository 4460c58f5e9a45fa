//! Joins, the columns that USING and NATURAL merge, and `*`.

use super::coerce::Form;
use super::from::aliases;
use super::operator::implied;
use super::scope::{Columns, Item, ItemColumn, seen_from};
use super::{Context, ast, error};
use crate::model::printable;
use crate::sql::ast::{Choice, Condition, JoinKind, Name};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Expr, FromItem, Node, Target};
use std::ops::Range;

impl Context<'_> {
    pub(super) fn join(
        &mut self,
        kind: JoinKind,
        left: &ast::From,
        right: &ast::From,
        on: &Condition,
        alias: Option<&ast::Alias>,
    ) -> Result<(FromItem, Vec<Item>), SqlError> {
        let (left, left_items) = self.source_item(left)?;
        // What stands left of it is in sight of a LATERAL right side.
        let before = self.level().items.clone();
        self.level().items.extend(left_items.iter().cloned());
        let right = self.source_item(right);
        self.level().items.clone_from(&before);
        let (right, right_items) = right?;
        let names = self.using_names(on, &left_items, &right_items);
        let (condition, merged, using, natural) = match on {
            Condition::None => (None, Vec::new(), Vec::new(), false),
            Condition::On(expr) => {
                let both = left_items.iter().chain(&right_items).cloned().collect();
                let outer = std::mem::replace(&mut self.level().items, both);
                let bound = self.expression(expr).and_then(|e| self.condition(e, "ON"));
                self.level().items = outer;
                (Some(bound?), Vec::new(), Vec::new(), false)
            }
            Condition::Using(..) | Condition::Natural => {
                let (condition, merged) = self.merge(kind, &names, &left_items, &right_items)?;
                let using = names.iter().map(|(name, _)| name.clone()).collect();
                (condition, merged, using, matches!(on, Condition::Natural))
            }
        };
        let items = shown_items(left_items, right_items, merged, alias);
        let alias = alias.map(|a| a.name.value.clone());
        let join =
            FromItem::Join { kind, left: Box::new(left), right: Box::new(right), on: condition, using, natural, alias };
        Ok((join, items))
    }

    /// The names to be merged, each with its bytes.
    fn using_names(&self, on: &Condition, left: &[Item], right: &[Item]) -> Vec<(String, Range<usize>)> {
        match on {
            Condition::Using(columns, _) => columns.iter().map(|c| (c.value.clone(), c.range.clone())).collect(),
            Condition::Natural => {
                let mut names: Vec<(String, Range<usize>)> = Vec::new();
                let right = columns(right);
                for column in columns(left) {
                    if right.iter().any(|c| c.name == column.name) && !names.iter().any(|(n, _)| *n == column.name) {
                        names.push((column.name, 0..0));
                    }
                }
                names
            }
            _ => Vec::new(),
        }
    }

    /// `l.c = r.c AND ..`, and the merged columns.
    fn merge(
        &mut self,
        kind: JoinKind,
        names: &[(String, Range<usize>)],
        left: &[Item],
        right: &[Item],
    ) -> Result<(Option<Expr>, Vec<ItemColumn>), SqlError> {
        let (mut conditions, mut merged) = (Vec::new(), Vec::new());
        let here = self.levels.len() - 1;
        for (name, range) in names {
            let l = only(left, name, range)?;
            let r = only(right, name, range)?;
            self.refer_columns(here, &l, range);
            self.refer_columns(here, &r, range);
            let equal = self.operation(&implied("=", range), l.clone(), r.clone(), range)?;
            conditions.push(self.condition(equal, "USING")?);
            merged.push(ItemColumn { name: name.clone(), value: self.merged(kind, l, r, range)? });
        }
        let condition = match conditions.len() {
            0 => None,
            1 => conditions.pop(),
            _ => {
                let range = conditions.first().map_or(0..0, |c| c.range.clone());
                Some(super::constant::boolean(Node::And(conditions), &range))
            }
        };
        Ok((condition, merged))
    }

    /// The value of a merged column: that of the side that is always there.
    fn merged(&mut self, kind: JoinKind, left: Expr, right: Expr, range: &Range<usize>) -> Result<Expr, SqlError> {
        let Some(common) = self.common_type(&[&left.data_type, &right.data_type]) else {
            return error(ErrorKind::Mismatch, range, "the columns of USING have no common type");
        };
        let common = if left.data_type == right.data_type { left.data_type.clone() } else { common };
        let left = self.coerce(left, &common, Form::Implicit)?;
        let right = self.coerce(right, &common, Form::Implicit)?;
        Ok(match kind {
            JoinKind::Right => right,
            JoinKind::Full => {
                let data_type = left.data_type.clone();
                Expr { node: Node::Choice(Choice::Coalesce, vec![left, right]), data_type, range: range.clone() }
            }
            _ => left,
        })
    }

    /// `*` or `item.*`
    pub(super) fn star(&mut self, name: Option<&Name>, range: &Range<usize>) -> Result<Vec<Target>, SqlError> {
        let (level, columns) = match name {
            None => {
                let level = self.levels.len() - 1;
                let items = &self.level().items;
                if items.is_empty() {
                    return error(ErrorKind::UnknownColumn, range, "`*` without a FROM");
                }
                (level, columns(items))
            }
            Some(name) => {
                let found = self.find_item(name.schema(), name.last(), range)?;
                match found {
                    Some((level, item)) => (level, item.columns.listed()),
                    None => {
                        let what = format!("no item `{}` of FROM is in sight", super::column::shown(name));
                        return error(ErrorKind::UnknownRelation, range, what);
                    }
                }
            }
        };
        let up = self.levels.len() - 1 - level;
        let mut targets = Vec::with_capacity(columns.len());
        for column in columns {
            self.refer_columns(level, &column.value, range);
            targets.push(Target { value: seen_from(&column.value, up, range), name: column.name });
        }
        Ok(targets)
    }
}

/// The columns seen unqualified.
fn columns(items: &[Item]) -> Vec<ItemColumn> {
    items.iter().filter(|i| i.unqualified).flat_map(|i| i.columns.listed()).collect()
}

fn only(items: &[Item], name: &str, range: &Range<usize>) -> Result<Expr, SqlError> {
    let seen = items.iter().filter(|i| i.unqualified);
    let mut found = seen.flat_map(|i| i.columns.places(name).filter_map(|place| i.columns.value(place)));
    let Some(first) = found.next() else {
        return error(ErrorKind::UnknownColumn, range, format!("`{}` is no column of both sides", printable(name)));
    };
    if found.next().is_some() {
        return error(ErrorKind::Ambiguous, range, format!("`{}` is more than one column of a side", printable(name)));
    }
    Ok(first)
}

/// What a join shows: its sides by name, and all columns unqualified with the merged ones first; by alias only if it has one.
fn shown_items(left: Vec<Item>, right: Vec<Item>, merged: Vec<ItemColumn>, alias: Option<&ast::Alias>) -> Vec<Item> {
    if merged.is_empty() && alias.is_none() {
        return left.into_iter().chain(right).collect();
    }
    let is_merged = |name: &str| merged.iter().any(|m| m.name == name);
    let rest = columns(&left).into_iter().chain(columns(&right)).filter(|c| !is_merged(&c.name));
    let mut all: Vec<_> = merged.iter().cloned().chain(rest).collect();
    let (name, names) = aliases(alias);
    for (column, name) in all.iter_mut().zip(names) {
        column.name = name;
    }
    let whole = Item { name, relation: None, unqualified: true, columns: Columns::Listed(all), source: None };
    if alias.is_some() {
        return vec![whole];
    }
    let hidden = left.into_iter().chain(right).map(|item| Item { unqualified: false, ..item });
    hidden.chain([whole]).collect()
}
