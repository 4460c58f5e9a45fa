//! What a view shows, and what writes through it reach.
//!
//! A write through a view that is a plain part of one table is one to that table, as the view's owner or, with
//! `security_invoker`, as the caller: the table's policies count, and the view's own filter on the row as it was. Of the
//! row as it will be the filter is asked only WITH CHECK OPTION. Columns that the view does not show may be anything.

use super::access::{Asked, pick};
use super::{Caller, Decider, Formula, Which};
use crate::analyzer::effective::Extent;
use crate::analyzer::resolve::ThroughView;
use crate::analyzer::term::Type;
use crate::analyzer::verdict::Subject;
use crate::model::{CheckOption, Command, Relation, RelationKind, TriggerTiming};

impl<'a> Decider<'a> {
    /// A view shows what its query gives, and takes what it passes on.
    pub(super) fn of_view(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>) {
        let Asked { role, relation, command, .. } = asked;
        if matches!(self.effective.access(role, relation, command).extent, Extent::None(_)) {
            formula.refusal = true;
        } else if command == Command::Select {
            shown(formula, relation);
        } else {
            self.through_view(formula, asked);
        }
    }

    fn through_view(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>) {
        let Asked { relation, command, caller, .. } = asked;
        let (which, row) = (formula.which, formula.row);
        let reads = caller == Caller::DataApi && matches!(command, Command::Update | Command::Delete);
        let resolver = &mut formula.resolver;
        let write = ThroughView { command, pick: pick(which), reads };
        let passed = if is_handled(relation) { None } else { resolver.written_through(relation, write) };
        let Some((branch, target, demanded)) = passed else {
            let reason = format!("a write through the view {}", relation.name);
            formula.condition = resolver.terms.opaque(&reason, Type::Bool, &[row]);
            return;
        };
        let yes = resolver.terms.boolean(true);
        let whole = branch.query(&mut resolver.terms, yes);
        if which == Which::Old {
            let Ok(there) = resolver.rows_of_view(relation, true) else {
                formula.condition = resolver.terms.opaque("the rows of a view", Type::Bool, &[row]);
                return;
            };
            formula.condition = resolver.terms.exists(&[whole]);
            formula.view = Some((vec![branch], there));
            return;
        }
        formula.condition = if self.checks_all(relation) { whole.condition } else { demanded };
        formula.subjects.push(Subject { row: target, stored: false });
        formula.part_of = Some(branch);
    }

    /// Whether the whole filter of the view is asked of new rows.
    fn checks_all(&self, relation: &Relation) -> bool {
        let Some(view) = &relation.view else { return false };
        let is_table = |name| self.effective.schema().relation(name).is_some_and(|r| r.kind != RelationKind::View);
        match view.check_option {
            Some(CheckOption::Cascaded) => true,
            Some(CheckOption::Local) => view.reads.iter().all(is_table),
            None => false,
        }
    }
}

/// Whether a trigger or rule of the view does what the statement asks for.
fn is_handled(view: &Relation) -> bool {
    let instead = view.triggers.iter().any(|t| t.timing == TriggerTiming::InsteadOf);
    instead || !view.rules.is_empty()
}

/// The rows that the view's query gives.
fn shown<'a>(formula: &mut Formula<'a>, relation: &'a Relation) {
    let (resolver, row) = (&mut formula.resolver, formula.row);
    let shown = resolver.rows_of_view(relation, false);
    let there = resolver.rows_of_view(relation, true);
    match (shown, there) {
        (Ok(shown), Ok(there)) => {
            // Only to be printed: which of its rows is asked with the question.
            let terms = &mut resolver.terms;
            let any = terms.boolean(true);
            let queries: Vec<_> = shown.iter().map(|branch| branch.query(terms, any)).collect();
            formula.condition = terms.exists(&queries);
            formula.view = Some((shown, there));
        }
        (Err(reason), _) | (_, Err(reason)) => {
            formula.condition = resolver.terms.opaque(&reason, Type::Bool, &[row]);
        }
    }
}
