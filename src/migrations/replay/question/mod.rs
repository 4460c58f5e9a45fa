//! Conditions and queries over the system catalogs, answered from ours: three-valued, and unknown where only a server
//! could tell.

mod aggregate;
mod calls;
mod printed;
mod query;
mod value;

use super::catalog::Id;
use super::catalog::names::Space;
use super::guards::spelled;
use super::run::Run;
use super::system::Row;
use crate::migrations::parse::constant::{self, Known};
use crate::sql::ast::{Choice, Expr, ExprKind, Test};
use crate::sql::parse;
use std::sync::Arc;

pub(super) use printed::Printed;
pub(super) use value::Value;

/// What is in sight: rows by the names that FROM gives them.
type Sight = Vec<(String, Arc<Row>)>;

/// One who asks, with the variables of a block as far as they are known.
pub(super) struct Asker<'a> {
    run: &'a Run,
    known: &'a Known,
    /// Whether what somebody else may have made counts too.
    thorough: bool,
}

/// The columns of a row that a query gives; a value is `None` where only the server knows it.
pub(super) type Answer = Vec<(String, Option<Value>)>;

impl Run {
    /// Whether a condition holds; `None` if only a server could tell.
    pub(super) fn holds(&self, text: &str, known: &Known) -> Option<bool> {
        let expr = parse::expression(text).ok()?;
        let asker = Asker { run: self, known, thorough: false };
        asker.holds(&expr, &Vec::new())
    }

    /// Whether a literal that is cast to a type for names, such as regclass, is surely the name of nothing.
    pub(super) fn names_nothing(&self, text: &str, to: &str) -> bool {
        // Numbers are taken as they are.
        let is_number = text.bytes().all(|b| b.is_ascii_digit()) || text == "-";
        let known = Known::new();
        !is_number && Asker { run: self, known: &known, thorough: true }.named(text, to) == Some(None)
    }

    /// The rows that a query finds; `None` if only a server could tell.
    pub(super) fn answer(&self, text: &str, known: &Known) -> Option<Vec<Answer>> {
        let mut text = text.trim();
        while let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            text = inner.trim();
        }
        let query = parse::query(text).ok()?;
        Asker { run: self, known, thorough: true }.rows(&query, &Vec::new())
    }
}

impl Asker<'_> {
    /// Whether a condition is true; neither NULL nor false is.
    fn holds(&self, expr: &Expr, sight: &Sight) -> Option<bool> {
        Some(self.truth(expr, sight)? == Some(true))
    }

    /// The truth of a condition, which may be NULL.
    fn truth(&self, expr: &Expr, sight: &Sight) -> Option<Option<bool>> {
        match self.value(expr, sight)? {
            Value::Truth(truth) => Some(Some(truth)),
            Value::Null => Some(None),
            _ => None,
        }
    }

    fn value(&self, expr: &Expr, sight: &Sight) -> Option<Value> {
        Some(match &expr.kind {
            ExprKind::Null => Value::Null,
            ExprKind::Boolean(truth) => Value::Truth(*truth),
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Number(text) => Value::Whole(text.parse().ok()?),
            ExprKind::Column(name) => self.column(name.schema(), name.last(), sight)?,
            ExprKind::And(parts) => self.all(parts, sight, false)?,
            ExprKind::Or(parts) => self.all(parts, sight, true)?,
            ExprKind::Not(inner) => value::truth(self.truth(inner, sight)?.map(|truth| !truth)),
            ExprKind::Is { operand, test, negated } => {
                let value = self.value(operand, sight)?;
                let is = match test {
                    Test::Null | Test::Unknown => value == Value::Null,
                    Test::True => value == Value::Truth(true),
                    Test::False => value == Value::Truth(false),
                    _ => return None,
                };
                Value::Truth(is != *negated)
            }
            ExprKind::Distinct { left, right, negated } => {
                let (left, right) = (self.value(left, sight)?, self.value(right, sight)?);
                let same = match (&left, &right) {
                    (Value::Null, Value::Null) => true,
                    (Value::Null, _) | (_, Value::Null) => false,
                    _ => value::same(&left, &right)?,
                };
                Value::Truth(same == *negated)
            }
            ExprKind::Binary(operator, left, right) => {
                value::operation(&operator.symbol, &self.value(left, sight)?, &self.value(right, sight)?)?
            }
            ExprKind::Cast(inner, to) => self.cast(self.value(inner, sight)?, to.name.last(), to.array)?,
            ExprKind::Select(Choice::Coalesce, parts) => {
                for part in parts {
                    let value = self.value(part, sight)?;
                    if value != Value::Null {
                        return Some(value);
                    }
                }
                Value::Null
            }
            ExprKind::Array(parts) => Value::List(self.texts(parts, sight)?),
            ExprKind::Case { operand: Some(operand), branches, otherwise } => {
                let operand = self.value(operand, sight)?;
                for (wanted, value) in branches {
                    if value::operation("=", &operand, &self.value(wanted, sight)?)? == Value::Truth(true) {
                        return self.value(value, sight);
                    }
                }
                otherwise.as_ref().map_or(Some(Value::Null), |value| self.value(value, sight))?
            }
            ExprKind::Case { operand: None, branches, otherwise } => {
                for (condition, value) in branches {
                    if self.holds(condition, sight)? {
                        return self.value(value, sight);
                    }
                }
                otherwise.as_ref().map_or(Some(Value::Null), |value| self.value(value, sight))?
            }
            _ => self.value_of_set(expr, sight)?,
        })
    }

    fn value_of_set(&self, expr: &Expr, sight: &Sight) -> Option<Value> {
        let one_of = |found: Option<bool>, negated: bool| value::truth(found.map(|found| found != negated));
        Some(match &expr.kind {
            ExprKind::InList { operand, list, negated } => {
                let list = list.iter().map(|item| self.value(item, sight)).collect::<Option<Vec<_>>>()?;
                one_of(value::among(&self.value(operand, sight)?, &list)?, *negated)
            }
            ExprKind::InQuery { operand, query, negated } => {
                let list = self.column_of(query, sight)?;
                one_of(value::among(&self.value(operand, sight)?, &list)?, *negated)
            }
            ExprKind::QuantifiedArray { left, operator, all, array } => {
                let list = self.value(array, sight)?.elements()?;
                let negated = match (operator.symbol.as_str(), all) {
                    ("=", false) => false,
                    ("<>", true) => true,
                    _ => return None,
                };
                one_of(value::among(&self.value(left, sight)?, &list)?, negated)
            }
            ExprKind::LikeEscape { operator, operand, pattern, escape: Some(escape), similar: false } => {
                let (Value::Text(pattern), Value::Text(escape)) =
                    (self.value(pattern, sight)?, self.value(escape, sight)?)
                else {
                    return None;
                };
                let pattern = Value::Text(value::with_backslashes(&pattern, &escape)?);
                value::operation(&operator.symbol, &self.value(operand, sight)?, &pattern)?
            }
            ExprKind::Exists(query) => Value::Truth(self.exists(query, sight)?),
            ExprKind::Scalar(query) => match self.column_of(query, sight)?.as_slice() {
                [] => Value::Null,
                [one] => one.clone(),
                _ => return None,
            },
            ExprKind::ArrayQuery(query) => {
                let values = self.column_of(query, sight)?;
                Value::List(values.into_iter().map(Value::into_text).collect::<Option<_>>()?)
            }
            ExprKind::Call(call) => self.call(call, sight)?,
            ExprKind::Session("current_user" | "current_role" | "user", _) => {
                Value::Text(self.run.catalog.role_name(self.run.user()))
            }
            ExprKind::Session("current_schema", _) => self.current_schema(),
            ExprKind::Session("session_user", _) => {
                Value::Text(self.run.catalog.role_name(self.run.session.now.session_user))
            }
            _ => return None,
        })
    }

    /// AND, or OR, of all parts: `decides` is the truth of one that settles it.
    fn all(&self, parts: &[Expr], sight: &Sight, decides: bool) -> Option<Value> {
        let all: Vec<_> = parts.iter().map(|p| self.truth(p, sight)).collect();
        match () {
            () if all.contains(&Some(Some(decides))) => Some(Value::Truth(decides)),
            () if all.contains(&None) => None,
            () if all.contains(&Some(None)) => Some(Value::Null),
            () => Some(Value::Truth(!decides)),
        }
    }

    fn texts(&self, parts: &[Expr], sight: &Sight) -> Option<Vec<String>> {
        parts.iter().map(|part| self.value(part, sight)?.into_text()).collect()
    }

    /// A column of a row, or a variable of the block.
    fn column(&self, table: Option<&str>, column: &str, sight: &Sight) -> Option<Value> {
        let fits = |(alias, _): &&(String, Arc<Row>)| table.is_none_or(|t| t == alias);
        let found = sight.iter().rev().filter(fits).find_map(|(_, row)| row.get(column));
        match found {
            Some(Value::Printed(what, id)) => return Some(Value::Text(self.run.printed(*what, *id)?)),
            Some(found) => return Some(found.clone()),
            None => (),
        }
        if table.is_some_and(|table| sight.iter().any(|(alias, _)| alias == table)) {
            return None;
        }
        let key = table.map_or_else(|| column.to_owned(), |record| format!("{record}.{column}"));
        match self.known.get(&key)? {
            constant::Value::Object(kind, name) => self.cast(Value::Text(name.clone()), kind, false),
            known => Value::of_constant(known),
        }
    }

    /// A value cast to another type; a name cast to what it names.
    fn cast(&self, value: Value, to: &str, array: bool) -> Option<Value> {
        match (&value, to) {
            (Value::Null, _) => Some(Value::Null),
            (Value::List(_), "text" | "name" | "varchar") if array => Some(value),
            (Value::Text(text), "text" | "name" | "varchar") if array => value::list(text).map(Value::List),
            _ if array => None,
            (Value::Text(_) | Value::System(_), "text" | "name" | "varchar" | "char") => Some(value),
            (Value::Whole(number), "text") => Some(Value::Text(number.to_string())),
            (Value::Whole(_), "int4" | "int8" | "int2" | "integer" | "bigint") => Some(value),
            (Value::Truth(_), "bool" | "boolean") => Some(value),
            (Value::Text(text), "bool" | "boolean") => match text.as_str() {
                "t" | "true" => Some(Value::Truth(true)),
                "f" | "false" => Some(Value::Truth(false)),
                _ => None,
            },
            (Value::Oid(id) | Value::Named(id, ..), "oid") => Some(Value::Oid(*id)),
            (Value::Named(..), "text" | "varchar") => Some(value),
            (Value::Oid(id) | Value::Named(id, ..), _) if to.starts_with("reg") => Some(self.as_named(*id, to)),
            (Value::Text(text), _) => Some(self.named(text, to)?.map_or(Value::Null, |id| self.as_named(id, to))),
            _ => None,
        }
    }

    /// An object as a value of a type for names, if it can be spelled.
    fn as_named(&self, id: Id, to: &str) -> Value {
        let kind =
            ["regclass", "regtype", "regnamespace", "regprocedure", "regrole"].into_iter().find(|kind| *kind == to);
        kind.and_then(|kind| Some(Value::Named(id, kind, self.run.full_name(id)?))).unwrap_or(Value::Oid(id))
    }

    /// The object that a name means as a value of a type for names; `Some(None)` if there is none.
    fn named(&self, text: &str, to: &str) -> Option<Option<Id>> {
        let run = self.run;
        let name = || spelled(text);
        Some(match to {
            "regclass" => {
                let name = name()?;
                let of_system =
                    name.schema.as_deref().map_or_else(|| name.name.starts_with("pg_"), super::lookup::is_system);
                match run.find(Space::Relation, &name) {
                    None if of_system => return None,
                    found => found,
                }
            }
            "regnamespace" => run.catalog.namespace(&name()?.name),
            "regrole" => run.catalog.role(&name()?.name),
            "regtype" => {
                let name = name()?;
                match run.find(Space::Type, &name).or_else(|| run.find_relation(&name)) {
                    None if super::builtin::type_name(&name.name, None).is_some() => return None,
                    found => found,
                }
            }
            "regproc" | "regprocedure" => run.routine_spelled(text)?,
            _ => return None,
        })
    }
}
