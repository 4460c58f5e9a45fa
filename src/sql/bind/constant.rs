//! Constants and session values, and what reads no column.

use super::error;
use crate::sql::ast::ExprKind;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{CastMethod, Expr, Node};
use crate::sql::types::Type;
use std::ops::Range;

pub(super) fn boolean(node: Node, range: &Range<usize>) -> Expr {
    Expr { node, data_type: Type::named("boolean"), range: range.clone() }
}

pub(super) fn constant(kind: &ExprKind, range: &Range<usize>) -> Result<Expr, SqlError> {
    let (value, of) = match kind {
        ExprKind::Boolean(value) => (Some(if *value { "true" } else { "false" }.to_owned()), "boolean"),
        ExprKind::Number(digits) => (Some(digits.clone()), number_type(digits)),
        ExprKind::Text(text) => (Some(text.clone()), "unknown"),
        ExprKind::Bits('x', digits) => (Some(binary(digits, range)?), "bit"),
        ExprKind::Bits(_, digits) => (Some(digits.clone()), "bit"),
        _ => (None, "unknown"),
    };
    Ok(Expr { node: Node::Constant(value), data_type: Type::named(of), range: range.clone() })
}

fn number_type(digits: &str) -> &'static str {
    if digits.parse::<i32>().is_ok() {
        "integer"
    } else if digits.parse::<i64>().is_ok() {
        "bigint"
    } else {
        "numeric"
    }
}

fn binary(hex: &str, range: &Range<usize>) -> Result<String, SqlError> {
    let mut bits = String::with_capacity(hex.len() * 4);
    for digit in hex.chars() {
        match digit.to_digit(16) {
            Some(value) => bits.push_str(&format!("{value:04b}")),
            None => return error(ErrorKind::Syntax, range, "not a hexadecimal bit string"),
        }
    }
    Ok(bits)
}

pub(super) fn session(word: &'static str, precision: Option<u32>, range: &Range<usize>) -> Expr {
    let of = match word {
        "current_date" => "date",
        "current_time" => "time with time zone",
        "current_timestamp" => "timestamp with time zone",
        "localtime" => "time without time zone",
        "localtimestamp" => "timestamp without time zone",
        "system_user" => "text",
        _ => "name",
    };
    let modifier = precision.map(|p| p.to_string());
    let data_type = Type::named(of).with_modifier(modifier.as_deref());
    Expr { node: Node::Session(word, precision), data_type, range: range.clone() }
}

/// Whether a value reads no column, as Postgres asks before it makes an array of an IN list.
pub(super) fn reads_no_column(expr: &Expr) -> bool {
    match &expr.node {
        Node::Column(column) => column.up > 0,
        Node::WholeRow { up, .. } => *up > 0,
        Node::Call(call) => call.arguments.iter().all(reads_no_column),
        Node::Operation(_, operands)
        | Node::And(operands)
        | Node::Or(operands)
        | Node::Choice(_, operands)
        | Node::Array(operands)
        | Node::Row(operands) => operands.iter().all(reads_no_column),
        Node::Cast { operand, method, .. } => *method == CastMethod::Row || reads_no_column(operand),
        Node::Not(operand) | Node::Is { operand, .. } | Node::Collate(operand, _) | Node::Field(operand, _) => {
            reads_no_column(operand)
        }
        Node::Distinct(_, left, right) | Node::NullIf(_, left, right) | Node::Subscript(left, right) => {
            reads_no_column(left) && reads_no_column(right)
        }
        Node::Case { operand, branches, otherwise } => {
            operand.as_ref().is_none_or(|o| reads_no_column(o))
                && branches.iter().all(|(when, then)| reads_no_column(when) && reads_no_column(then))
                && reads_no_column(otherwise)
        }
        _ => true,
    }
}
