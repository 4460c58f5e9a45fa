//! Trials: reads and writes as each guest on rows that were made for them, each rolled back and held against the rules.
//!
//! A session holds one transaction and one savepoint, and goes back to that savepoint before each trial: a trial is one
//! message. Beside the statement, run as the guest, the message asks as the connected role which rows there are and which
//! rules are true of them, so that what a write did is known by what it left, whoever may read it.

mod attempt;
mod cascade;
mod compare;
mod control;
mod copy;
mod judge;
mod kept;
mod outcome;
mod run;
mod session;
mod show;

use std::time::Duration;

use crate::access::Intent;
use crate::analyzer::effective::Effective;
use crate::report::{Trial, VerdictEntry};

use super::guest::Guest;
use super::seed::Seeded;

pub(super) use attempt::new_row;
pub(super) use compare::is_proved;
pub use control::Control;
pub(super) use outcome::failed;
pub use run::run;
pub(super) use run::setting_names;
pub(super) use session::{Answer, Session, Target, answer_of, claims, request_for, set};

/// What trials are made of.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'t, 'a> {
    /// Effective access, and with it the model.
    pub effective: &'t Effective<'a>,
    /// The rows that were made.
    pub seeded: &'t Seeded,
    /// What is expected.
    pub intent: &'t Intent,
    /// What was decided of it.
    pub verdicts: &'t [VerdictEntry],
    /// Who tries.
    pub guests: &'t [Guest],
}

/// The bounds of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// `statement_timeout` of each trial.
    pub statement_timeout: Duration,
    /// `lock_timeout` of each trial.
    pub lock_timeout: Duration,
    /// How long all trials may take together; what is left then is not tested.
    pub budget: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            statement_timeout: Duration::from_secs(2),
            lock_timeout: Duration::from_secs(1),
            budget: Duration::from_secs(120),
        }
    }
}

/// What trials came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tried {
    /// Every trial, by relation, guest and action.
    pub trials: Vec<Trial>,
    /// How many trials were not made for want of time.
    pub left: usize,
    /// Rules that the server could not evaluate, with its words.
    pub unjudged: Vec<String>,
    /// Whether access that the tester widened itself was seen.
    pub control: Control,
}
