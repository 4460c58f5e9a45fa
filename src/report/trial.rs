//! What was attempted on a server of our own as each persona: what came of it, beside what was to be expected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProbeOutcome;
use crate::finding::Reproduce;
use crate::model::{Command, QualifiedName};

/// A statement that was run as a persona on rows made for it, or for who asks on a few rows of a running database, and rolled
/// back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// The persona, such as `anon` or `user 1`.
    pub persona: String,
    /// The role it acts as.
    pub role: String,
    /// The relation.
    pub relation: QualifiedName,
    /// What was attempted.
    pub action: Action,
    /// The column that an UPDATE of one column sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The statement.
    pub statement: String,
    /// What came of it; rows that a write changed count as seen.
    pub outcome: ProbeOutcome,
    /// The rules that bound it, in words; `null` where nothing is declared or read.
    pub expected: Option<String>,
    /// Where both disagree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surprise: Option<Surprise>,
}

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `SELECT` of every row.
    Select,
    /// `INSERT` of a row that is one's own, as `return=minimal` makes it.
    Insert,
    /// The same with `RETURNING`, as `return=representation` makes it.
    InsertReturning,
    /// `INSERT` of a row that is another user's.
    InsertForOther,
    /// `INSERT` of a row that names oneself and another tenant.
    InsertAcross,
    /// `UPDATE` that reads no column.
    UpdateBlind,
    /// `UPDATE` with a WHERE.
    UpdateFiltered,
    /// `UPDATE` of one column.
    UpdateColumn,
    /// `UPDATE` that makes oneself the owner.
    TakeOver,
    /// `UPDATE` that makes another user the owner.
    GiveAway,
    /// `INSERT .. ON CONFLICT DO UPDATE` of another user's row.
    Upsert,
    /// `MERGE .. UPDATE`.
    MergeUpdate,
    /// `MERGE .. INSERT` of a row for another user.
    MergeInsert,
    /// `MERGE .. DELETE`.
    MergeDelete,
    /// `DELETE` that reads no column.
    DeleteBlind,
    /// `DELETE` with a WHERE.
    DeleteFiltered,
    /// `TRUNCATE`.
    Truncate,
    /// `DELETE` from a table that the rows refer to, which takes them with it, or sets their references to NULL or defaults.
    DeleteByCascade,
    /// `UPDATE` of the key of what another user's row refers to, which changes its references along, or sets them to NULL or
    /// defaults.
    UpdateByCascade,
    /// `COPY .. TO STDOUT`.
    CopyOut,
    /// `COPY .. FROM STDIN` of a row that is one's own.
    CopyIn,
    /// `SELECT` by a prepared statement whose plan other personas of the session used before.
    SelectByKeptPlan,
}

impl Action {
    /// The command whose rules bound it.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Self::Select | Self::CopyOut | Self::SelectByKeptPlan => Command::Select,
            Self::Insert
            | Self::InsertReturning
            | Self::InsertForOther
            | Self::InsertAcross
            | Self::MergeInsert
            | Self::CopyIn => Command::Insert,
            Self::DeleteBlind | Self::DeleteFiltered | Self::MergeDelete | Self::Truncate | Self::DeleteByCascade => {
                Command::Delete
            }
            _ => Command::Update,
        }
    }

    /// What it is called in sentences.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::InsertReturning => "insert returning",
            Self::InsertForOther => "insert for another user",
            Self::InsertAcross => "insert into another tenant",
            Self::UpdateBlind => "update without a filter",
            Self::UpdateFiltered => "update",
            Self::UpdateColumn => "update of a column",
            Self::TakeOver => "update that takes rows over",
            Self::GiveAway => "update that gives rows away",
            Self::Upsert => "upsert",
            Self::MergeUpdate => "merge that updates",
            Self::MergeInsert => "merge that inserts for another user",
            Self::MergeDelete => "merge that deletes",
            Self::DeleteBlind => "delete without a filter",
            Self::DeleteFiltered => "delete",
            Self::Truncate => "truncate",
            Self::DeleteByCascade => "delete of what rows refer to",
            Self::UpdateByCascade => "new key of what rows refer to",
            Self::CopyOut => "copy to stdout",
            Self::CopyIn => "copy from stdin",
            Self::SelectByKeptPlan => "select by a plan that others used",
        }
    }
}

/// Where what happened is not what was to be expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Surprise {
    /// What kind of disagreement it is.
    pub kind: SurpriseKind,
    /// Both sides, as a sentence.
    pub text: String,
    /// The text of the rule that it is about; `None` where no rule is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whether somebody declared what was expected; else it was read from columns, keys and policies.
    pub declared: bool,
    /// How to see it.
    pub reproduce: Reproduce,
}

/// The kinds of disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurpriseKind {
    /// Rows were reached that a rule denies.
    Beyond,
    /// Rows were not reached that a rule grants.
    Missing,
    /// What pgwitness proved does not hold on the server: a bug of pgwitness.
    Contradiction,
}
