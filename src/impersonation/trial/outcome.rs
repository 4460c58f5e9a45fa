//! What came of an attempt, by the server's answer.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::DbError;

use super::attempt::Attempt;
use super::compare::Observed;
use super::judge::Rows;
use super::session::Answer;
use crate::impersonation::guest::Guest;
use crate::impersonation::unanswered::{self, is_no_answer};
use crate::model::{Command, Relation, RelationKind};
use crate::report::{Action, ProbeOutcome, Trial};

/// The server's function that refuses a value of a setting, as that of `role` (`guc.c`; its messages may be translated).
const TAKING_A_ROLE: &str = "call_string_check_hook";

/// Whether a read ran.
pub(super) fn is_read(trial: &Trial) -> bool {
    matches!(trial.outcome, ProbeOutcome::Seen { .. } | ProbeOutcome::Hidden | ProbeOutcome::Empty)
}

/// What an error says: refused, failed for another reason, or no answer at all.
pub(in crate::impersonation) fn failed(error: &DbError) -> ProbeOutcome {
    match error.code().code() {
        // The login may not take the role: what the role may do was not seen.
        "42501" if error.routine() == Some(TAKING_A_ROLE) => {
            ProbeOutcome::NotTested { reason: error.message().to_owned() }
        }
        "42501" => ProbeOutcome::Refused,
        code if is_no_answer(code) => ProbeOutcome::NotTested { reason: unanswered::reason(error.message(), code) },
        code => ProbeOutcome::Error { sqlstate: code.to_owned(), message: error.message().to_owned() },
    }
}

/// A trial that came to something, before it is held against anything.
pub(super) fn trial(guest: &Guest, relation: &Relation, attempt: &Attempt, outcome: ProbeOutcome) -> Trial {
    Trial {
        persona: guest.persona.name.clone(),
        role: guest.persona.role.clone(),
        relation: relation.name.clone(),
        action: attempt.action,
        column: attempt.column.clone(),
        statement: attempt.sql.clone(),
        outcome,
        expected: None,
        surprise: None,
    }
}

/// What an attempt came to, by the rows there were and the rows there are.
pub(super) fn observe(action: Action, answer: Answer, before: &Rows, kind: RelationKind) -> Observed {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return Observed { outcome: failed(&error), old: Vec::new(), new: Vec::new() };
        }
    };
    let (old, new) = if action == Action::Select {
        (Rows::seen(&answer), Vec::new())
    } else {
        let after = Rows::judged(&answer);
        let old = before.without(&after).map(|(id, _)| id.clone()).collect();
        (old, after.without(before).map(|(_, rules)| rules.clone()).collect())
    };
    let mut rows = u32::try_from(old.len().max(new.len())).unwrap_or(u32::MAX);
    if rows == 0 && kind == RelationKind::View && action.command() == Command::Insert {
        // What is added through a view need not stand in it.
        rows = added(&answer);
    }
    let outcome = match rows {
        0 if before.0.is_empty() && action.command() != Command::Insert => ProbeOutcome::Empty,
        0 => ProbeOutcome::Hidden,
        rows => ProbeOutcome::Seen { rows, at_least: false },
    };
    Observed { outcome, old, new }
}

/// The rows that the server says were added, by the statement before the judge's three.
fn added(answer: &[SimpleQueryMessage]) -> u32 {
    let mut done = answer.iter().rev().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    done.nth(3).map_or(0, |rows| u32::try_from(rows).unwrap_or(u32::MAX))
}
