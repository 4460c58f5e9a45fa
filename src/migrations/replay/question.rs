//! Conditions over the system catalogs, answered from ours: three-valued, and unknown where only a server could tell.

use super::catalog::names::Space;
use super::guards::spelled;
use super::run::Run;
use super::system::Row;
use crate::sql::ast::{Body, Condition, Expr, ExprKind, From, FromKind, JoinKind, Query, Select, Test};
use crate::sql::parse;

/// A value; an object's number is text with a mark before it, so that it equals no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Truth(bool),
    Null,
}

/// What is in sight: rows by the names that FROM gives them.
type Sight = Vec<(String, Row)>;

/// Combinations of rows that are tried before the question is given up.
const MOST: usize = 200_000;

struct Search<'a> {
    tables: &'a [(String, Vec<Row>)],
    conditions: &'a [&'a Expr],
    tried: usize,
}

impl Run {
    /// Whether a condition holds; `None` if only a server could tell.
    pub(super) fn holds(&self, text: &str) -> Option<bool> {
        let expr = parse::expression(text).ok()?;
        self.truth(&expr, &Vec::new())
    }

    fn truth(&self, expr: &Expr, sight: &Sight) -> Option<bool> {
        match self.value(expr, sight)? {
            Value::Truth(truth) => Some(truth),
            Value::Null => Some(false),
            Value::Text(_) => None,
        }
    }

    fn value(&self, expr: &Expr, sight: &Sight) -> Option<Value> {
        Some(match &expr.kind {
            ExprKind::Null => Value::Null,
            ExprKind::Boolean(truth) => Value::Truth(*truth),
            ExprKind::Text(text) | ExprKind::Number(text) => Value::Text(text.clone()),
            ExprKind::Column(name) => {
                let table = name.schema();
                let column = name.last();
                let fits = |(alias, _): &&(String, Row)| table.is_none_or(|t| t == alias);
                sight.iter().rev().filter(fits).find_map(|(_, row)| row.get(column).cloned())?
            }
            ExprKind::And(parts) => {
                let all: Vec<_> = parts.iter().map(|p| self.truth(p, sight)).collect();
                match () {
                    () if all.contains(&Some(false)) => Value::Truth(false),
                    () if all.contains(&None) => return None,
                    () => Value::Truth(true),
                }
            }
            ExprKind::Or(parts) => {
                let all: Vec<_> = parts.iter().map(|p| self.truth(p, sight)).collect();
                match () {
                    () if all.contains(&Some(true)) => Value::Truth(true),
                    () if all.contains(&None) => return None,
                    () => Value::Truth(false),
                }
            }
            ExprKind::Not(inner) => Value::Truth(!self.truth(inner, sight)?),
            ExprKind::Is { operand, test, negated } => {
                let value = self.value(operand, sight)?;
                let is = match test {
                    Test::Null => value == Value::Null,
                    Test::True => value == Value::Truth(true),
                    Test::False => value == Value::Truth(false),
                    _ => return None,
                };
                Value::Truth(is != *negated)
            }
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.value(left, sight)?, self.value(right, sight)?);
                if left == Value::Null || right == Value::Null {
                    return Some(Value::Null);
                }
                match operator.symbol.as_str() {
                    "=" => Value::Truth(same(&left, &right)?),
                    "<>" | "!=" => Value::Truth(!same(&left, &right)?),
                    _ => return None,
                }
            }
            ExprKind::InList { operand, list, negated } => {
                let value = self.value(operand, sight)?;
                let mut found = false;
                for item in list {
                    found |= same(&value, &self.value(item, sight)?)?;
                }
                Value::Truth(found != *negated)
            }
            ExprKind::Cast(inner, to) => self.cast(self.value(inner, sight)?, to.name.last())?,
            ExprKind::Call(call) => {
                let argument = call.arguments.first().map(|a| &a.value)?;
                let kind = call.name.last().strip_prefix("to_")?.to_owned();
                self.cast(self.value(argument, sight)?, &kind)?
            }
            ExprKind::Exists(query) => Value::Truth(self.first(query, sight)?.is_some()),
            ExprKind::Scalar(query) => match self.first(query, sight)? {
                None => Value::Null,
                Some(row) => {
                    let Body::Select(select) = &query.body else { return None };
                    let [target] = select.targets.as_slice() else { return None };
                    self.value(&target.value, &row)?
                }
            },
            _ => return None,
        })
    }

    /// A name cast to what it names.
    fn cast(&self, value: Value, to: &str) -> Option<Value> {
        let Value::Text(text) = &value else { return (value == Value::Null).then_some(value) };
        let object =
            |id: Option<super::catalog::Id>| Some(id.map_or(Value::Null, |id| Value::Text(format!("#{}", id.0))));
        match to {
            "text" | "name" | "varchar" if !text.starts_with('#') => Some(value),
            "regclass" => object(spelled(text).and_then(|name| self.find(Space::Relation, &name))),
            "regnamespace" => object(self.catalog.namespace(&spelled(text)?.name)),
            "regtype" => object(spelled(text).and_then(|name| self.find(Space::Type, &name))),
            _ => None,
        }
    }

    /// The first rows that a query finds; `Some(None)` if there are none.
    fn first(&self, query: &Query, outer: &Sight) -> Option<Option<Sight>> {
        let Body::Select(select) = &query.body else { return None };
        let plain = query.ctes.is_empty()
            && query.offset.is_none()
            && select.group_by.is_empty()
            && select.having.is_none()
            && !select.from.is_empty();
        if !plain || counts(select) {
            return None;
        }
        let (mut tables, mut conditions) = (Vec::new(), Vec::new());
        for from in &select.from {
            self.sources(from, &mut tables, &mut conditions)?;
        }
        match &select.filter {
            Some(Expr { kind: ExprKind::And(parts), .. }) => conditions.extend(parts.iter()),
            Some(filter) => conditions.push(filter),
            None => (),
        }
        let mut search = Search { tables: &tables, conditions: &conditions, tried: 0 };
        self.search(&mut search, 0, outer.clone())
    }

    fn sources<'a>(
        &self,
        from: &'a From,
        tables: &mut Vec<(String, Vec<Row>)>,
        conditions: &mut Vec<&'a Expr>,
    ) -> Option<()> {
        match &from.kind {
            FromKind::Relation { name, .. } => {
                let alias = from.alias.as_ref().map_or(name.last(), |a| a.name.value.as_str());
                tables.push((alias.to_owned(), self.system_rows(name.schema(), name.last())?));
            }
            FromKind::Join { kind: JoinKind::Inner | JoinKind::Cross, left, right, on } => {
                self.sources(left, tables, conditions)?;
                self.sources(right, tables, conditions)?;
                match on {
                    Condition::On(expr) => match &expr.kind {
                        ExprKind::And(parts) => conditions.extend(parts.iter()),
                        _ => conditions.push(expr),
                    },
                    Condition::None => (),
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Takes a row of each table in turn, and drops a combination as soon as a condition is false.
    fn search(&self, search: &mut Search<'_>, level: usize, sight: Sight) -> Option<Option<Sight>> {
        let Some((alias, rows)) = search.tables.get(level) else {
            let all: Vec<_> = search.conditions.iter().map(|c| self.truth(c, &sight)).collect();
            return if all.contains(&None) { None } else { Some(Some(sight)) };
        };
        let mut unknown = false;
        for row in rows {
            search.tried += 1;
            if search.tried > MOST {
                return None;
            }
            let mut sight = sight.clone();
            sight.push((alias.clone(), row.clone()));
            if search.conditions.iter().any(|c| self.truth(c, &sight) == Some(false)) {
                continue;
            }
            match self.search(search, level + 1, sight) {
                Some(Some(found)) => return Some(Some(found)),
                Some(None) => (),
                None => unknown = true,
            }
        }
        if unknown { None } else { Some(None) }
    }
}

/// Whether two values are equal; a number and a name cannot be told.
fn same(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => (a.starts_with('#') == b.starts_with('#')).then_some(a == b),
        (Value::Truth(a), Value::Truth(b)) => Some(a == b),
        (Value::Truth(a), Value::Text(b)) | (Value::Text(b), Value::Truth(a)) => {
            Some(b == if *a { "true" } else { "false" })
        }
        _ => None,
    }
}

/// Whether a query gives one row whatever it finds.
fn counts(select: &Select) -> bool {
    let is_call = |e: &Expr| matches!(&e.kind, ExprKind::Call(_));
    select.targets.iter().any(|t| is_call(&t.value))
}
