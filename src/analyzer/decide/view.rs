//! What a view shows, and what writes through it reach.
//!
//! A write through a view that is a plain part of one table is one to that table, as the view's owner or, with
//! `security_invoker`, as the caller: the table's policies count, and the view's own filter on the row as it was. Of the
//! row as it will be the filter is asked only WITH CHECK OPTION. Columns that the view does not show keep their values, or
//! take their defaults.

use std::collections::BTreeSet;

use super::access::{Asked, Kept, LeftOut, pick, reads};
use super::{Decider, Formula, Which};
use crate::analyzer::effective::{Columns, Extent};
use crate::analyzer::resolve::{Branch, ThroughView};
use crate::analyzer::term::{Row, Term, Type};
use crate::analyzer::verdict::Subject;
use crate::model::{
    CheckOption, Column, Command, Relation, RelationKind, Trigger, TriggerEvent, TriggerTiming, printable,
};

impl<'a> Decider<'a> {
    /// A view shows what its query gives, and takes what it passes on.
    pub(super) fn of_view(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>) {
        let Asked { role, relation, command, .. } = asked;
        let refused = |command| matches!(self.effective.access(role, relation, command).extent, Extent::None(_));
        if refused(command) || (reads(asked) && refused(Command::Select)) {
            formula.refusal = true;
        } else if command == Command::Select {
            shown(formula, relation);
        } else {
            self.through_view(formula, asked);
        }
    }

    fn through_view(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>) {
        let Asked { relation, command, .. } = asked;
        let (which, row) = (formula.which, formula.row);
        if let Some(handler) = self.handler(relation, command) {
            let reason = format!("what {handler} does (rules on the tables that it writes can be decided)");
            formula.condition = formula.resolver.terms.opaque(&reason, Type::Bool, &[row]);
            return;
        }
        let write = |which| ThroughView { command, pick: pick(which), reads: reads(asked) };
        let resolver = &mut formula.resolver;
        let Some((branch, target, demanded)) = resolver.written_through(relation, write(which)) else {
            let reason = format!("{command} through the view {}", relation.name);
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
        self.passed(formula, asked, &branch, target);
        if command == Command::Update
            && let Some((found, old, _)) = formula.resolver.written_through(relation, write(Which::Old))
        {
            formula.beside = found.query(&mut formula.resolver.terms, yes).condition;
            formula.subjects.push(Subject { row: old, stored: true });
            formula.kept = formula.left_out.take().map(|out| {
                let columns = out.columns.iter().filter(|c| c.generated.is_none()).map(|c| c.name.clone()).collect();
                Kept { relation: out.relation, old, new: target, columns }
            });
        }
        formula.part_of = Some(branch);
    }

    /// The columns of the table that the role cannot give a value through the view: those that the view does not show as
    /// they are, or does not let the role write.
    fn passed(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>, branch: &Branch, target: Row) {
        let Asked { role, relation, command, .. } = asked;
        let terms = &formula.resolver.terms;
        let Some(info) = terms.row_info(target) else { return };
        let Some(base) = self.effective.schema().relation(&info.relation) else { return };
        let event = if command == Command::Insert { TriggerEvent::Insert } else { TriggerEvent::Update };
        if self.is_rewritten(base, event) {
            return;
        }
        let access = self.effective.access(role, relation, command);
        let may = |column: &Column| match &access.columns {
            Columns::Only(held) => held.iter().any(|(name, _)| *name == column.name),
            _ => true,
        };
        // A default of the view's own takes the place of the table's.
        let written = relation.columns.iter().enumerate().filter(|(_, c)| may(c) || c.default.is_some());
        let set: BTreeSet<_> = written
            .filter_map(|(at, _)| match terms.term(branch.column(at)?) {
                Term::Column(row, name) if *row == target => Some(name.clone()),
                _ => None,
            })
            .collect();
        let columns = base.columns.iter().filter(|c| !set.contains(c.name.as_str())).collect();
        formula.left_out = Some(LeftOut { relation: base, row: target, columns });
    }

    /// What takes the place of a command on the view, or on a view below it.
    fn handler(&self, view: &Relation, command: Command) -> Option<String> {
        let event = match command {
            Command::Insert => TriggerEvent::Insert,
            Command::Update => TriggerEvent::Update,
            _ => TriggerEvent::Delete,
        };
        let instead = |t: &&Trigger| t.timing == TriggerTiming::InsteadOf && t.events.contains(&event);
        if let Some(trigger) = view.triggers.iter().find(instead) {
            let name = printable(&trigger.name);
            return Some(format!("the trigger {name} of {}, {},", view.name, trigger.function));
        }
        let on = format!("ON {command} TO");
        if let Some(rule) = view.rules.iter().find(|rule| rule.definition.contains(&on)) {
            return Some(format!("the rewrite rule {} of {}", printable(&rule.name), view.name));
        }
        let below = view.view.iter().flat_map(|v| &v.reads).filter_map(|name| self.effective.schema().relation(name));
        below.filter(|r| r.kind == RelationKind::View).find_map(|inner| self.handler(inner, command))
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

/// The rows that the view's query gives.
fn shown<'a>(formula: &mut Formula<'a>, relation: &'a Relation) {
    let (resolver, row) = (&mut formula.resolver, formula.row);
    let shown = resolver.rows_of_view(relation, false);
    let there = resolver.rows_in_view(relation);
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
