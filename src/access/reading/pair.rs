//! `column = who is asking`: the comparisons of a policy that say whose a row is.

use crate::analyzer::effective::Effective;
use crate::model::{Policy, Relation};
use crate::sql::bind::Scope;
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::tree::walk::{Change, walk};
use crate::sql::tree::{Body, Expr, Node, Query, Source};
use crate::sql::{Catalog, SchemaCatalog};

/// A column that a policy compares with something of the session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    /// The column.
    pub(super) column: String,
    /// What it is compared with, in SQL without a row.
    pub(super) asking: String,
    /// The policy.
    pub(super) policy: String,
}

impl Pair {
    /// Whether it names a user, as far as one can tell.
    pub(super) fn is_user(&self) -> bool {
        self.asking == "auth.uid()" || self.asking.contains("'sub'") || self.asking.to_lowercase().contains("user")
    }
}

/// The comparisons of a relation's permissive policies.
pub(super) fn of(effective: &Effective<'_>, relation: &Relation) -> Vec<Pair> {
    let catalog = SchemaCatalog::new(effective.schema());
    let Some(table) = catalog.relation(&relation.name.schema, &relation.name.name) else { return Vec::new() };
    let scope = Scope::default().relation(table, None);
    let mut pairs = Vec::new();
    for policy in relation.policies.iter().filter(|p| p.permissive) {
        for text in [&policy.using, &policy.check].into_iter().flatten() {
            if let Ok(tree) = &*effective.bindings().condition(&relation.name, text) {
                collect(tree, policy, &scope, &mut pairs);
            }
        }
    }
    pairs.sort();
    pairs.dedup_by(|a, b| (&a.column, &a.asking) == (&b.column, &b.asking));
    pairs
}

/// Those that one of its alternatives demands.
fn collect(expr: &Expr, policy: &Policy, scope: &Scope, out: &mut Vec<Pair>) {
    match &expr.node {
        Node::And(all) | Node::Or(all) => all.iter().for_each(|e| collect(e, policy, scope, out)),
        Node::Operation(operator, operands) if operator.symbol == "=" && operator.schema == "pg_catalog" => {
            let [left, right] = operands.as_slice() else { return };
            for (column, asking) in [(left, right), (right, left)] {
                let Node::Column(of) = &column.node else { continue };
                let asking = bare(asking);
                if of.column.is_some() && is_of_the_session(asking) {
                    let text = print::expression(asking, &Outside::of(scope), &AsBound);
                    // What users choose for themselves says nothing of them.
                    if !text.contains("user_metadata") {
                        out.push(Pair { column: of.name.clone(), asking: text, policy: policy.name.clone() });
                    }
                }
            }
        }
        _ => {}
    }
}

/// `(select auth.uid())` is `auth.uid()`.
fn bare(expr: &Expr) -> &Expr {
    let Node::Scalar(query) = &expr.node else { return expr };
    let Query { body: Body::Select(select), .. } = &**query else { return expr };
    match select.targets.as_slice() {
        [only] if select.sources.is_empty() && select.filter.is_none() => &only.value,
        _ => expr,
    }
}

/// Whether an expression reads the session and no row.
fn is_of_the_session(expr: &Expr) -> bool {
    #[derive(Default)]
    struct Look {
        asks: bool,
        reads: bool,
    }
    impl Change for Look {
        fn expr(&mut self, expr: &mut Expr, _depth: usize) {
            match &expr.node {
                Node::Column(_) | Node::WholeRow { .. } | Node::Parameter(_) => self.reads = true,
                Node::Call(call) => {
                    let name = &call.routine.name;
                    // Functions of the application may read anything.
                    self.reads |= !matches!(name.schema.as_str(), "pg_catalog" | "auth");
                    self.asks |= name.schema == "auth" && name.name != "role" || name.name == "current_setting";
                }
                Node::Session(..) => self.asks = true,
                _ => {}
            }
        }

        fn source(&mut self, _source: &mut Source, _depth: usize) {
            self.reads = true;
        }
    }
    let mut look = Look::default();
    walk(&mut expr.clone(), 0, &mut look);
    look.asks && !look.reads
}
