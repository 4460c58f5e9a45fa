//! Operators resolved by the types of their operands.

use super::coerce::{Form, is_polymorphic};
use super::overload::Choice;
use super::{Context, Target, ast};
use crate::model::{FunctionKind, printable};
use crate::sql::builtin::{self, BuiltinOperator};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Expr, Node, Operator};
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

impl Context<'_> {
    /// `x op y` with both operands bound.
    pub(super) fn operation(
        &mut self,
        operator: &ast::Operator,
        left: Expr,
        right: Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let found = self.binary_operator(operator, &left.data_type, &right.data_type)?;
        self.refer_to(&found, &operator.range);
        self.apply(found, left, right, range)
    }

    /// Casts the operands as a resolved operator wants them.
    pub(super) fn apply(
        &mut self,
        operator: Arc<Operator>,
        left: Expr,
        right: Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let wants = (operator.left.clone().unwrap_or_else(|| right.data_type.clone()), operator.right.clone());
        let left = self.coerce(left, &wants.0, Form::Implicit)?;
        let right = self.coerce(right, &wants.1, Form::Implicit)?;
        let data_type = operator.result.clone();
        Ok(Expr { node: Node::Operation(operator, vec![left, right]), data_type, range: range.clone() })
    }

    /// `op x`
    pub(super) fn prefix_operation(
        &mut self,
        operator: &ast::Operator,
        operand: Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let candidates: Vec<_> = self.builtin_operators(operator).filter(|o| o.left.is_none()).collect();
        let choices = candidates.iter().enumerate().map(|(place, o)| Choice { place, wants: vec![&o.right] }).collect();
        let exact = candidates.iter().position(|o| o.right.name() == operand.data_type.name());
        let chosen = exact.map_or_else(|| self.choose(&[&operand.data_type], choices), |at| vec![at]);
        let [one] = chosen.as_slice() else {
            return Err(self.no_operator(operator, None, &operand.data_type, chosen.len()));
        };
        let Some(found) = candidates.get(*one).map(|o| o.resolved()) else {
            return Err(self.no_operator(operator, None, &operand.data_type, 0));
        };
        let operand = self.coerce(operand, &found.right.clone(), Form::Implicit)?;
        let data_type = found.result.clone();
        Ok(Expr { node: Node::Operation(found, vec![operand]), data_type, range: range.clone() })
    }

    fn builtin_operators(&self, operator: &ast::Operator) -> impl Iterator<Item = &'static BuiltinOperator> + use<> {
        let major = self.major;
        let here = operator.schema.as_deref().is_none_or(|s| s == "pg_catalog");
        let all = builtin::facts().operators.get(operator.symbol.as_str()).map_or(&[][..], Vec::as_slice);
        all.iter().filter(move |o| here && o.majors.contain(major))
    }

    /// The operator for two types.
    pub(super) fn binary_operator(
        &self,
        operator: &ast::Operator,
        left: &Type,
        right: &Type,
    ) -> Result<Arc<Operator>, SqlError> {
        if let Some(found) = self.extension_operator(operator, left, right) {
            return Ok(Arc::new(found));
        }
        let candidates = || self.builtin_operators(operator).filter(|o| o.left.is_some());
        if let Some(found) = self.exact_operator(candidates, left, right) {
            return self.concrete_operator(found, operator, left, right);
        }
        if let Some(found) = self.user_operator(operator, left, right) {
            return Ok(Arc::new(found));
        }
        let candidates: Vec<_> = candidates().collect();
        let choices = candidates
            .iter()
            .enumerate()
            .map(|(place, o)| Choice { place, wants: o.left.iter().chain([&o.right]).collect() });
        let chosen = self.choose(&[left, right], choices.collect());
        let found = match chosen.as_slice() {
            [one] => candidates.get(*one),
            _ => None,
        };
        match found {
            Some(found) => self.concrete_operator(found, operator, left, right),
            None => Err(self.no_operator(operator, Some(left), right, chosen.len())),
        }
    }

    /// An operator that a user made: one for just these types, else the only one that they can be cast to.
    fn user_operator(&self, operator: &ast::Operator, left: &Type, right: &Type) -> Option<Operator> {
        let schemas = match operator.schema.as_deref() {
            Some(schema) => vec![schema],
            None => self.search_path_with_temporary(),
        };
        let all: Vec<Operator> = schemas
            .into_iter()
            .flat_map(|schema| self.catalog.operators(schema, &operator.symbol))
            .map(|(found, _)| found)
            .collect();
        let same = |wanted: &Type, given: &Type| wanted.name() == given.name() || given.is("unknown");
        let exact = |o: &&Operator| o.left.as_ref().is_some_and(|l| same(l, left)) && same(&o.right, right);
        if let Some(found) = all.iter().find(exact) {
            return Some(found.clone());
        }
        let fits = |o: &&Operator| {
            let to_left = o.left.as_ref().is_some_and(|l| self.can_coerce(left, l, Form::Implicit));
            to_left && self.can_coerce(right, &o.right, Form::Implicit)
        };
        let mut fitting = all.iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none()).cloned()
    }

    /// What uses a user's operator uses its function.
    fn refer_to(&mut self, found: &Operator, range: &Range<usize>) {
        if found.schema == "pg_catalog" {
            return;
        }
        let all = self.catalog.operators(&found.schema, &found.symbol);
        if let Some((_, key)) = all.iter().find(|(other, _)| other == found) {
            self.refer(range, Target::Function(*key));
        }
    }

    /// An exact match; a constant without a type is taken to have the other's.
    fn exact_operator<I: Iterator<Item = &'static BuiltinOperator>>(
        &self,
        candidates: impl Fn() -> I,
        left: &Type,
        right: &Type,
    ) -> Option<&'static BuiltinOperator> {
        let find = |l: &Type, r: &Type| {
            candidates().find(|o| o.left.as_ref().is_some_and(|t| t.name() == l.name()) && o.right.name() == r.name())
        };
        let (l, r) = match (left.is("unknown"), right.is("unknown")) {
            (true, false) => (right, right),
            (false, true) => (left, left),
            _ => return find(left, right),
        };
        find(l, r).or_else(|| {
            let base = self.base_type(l);
            if base.name() == l.name() { None } else { find(&base, &base) }
        })
    }

    fn concrete_operator(
        &self,
        found: &BuiltinOperator,
        operator: &ast::Operator,
        left: &Type,
        right: &Type,
    ) -> Result<Arc<Operator>, SqlError> {
        let of = found.resolved();
        let declared = [found.left.as_ref(), Some(&found.right), Some(&found.result)];
        if !declared.into_iter().flatten().any(is_polymorphic) {
            return Ok(of);
        }
        let mut of = Operator::clone(&of);
        if let Some(want) = found.left.as_ref() {
            let (given, wants) = ([left, right], [want, &found.right]);
            let concrete = |t: &Type| self.concrete(t, &given, &wants);
            let (Some(l), Some(r), Some(result)) = (concrete(want), concrete(&found.right), concrete(&found.result))
            else {
                return Err(self.no_operator(operator, Some(left), right, 0));
            };
            (of.left, of.right, of.result) = (Some(l), r, result);
        }
        Ok(Arc::new(of))
    }

    /// Operators of extensions, known by the type or function that comes with them.
    fn extension_operator(&self, operator: &ast::Operator, left: &Type, right: &Type) -> Option<Operator> {
        let citext = |of: &Type| of.qualified().filter(|n| n.name == "citext" && !of.is_array());
        let name = citext(left).or_else(|| citext(right))?;
        let (function, result) = citext_operator(&operator.symbol)?;
        // With text on one side `=` of text is an exact match for the other; Postgres prefers citext's only for citext or
        // constants. Patterns may be text: there are operators of citext for that.
        let matches = operator.symbol.contains('~');
        let is_text = |of: &Type| of.is("text") || of.is("character varying");
        let other = |of: &Type| of.is("unknown") || citext(of).is_some();
        if !other(left)
            || !(other(right) || (matches && is_text(right)))
            || operator.schema.as_ref().is_some_and(|s| *s != name.schema)
        {
            return None;
        }
        let of = Type::of(&name);
        let right = if matches && is_text(right) { Type::named("text") } else { of.clone() };
        Some(Operator {
            schema: name.schema,
            symbol: operator.symbol.clone(),
            left: Some(of),
            right,
            result: Type::named(result),
            function: function.to_owned(),
        })
    }

    fn no_operator(&self, operator: &ast::Operator, left: Option<&Type>, right: &Type, many: usize) -> SqlError {
        let left = left.map(|l| format!("{l} ")).unwrap_or_default();
        let shown = format!("{left}{} {right}", operator.symbol);
        let (kind, what) = if many > 1 {
            (ErrorKind::Ambiguous, format!("more than one operator fits `{}`", printable(&shown)))
        } else {
            (ErrorKind::UnknownFunction, format!("no operator `{}`", printable(&shown)))
        };
        SqlError::new(kind, operator.range.clone(), what)
    }
}

fn citext_operator(symbol: &str) -> Option<(&'static str, &'static str)> {
    Some(match symbol {
        "=" => ("citext_eq", "boolean"),
        "<>" => ("citext_ne", "boolean"),
        "<" => ("citext_lt", "boolean"),
        "<=" => ("citext_le", "boolean"),
        ">" => ("citext_gt", "boolean"),
        ">=" => ("citext_ge", "boolean"),
        "~" | "~*" => ("texticregexeq", "boolean"),
        "!~" | "!~*" => ("texticregexne", "boolean"),
        "~~" | "~~*" => ("texticlike", "boolean"),
        "!~~" | "!~~*" => ("texticnlike", "boolean"),
        _ => return None,
    })
}

/// An operator of `pg_catalog` that the grammar implies.
pub(super) fn implied(symbol: &str, range: &Range<usize>) -> ast::Operator {
    ast::Operator { schema: None, symbol: symbol.to_owned(), range: range.clone() }
}

/// Whether calling this makes one value of many.
pub(super) fn aggregates(kind: FunctionKind) -> bool {
    kind == FunctionKind::Aggregate
}
