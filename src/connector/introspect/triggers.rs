//! Triggers, rewrite rules and event triggers.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{EventTrigger, Origin, Rule, Trigger, TriggerEvent, TriggerTiming};

pub(super) const QUERY: Query = Query::new("triggers", include_str!("triggers.sql"));
pub(super) const RULES: Query = Query::new("rules", include_str!("rules.sql"));
pub(super) const EVENT_TRIGGERS: Query = Query::new("event triggers", include_str!("event_triggers.sql"));

/// Bits of `pg_trigger.tgtype` (PostgreSQL's `catalog/pg_trigger.h`).
mod bits {
    pub(super) const ROW: i16 = 1;
    pub(super) const BEFORE: i16 = 1 << 1;
    pub(super) const INSERT: i16 = 1 << 2;
    pub(super) const DELETE: i16 = 1 << 3;
    pub(super) const UPDATE: i16 = 1 << 4;
    pub(super) const TRUNCATE: i16 = 1 << 5;
    pub(super) const INSTEAD: i16 = 1 << 6;
}

/// Adds triggers and rules to their relations.
pub(super) fn add(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let triggers = batch.read(&QUERY, context, trigger)?;
    attach(relations, triggers, |relation, trigger| relation.triggers.push(trigger));
    let rules = batch.read(&RULES, context, rule)?;
    attach(relations, rules, |relation, rule| relation.rules.push(rule));
    Ok(())
}

fn trigger(record: &Record<'_>) -> Result<(u32, Trigger), ConnectError> {
    let (name, bits): (String, i16) = (record.text("name")?, record.get("type")?);
    let events = [
        (bits::INSERT, TriggerEvent::Insert),
        (bits::UPDATE, TriggerEvent::Update),
        (bits::DELETE, TriggerEvent::Delete),
        (bits::TRUNCATE, TriggerEvent::Truncate),
    ];
    let trigger = Trigger {
        timing: match bits {
            b if b & bits::INSTEAD != 0 => TriggerTiming::InsteadOf,
            b if b & bits::BEFORE != 0 => TriggerTiming::Before,
            _ => TriggerTiming::After,
        },
        events: events.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, event)| event).collect(),
        for_each_row: bits & bits::ROW != 0,
        function: record.trigger_function()?,
        fires: record.fires()?,
        definition: record.printed("definition", &name)?,
        name,
        origin: Origin::Catalog,
    };
    Ok((record.oid("relation")?, trigger))
}

fn rule(record: &Record<'_>) -> Result<(u32, Rule), ConnectError> {
    let name = record.text("name")?;
    let definition = record.printed("definition", &name)?;
    let rule = Rule { definition, fires: record.fires()?, name, origin: Origin::Catalog };
    Ok((record.oid("relation")?, rule))
}

pub(super) fn event_triggers(batch: &Batch, context: &Context) -> Result<Vec<EventTrigger>, ConnectError> {
    batch.read(&EVENT_TRIGGERS, context, |record| {
        Ok(EventTrigger {
            name: record.text("name")?,
            event: record.text("event")?,
            owner: record.role("owner")?,
            function: record.trigger_function()?,
            tags: record.texts("tags")?,
            fires: record.fires()?,
            origin: Origin::Catalog,
        })
    })
}
