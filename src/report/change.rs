//! What a change does to access: the difference between two states, in words and with the statements that did it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diff::Direction;
use crate::finding::{Location, ObjectRef, Witness};

/// The difference between the state that was checked and another one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The other state, in words.
    pub base: String,
    /// How many findings stand there already and are not reported again, by severity word.
    pub standing: BTreeMap<String, u64>,
    /// How many findings are new or graver and accepted at once.
    #[serde(default)]
    pub accepted: u64,
    /// How many findings of the other state are gone.
    pub gone: u64,
    /// The differences in access, the widening ones first.
    pub access: Vec<AccessChange>,
}

/// One difference in access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessChange {
    /// Which way access went.
    pub direction: Direction,
    /// The roles that it concerns, the least trusted first.
    pub principals: Vec<String>,
    /// What they reach.
    pub object: ObjectRef,
    /// The commands or privileges.
    pub commands: Vec<String>,
    /// What changed, in words.
    pub text: String,
    /// A session and rows that show it, where conditions on rows decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Box<Witness>>,
    /// The statement that did it, when known.
    pub locations: Vec<Location>,
}

impl AccessChange {
    /// Who can or cannot do what now, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let who = self.principals.join(", ");
        // What changed is the subject where it is a thing; else whoever can or cannot.
        match (self.text.starts_with("the "), who.is_empty()) {
            (_, true) => self.text.clone(),
            (true, false) => format!("{} (for {who})", self.text),
            (false, false) => format!("{who} {}", self.text),
        }
    }
}

impl Change {
    /// How many differences went that way.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        self.access.iter().filter(|c| c.direction == direction).count()
    }

    /// How many findings stand in the other state.
    #[must_use]
    pub fn standing(&self) -> u64 {
        self.standing.values().sum()
    }
}
