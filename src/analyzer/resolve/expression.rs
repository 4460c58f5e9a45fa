//! Expressions.

use super::{Binding, Obstacle, Outcome, Resolver, Rights, obstacle};
use crate::analyzer::inline;
use crate::analyzer::term::{Function, Id, Pick, Query, Term, Type, Value};
use crate::sql::tree::{CastMethod, Choice, ColumnRef, Expr, Node, Operator, Test};

impl Resolver<'_> {
    /// The term of an expression; what has none is opaque.
    pub(super) fn expression(&mut self, expr: &Expr) -> Id {
        match self.try_expression(expr) {
            Ok(id) => id,
            Err(Obstacle(reason)) => {
                self.note_variance(expr);
                self.note_refusals(expr);
                self.opaque(&reason, &expr.data_type)
            }
        }
    }

    fn try_expression(&mut self, expr: &Expr) -> Outcome<Id> {
        self.goes_on()?;
        self.read += 1;
        Ok(match &expr.node {
            Node::Constant(text) => self.constant(text.as_deref(), &expr.data_type),
            Node::Column(column) => self.column(column)?,
            Node::Parameter(place) => match self.parameters.get(*place) {
                Some(id) => *id,
                None => return obstacle("a parameter"),
            },
            Node::Call(call) => self.call(call, &expr.data_type)?,
            Node::Operation(operator, operands) => self.operation(operator, operands)?,
            Node::Cast { operand, method, .. } => self.cast(expr, operand, method)?,
            Node::And(all) => {
                let all = self.each(all);
                self.terms.and(&all)
            }
            Node::Or(all) => {
                let all = self.each(all);
                self.terms.or(&all)
            }
            Node::Not(inner) => {
                let inner = self.expression(inner);
                self.terms.not(inner)
            }
            Node::Is { operand, test, negated } => self.is(operand, *test, *negated)?,
            Node::Distinct(operator, a, b) => self.distinct(operator, a, b)?,
            Node::QuantifiedArray { operator, all, left, array } => {
                self.quantified_array(operator, *all, left, array)?
            }
            Node::QuantifiedQuery { operators, all, left, query } => {
                let branches = self.quantified_query(operators, left, query)?;
                if *all { self.terms.all(&branches) } else { self.terms.any(&branches) }
            }
            Node::Exists(query) => {
                let branches = self.query(query)?.queries(&mut self.terms, None)?;
                self.terms.exists(&branches)
            }
            Node::Scalar(query) => self.scalar(query)?,
            Node::Case { operand, branches, otherwise } => self.case(operand.as_deref(), branches, otherwise),
            Node::CaseOperand => match self.case_operands.last() {
                Some(id) => *id,
                None => return obstacle("CASE"),
            },
            Node::Choice(Choice::Coalesce, all) => {
                let all = self.each(all);
                self.terms.coalesce(&all)
            }
            Node::NullIf(operator, a, b) => {
                let equal = self.compare(operator, a, b)?;
                let a = self.expression(a);
                let null = self.terms.null(self.terms.type_of(a).clone());
                self.terms.case(&[(equal, null)], a)
            }
            Node::RowComparison { operators, left, right } => self.row_comparison(operators, left, right)?,
            Node::Subscript(array, at) => {
                let (array, at) = (self.expression(array), self.expression(at));
                let data_type = self.data_type(&expr.data_type);
                let function = Function { name: "[]".into(), strict: true, never_null: false };
                self.terms.call(&function, &[array, at], data_type)
            }
            Node::Session(word @ (inline::FAILED | inline::LOST), number) => {
                self.failed(word, *number, &expr.data_type)
            }
            Node::Session(word, _) => self.session(word, &expr.data_type),
            Node::Choice(..) => return obstacle("GREATEST or LEAST"),
            Node::Array(items) => {
                let items = self.each(items);
                let data_type = self.data_type(&expr.data_type);
                self.array(&items, data_type)
            }
            Node::ArrayQuery(_) => return obstacle("an array of a sub-select's rows"),
            Node::Field(row, name) => self.field(row, name)?,
            Node::WholeRow { .. } | Node::Row(_) => return obstacle("a row value"),
            Node::Slice(array, from, to) => self.slice(expr, array, from.as_deref(), to.as_deref()),
            Node::Collate(..) => return obstacle("a collation of its own"),
            Node::Grouping(_) => return obstacle("GROUPING"),
        })
    }

    pub(super) fn each(&mut self, all: &[Expr]) -> Vec<Id> {
        all.iter().map(|e| self.expression(e)).collect()
    }

    /// `ARRAY[..]`: a constant if its items are.
    fn array(&mut self, items: &[Id], data_type: Type) -> Id {
        let constant = |id: &Id| match self.terms.term(*id) {
            Term::Null => Some(None),
            // Of arrays it would have two dimensions.
            Term::Literal(Value::Array(_)) => None,
            Term::Literal(value) => Some(Some(value.clone())),
            _ => None,
        };
        match items.iter().map(constant).collect::<Option<Vec<_>>>() {
            Some(values) => self.terms.literal(Value::Array(values.into()), data_type),
            None => {
                let function = Function { name: "array".into(), strict: false, never_null: true };
                self.terms.call(&function, items, data_type)
            }
        }
    }

    /// A row as a value of its own: a function of its fields that is not looked into but by [`Self::field`].
    pub(super) fn row_value(&mut self, names: &[String], fields: &[Id], data_type: Type) -> Id {
        let function = Function::unknown(&format!("{ROW}{}", names.join(", ")));
        self.terms.call(&function, fields, data_type)
    }

    fn field(&mut self, row: &Expr, name: &str) -> Outcome<Id> {
        let row = self.expression(row);
        let Term::Call(function, fields) = self.terms.term(row) else { return obstacle("a row value") };
        let at = function.name.strip_prefix(ROW).and_then(|names| names.split(", ").position(|n| n == name));
        match at.and_then(|at| fields.get(at)) {
            Some(field) => Ok(*field),
            None => obstacle("a row value"),
        }
    }

    fn slice(&mut self, expr: &Expr, array: &Expr, from: Option<&Expr>, to: Option<&Expr>) -> Id {
        let mut args = vec![self.expression(array)];
        let mut name = String::from("[");
        for (bound, mark) in [(from, ":"), (to, "]")] {
            args.extend(bound.map(|b| self.expression(b)));
            name.push_str(if bound.is_some() { "x" } else { "" });
            name.push_str(mark);
        }
        let data_type = self.data_type(&expr.data_type);
        self.terms.call(&Function { name: name.into(), strict: true, never_null: false }, &args, data_type)
    }

    fn column(&mut self, column: &ColumnRef) -> Outcome<Id> {
        let level = self.levels.len().checked_sub(1 + column.up).and_then(|at| self.levels.get(at));
        let binding = level.and_then(|l| l.get(column.source)).cloned();
        match (binding, column.column) {
            (Some(Binding::Row(row, place)), Some(at)) => self.column_of(row, place, at),
            (Some(Binding::Columns(columns)), Some(at)) => match columns.get(at) {
                Some(id) => Ok(*id),
                None => obstacle(format!("column {}", column.name)),
            },
            _ => obstacle(format!("column {}", column.name)),
        }
    }

    fn is(&mut self, operand: &Expr, test: Test, negated: bool) -> Outcome<Id> {
        let x = self.expression(operand);
        let id = match (test, negated) {
            (Test::Null, false) => return Ok(self.terms.is_null(x)),
            (Test::Null, true) => return Ok(self.terms.is_not_null(x)),
            (Test::Unknown, _) => self.terms.is_null(x),
            (Test::True, _) => self.terms.is_true(x),
            (Test::False, _) => {
                let not = self.terms.not(x);
                self.terms.is_true(not)
            }
            _ => return obstacle("a test of the form of a value"),
        };
        Ok(if negated { self.terms.not(id) } else { id })
    }

    fn distinct(&mut self, operator: &Operator, a: &Expr, b: &Expr) -> Outcome<Id> {
        if operator.schema != "pg_catalog" {
            return obstacle("an operator of the application's");
        }
        let (a, b) = (self.expression(a), self.expression(b));
        let same = self.terms.not_distinct(a, b);
        Ok(self.terms.not(same))
    }

    fn quantified_array(&mut self, operator: &Operator, all: bool, left: &Expr, array: &Expr) -> Outcome<Id> {
        if operator.schema != "pg_catalog" {
            return obstacle("an operator of the application's");
        }
        let equals = match (operator.symbol.as_str(), all) {
            ("=", false) => true,
            ("<>", true) => false,
            _ => return obstacle(format!("{} over an array", operator.symbol)),
        };
        let x = self.expression(left);
        let found = match &bare(array).node {
            Node::Array(items) => {
                let items = self.each(items);
                self.terms.in_list(x, &items)
            }
            _ => match self.is_gathered_in(x, array)? {
                Some(found) => found,
                None => {
                    let array = self.expression(array);
                    self.terms.in_array(x, array)
                }
            },
        };
        Ok(if equals { found } else { self.terms.not(found) })
    }

    /// One branch each, its projection the comparison of all columns.
    fn quantified_query(
        &mut self,
        operators: &[std::sync::Arc<Operator>],
        left: &[Expr],
        query: &crate::sql::tree::Query,
    ) -> Outcome<Vec<Query>> {
        let left = self.each(left);
        let mut branches = Vec::new();
        for branch in self.all_rows(query)? {
            let mut parts = Vec::new();
            for ((operator, x), y) in operators.iter().zip(&left).zip(&branch.columns) {
                parts.push(self.apply_operator(operator, &[*x, *y])?);
            }
            let projection = self.terms.and(&parts);
            branches.push(branch.query(&mut self.terms, projection));
        }
        Ok(branches)
    }

    fn scalar(&mut self, query: &crate::sql::tree::Query) -> Outcome<Id> {
        let rows = self.query(query)?;
        if rows.branches.iter().any(|b| b.grouped) {
            return obstacle("the groups of a sub-select as a value");
        }
        let pick = if rows.limited { Pick::Any } else { Pick::Only };
        let branches = rows.queries(&mut self.terms, Some(0))?;
        Ok(self.terms.scalar(&branches, pick))
    }

    fn case(&mut self, operand: Option<&Expr>, branches: &[(Expr, Expr)], otherwise: &Expr) -> Id {
        if let Some(operand) = operand {
            let operand = self.expression(operand);
            self.case_operands.push(operand);
        }
        if let ([(done, value)], None) = (branches, operand)
            && (inline::is_behind(branches) || value == otherwise)
        {
            let (done, value) = (self.expression(done), self.expression(otherwise));
            return self.terms.behind(done, value);
        }
        let mut terms = Vec::new();
        for (condition, value) in branches {
            terms.push((self.expression(condition), self.expression(value)));
        }
        if operand.is_some() {
            self.case_operands.pop();
        }
        let otherwise = self.expression(otherwise);
        self.terms.case(&terms, otherwise)
    }

    fn cast(&mut self, expr: &Expr, operand: &Expr, method: &CastMethod) -> Outcome<Id> {
        let x = self.expression(operand);
        let to = self.data_type(&expr.data_type);
        match method {
            CastMethod::Row => return obstacle("a row value"),
            CastMethod::Domain | CastMethod::Array if self.is_checked(&expr.data_type) => {
                let to = self.derived(&[x], to);
                let value = self.terms.cast(x, &to);
                return Ok(self.checked(x, value, &expr.data_type));
            }
            CastMethod::Length => {
                let function =
                    Function { name: format!("::{}", expr.data_type).into(), strict: true, never_null: false };
                return Ok(self.terms.call(&function, &[x], to));
            }
            _ => {}
        }
        let to = self.derived(&[x], to);
        let cast = self.terms.cast(x, &to);
        Ok(match expr.data_type.modifier() {
            None => cast,
            Some(_) => {
                let function =
                    Function { name: format!("::{}", expr.data_type).into(), strict: true, never_null: false };
                self.terms.call(&function, &[cast], to)
            }
        })
    }

    /// A value after it was checked as one of a domain, which is an error where it is none.
    pub(super) fn checked(&mut self, x: Id, value: Id, domain: &crate::sql::Type) -> Id {
        let checks = Function::unknown(&format!("the checks of {}", domain.bare()));
        let checked = self.terms.call(&checks, &[x], Type::Bool);
        self.terms.behind(checked, value)
    }

    /// Whether values of a type are checked as they become it: a domain, or an array of one.
    pub(super) fn is_checked(&self, data_type: &crate::sql::Type) -> bool {
        let element = data_type.element();
        self.is_domain(element.as_ref().unwrap_or(data_type).name())
    }

    /// What depends on the errors of the body that is inlined: a function of all that the body computed.
    fn failed(&mut self, word: &str, number: Option<u32>, data_type: &crate::sql::Type) -> Id {
        let body = self.inside.last().cloned().unwrap_or_default();
        let data_type = self.data_type(data_type);
        if self.also.is_some() {
            // In another model it may be another body.
            let scope = self.scope.clone();
            return self.terms.opaque(&format!("errors in {body}"), data_type, &scope);
        }
        let name = format!("error {} in {body} {}, for its handlers", number.unwrap_or_default(), self.user).into();
        let args = self.parameters.clone();
        let function = Function { name, strict: false, never_null: word == inline::FAILED };
        self.terms.call(&function, &args, data_type)
    }

    fn session(&mut self, word: &str, data_type: &crate::sql::Type) -> Id {
        let data_type = self.data_type(data_type);
        let user = match &self.user {
            Rights::Role(role) => Some(role.clone()),
            // Of a rule it is who asks.
            Rights::Everything => self.asker.clone(),
            Rights::Anyone => None,
        };
        match (word, user) {
            (inline::RAISE, _) => self.terms.raise(data_type),
            ("current_user" | "current_role" | "user", Some(role)) => {
                self.terms.literal(role.as_str().into(), Type::Name)
            }
            _ => {
                let name = if word == "current_timestamp" { "now" } else { word };
                self.terms.call(&Function::strict(name), &[], data_type)
            }
        }
    }
}

/// Before the names of the fields of a row value.
const ROW: &str = "row of ";

/// An expression without the casts that nobody wrote.
fn bare(expr: &Expr) -> &Expr {
    match &expr.node {
        Node::Cast { operand, implicit: true, .. } => bare(operand),
        _ => expr,
    }
}
