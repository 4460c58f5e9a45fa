//! Expressions, node by node.

use super::coerce::Form;
use super::common::shared_type;
use super::constant::{boolean, constant, session};
use super::operator::implied;
use super::{Context, ast, error};
use crate::model::QualifiedName;
use crate::sql::ast::{Choice, ExprKind, Test};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Expr, Node};
use crate::sql::types::Type;
use std::ops::Range;

impl Context<'_> {
    /// Binds an expression; a constant without a type stays `unknown`.
    pub(super) fn expression(&mut self, expr: &ast::Expr) -> Result<Expr, SqlError> {
        let range = &expr.range;
        match &expr.kind {
            ExprKind::Null | ExprKind::Boolean(_) | ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Bits(..) => {
                constant(&expr.kind, range)
            }
            ExprKind::Parameter(number) => self.numbered_parameter(*number, range),
            ExprKind::Column(name) => self.column(name),
            ExprKind::Star(_) | ExprKind::AllFields(_) => {
                error(ErrorKind::Unsupported, range, "`*` is not modelled here")
            }
            ExprKind::Unary(operator, operand) => self.unary(operator, operand, range),
            ExprKind::Binary(operator, left, right) => self.binary(operator, left, right, range),
            ExprKind::And(list) => Ok(boolean(Node::And(self.conditions(list, "AND")?), range)),
            ExprKind::Or(list) => Ok(boolean(Node::Or(self.conditions(list, "OR")?), range)),
            ExprKind::Not(operand) => {
                let operand = self.expression(operand)?;
                Ok(boolean(Node::Not(Box::new(self.condition(operand, "NOT")?)), range))
            }
            ExprKind::Is { operand, test, negated } => self.test(operand, *test, *negated, range),
            ExprKind::Distinct { left, right, negated } => self.distinct(left, right, *negated, range),
            ExprKind::Between { operand, low, high, negated, symmetric } => {
                self.between(operand, (low, high), *negated, *symmetric, range)
            }
            ExprKind::InList { operand, list, negated } => self.in_list(operand, list, *negated, range),
            ExprKind::InQuery { operand, query, negated } => self.in_query(operand, query, *negated, range),
            ExprKind::QuantifiedArray { left, operator, all, array } => {
                self.quantified_array(left, operator, *all, array, range)
            }
            ExprKind::QuantifiedQuery { left, operator, all, query } => {
                self.quantified_query(left, operator, *all, query, range)
            }
            ExprKind::LikeEscape { operator, operand, pattern, escape, similar } => {
                self.like_escape(operator, (operand, pattern), escape.as_deref(), *similar, range)
            }
            ExprKind::Cast(operand, name) => self.cast(operand, name, range),
            ExprKind::Collate(operand, collation) => self.collate(operand, collation, range),
            ExprKind::Call(call) => self.call(call, range),
            ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), range)
            }
            ExprKind::Select(choice, list) => self.choice(*choice, list, range),
            ExprKind::NullIf(left, right) => self.null_if(left, right, range),
            ExprKind::Exists(query) => {
                let query = self.sub_query(query)?;
                Ok(boolean(Node::Exists(Box::new(query)), range))
            }
            ExprKind::Scalar(query) => self.scalar(query, range),
            ExprKind::ArrayQuery(query) => self.array_query(query, range),
            ExprKind::Array(items) => self.array(items, None, range),
            ExprKind::Row(items) => self.row(items, range),
            ExprKind::Field(operand, field) => {
                let operand = self.expression(operand)?;
                self.field(operand, field, range)
            }
            ExprKind::Subscript(base, index) => self.subscript(base, index, range),
            ExprKind::Slice(base, lower, upper) => self.slice(base, lower.as_deref(), upper.as_deref(), range),
            ExprKind::Session(word, precision) => Ok(session(word, *precision, range)),
            ExprKind::Grouping(items) => {
                let items = self.expressions(items)?;
                Ok(Expr { node: Node::Grouping(items), data_type: Type::named("integer"), range: range.clone() })
            }
        }
    }

    pub(super) fn expressions(&mut self, list: &[ast::Expr]) -> Result<Vec<Expr>, SqlError> {
        list.iter().map(|e| self.expression(e)).collect()
    }

    fn conditions(&mut self, list: &[ast::Expr], word: &str) -> Result<Vec<Expr>, SqlError> {
        let mut bound = Vec::with_capacity(list.len());
        for operand in list {
            let operand = self.expression(operand)?;
            bound.push(self.condition(operand, word)?);
        }
        Ok(bound)
    }

    fn unary(&mut self, operator: &ast::Operator, operand: &ast::Expr, range: &Range<usize>) -> Result<Expr, SqlError> {
        // `-1` is one constant.
        if let (ExprKind::Number(digits), "-", None) = (&operand.kind, operator.symbol.as_str(), &operator.schema) {
            return constant(&ExprKind::Number(format!("-{digits}")), range);
        }
        let operand = self.expression(operand)?;
        self.prefix_operation(operator, operand, range)
    }

    /// An operand, which may be a whole row written as `item.*`.
    fn operand(&mut self, expr: &ast::Expr) -> Result<Expr, SqlError> {
        if let ExprKind::Star(Some(name)) = &expr.kind
            && let Some((level, item)) = self.find_item(name.schema(), name.last(), &expr.range)?
        {
            return self.whole_row(level, &item, &expr.range);
        }
        self.expression(expr)
    }

    fn binary(
        &mut self,
        operator: &ast::Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        if let (ExprKind::Row(l), ExprKind::Row(r)) = (&left.kind, &right.kind) {
            return self.row_comparison(operator, l, r, range);
        }
        if let (ExprKind::Row(l), ExprKind::Scalar(query)) = (&left.kind, &right.kind) {
            let left = self.expressions(l)?;
            return self.row_query_comparison(operator, left, query, range);
        }
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        self.operation(operator, left, right, range)
    }

    fn row_comparison(
        &mut self,
        operator: &ast::Operator,
        left: &[ast::Expr],
        right: &[ast::Expr],
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        if left.len() != right.len() || left.is_empty() {
            return error(ErrorKind::Mismatch, range, "rows of different lengths are compared");
        }
        let pairs = self.expressions(left)?.into_iter().zip(self.expressions(right)?).collect::<Vec<_>>();
        self.compare_rows(operator, pairs, range)
    }

    /// `(a, b) = (c, d)`: equality of rows is AND, inequality OR, order is lexical.
    pub(super) fn compare_rows(
        &mut self,
        operator: &ast::Operator,
        pairs: Vec<(Expr, Expr)>,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let mut compared = Vec::with_capacity(pairs.len());
        for (left, right) in pairs {
            let one = self.operation(operator, left, right, range)?;
            compared.push(self.condition(one, "a comparison of rows")?);
        }
        if compared.len() == 1 {
            return compared.pop().ok_or_else(|| SqlError::new(ErrorKind::Mismatch, range.clone(), "an empty row"));
        }
        match operator.symbol.as_str() {
            "=" => Ok(boolean(Node::And(compared), range)),
            "<>" => Ok(boolean(Node::Or(compared), range)),
            _ => {
                let (mut operators, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
                for one in compared {
                    if let Node::Operation(operator, operands) = one.node {
                        operators.push(operator);
                        let mut operands = operands.into_iter();
                        left.extend(operands.next());
                        right.extend(operands.next());
                    }
                }
                Ok(boolean(Node::RowComparison { operators, left, right }, range))
            }
        }
    }

    fn test(&mut self, operand: &ast::Expr, test: Test, negated: bool, range: &Range<usize>) -> Result<Expr, SqlError> {
        let operand = self.expression(operand)?;
        let operand = match test {
            Test::Null => operand,
            Test::True | Test::False | Test::Unknown => self.condition(operand, "IS")?,
            Test::Normalized => self.coerce(operand, &Type::named("text"), Form::Implicit)?,
            Test::Json => self.settle(operand)?,
            Test::Document => return error(ErrorKind::Unsupported, range, "`IS DOCUMENT` is not modelled"),
        };
        Ok(boolean(Node::Is { operand: Box::new(operand), test, negated }, range))
    }

    fn distinct(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        negated: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let null = |e: &ast::Expr| e.kind == ExprKind::Null;
        // `x IS DISTINCT FROM NULL` is a test for NULL.
        if null(right) || null(left) {
            let operand = Box::new(self.expression(if null(right) { left } else { right })?);
            return Ok(boolean(Node::Is { operand, test: Test::Null, negated: !negated }, range));
        }
        if let (ExprKind::Row(_), _) | (_, ExprKind::Row(_)) = (&left.kind, &right.kind) {
            return error(ErrorKind::Unsupported, range, "`IS DISTINCT FROM` of rows is not modelled");
        }
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let (operator, left, right) = self.equality(left, right, range)?;
        let distinct = boolean(Node::Distinct(operator, Box::new(left), Box::new(right)), range);
        Ok(if negated { boolean(Node::Not(Box::new(distinct)), range) } else { distinct })
    }

    /// The operands as their `=` wants them.
    pub(super) fn equality(
        &mut self,
        left: Expr,
        right: Expr,
        range: &Range<usize>,
    ) -> Result<(std::sync::Arc<crate::sql::tree::Operator>, Expr, Expr), SqlError> {
        let equal = self.operation(&implied("=", range), left, right, range)?;
        let Node::Operation(operator, operands) = equal.node else {
            return error(ErrorKind::Mismatch, range, "not comparable");
        };
        let mut operands = operands.into_iter();
        match (operands.next(), operands.next()) {
            (Some(left), Some(right)) => Ok((operator, left, right)),
            _ => error(ErrorKind::Mismatch, range, "not comparable"),
        }
    }

    fn null_if(&mut self, left: &ast::Expr, right: &ast::Expr, range: &Range<usize>) -> Result<Expr, SqlError> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let (operator, left, right) = self.equality(left, right, range)?;
        let data_type = left.data_type.clone();
        Ok(Expr { node: Node::NullIf(operator, Box::new(left), Box::new(right)), data_type, range: range.clone() })
    }

    pub(super) fn cast(
        &mut self,
        operand: &ast::Expr,
        name: &ast::TypeName,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let target = self.type_of_name(name)?;
        let value = match (&operand.kind, self.base_type(&target).element()) {
            (ExprKind::Array(items), Some(element)) => self.array(items, Some(&element), &operand.range)?,
            _ => self.expression(operand)?,
        };
        let mut cast = self.coerce(value, &target, Form::Explicit)?;
        cast.range = range.clone();
        Ok(cast)
    }

    fn collate(&mut self, operand: &ast::Expr, collation: &ast::Name, range: &Range<usize>) -> Result<Expr, SqlError> {
        let operand = self.expression(operand)?;
        let data_type = operand.data_type.clone();
        let name = QualifiedName::new(collation.schema().unwrap_or_default(), collation.last());
        Ok(Expr { node: Node::Collate(Box::new(operand), name), data_type, range: range.clone() })
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        branches: &[(ast::Expr, ast::Expr)],
        otherwise: Option<&ast::Expr>,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let operand = match operand {
            Some(operand) => {
                let operand = self.expression(operand)?;
                Some(self.settle(operand)?)
            }
            None => None,
        };
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (when, then) in branches {
            let condition = self.expression(when)?;
            let condition = match &operand {
                Some(of) => {
                    let tested =
                        Expr { node: Node::CaseOperand, data_type: of.data_type.clone(), range: of.range.clone() };
                    self.operation(&implied("=", &when.range), tested, condition, &when.range)?
                }
                None => condition,
            };
            conditions.push(self.condition(condition, "WHEN")?);
            values.push(self.expression(then)?);
        }
        values.push(match otherwise {
            Some(otherwise) => self.expression(otherwise)?,
            None => constant(&ExprKind::Null, range)?,
        });
        let last = values.len() - 1;
        let mut values = self.unify(values, last, "CASE", range)?;
        let data_type = shared_type(&values);
        let Some(otherwise) = values.pop() else { return error(ErrorKind::Syntax, range, "an empty CASE") };
        let branches = conditions.into_iter().zip(values).collect();
        let node = Node::Case { operand: operand.map(Box::new), branches, otherwise: Box::new(otherwise) };
        Ok(Expr { node, data_type, range: range.clone() })
    }

    fn choice(&mut self, choice: Choice, list: &[ast::Expr], range: &Range<usize>) -> Result<Expr, SqlError> {
        let values = self.expressions(list)?;
        let word = match choice {
            Choice::Coalesce => "COALESCE",
            Choice::Greatest => "GREATEST",
            Choice::Least => "LEAST",
        };
        let values = self.unify(values, 0, word, range)?;
        let data_type = shared_type(&values);
        Ok(Expr { node: Node::Choice(choice, values), data_type, range: range.clone() })
    }

    /// `ARRAY[..]`, its items cast to the element type of an array type that it is cast to.
    fn array(&mut self, items: &[ast::Expr], wanted: Option<&Type>, range: &Range<usize>) -> Result<Expr, SqlError> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(match &item.kind {
                ExprKind::Array(inner) => self.array(inner, wanted, &item.range)?,
                _ => self.expression(item)?,
            });
        }
        let values: Vec<_> = match wanted {
            Some(element) => {
                let cast = |context: &mut Self, value: Expr| {
                    let target = if value.data_type.is_array() { element.array() } else { element.clone() };
                    context.coerce(value, &target, Form::Explicit)
                };
                values.into_iter().map(|v| cast(self, v)).collect::<Result<_, _>>()?
            }
            None if values.is_empty() => {
                return error(ErrorKind::Mismatch, range, "the type of an empty array can't be told");
            }
            None => self.unify(values, 0, "ARRAY", range)?,
        };
        let element = values
            .first()
            .map_or_else(|| wanted.cloned().unwrap_or_else(|| Type::named("text")), |v| v.data_type.clone());
        Ok(Expr { node: Node::Array(values), data_type: element.bare().array(), range: range.clone() })
    }

    fn row(&mut self, items: &[ast::Expr], range: &Range<usize>) -> Result<Expr, SqlError> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.expression(item)?;
            values.push(self.settle(value)?);
        }
        Ok(Expr { node: Node::Row(values), data_type: Type::named("record"), range: range.clone() })
    }

    fn subscript(&mut self, base: &ast::Expr, index: &ast::Expr, range: &Range<usize>) -> Result<Expr, SqlError> {
        let base = self.expression(base)?;
        let index = self.expression(index)?;
        let container = self.base_type(&base.data_type);
        if container.is("jsonb") {
            let index = if index.data_type.is("integer") {
                index
            } else {
                self.coerce(index, &Type::named("text"), Form::Assignment)?
            };
            return Ok(Expr {
                node: Node::Subscript(Box::new(base), Box::new(index)),
                data_type: Type::named("jsonb"),
                range: range.clone(),
            });
        }
        let Some(element) = container.element() else {
            return error(ErrorKind::Mismatch, range, format!("`{}` has no subscripts", base.data_type));
        };
        let index = self.coerce(index, &Type::named("integer"), Form::Assignment)?;
        Ok(Expr { node: Node::Subscript(Box::new(base), Box::new(index)), data_type: element, range: range.clone() })
    }

    fn slice(
        &mut self,
        base: &ast::Expr,
        lower: Option<&ast::Expr>,
        upper: Option<&ast::Expr>,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let base = self.expression(base)?;
        let data_type = self.base_type(&base.data_type);
        if data_type.element().is_none() {
            return error(ErrorKind::Mismatch, range, format!("`{}` has no subscripts", base.data_type));
        }
        let mut bound = |of: Option<&ast::Expr>| -> Result<Option<Box<Expr>>, SqlError> {
            let Some(of) = of else { return Ok(None) };
            let of = self.expression(of)?;
            Ok(Some(Box::new(self.coerce(of, &Type::named("integer"), Form::Assignment)?)))
        };
        let (lower, upper) = (bound(lower)?, bound(upper)?);
        Ok(Expr { node: Node::Slice(Box::new(base), lower, upper), data_type, range: range.clone() })
    }
}
