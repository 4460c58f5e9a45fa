//! Whether an expression may give another value tomorrow: what Postgres asks of index expressions, generated columns and
//! partition keys.
//!
//! Not only functions count: a cast by text runs the output function of one type and the input function of the other,
//! and those of enums, dates and names of objects are only stable.

use super::builtin::{self, BuiltinFunction};
use super::catalog::{Catalog, Routine, UserType};
use super::tree::{CastMethod, Expr, Node, Operator, walk};
use super::types::Type;
use crate::model::Volatility;

/// Something in `expr` that is known not to be immutable, in words; `of_made` says how volatile a routine is that is none
/// of the server's own, if it can be told.
pub(crate) fn mutable_part(
    expr: &Expr,
    catalog: &dyn Catalog,
    of_made: &dyn Fn(&Routine) -> Option<Volatility>,
) -> Option<String> {
    let facts = Facts { catalog, of_made };
    let mut found = None;
    walk(expr, &mut |part, _| {
        if found.is_none() {
            found = facts.mutable(part);
        }
    });
    found
}

struct Facts<'a> {
    catalog: &'a dyn Catalog,
    of_made: &'a dyn Fn(&Routine) -> Option<Volatility>,
}

impl Facts<'_> {
    /// What of the node itself is mutable.
    fn mutable(&self, expr: &Expr) -> Option<String> {
        let is_mutable = |v: Option<Volatility>| v.is_some_and(|v| v != Volatility::Immutable);
        match &expr.node {
            Node::Call(call) => {
                let routine = &call.routine;
                let own = || Some(routine.volatility);
                let volatility = if routine.key.is_none() { own() } else { (self.of_made)(routine) };
                is_mutable(volatility).then(|| format!("function `{}`", routine.name))
            }
            Node::Operation(operator, _)
            | Node::Distinct(operator, ..)
            | Node::NullIf(operator, ..)
            | Node::QuantifiedArray { operator, .. } => self.operator(operator),
            Node::RowComparison { operators, .. } => operators.iter().find_map(|o| self.operator(o)),
            Node::Cast { operand, method, .. } => {
                let (from, to) = (operand.data_type.bare(), expr.data_type.bare());
                let volatile = match method {
                    CastMethod::Function(name) => is_mutable(self.function(name, &[Some(&from)])),
                    CastMethod::Text => is_mutable(self.by_text(&from, "out")) || is_mutable(self.by_text(&to, "in")),
                    _ => false,
                };
                volatile.then(|| format!("the cast from `{from}` to `{to}`"))
            }
            Node::Session(word, _) => Some(format!("`{word}`")),
            _ => None,
        }
    }

    fn operator(&self, operator: &Operator) -> Option<String> {
        if operator.schema != "pg_catalog" {
            return None;
        }
        let types = match &operator.left {
            Some(left) => vec![Some(left), Some(&operator.right)],
            None => vec![Some(&operator.right)],
        };
        let volatility = self.function(&operator.function, &types)?;
        (volatility != Volatility::Immutable).then(|| format!("operator `{}`", operator.symbol))
    }

    /// Of the server's functions of that name the one with these types, or what all of them say.
    fn function(&self, name: &str, types: &[Option<&Type>]) -> Option<Volatility> {
        let all = builtin::facts().functions.get(name)?;
        let here = || all.iter().filter(|f| f.majors.contain(self.catalog.major()));
        let fits = |f: &&BuiltinFunction| {
            f.parameters.len() >= types.len() && f.parameters.iter().zip(types).all(|(p, t)| Some(&p.data_type) == *t)
        };
        if let Some(found) = here().find(fits) {
            return Some(found.volatility);
        }
        let first = here().next()?.volatility;
        here().all(|f| f.volatility == first).then_some(first)
    }

    /// How volatile the input or output function of a type is.
    fn by_text(&self, of: &Type, way: &str) -> Option<Volatility> {
        if of.is_array() {
            return Some(Volatility::Stable);
        }
        if let Some(name) = of.qualified() {
            return match self.catalog.data_type(&name.schema, &name.name)? {
                UserType::Enum(_) | UserType::Composite(_) | UserType::Range(_) => Some(Volatility::Stable),
                UserType::Domain(base) => self.by_text(&base.bare(), way),
                UserType::Base => None,
            };
        }
        let internal = builtin::facts().internal.get(of.name())?;
        let plain = self.function(&format!("{internal}{way}"), &[]);
        plain.or_else(|| self.function(&format!("{internal}_{way}"), &[]))
    }
}
