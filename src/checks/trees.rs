//! Conditions of policies and bodies of functions as bound trees, read once for all checks.
//!
//! Offline and live give the same text, so that a check sees the same tree. What cannot be read is left out here; who
//! needs to know asks the analyzer, which names the reason.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::Context;
use crate::analyzer::bindings::{Bindings, BoundCondition};
use crate::analyzer::inline::{Body, Outcome};
use crate::model::{Constraint, ConstraintKind, Function, Index, Policy, Relation};
use crate::sql::SchemaCatalog;
use crate::sql::tree::{
    Body as QueryBody, Call, ColumnRef, Expr, FromItem, JoinKind, Node, Place, Query, Select, Source, SourceKind, walk,
    walk_at, walk_query,
};

/// USING or WITH CHECK of a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a, 't> {
    /// Of which table.
    pub(super) table: &'a Relation,
    /// Of which policy.
    pub(super) policy: &'a Policy,
    /// Whether it is WITH CHECK.
    pub(super) on_new: bool,
    /// As it is printed.
    pub(super) text: &'a str,
    /// As it is bound.
    pub(super) tree: &'t Expr,
}

/// The conditions that were read, once they were asked for. The places are those in the model's lists.
#[derive(Debug, Default)]
pub(super) struct Trees(OnceLock<Vec<Read>>);

/// A condition that was read.
#[derive(Debug)]
struct Read {
    table: usize,
    policy: usize,
    on_new: bool,
    tree: BoundCondition,
}

/// A tree that a policy depends on: its own condition, or a function that is called in it.
pub(super) enum Part<'t> {
    /// An expression, with where it stands.
    Expr(&'t Expr, &'t Place<'t>),
    /// A function whose body could not be read as a tree.
    Unread(&'t Function),
}

impl<'a> Context<'a> {
    /// The conditions of all policies of tables with row security.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition<'a, '_>> {
        let read = self.trees.0.get_or_init(|| {
            let tables = self.schema.relations.iter().enumerate().filter(|(_, r)| r.row_security);
            tables.flat_map(|(at, table)| conditions(self.effective.bindings(), table, at)).collect()
        });
        read.iter().filter_map(|read| {
            let table = self.schema.relations.get(read.table)?;
            let policy = table.policies.get(read.policy)?;
            let text = if read.on_new { &policy.check } else { &policy.using };
            Some(Condition {
                table,
                policy,
                on_new: read.on_new,
                text: text.as_deref()?,
                tree: read.tree.as_ref().as_ref().ok()?,
            })
        })
    }

    /// The body of a function of the application; `None` if it could not be read.
    pub(super) fn body(&self, function: &Function) -> Option<Arc<Body>> {
        let body = || self.effective.bindings().body(function).ok();
        if function.extension.is_none() { body() } else { None }
    }

    /// The function of the application that a call calls.
    pub(super) fn called(&self, call: &Call) -> Option<&'a Function> {
        SchemaCatalog::new(self.schema).function(call.routine.key?)
    }

    /// Calls `visit` with all that a condition comes to, functions that it calls included; with each the function that
    /// it stands in.
    pub(super) fn walk_through<'s>(&'s self, tree: &'s Expr, visit: &mut dyn FnMut(Part<'_>, Option<&'s Function>)) {
        let mut seen = BTreeSet::new();
        let mut rest = Vec::new();
        walk(tree, &mut |expr, place| {
            visit(Part::Expr(expr, place), None);
            rest.extend(self.function_of(expr));
        });
        while let Some(function) = rest.pop() {
            if seen.insert(&function.id) {
                self.walk_function(function, &mut |part| {
                    if let Part::Expr(expr, _) = &part {
                        rest.extend(self.function_of(expr));
                    }
                    visit(part, Some(function));
                });
            }
        }
    }

    /// Calls `visit` with all expressions of a function's body.
    pub(super) fn walk_function(&self, function: &Function, visit: &mut dyn FnMut(Part<'_>)) {
        let Some(body) = self.body(function) else { return visit(Part::Unread(function)) };
        let mut each = |expr: &Expr, place: &Place<'_>| visit(Part::Expr(expr, place));
        body.steps.iter().for_each(|step| walk(step, &mut each));
        match &body.result {
            Outcome::Value(value) => walk(value, &mut each),
            Outcome::Rows(query) | Outcome::Row(query) => walk_query(query, &mut each),
        }
    }

    fn function_of(&self, expr: &Expr) -> Option<&'a Function> {
        if let Node::Call(call) = &expr.node { self.called(call) } else { None }
    }

    /// The relation that an item of FROM is.
    pub(super) fn relation_of(&self, source: &Source) -> Option<&'a Relation> {
        match &source.kind {
            SourceKind::Relation { name, .. } => self.schema.relation(name),
            _ => None,
        }
    }
}

fn conditions(bindings: &Bindings<'_>, table: &Relation, at: usize) -> Vec<Read> {
    let mut read = Vec::new();
    for (place, policy) in table.policies.iter().enumerate() {
        for (text, on_new) in [(&policy.using, false), (&policy.check, true)] {
            let tree = text.as_deref().map(|text| bindings.condition(&table.name, text));
            read.extend(tree.map(|tree| Read { table: at, policy: place, on_new, tree }));
        }
    }
    read
}

/// The column that an expression is, casts left out.
pub(super) fn column(expr: &Expr) -> Option<&ColumnRef> {
    match &expr.node {
        Node::Column(column) => Some(column),
        Node::Cast { operand, .. } | Node::Collate(operand, _) => column(operand),
        _ => None,
    }
}

/// The text that an expression is the constant of, casts left out.
pub(super) fn constant(expr: &Expr) -> Option<&str> {
    match &expr.node {
        Node::Constant(text) => text.as_deref(),
        Node::Cast { operand, .. } => constant(operand),
        _ => None,
    }
}

/// The sides of an equality, `IS NOT DISTINCT FROM` and `= ANY (array)` included.
pub(super) fn equality(expr: &Expr) -> Option<(&Expr, &Expr)> {
    match &expr.node {
        Node::Operation(operator, sides) if operator.symbol == "=" => match sides.as_slice() {
            [left, right] => Some((left, right)),
            _ => None,
        },
        Node::QuantifiedArray { operator, all: false, left, array } if operator.symbol == "=" => Some((left, array)),
        Node::Not(inner) => match &inner.node {
            Node::Distinct(_, left, right) => Some((left, right)),
            _ => None,
        },
        _ => None,
    }
}

/// The conditions that are all to hold for `expr` to: those that AND joins.
pub(super) fn conjuncts<'t>(expr: &'t Expr, found: &mut Vec<&'t Expr>) {
    match &expr.node {
        Node::And(all) => all.iter().for_each(|e| conjuncts(e, found)),
        _ => found.push(expr),
    }
}

/// The sub-select that an expression is, with what is compared with its values.
pub(super) fn subselect(expr: &Expr) -> Option<(&Query, &[Expr])> {
    match &expr.node {
        Node::Exists(query) | Node::Scalar(query) | Node::ArrayQuery(query) => Some((query, &[])),
        Node::QuantifiedQuery { left, query, .. } => Some((query, left)),
        _ => None,
    }
}

/// The items of FROM of a query that are relations, those of sub-selects in FROM, WITH and UNION too.
pub(super) fn sources(query: &Query) -> Vec<&Source> {
    let mut found: Vec<_> = query.ctes.iter().flat_map(|cte| sources(&cte.query)).collect();
    match &query.body {
        QueryBody::Select(select) => {
            for source in &select.sources {
                match &source.kind {
                    SourceKind::Query(inner) => found.extend(sources(inner)),
                    _ => found.push(source),
                }
            }
        }
        QueryBody::Set { left, right, .. } => found.extend(sources(left).into_iter().chain(sources(right))),
        QueryBody::Values(_) => {}
    }
    found
}

/// All conditions that the rows of a query must meet: WHERE and the inner joins' ON, taken apart at AND.
pub(super) fn demands(select: &Select) -> Vec<&Expr> {
    fn joins<'t>(item: &'t FromItem, found: &mut Vec<&'t Expr>) {
        if let FromItem::Join { kind: JoinKind::Inner, left, right, on, .. } = item {
            joins(left, found);
            joins(right, found);
            on.iter().for_each(|on| conjuncts(on, found));
        }
    }
    let mut found = Vec::new();
    select.filter.iter().for_each(|filter| conjuncts(filter, &mut found));
    select.from.iter().for_each(|item| joins(item, &mut found));
    found
}

/// Whether `expr`, which stands at `place`, reads a column of one of the innermost query's own items of FROM.
pub(super) fn is_of_level(expr: &Expr, place: &Place<'_>) -> bool {
    let depth = place.depth();
    let mut found = false;
    walk_at(expr, place, &mut |e, at| {
        let up = match &e.node {
            Node::Column(c) => c.up,
            Node::WholeRow { up, .. } => *up,
            _ => return,
        };
        found |= at.depth().checked_sub(up) == Some(depth);
    });
    found
}

/// For each item of FROM of `select`, the columns that are equal to something fixed: to no column of the query, or to one
/// of an item of which there is at most one row.
pub(super) struct Fixed {
    columns: Vec<BTreeSet<String>>,
    single: Vec<bool>,
}

impl Fixed {
    /// Works out `select`, inside which `place` is.
    pub(super) fn of(cx: &Context<'_>, select: &Select, place: &Place<'_>) -> Self {
        let mut fixed =
            Self { columns: vec![BTreeSet::new(); select.sources.len()], single: vec![false; select.sources.len()] };
        let demands = demands(select);
        loop {
            let before = (fixed.columns.iter().map(BTreeSet::len).sum::<usize>(), fixed.single.clone());
            for demand in &demands {
                let Some((left, right)) = equality(demand) else { continue };
                // `x = ANY (array)` may hold for several values.
                let list = matches!(&demand.node, Node::QuantifiedArray { .. });
                fixed.learn(left, right, place, list);
                fixed.learn(right, left, place, list);
            }
            for (at, source) in select.sources.iter().enumerate() {
                let Some(columns) = fixed.columns.get(at) else { continue };
                let is_single = cx.relation_of(source).is_some_and(|r| is_key(r, columns));
                fixed.single.iter_mut().skip(at).take(1).for_each(|s| *s = is_single);
            }
            if before == (fixed.columns.iter().map(BTreeSet::len).sum::<usize>(), fixed.single.clone()) {
                return fixed;
            }
        }
    }

    fn learn(&mut self, to: &Expr, from: &Expr, place: &Place<'_>, list: bool) {
        let Some(column) = column(to).filter(|c| c.up == 0 && !list) else { return };
        let by_single = || super::trees::column(from).is_some_and(|c| c.up == 0 && self.is_single(c.source));
        if !is_of_level(from, place) || by_single() {
            let name = column.name.clone();
            self.columns.iter_mut().skip(column.source).take(1).for_each(|columns| {
                columns.insert(name.clone());
            });
        }
    }

    /// Whether there is at most one row of that item.
    pub(super) fn is_single(&self, source: usize) -> bool {
        self.single.get(source).copied().unwrap_or(false)
    }

    /// The columns of that item that are fixed.
    pub(super) fn columns(&self, source: usize) -> impl Iterator<Item = &str> {
        self.columns.get(source).into_iter().flatten().map(String::as_str)
    }
}

/// Whether there is at most one row for given values of `columns`.
fn is_key(relation: &Relation, columns: &BTreeSet<String>) -> bool {
    let within = |key: &[String]| !key.is_empty() && key.iter().all(|c| columns.contains(c.trim_matches('"')));
    let constraint =
        |c: &Constraint| matches!(c.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique) && within(&c.columns);
    let index = |i: &Index| i.unique && i.valid && i.predicate.is_none() && within(&i.keys);
    relation.constraints.iter().any(constraint) || relation.indexes.iter().any(index)
}
