//! Sub-selects in expressions.

use super::coerce::Form;
use super::constant::boolean;
use super::operator::implied;
use super::{Context, ast, error};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Expr, Node, Query};
use crate::sql::types::Type;
use std::ops::Range;

impl Context<'_> {
    pub(super) fn sub_query(&mut self, query: &ast::Query) -> Result<Query, SqlError> {
        self.query(query, true)
    }

    fn one_column(&self, query: &Query, range: &Range<usize>) -> Result<Type, SqlError> {
        match query.columns.as_slice() {
            [one] => Ok(one.data_type.clone()),
            _ => error(ErrorKind::Mismatch, range, "a sub-select that stands for a value must have one column"),
        }
    }

    pub(super) fn scalar(&mut self, query: &ast::Query, range: &Range<usize>) -> Result<Expr, SqlError> {
        let query = self.sub_query(query)?;
        let data_type = self.one_column(&query, range)?;
        Ok(Expr { node: Node::Scalar(Box::new(query)), data_type, range: range.clone() })
    }

    pub(super) fn array_query(&mut self, query: &ast::Query, range: &Range<usize>) -> Result<Expr, SqlError> {
        let query = self.sub_query(query)?;
        let data_type = self.one_column(&query, range)?.array();
        Ok(Expr { node: Node::ArrayQuery(Box::new(query)), data_type, range: range.clone() })
    }

    /// `x IN (select ..)` is `x = ANY (select ..)`, and NOT of it.
    pub(super) fn in_query(
        &mut self,
        operand: &ast::Expr,
        query: &ast::Query,
        negated: bool,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let any = self.quantified_query(operand, &implied("=", range), false, query, range)?;
        Ok(if negated { boolean(Node::Not(Box::new(any)), range) } else { any })
    }

    pub(super) fn quantified_query(
        &mut self,
        left: &ast::Expr,
        operator: &ast::Operator,
        all: bool,
        query: &ast::Query,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let left = match &left.kind {
            ast::ExprKind::Row(items) => self.expressions(items)?,
            _ => vec![self.expression(left)?],
        };
        let query = self.sub_query(query)?;
        if left.len() != query.columns.len() {
            return error(
                ErrorKind::Mismatch,
                range,
                "a sub-select must have as many columns as what it is compared with",
            );
        }
        let (mut operators, mut cast) = (Vec::new(), Vec::new());
        let columns: Vec<Type> = query.columns.iter().map(|c| c.data_type.clone()).collect();
        for (left, column) in left.into_iter().zip(&columns) {
            let found = self.binary_operator(operator, &left.data_type, &column.bare())?;
            if !found.result.is("boolean") {
                return error(
                    ErrorKind::Mismatch,
                    &operator.range,
                    "ANY and ALL need an operator that gives a boolean",
                );
            }
            let want = found.left.clone().unwrap_or_else(|| found.right.clone());
            cast.push(self.coerce(left, &want, Form::Implicit)?);
            operators.push(found);
        }
        Ok(boolean(Node::QuantifiedQuery { operators, all, left: cast, query: Box::new(query) }, range))
    }

    /// `(a, b) = (select ..)`: one row at most, not modelled.
    pub(super) fn row_query_comparison(
        &mut self,
        _operator: &ast::Operator,
        _left: Vec<Expr>,
        _query: &ast::Query,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        error(ErrorKind::Unsupported, range, "comparing a row with a sub-select that gives one row is not modelled")
    }
}
