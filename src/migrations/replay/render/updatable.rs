//! Through which views rows can be written (`pg_relation_is_updatable`).

use crate::migrations::replay::bind::id as id_of;
use crate::migrations::replay::catalog::code::Tree;
use crate::migrations::replay::catalog::object::{Relation, Rule, Trigger};
use crate::migrations::replay::catalog::{Catalog, Id};
use crate::model::{FunctionKind, RelationKind, TriggerEvent, TriggerTiming};
use crate::sql::tree::{Body, Expr, FromItem, Node, Query, Select, SourceKind};

/// INSERT, UPDATE and DELETE.
type Commands = [bool; 3];

/// Views over views deeper than this are taken not to be writable.
const DEEPEST: usize = 50;

impl Catalog {
    /// Which commands reach a table through a view, by itself, a trigger or a rule.
    pub(super) fn commands_of_view(&self, id: Id, row: &Relation) -> Commands {
        if row.kind != RelationKind::View {
            return [false; 3];
        }
        self.commands(id, None, 0)
    }

    /// Likewise for any relation; `wanted` are the columns that have to be writable, if only some.
    fn commands(&self, id: Id, wanted: Option<&[usize]>, depth: usize) -> Commands {
        let Some(row) = self.relations.get(id).filter(|_| depth < DEEPEST) else { return [false; 3] };
        match row.kind {
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => [true; 3],
            RelationKind::View => {
                let (by_trigger, by_rule) = (self.by_trigger(id), self.by_rule(id));
                let by_itself = self.by_itself(row, wanted, depth);
                let any = |at: usize| [by_trigger, by_rule, by_itself].iter().any(|c| c.get(at) == Some(&true));
                [any(0), any(1), any(2)]
            }
            _ => [false; 3],
        }
    }

    fn by_trigger(&self, id: Id) -> Commands {
        [TriggerEvent::Insert, TriggerEvent::Update, TriggerEvent::Delete].map(|event| {
            let fits =
                |t: &Trigger| t.timing == TriggerTiming::InsteadOf && t.events.contains(&event) && t.for_each_row;
            self.triggers.parts(id).any(|(_, t)| fits(t))
        })
    }

    fn by_rule(&self, id: Id) -> Commands {
        ["insert", "update", "delete"].map(|word| {
            let fits = |r: &Rule| r.instead && r.condition.is_none() && r.event == word;
            self.rules.parts(id).any(|(_, r)| fits(r))
        })
    }

    /// A view of a simple query passes commands on; INSERT and UPDATE only if a column can take a value.
    fn by_itself(&self, row: &Relation, wanted: Option<&[usize]>, depth: usize) -> Commands {
        let tree = row.view.as_ref().and_then(|v| v.query.tree.as_deref());
        let Some(Tree::Query(query, _)) = tree else { return [false; 3] };
        let Some(select) = simple(query) else { return [false; 3] };
        let Some(SourceKind::Relation { key: Some(key), columns, sample: false, .. }) =
            select.sources.first().map(|s| &s.kind)
        else {
            return [false; 3];
        };
        let base = id_of(key.0);
        let targets = select.targets.iter().enumerate();
        let passed: Vec<usize> = targets
            .filter(|(at, _)| wanted.is_none_or(|w| w.contains(at)))
            .filter_map(|(_, t)| column(&t.value))
            .filter_map(|place| usize::try_from(columns.get(place)?.0).ok())
            .collect();
        let [insert, update, delete] = self.commands(base, Some(&passed), depth + 1);
        let takes = !passed.is_empty();
        [insert && takes, update && takes, delete]
    }
}

/// The place of the column that an expression is.
fn column(value: &Expr) -> Option<usize> {
    match &value.node {
        Node::Column(column) if column.up == 0 && column.source == 0 => column.column,
        _ => None,
    }
}

/// A query that takes rows of one relation as they are.
fn simple(query: &Query) -> Option<&Select> {
    let Body::Select(select) = &query.body else { return None };
    let plain = query.ctes.is_empty()
        && query.limit.is_none()
        && query.offset.is_none()
        && select.distinct.is_none()
        && select.group_by.is_empty()
        && !select.grouping_sets
        && select.having.is_none()
        && !select.aggregates
        && matches!(select.from.as_slice(), [FromItem::Source(_)])
        && select.sources.len() == 1
        && !select.targets.iter().any(|t| makes_rows(&t.value));
    plain.then_some(select)
}

/// Whether a value comes from a window or a function that gives sets.
fn makes_rows(value: &Expr) -> bool {
    match &value.node {
        Node::Call(call) => {
            call.over.is_some()
                || call.routine.returns_set
                || call.routine.kind == FunctionKind::Window
                || call.arguments.iter().any(makes_rows)
        }
        Node::Operation(_, operands) | Node::Choice(_, operands) | Node::Array(operands) | Node::Row(operands) => {
            operands.iter().any(makes_rows)
        }
        Node::Cast { operand, .. } | Node::Field(operand, _) => makes_rows(operand),
        Node::Case { branches, otherwise, .. } => {
            branches.iter().any(|(c, v)| makes_rows(c) || makes_rows(v)) || makes_rows(otherwise)
        }
        _ => false,
    }
}
