//! Aggregates over what a query finds.

use super::query::name_of;
use super::value::{self, Value};
use super::{Answer, Asker, Sight};
use crate::sql::ast::{Call, Choice, Expr, ExprKind, Select};

impl Asker<'_> {
    /// `count(*)`, `string_agg`, `array_agg` over all that was found, and what is made of them.
    pub(super) fn aggregated(&self, select: &Select, found: &[Sight]) -> Option<Answer> {
        let mut row = Answer::new();
        for target in &select.targets {
            row.push((name_of(target), self.over_all(&target.value, found)));
        }
        Some(row)
    }

    /// An aggregate, or what is made of some: `count(*) > 0`, `coalesce(string_agg(..), '')`.
    fn over_all(&self, value: &Expr, found: &[Sight]) -> Option<Value> {
        if let Some(call) = aggregate(value) {
            return self.aggregate(call, found);
        }
        if !is_aggregated(value) {
            return self.value(value, &Vec::new());
        }
        match &value.kind {
            ExprKind::Binary(operator, left, right) => {
                value::operation(&operator.symbol, &self.over_all(left, found)?, &self.over_all(right, found)?)
            }
            ExprKind::Select(Choice::Coalesce, parts) => {
                for part in parts {
                    let value = self.over_all(part, found)?;
                    if value != Value::Null {
                        return Some(value);
                    }
                }
                Some(Value::Null)
            }
            _ => None,
        }
    }

    fn aggregate(&self, call: &Call, found: &[Sight]) -> Option<Value> {
        if call.distinct || call.filter.is_some() || call.over.is_some() {
            return None;
        }
        let count = |count: usize| i64::try_from(count).ok().map(Value::Whole);
        if call.star {
            return count(found.len());
        }
        let of = &call.arguments.first()?.value;
        let mut values = Vec::with_capacity(found.len());
        for sight in found {
            values.push(self.value(of, sight)?);
        }
        let texts = |values: Vec<Value>| {
            let known = values.into_iter().filter(|v| *v != Value::Null);
            known.map(Value::into_text).collect::<Option<Vec<_>>>()
        };
        match call.name.last() {
            "count" => count(values.iter().filter(|v| **v != Value::Null).count()),
            _ if found.is_empty() => Some(Value::Null),
            "array_agg" => texts(values).map(Value::List),
            "string_agg" => {
                let separator = self.value(&call.arguments.get(1)?.value, &Vec::new())?.into_text()?;
                texts(values).map(|texts| Value::Text(texts.join(&separator)))
            }
            _ => None,
        }
    }
}

/// The call of an aggregate.
fn aggregate(expr: &Expr) -> Option<&Call> {
    let ExprKind::Call(call) = &expr.kind else { return None };
    let known =
        ["count", "array_agg", "string_agg", "bool_or", "bool_and", "max", "min", "sum", "jsonb_agg", "json_agg"];
    known.contains(&call.name.last()).then_some(call)
}

pub(super) fn is_aggregated(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(_, left, right) => is_aggregated(left) || is_aggregated(right),
        ExprKind::Select(Choice::Coalesce, parts) => parts.iter().any(is_aggregated),
        _ => aggregate(expr).is_some(),
    }
}
