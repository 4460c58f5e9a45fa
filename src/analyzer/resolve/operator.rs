//! Operators.

use std::collections::BTreeSet;

use super::{Outcome, Resolver, obstacle};
use crate::analyzer::term::{Access, Function, Id, Term, Type, Value, like};
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
        let rows = match &left.node {
            Node::Scalar(query) => super::query::counted_rows(query),
            Node::Call(call) if call.routine.name.name == "count" && !self.groups.is_empty() => None,
            _ => return Ok(None),
        };
        if operator.schema != "pg_catalog" || rows.is_none() && matches!(left.node, Node::Scalar(_)) {
            return Ok(None);
        }
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
        let exists = match (rows, &left.node) {
            (Some(rows), _) => {
                let branches = self.query(&rows)?.queries(&mut self.terms, None)?;
                self.terms.exists(&branches)
            }
            (None, Node::Call(call)) => match self.counts_any(call)? {
                Some(exists) => exists,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
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
            "<" => self.order("<", a, b),
            "<=" => self.order("<=", a, b),
            ">" => self.order("<", b, a),
            ">=" => self.order("<=", b, a),
            "->" => self.terms.json_step(a, b, Access::Json),
            "->>" => self.terms.json_step(a, b, Access::Text),
            "#>" | "#>>" => return self.json_path(operator, a, b),
            "<@" => return self.array_test(operator, [a, b], Self::all_in),
            "@>" => return self.array_test(operator, [b, a], Self::all_in),
            "&&" => return self.array_test(operator, [a, b], Self::any_in),
            "~~" => self.like(a, b),
            "~~*" => self.strict("ilike", &[a, b], Type::Bool),
            "!~~" | "!~~*" => {
                let like = match operator.symbol.as_str() {
                    "!~~" => self.like(a, b),
                    _ => self.strict("ilike", &[a, b], Type::Bool),
                };
                self.terms.not(like)
            }
            _ => return self.other(operator, operands),
        })
    }

    /// `LIKE`; of a pattern without wildcards it is `=`, which is the same for bytes.
    fn like(&mut self, text: Id, pattern: Id) -> Id {
        let is_plain = match self.terms.term(pattern) {
            Term::Literal(Value::Text(p)) => like::Pattern::of("like", p).is_some_and(|p| p.is_plain()),
            _ => false,
        };
        // A backslash stands for the next character.
        let is_itself = matches!(self.terms.term(pattern), Term::Literal(Value::Text(p)) if !p.contains('\\'));
        match self.terms.type_of(text) {
            Type::Text | Type::Varchar if is_plain && is_itself => self.terms.equal(text, pattern),
            _ => self.strict("like", &[text, pattern], Type::Bool),
        }
    }

    /// `<` or `<=`. Where a column has a collation of its own, its order is none that other texts have.
    fn order(&mut self, symbol: &str, a: Id, b: Id) -> Id {
        let mut collations = BTreeSet::new();
        self.collations(a, &mut collations);
        self.collations(b, &mut collations);
        if self.terms.type_of(a).is_text() && !collations.is_empty() {
            let names: Vec<_> = collations.into_iter().collect();
            return self.strict(&format!("{symbol} by collation {}", names.join(", ")), &[a, b], Type::Bool);
        }
        if symbol == "<" { self.terms.less(a, b) } else { self.terms.less_equal(a, b) }
    }

    /// The collations that parts of a term have of their own.
    fn collations(&self, id: Id, all: &mut BTreeSet<String>) {
        if *self.terms.type_of(id) == Type::Name {
            all.insert("C".to_owned());
        }
        if let Term::Column(row, name) = self.terms.term(id) {
            let relation = self.terms.row_info(*row).and_then(|info| self.schema.relation(&info.relation));
            all.extend(relation.and_then(|r| r.column(name)).and_then(|c| c.collation.clone()));
        }
        self.terms.term(id).operands(|operand| self.collations(operand, all));
        for query in self.terms.term(id).queries() {
            self.collations(query.projection, all);
        }
    }

    /// A test of two arrays of which the items are known; of any others, and of JSON, a function.
    fn array_test(
        &mut self,
        operator: &Operator,
        [part, whole]: [Id; 2],
        test: fn(&mut Self, &[Id], &[Id]) -> Id,
    ) -> Outcome<Id> {
        if let Term::Case(branches, otherwise) = self.terms.term(whole).clone() {
            let mut cases = Vec::new();
            for (when, then) in &branches {
                cases.push((*when, self.array_test(operator, [part, *then], test)?));
            }
            let otherwise = self.array_test(operator, [part, otherwise], test)?;
            return Ok(self.terms.case(&cases, otherwise));
        }
        if let Term::Behind(done, whole) = *self.terms.term(whole) {
            let found = self.array_test(operator, [part, whole], test)?;
            return Ok(self.terms.behind(done, found));
        }
        match (self.items(part), self.items(whole)) {
            (Some(part), Some(whole)) => Ok(test(self, &part, &whole)),
            _ if operator.symbol == "@>" => self.other(operator, &[whole, part]),
            _ => self.other(operator, &[part, whole]),
        }
    }

    /// NULL is equal to none.
    fn all_in(&mut self, part: &[Id], whole: &[Id]) -> Id {
        let each: Vec<_> = part.iter().map(|item| self.is_item(*item, whole)).collect();
        self.terms.and(&each)
    }

    fn any_in(&mut self, part: &[Id], whole: &[Id]) -> Id {
        let each: Vec<_> = part.iter().map(|item| self.is_item(*item, whole)).collect();
        self.terms.or(&each)
    }

    fn is_item(&mut self, item: Id, all: &[Id]) -> Id {
        let found = self.terms.in_list(item, all);
        self.terms.is_true(found)
    }

    /// The items of an array that is written out.
    fn items(&mut self, array: Id) -> Option<Vec<Id>> {
        let element = self.terms.type_of(array).element()?.clone();
        match self.terms.term(array).clone() {
            Term::Call(function, items) if &*function.name == "array" => {
                // Of arrays it has two dimensions.
                items.iter().all(|item| self.terms.type_of(*item).element().is_none()).then(|| items.to_vec())
            }
            Term::Literal(Value::Array(values)) => {
                let item = |value: &Option<Value>| match value {
                    Some(value) => self.terms.literal(value.clone(), element.clone()),
                    None => self.terms.null(element.clone()),
                };
                Some(values.iter().map(item).collect())
            }
            _ => None,
        }
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
