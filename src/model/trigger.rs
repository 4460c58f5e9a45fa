//! Triggers, rewrite rules and event triggers: code that runs because of somebody else's statement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionId, Origin};

/// A trigger on a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trigger {
    /// Its name, unique within the relation.
    pub name: String,
    /// BEFORE, AFTER or INSTEAD OF.
    pub timing: TriggerTiming,
    /// The events that fire it, in a fixed order.
    pub events: Vec<TriggerEvent>,
    /// FOR EACH ROW (else for each statement).
    pub for_each_row: bool,
    /// The function it calls.
    pub function: FunctionId,
    /// In which sessions it fires.
    pub fires: FiresWhen,
    /// The whole definition as `pg_get_triggerdef` prints it.
    pub definition: String,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// When a trigger runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

/// What fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum TriggerEvent {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// In which sessions a trigger, rule or event trigger fires (`session_replication_role`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FiresWhen {
    /// Ordinary sessions.
    Origin,
    /// Replication sessions only.
    Replica,
    /// All sessions.
    Always,
    /// None.
    Disabled,
}

/// A rewrite rule other than a view's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The whole definition as `pg_get_ruledef` prints it.
    pub definition: String,
    /// In which sessions it applies.
    pub fires: FiresWhen,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// An event trigger of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventTrigger {
    /// Its name.
    pub name: String,
    /// The event, such as `ddl_command_end`.
    pub event: String,
    /// The owning role.
    pub owner: String,
    /// The function it calls.
    pub function: FunctionId,
    /// The command tags it is limited to; empty means all.
    pub tags: Vec<String>,
    /// In which sessions it fires.
    pub fires: FiresWhen,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
