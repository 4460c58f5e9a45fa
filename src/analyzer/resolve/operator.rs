//! Operators.

use super::{Outcome, Resolver, obstacle};
use crate::analyzer::term::{Access, Function, Id, Term, Type, Value};
use crate::sql::tree::{Expr, Node, Operator};

impl Resolver<'_> {
    pub(super) fn operation(&mut self, operator: &Operator, operands: &[Expr]) -> Outcome<Id> {
        if let Some(counted) = self.counted(operator, operands)? {
            return Ok(counted);
        }
        let operands = self.each(operands);
        self.apply_operator(operator, &operands)
    }

    /// `(select count(*) ...) > 0` and its kin: whether there is a row.
    fn counted(&mut self, operator: &Operator, operands: &[Expr]) -> Outcome<Option<Id>> {
        let [left, right] = operands else { return Ok(None) };
        let Node::Scalar(query) = &left.node else { return Ok(None) };
        let Some(rows) = super::query::counted_rows(query).filter(|_| operator.schema == "pg_catalog") else {
            return Ok(None);
        };
        let limit = self.expression(right);
        let limit = match self.terms.term(limit) {
            Term::Literal(Value::Int(limit)) => *limit,
            _ => return Ok(None),
        };
        let any = match (operator.symbol.as_str(), limit) {
            (">" | "<>", 0) | (">=", 1) => true,
            ("=" | "<=", 0) | ("<", 1) => false,
            _ => return Ok(None),
        };
        let branches = self.query(&rows)?.queries(&mut self.terms, None)?;
        let exists = self.terms.exists(&branches);
        Ok(Some(if any { exists } else { self.terms.not(exists) }))
    }

    pub(super) fn compare(&mut self, operator: &Operator, a: &Expr, b: &Expr) -> Outcome<Id> {
        let (a, b) = (self.expression(a), self.expression(b));
        self.apply_operator(operator, &[a, b])
    }

    pub(super) fn apply_operator(&mut self, operator: &Operator, operands: &[Id]) -> Outcome<Id> {
        if operator.schema != "pg_catalog" {
            return obstacle(format!("operator {} of schema {}", operator.symbol, operator.schema));
        }
        let [a, b] = *operands else { return self.other(operator, operands) };
        Ok(match operator.symbol.as_str() {
            "=" => self.terms.equal(a, b),
            "<>" => self.terms.not_equal(a, b),
            "<" => self.terms.less(a, b),
            "<=" => self.terms.less_equal(a, b),
            ">" => self.terms.less(b, a),
            ">=" => self.terms.less_equal(b, a),
            "->" => self.terms.json_step(a, b, Access::Json),
            "->>" => self.terms.json_step(a, b, Access::Text),
            "#>" | "#>>" => return self.json_path(operator, a, b),
            "~~" => self.strict("like", &[a, b], Type::Bool),
            "~~*" => self.strict("ilike", &[a, b], Type::Bool),
            "!~~" | "!~~*" => {
                let name = if operator.symbol == "!~~" { "like" } else { "ilike" };
                let like = self.strict(name, &[a, b], Type::Bool);
                self.terms.not(like)
            }
            _ => return self.other(operator, operands),
        })
    }

    fn strict(&mut self, name: &str, args: &[Id], returns: Type) -> Id {
        self.terms.call(&Function::strict(name), args, returns)
    }

    fn json_path(&mut self, operator: &Operator, json: Id, path: Id) -> Outcome<Id> {
        let access = if operator.symbol == "#>" { Access::Json } else { Access::Text };
        if let Term::Literal(Value::Array(steps)) = self.terms.term(path) {
            let steps: Option<Vec<_>> = steps
                .iter()
                .map(|s| match s {
                    // A number may be the place in an array.
                    Some(Value::Text(step)) if step.parse::<i64>().is_err() => Some(step.clone()),
                    _ => None,
                })
                .collect();
            if let Some(steps) = steps {
                let steps: Vec<&str> = steps.iter().map(|s| &**s).collect();
                return Ok(self.terms.json_path(json, &steps, access));
            }
        }
        self.other(operator, &[json, path])
    }

    /// Any other built-in operator: a function of its operands, which are NULL-strict all.
    fn other(&mut self, operator: &Operator, operands: &[Id]) -> Outcome<Id> {
        let returns = self.data_type(&operator.result);
        let returns = self.derived(operands, returns);
        let arithmetic = matches!(operator.symbol.as_str(), "+" | "-" | "*") && returns.is_integer();
        let text = operator.symbol == "||" && returns.is_text();
        let name = if operands.len() == 2 { operator.symbol.clone() } else { format!("{} of one", operator.symbol) };
        let function = Function { name: name.into(), strict: true, never_null: arithmetic || text };
        // A list or JSON joined with NULL is itself.
        let lenient = operator.symbol == "||" && operator.result.is_array();
        let function = if lenient { Function::unknown(&function.name) } else { function };
        Ok(self.terms.call(&function, operands, returns))
    }

    /// `(a, b) = (c, d)`; of the others only the inequality.
    pub(super) fn row_comparison(
        &mut self,
        operators: &[std::sync::Arc<Operator>],
        left: &[Expr],
        right: &[Expr],
    ) -> Outcome<Id> {
        let mut parts = Vec::new();
        for ((operator, a), b) in operators.iter().zip(left).zip(right) {
            parts.push(self.compare(operator, a, b)?);
        }
        match operators.first().map(|o| o.symbol.as_str()) {
            Some("=") => Ok(self.terms.and(&parts)),
            Some("<>") => Ok(self.terms.or(&parts)),
            _ => obstacle("an order of rows"),
        }
    }
}
