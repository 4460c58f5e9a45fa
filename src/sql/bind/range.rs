//! BETWEEN, IN lists, `= ANY (array)`, LIKE with ESCAPE: each as the operators that it is short for.

use super::constant::{boolean, reads_no_column};
use super::operator::implied;
use super::{Context, ast, error};
use crate::sql::ast::Name;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Expr, Node};
use crate::sql::types::Type;
use std::ops::Range;

impl Context<'_> {
    pub(super) fn between(
        &mut self,
        operand: &ast::Expr,
        bounds: (&ast::Expr, &ast::Expr),
        negated: bool,
        symmetric: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let operand = self.expression(operand)?;
        let (low, high) = (self.expression(bounds.0)?, self.expression(bounds.1)?);
        let plain = self.within(&operand, low.clone(), high.clone(), negated, range)?;
        if !symmetric {
            return Ok(plain);
        }
        let swapped = self.within(&operand, high, low, negated, range)?;
        let both = vec![plain, swapped];
        Ok(boolean(if negated { Node::And(both) } else { Node::Or(both) }, range))
    }

    fn within(
        &mut self,
        operand: &Expr,
        low: Expr,
        high: Expr,
        negated: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let (first, second) = if negated { ("<", ">") } else { (">=", "<=") };
        let low = self.operation(&implied(first, range), operand.clone(), low, range)?;
        let high = self.operation(&implied(second, range), operand.clone(), high, range)?;
        let both = vec![low, high];
        Ok(boolean(if negated { Node::Or(both) } else { Node::And(both) }, range))
    }

    /// Items that read no column become one array where they have a common type, the others are compared one by one.
    pub(super) fn in_list(
        &mut self,
        operand: &ast::Expr,
        list: &[ast::Expr],
        negated: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let symbol = if negated { "<>" } else { "=" };
        if let ast::ExprKind::Row(left) = &operand.kind {
            return self.row_in_list(symbol, left, list, negated, range);
        }
        let left = self.expression(operand)?;
        let items = self.expressions(list)?;
        let (constants, others): (Vec<_>, Vec<_>) = items.into_iter().partition(reads_no_column);
        let mut compared = Vec::new();
        let rest = match self.array_of(&left, constants) {
            Ok(array) => {
                compared.push(self.compare_with_array(&implied(symbol, range), negated, left.clone(), array, range)?);
                others
            }
            Err(constants) => {
                let mut all: Vec<_> = constants.into_iter().chain(others).collect();
                all.sort_by_key(|e| e.range.start);
                all
            }
        };
        for item in rest {
            compared.push(self.operation(&implied(symbol, range), left.clone(), item, range)?);
        }
        Ok(match compared.len() {
            1 => compared.remove(0),
            _ if negated => boolean(Node::And(compared), range),
            _ => boolean(Node::Or(compared), range),
        })
    }

    /// More than one item of a common type with the left side, as an array.
    fn array_of(&mut self, left: &Expr, items: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
        if items.len() < 2 {
            return Err(items);
        }
        let types: Vec<&Type> = std::iter::once(&left.data_type).chain(items.iter().map(|i| &i.data_type)).collect();
        let common = self.common_type(&types).filter(|c| !self.is_composite(c) && !c.is_array());
        let Some(common) = common else { return Err(items) };
        let cast: Result<Vec<_>, _> =
            items.iter().map(|i| self.coerce(i.clone(), &common, super::coerce::Form::Implicit)).collect();
        let Ok(cast) = cast else { return Err(items) };
        let start = cast.first().map_or(0, |i| i.range.start);
        let range = start..cast.last().map_or(start, |i| i.range.end);
        Ok(Expr { node: Node::Array(cast), data_type: common.array(), range })
    }

    fn row_in_list(
        &mut self,
        symbol: &str,
        left: &[ast::Expr],
        list: &[ast::Expr],
        negated: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let left = self.expressions(left)?;
        let mut compared = Vec::new();
        for item in list {
            let ast::ExprKind::Row(right) = &item.kind else {
                return error(
                    ErrorKind::Unsupported,
                    &item.range,
                    "a row among values that are no rows is not modelled",
                );
            };
            if right.len() != left.len() {
                return error(ErrorKind::Mismatch, &item.range, "rows of different lengths are compared");
            }
            let right = self.expressions(right)?;
            let pairs = left.iter().cloned().zip(right).collect();
            compared.push(self.compare_rows(&implied(symbol, range), pairs, range)?);
        }
        Ok(match compared.len() {
            1 => compared.remove(0),
            _ => boolean(if negated { Node::And(compared) } else { Node::Or(compared) }, range),
        })
    }

    /// `left op ANY (array)`
    pub(super) fn quantified_array(
        &mut self,
        left: &ast::Expr,
        operator: &ast::Operator,
        all: bool,
        array: &ast::Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let left = self.expression(left)?;
        let array = self.expression(array)?;
        self.compare_with_array(operator, all, left, array, range)
    }

    fn compare_with_array(
        &mut self,
        operator: &ast::Operator,
        all: bool,
        left: Expr,
        array: Expr,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let element = if array.data_type.is("unknown") {
            Type::named("unknown")
        } else {
            match self.base_type(&array.data_type).element() {
                Some(element) => element.bare(),
                None => return error(ErrorKind::Mismatch, &array.range, format!("`{}` is no array", array.data_type)),
            }
        };
        let found = self.binary_operator(operator, &left.data_type, &element)?;
        if !found.result.is("boolean") {
            return error(ErrorKind::Mismatch, &operator.range, "ANY and ALL need an operator that gives a boolean");
        }
        let want = found.left.clone().unwrap_or_else(|| found.right.clone());
        let left = Box::new(self.coerce(left, &want, super::coerce::Form::Implicit)?);
        let array = Box::new(self.coerce(array, &found.right.bare().array(), super::coerce::Form::Implicit)?);
        Ok(boolean(Node::QuantifiedArray { operator: found, all, left, array }, range))
    }

    pub(super) fn like_escape(
        &mut self,
        operator: &ast::Operator,
        operands: (&ast::Expr, &ast::Expr),
        escape: Option<&ast::Expr>,
        similar: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let operand = self.expression(operands.0)?;
        let mut arguments = vec![self.expression(operands.1)?];
        if let Some(escape) = escape {
            arguments.push(self.expression(escape)?);
        }
        let function = if similar { "similar_to_escape" } else { "like_escape" };
        let parts = ["pg_catalog", function].map(|value| ast::Part { value: value.to_owned(), range: range.clone() });
        let pattern = self.call_with(&Name { parts: parts.into() }, arguments, range)?;
        self.operation(operator, operand, pattern, range)
    }
}
