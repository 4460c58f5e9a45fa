//! Through which views rows can be written (`pg_relation_is_updatable`).

use crate::migrations::replay::catalog::object::Relation;
use crate::migrations::replay::catalog::{Catalog, Id};
use crate::model::{RelationKind, TriggerEvent, TriggerTiming};

impl Catalog {
    /// Whether INSERT, UPDATE and DELETE reach a table through a view, by itself, a trigger or a rule.
    pub(super) fn commands_of_view(&self, id: Id, row: &Relation) -> [bool; 3] {
        if row.kind != RelationKind::View {
            return [false; 3];
        }
        let events = [TriggerEvent::Insert, TriggerEvent::Update, TriggerEvent::Delete];
        let words = ["insert", "update", "delete"];
        let by_trigger = events.map(|event| {
            let fits = |t: &super::super::catalog::object::Trigger| {
                t.relation == id && t.timing == TriggerTiming::InsteadOf && t.events.contains(&event)
            };
            self.triggers.iter().any(|(_, t)| fits(t))
        });
        let by_rule = words.map(|word| {
            let fits = |r: &super::super::catalog::object::Rule| {
                r.relation == id && r.instead && r.condition.is_none() && r.event == word
            };
            self.rules.iter().any(|(_, r)| fits(r))
        });
        let mut all = [false; 3];
        for (all, (trigger, rule)) in all.iter_mut().zip(by_trigger.into_iter().zip(by_rule)) {
            *all = trigger || rule;
        }
        all
    }
}
