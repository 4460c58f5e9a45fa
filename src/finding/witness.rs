//! Witnesses as plain data: the session and rows that show that access is not as it should be.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::QualifiedName;

/// A session and rows that show a violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// The claims of the request's token; `null` for a request without one.
    pub claims: Option<serde_json::Value>,
    /// Other settings of the session.
    pub settings: BTreeMap<String, String>,
    /// The rows that matter, those of the question first; columns that do not matter are left out.
    pub rows: Vec<WitnessRow>,
    /// A script that shows it on any copy of the database, and changes nothing.
    pub sql: String,
    /// What came of running it on a server of our own; `null` where that was not tried.
    pub replay: Option<Replay>,
}

/// A row of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessRow {
    /// The relation.
    pub relation: QualifiedName,
    /// What it is to the question.
    pub part: Part,
    /// The values that matter, as text; `null` is NULL.
    pub values: BTreeMap<String, Option<String>>,
}

/// What a row of a witness is to the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The row that is reached.
    Reached,
    /// The row as it is written.
    Written,
    /// A row that conditions look up.
    LookedUp,
}

/// What came of running a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// Whether the server showed the violation.
    pub reproduced: bool,
    /// What the server said otherwise, or how it was brought about.
    pub remark: Option<String>,
}

impl Witness {
    /// `claims {"sub": ".."}; public.t (id 1, owner NULL)`: a witness on one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut parts = vec![match &self.claims {
            Some(claims) => format!("claims {claims}"),
            None => "no claims".to_owned(),
        }];
        parts.extend(self.settings.iter().map(|(name, value)| format!("{name} = '{value}'")));
        parts.extend(self.rows.iter().map(|row| {
            let values: Vec<_> = row
                .values
                .iter()
                .map(|(column, value)| format!("{column} {}", value.as_deref().unwrap_or("NULL")))
                .collect();
            let values = if values.is_empty() { "any values".to_owned() } else { values.join(", ") };
            let part = match row.part {
                Part::Reached => "the row of",
                Part::Written => "written to",
                Part::LookedUp => "beside it",
            };
            format!("{part} {} ({values})", row.relation)
        }));
        parts.join("; ")
    }
}
