//! What was tried by other doors than commands on relations: calls, roles that can be taken, sequences, triggers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ProbeOutcome, Surprise};

/// A statement that was run as a persona on a server of our own, and rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoorTrial {
    /// The persona, such as `anon` or `user 1`.
    pub persona: String,
    /// The role it acts as.
    pub role: String,
    /// The kind of door.
    pub door: DoorKind,
    /// What it leads through: a function with its argument types, a role, a relation, a schema, a channel, a bucket.
    pub object: String,
    /// The statement.
    pub statement: String,
    /// What came of it.
    pub outcome: ProbeOutcome,
    /// The rules that bound it, in words, where some are declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was reached by it that the persona does not reach otherwise, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<String>,
    /// Where that is not what was to be expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surprise: Option<Surprise>,
}

/// The kinds of doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoorKind {
    /// A function, called with what is another user's.
    Call,
    /// A function, called with text that breaks SQL which it is pasted into, and does nothing else.
    Injection,
    /// SET ROLE.
    SetRole,
    /// A trigger of one's own on a table of somebody else, which fires it.
    Trigger,
    /// DROP OWNED.
    DropOwned,
    /// A sequence that is set.
    Sequence,
    /// A large object that is read.
    LargeObject,
    /// A channel that is listened to.
    Channel,
    /// A topic of Realtime, listened to or sent on.
    Topic,
    /// A table that was made after the grants, read by the role.
    NewTable,
    /// A bucket of Storage whose files are listed: those that were put there for oneself and for another user.
    BucketList,
    /// The same, files of another user replaced by uploads with `upsert`.
    BucketOverwrite,
    /// A privilege that is granted to yet another role.
    HandOn,
    /// A role that makes itself a member of another.
    JoinRole,
    /// A schema in which a table is made.
    Create,
    /// A table that foreign keys of another table are pointed at.
    Reference,
    /// Row-level security that is taken off a table.
    RowSecurity,
    /// A setting that is preset, so that a session which says nothing is somebody.
    Preset,
    /// A table of the platform, read or written.
    PlatformTable,
    /// A function of another's rights, whose tables are looked for among temporary ones first.
    TempTable,
    /// A function marked LEAKPROOF, in a condition on rows that policies hide.
    Leakproof,
    /// A view that leaves rows out, with a function of the role's own in the condition on it.
    FilterView,
    /// A function that makes a setting which policies go by, called with a value of the caller's choice.
    ChosenSetting,
    /// A unique index, with a row that has the values of one that is hidden.
    UniqueValue,
    /// A trigger with its owner's rights, fired by a write of the role's own.
    FiredTrigger,
    /// A restrictive policy for a group, beside the same policy for the member that it does not bind.
    UnboundPolicy,
}

impl DoorKind {
    /// What is done, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Call => "calling",
            Self::Injection => "calling with a quote in each text",
            Self::SetRole => "becoming",
            Self::Trigger => "a trigger on",
            Self::DropOwned => "dropping what is owned by",
            Self::Sequence => "setting",
            Self::LargeObject => "reading the large object",
            Self::Channel => "listening to",
            Self::Topic => "joining the topic",
            Self::NewTable => "a new table in",
            Self::BucketList => "listing the bucket",
            Self::BucketOverwrite => "replacing files in the bucket",
            Self::HandOn => "handing on privileges on",
            Self::JoinRole => "making itself a member of",
            Self::Create => "making a table in",
            Self::Reference => "pointing a foreign key at",
            Self::RowSecurity => "taking row-level security off",
            Self::Preset => "starting with the preset",
            Self::PlatformTable => "reading or writing the platform's table",
            Self::TempTable => "putting temporary tables in the place of those of",
            Self::Leakproof => "filtering hidden rows by",
            Self::FilterView => "looking past the condition of",
            Self::ChosenSetting => "choosing a setting by",
            Self::UniqueValue => "adding what hidden rows have to",
            Self::FiredTrigger => "firing the trigger",
            Self::UnboundPolicy => "going round the policy",
        }
    }
}
