//! Conditions that are true, or never true, whatever the row and the session.
//!
//! A small three-valued truth table over the atoms of an expression. Anything it does not understand is an atom that
//! may be true, false or NULL, and a new one at each place, so that "always" and "never" hold for every row;
//! `Depends` claims nothing.

use std::collections::BTreeMap;

use sqlparser::ast::{BinaryOperator, DataType, Expr, Query, SelectItem, SetExpr, UnaryOperator, Value};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::model::{Relation, Schema};

/// What is known of a condition without looking at a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// True for every row and session.
    Always,
    /// Never true: false or NULL for every row and session.
    Never,
    /// Neither is known.
    Depends,
}

/// The most atoms that a truth table is made for: 3^8 rows.
const MAX_ATOMS: usize = 8;

impl Truth {
    /// Judges a condition of a policy on `relation`, first by its form, then by all that [`super::decide`] knows.
    #[must_use]
    pub(crate) fn of_policy(
        condition: &str,
        relation: &Relation,
        schema: &Schema,
        lineage: &super::lineage::Lineage<'_>,
    ) -> Self {
        match Self::of(condition, Some(relation)) {
            Self::Depends => match super::decide::constancy(schema, lineage, &relation.name, condition) {
                (true, _) => Self::Always,
                (_, true) => Self::Never,
                _ => Self::Depends,
            },
            known => known,
        }
    }

    /// Judges a condition; `relation` tells which columns can be NULL.
    #[must_use]
    pub fn of(condition: &str, relation: Option<&Relation>) -> Self {
        let parsed = Parser::new(&PostgreSqlDialect {}).with_recursion_limit(200).try_with_sql(condition);
        let Ok(expr) = parsed.and_then(|mut p| p.parse_expr()) else { return Self::Depends };
        let mut atoms = Atoms { relation, named: BTreeMap::new(), count: 0 };
        let formula = atoms.formula(&expr);
        formula.judge(atoms.count)
    }

    /// What is known of a disjunction; of none it is never true.
    #[must_use]
    pub fn any(all: &[Self]) -> Self {
        match all {
            _ if all.contains(&Self::Always) => Self::Always,
            _ if all.contains(&Self::Depends) => Self::Depends,
            _ => Self::Never,
        }
    }

    /// What is known of a conjunction of many; of none it is always true.
    #[must_use]
    pub fn all(all: &[Self]) -> Self {
        all.iter().fold(Self::Always, |known, t| known.and(*t))
    }

    /// What is known of a conjunction.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, Self::Always) => Self::Always,
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            _ => Self::Depends,
        }
    }
}

/// A three-valued formula.
enum Formula {
    /// A constant; `None` is NULL.
    Constant(Option<bool>),
    /// Something that may be true, false or NULL.
    Unknown(usize),
    /// "The column is NULL": true or false.
    IsNull(usize),
    /// `x = x` of a column whose NULL flag this is: NULL for NULL, else true.
    Reflexive(usize),
    Not(Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    Or(Box<Formula>, Box<Formula>),
    /// `IS TRUE`: never NULL.
    IsTrue(Box<Formula>),
}

impl Formula {
    fn judge(&self, atoms: usize) -> Truth {
        if atoms > MAX_ATOMS {
            return Truth::Depends;
        }
        let mut row = vec![None; atoms];
        let (mut always, mut never) = (true, true);
        loop {
            match self.value(&row) {
                Some(true) => never = false,
                _ => always = false,
            }
            if (!always && !never) || !advance(&mut row) {
                break;
            }
        }
        match (always, never) {
            (true, _) => Truth::Always,
            (_, true) => Truth::Never,
            _ => Truth::Depends,
        }
    }

    fn value(&self, row: &[Option<bool>]) -> Option<bool> {
        let atom = |at: &usize| row.get(*at).copied().flatten();
        match self {
            Self::Constant(value) => *value,
            Self::Unknown(at) => atom(at),
            Self::IsNull(at) => Some(atom(at).unwrap_or(false)),
            Self::Reflexive(at) => {
                if atom(at) == Some(true) {
                    None
                } else {
                    Some(true)
                }
            }
            Self::Not(inner) => inner.value(row).map(|v| !v),
            Self::And(a, b) => match (a.value(row), b.value(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.value(row), b.value(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::IsTrue(inner) => Some(inner.value(row) == Some(true)),
        }
    }
}

/// The next row of the truth table; false after the last.
fn advance(row: &mut [Option<bool>]) -> bool {
    for cell in row {
        *cell = match *cell {
            None => Some(false),
            Some(false) => Some(true),
            Some(true) => {
                *cell = None;
                continue;
            }
        };
        return true;
    }
    false
}

/// Turns an expression into a formula, numbering its atoms.
struct Atoms<'a> {
    relation: Option<&'a Relation>,
    named: BTreeMap<String, usize>,
    count: usize,
}

impl Atoms<'_> {
    fn formula(&mut self, expr: &Expr) -> Formula {
        match expr {
            Expr::Nested(inner) => self.formula(inner),
            Expr::Value(v) => match v.value {
                Value::Boolean(b) => Formula::Constant(Some(b)),
                Value::Null => Formula::Constant(None),
                _ => self.unknown(),
            },
            Expr::Cast { expr, data_type: DataType::Boolean | DataType::Bool, .. } => self.cast(expr),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => negate(self.formula(expr)),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::IsNull(inner) => self.is_null(inner),
            Expr::IsNotNull(inner) => negate(self.is_null(inner)),
            Expr::IsTrue(inner) => Formula::IsTrue(Box::new(self.formula(inner))),
            Expr::IsNotTrue(inner) => negate(Formula::IsTrue(Box::new(self.formula(inner)))),
            Expr::IsFalse(inner) => Formula::IsTrue(Box::new(negate(self.formula(inner)))),
            Expr::IsNotFalse(inner) => negate(Formula::IsTrue(Box::new(negate(self.formula(inner))))),
            Expr::Subquery(query) => match constant_query(query) {
                Some(inner) => self.formula(inner),
                None => self.unknown(),
            },
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Formula::Unknown(self.name(expr.to_string())),
            _ => self.unknown(),
        }
    }

    fn cast(&mut self, inner: &Expr) -> Formula {
        match strip(inner) {
            Expr::Value(v) => match &v.value {
                Value::SingleQuotedString(s) if matches!(s.as_str(), "t" | "true") => Formula::Constant(Some(true)),
                Value::SingleQuotedString(s) if matches!(s.as_str(), "f" | "false") => Formula::Constant(Some(false)),
                _ => self.formula(inner),
            },
            _ => self.formula(inner),
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Formula {
        match op {
            BinaryOperator::And => Formula::And(Box::new(self.formula(left)), Box::new(self.formula(right))),
            BinaryOperator::Or => Formula::Or(Box::new(self.formula(left)), Box::new(self.formula(right))),
            BinaryOperator::Eq | BinaryOperator::LtEq | BinaryOperator::GtEq if left == right => match strip(left) {
                column @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => self.reflexive(column),
                Expr::Value(v) if v.value != Value::Null => Formula::Constant(Some(true)),
                _ => self.unknown(),
            },
            BinaryOperator::Eq | BinaryOperator::NotEq => match (integer(left), integer(right)) {
                (Some(a), Some(b)) => Formula::Constant(Some((a == b) == (*op == BinaryOperator::Eq))),
                _ => self.unknown(),
            },
            _ => self.unknown(),
        }
    }

    fn reflexive(&mut self, column: &Expr) -> Formula {
        match self.is_null(column) {
            Formula::IsNull(at) => Formula::Reflexive(at),
            _ => Formula::Constant(Some(true)),
        }
    }

    /// Whether an operand is NULL; false for a column that a NOT NULL protects.
    fn is_null(&mut self, inner: &Expr) -> Formula {
        let column = match strip(inner) {
            Expr::Value(v) => return Formula::Constant(Some(v.value == Value::Null)),
            Expr::Identifier(ident) => ident,
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(last) => last,
                None => return self.fresh_null_flag(),
            },
            _ => return self.fresh_null_flag(),
        };
        if let Some(relation) = self.relation {
            match relation.column(&column.value) {
                Some(known) if may_hold_a_row(&known.data_type) => return self.fresh_null_flag(),
                Some(known) if !known.nullable => return Formula::Constant(Some(false)),
                Some(_) => {}
                // The whole row.
                None => return self.fresh_null_flag(),
            }
        }
        Formula::IsNull(self.name(format!("{column} is null")))
    }

    fn fresh_null_flag(&mut self) -> Formula {
        match self.unknown() {
            Formula::Unknown(at) => Formula::IsNull(at),
            other => other,
        }
    }

    fn name(&mut self, name: String) -> usize {
        let next = self.count;
        let at = *self.named.entry(name).or_insert(next);
        self.count = self.count.max(at + 1);
        at
    }

    fn unknown(&mut self) -> Formula {
        self.count += 1;
        Formula::Unknown(self.count - 1)
    }
}

fn negate(inner: Formula) -> Formula {
    Formula::Not(Box::new(inner))
}

/// Whether values of a type may be rows, of which `IS NULL` and `IS NOT NULL` can both be false: a row with some NULLs.
/// Types outside `pg_catalog` are printed with their schema.
fn may_hold_a_row(data_type: &str) -> bool {
    data_type == "record" || (data_type.contains('.') && !data_type.ends_with(']'))
}

/// The operand without parentheses and casts to built-in types: neither makes a non-NULL value NULL or the reverse.
/// A cast to a type of the application's may run any function.
fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => strip(inner),
        Expr::Cast { expr: inner, data_type, .. } if !matches!(data_type, DataType::Custom(..)) => strip(inner),
        other => other,
    }
}

fn integer(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Nested(inner) => integer(inner),
        Expr::Value(v) => match &v.value {
            Value::Number(n, _) => n.to_string().parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The expression of `(select e)` without FROM, WHERE or anything else.
fn constant_query(query: &Query) -> Option<&Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let plain = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none() && select.from.is_empty();
    let [item] = select.projection.as_slice() else { return None };
    match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. }
            if plain && select.selection.is_none() && select.having.is_none() =>
        {
            Some(e)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_what_is_always_true() {
        for always in [
            "true",
            "(true)",
            "1 = 1",
            "( SELECT true)",
            "(SELECT true AS bool)",
            "true OR auth.uid() = user_id",
            "(id = id) OR (id IS NULL)",
            "user_id IS NULL OR user_id IS NOT NULL",
            "((auth.uid() IS NOT NULL) OR true)",
            "NOT false",
            "'a'::text = 'a'::text",
            "(x IS TRUE) IS NOT NULL OR true",
            "'true'::boolean",
        ] {
            assert_eq!(Truth::of(always, None), Truth::Always, "{always}");
        }
    }

    #[test]
    fn recognizes_what_is_never_true() {
        for never in ["false", "1 = 2", "NULL::boolean", "false AND x", "x IS NULL AND x IS NOT NULL", "NOT (1 = 1)"] {
            assert_eq!(Truth::of(never, None), Truth::Never, "{never}");
        }
    }

    /// A table with one nullable column.
    fn table(column: &str, data_type: &str) -> Relation {
        let column = serde_json::json!({
            "name": column, "data_type": data_type, "nullable": true, "default": null, "generated": null,
            "identity": null, "collation": null, "deterministic": true, "acl": [],
        });
        serde_json::from_value(serde_json::json!({
            "name": {"schema": "public", "name": "t"}, "kind": "table", "owner": "postgres", "acl": [],
            "row_security": true, "force_row_security": false, "is_partition": false, "parents": [],
            "unlogged": false, "columns": [column], "constraints": [], "indexes": [], "policies": [],
            "triggers": [], "rules": [], "view": null, "foreign_server": null, "sequence": null,
            "replica_identity": "default", "extension": null,
        }))
        .unwrap()
    }

    #[test]
    fn a_row_can_be_neither_null_nor_not_null() {
        let both = "x IS NULL OR x IS NOT NULL";
        for (data_type, expected) in [("integer", Truth::Always), ("public.address", Truth::Depends)] {
            let mut relation = table("x", data_type);
            assert_eq!(Truth::of(both, Some(&relation)), expected, "{data_type}");
            relation.columns[0].nullable = false;
            let null = if expected == Truth::Always { Truth::Never } else { Truth::Depends };
            assert_eq!(Truth::of("x IS NULL", Some(&relation)), null, "{data_type}");
        }
        let relation = table("x", "integer");
        assert_eq!(Truth::of("NOT (t IS NULL) AND NOT (t IS NOT NULL)", Some(&relation)), Truth::Depends);
    }

    #[test]
    fn claims_nothing_beyond_that() {
        for depends in [
            "auth.uid() = user_id",
            "id = id",
            "is_public",
            "is_public OR NOT is_public",
            "random() < 0.5 OR NOT (random() < 0.5)",
            "f(x) IS NULL OR f(x) IS NOT NULL",
            "1 = 1.0 AND x",
            "not sql at all (",
            "",
            "EXISTS (SELECT 1 FROM t)",
            "( SELECT true FROM t LIMIT 1)",
        ] {
            assert_eq!(Truth::of(depends, None), Truth::Depends, "{depends}");
        }
    }
}
