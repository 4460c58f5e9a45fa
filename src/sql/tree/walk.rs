//! Changes every part of a bound tree in place, the innermost first, and tells how many queries lie around each.

use super::{Body, Call, Expr, FromItem, Node, OrderBy, Query, Select, Source, SourceKind, Window};

/// What is done to the parts of a tree. `depth` counts the queries between the walk's start and the part: a column there
/// refers to what lies outside if its `up` is at least that.
pub(crate) trait Change {
    /// Changes an expression whose parts are done.
    fn expr(&mut self, expr: &mut Expr, depth: usize);
    /// Changes an item of FROM whose parts are done.
    fn source(&mut self, source: &mut Source, depth: usize);
}

/// Walks through an expression that `depth` queries lie around.
pub(crate) fn walk(expr: &mut Expr, depth: usize, change: &mut dyn Change) {
    parts(&mut expr.node, depth, change);
    change.expr(expr, depth);
}

fn each<'a>(all: impl IntoIterator<Item = &'a mut Expr>, depth: usize, change: &mut dyn Change) {
    all.into_iter().for_each(|e| walk(e, depth, change));
}

fn parts(node: &mut Node, depth: usize, change: &mut dyn Change) {
    match node {
        Node::Constant(_)
        | Node::Column(_)
        | Node::WholeRow { .. }
        | Node::Parameter(_)
        | Node::CaseOperand
        | Node::Session(..) => {}
        Node::Call(inner) => call(inner, depth, change),
        Node::Operation(_, all)
        | Node::And(all)
        | Node::Or(all)
        | Node::Choice(_, all)
        | Node::Array(all)
        | Node::Row(all)
        | Node::Grouping(all) => each(all, depth, change),
        Node::Cast { operand, .. }
        | Node::Not(operand)
        | Node::Is { operand, .. }
        | Node::Field(operand, _)
        | Node::Collate(operand, _) => walk(operand, depth, change),
        Node::Distinct(_, a, b) | Node::NullIf(_, a, b) | Node::Subscript(a, b) => {
            each([&mut **a, &mut **b], depth, change);
        }
        Node::QuantifiedArray { left, array, .. } => each([&mut **left, &mut **array], depth, change),
        Node::QuantifiedQuery { left, query: inner, .. } => {
            each(left, depth, change);
            query(inner, depth + 1, change);
        }
        Node::Exists(inner) | Node::Scalar(inner) | Node::ArrayQuery(inner) => query(inner, depth + 1, change),
        Node::Case { operand, branches, otherwise } => {
            each(operand.as_deref_mut(), depth, change);
            each(branches.iter_mut().flat_map(|(when, then)| [when, then]), depth, change);
            walk(otherwise, depth, change);
        }
        Node::RowComparison { left, right, .. } => each(left.iter_mut().chain(right), depth, change),
        Node::Slice(array, from, to) => {
            walk(array, depth, change);
            each(from.as_deref_mut(), depth, change);
            each(to.as_deref_mut(), depth, change);
        }
    }
}

fn call(call: &mut Call, depth: usize, change: &mut dyn Change) {
    each(&mut call.arguments, depth, change);
    order_by(&mut call.order_by, depth, change);
    order_by(&mut call.within_group, depth, change);
    each(&mut call.filter, depth, change);
    call.over.iter_mut().for_each(|over| window(over, depth, change));
}

fn window(window: &mut Window, depth: usize, change: &mut dyn Change) {
    each(&mut window.partition_by, depth, change);
    order_by(&mut window.order_by, depth, change);
}

fn order_by(all: &mut [OrderBy], depth: usize, change: &mut dyn Change) {
    each(all.iter_mut().map(|o| &mut o.value), depth, change);
}

/// A query that is itself at `depth`.
fn query(of: &mut Query, depth: usize, change: &mut dyn Change) {
    of.ctes.iter_mut().for_each(|cte| query(&mut cte.query, depth + 1, change));
    match &mut of.body {
        Body::Select(inner) => select(inner, depth, change),
        Body::Values(rows) => each(rows.iter_mut().flatten(), depth, change),
        Body::Set { left, right, .. } => {
            query(left, depth + 1, change);
            query(right, depth + 1, change);
        }
    }
    order_by(&mut of.order_by, depth, change);
    each(of.limit.as_deref_mut(), depth, change);
    each(of.offset.as_deref_mut(), depth, change);
}

fn select(select: &mut Select, depth: usize, change: &mut dyn Change) {
    each(select.distinct.iter_mut().flatten(), depth, change);
    each(select.targets.iter_mut().map(|t| &mut t.value), depth, change);
    select.sources.iter_mut().for_each(|of| source(of, depth, change));
    select.from.iter_mut().for_each(|item| from(item, depth, change));
    each(&mut select.filter, depth, change);
    each(&mut select.group_by, depth, change);
    each(&mut select.having, depth, change);
    select.windows.iter_mut().for_each(|(_, of)| window(of, depth, change));
}

fn source(of: &mut Source, depth: usize, change: &mut dyn Change) {
    match &mut of.kind {
        SourceKind::Query(inner) => query(inner, depth + 1, change),
        SourceKind::Functions { calls, .. } => each(calls, depth, change),
        SourceKind::Relation { .. } | SourceKind::Cte { .. } | SourceKind::Given { .. } => {}
    }
    change.source(of, depth);
}

fn from(item: &mut FromItem, depth: usize, change: &mut dyn Change) {
    if let FromItem::Join { left, right, on, .. } = item {
        from(left, depth, change);
        from(right, depth, change);
        each(on, depth, change);
    }
}
