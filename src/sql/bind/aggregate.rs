//! What only aggregates and window functions have: ORDER BY, FILTER, WITHIN GROUP, OVER.

use super::operator::aggregates;
use super::{Context, ast, error};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Call, Expr, Node, OrderBy, Window};

impl Context<'_> {
    pub(super) fn within_group(&mut self, call: &ast::Call) -> Result<Vec<OrderBy>, SqlError> {
        self.order_values(&call.within_group)
    }

    /// `ORDER BY` outside a SELECT list: every item is an expression.
    pub(super) fn order_values(&mut self, items: &[ast::OrderBy]) -> Result<Vec<OrderBy>, SqlError> {
        items
            .iter()
            .map(|item| {
                let value = self.expression(&item.value)?;
                Ok(OrderBy {
                    value: self.settle(value)?,
                    target: None,
                    descending: item.descending,
                    nulls_first: item.nulls_first,
                })
            })
            .collect()
    }

    pub(super) fn aggregate_clauses(&mut self, call: &ast::Call, bound: &mut Call) -> Result<(), SqlError> {
        bound.order_by = self.order_values(&call.order_by)?;
        // What is an argument but for an implicit cast is that argument.
        for item in &mut bound.order_by {
            let is_it = |argument: &&Expr| match &argument.node {
                Node::Cast { operand, implicit: true, .. } => operand.node == item.value.node,
                _ => false,
            };
            if let Some(argument) = bound.arguments.iter().find(is_it) {
                item.value = argument.clone();
            }
        }
        if let Some(filter) = &call.filter {
            let filter = self.expression(filter)?;
            bound.filter = Some(self.condition(filter, "FILTER")?);
        }
        if let Some(over) = &call.over {
            bound.over = Some(self.window(over)?);
        } else if aggregates(bound.routine.kind) {
            self.level().aggregates = true;
        } else if bound.star || bound.distinct || !bound.order_by.is_empty() || bound.filter.is_some() {
            let what = format!("`{}` is no aggregate", bound.routine.name);
            return error(ErrorKind::Mismatch, &call.name.range(), what);
        }
        Ok(())
    }

    pub(super) fn window(&mut self, window: &ast::Window) -> Result<Window, SqlError> {
        let mut partition_by = Vec::new();
        for item in &window.partition_by {
            let item = self.expression(item)?;
            partition_by.push(self.settle(item)?);
        }
        Ok(Window {
            name: window.name.as_ref().map(|n| n.value.clone()),
            extends: window.extends,
            partition_by,
            order_by: self.order_values(&window.order_by)?,
            frame: window.frame.clone(),
        })
    }
}
