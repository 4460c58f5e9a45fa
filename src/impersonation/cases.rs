//! Tests that a project declares: one statement of a persona each, run on the rows that were made, rolled back.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::guest::{Guest, user_key};
use super::seed::Seeded;
use super::trial::{Bounds, Setting, answer_of, open};
use super::unanswered;
use crate::access::{DeclaredTest, Expects};
use crate::connector::ConnectError;
use crate::model::{Schema, quote_literal};
use crate::report::{Action, Case, ProbeOutcome, Trial};

/// Runs every test whose persona there is. `guests` holds all personas, the declared ones too.
///
/// # Errors
/// When the connection is lost.
pub async fn run(
    client: &Client,
    setting: &Setting<'_, '_>,
    tests: &[DeclaredTest],
) -> Result<Vec<Case>, ConnectError> {
    let session = open(client, &Bounds::default()).await?;
    let mut cases = Vec::new();
    for test in tests {
        let Some(guest) = named(setting.guests, &test.who) else { continue };
        let statement = filled(&test.statement, setting, guest, quote_literal);
        session.renew();
        let answer = answer_of(&session, setting, guest, &statement).await?;
        let unanswered = answer.as_ref().err().and_then(unanswered::told);
        let (actual, passed) = match &answer {
            Ok(answer) => came(answer, &test.expects),
            Err(error) => {
                let said = format!("the error `{}` ({})", error.message(), error.code().code());
                let is_it = matches!(&test.expects, Expects::Error(part) if error.code().code() == part || error.message().contains(part.as_str()));
                (unanswered.clone().unwrap_or(said), is_it && unanswered.is_none())
            }
        };
        cases.push(Case {
            name: test.name.clone().unwrap_or_else(|| test.statement.trim().to_owned()),
            persona: guest.persona.name.clone(),
            statement,
            expected: test.expects.to_string(),
            actual,
            passed,
            unanswered: unanswered.is_some(),
            file: test.place.file.display().to_string(),
            line: u64::try_from(test.place.line).unwrap_or_default(),
        });
    }
    session.close().await?;
    Ok(cases)
}

/// The persona of a name; `user 1` is short for `user 1 of tenant 1`.
#[must_use]
pub fn named<'g>(guests: &'g [Guest], name: &str) -> Option<&'g Guest> {
    let exact = guests.iter().rfind(|g| g.persona.name == name);
    let short =
        || guests.iter().find(|g| g.persona.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(" of ")));
    exact.or_else(short)
}

/// A text with what `$user`, `$other` and `$tenant` stand for, each as `quote` writes it.
pub(super) fn filled(text: &str, setting: &Setting<'_, '_>, guest: &Guest, quote: impl Fn(&str) -> String) -> String {
    fill(text, setting.effective.schema(), setting.seeded, (guest.user.unwrap_or(0), guest.other()), quote)
}

/// The same by numbers: the user, and who is somebody else to it.
pub(super) fn fill(
    text: &str,
    schema: &Schema,
    seeded: &Seeded,
    (user, other): (usize, usize),
    quote: impl Fn(&str) -> String,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (word, tail) = after.split_at(end);
        match word {
            "user" => out.push_str(&quote(&user_key(seeded, user))),
            "other" => out.push_str(&quote(&user_key(seeded, other))),
            "tenant" => out.push_str(&quote(&super::guest::tenant_key(schema, seeded, user))),
            _ => {
                out.push('$');
                out.push_str(word);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Who the tests of a project are written for: a visitor, somebody unknown, and users of each tenant and of both.
const WRITTEN: [&str; 5] = ["anon", "a signed-in user", "user 1 of ", "user 3 of ", "user 4 of "];

/// What trials came to as tests: what may be read, and what a DELETE without a filter reaches.
#[must_use]
pub fn written(schema: &Schema, trials: &[Trial]) -> String {
    let mut out = String::from(
        "# What everybody can do today, written by `pgwitness init --tests` to be reviewed; `pgwitness test` runs it.\n\
         # Rows are made for four users in two tenants: 1 and 2 share one, 3 is in the other, 4 in both.\n",
    );
    for trial in trials {
        let relation = schema.relation(&trial.relation);
        let alone =
            relation.is_some_and(|r| r.kind.carries_row_security() && r.triggers.is_empty() && r.rules.is_empty());
        let statement = match trial.action {
            Action::Select => format!("select 1 from {}", trial.relation),
            Action::DeleteBlind if alone => format!("delete from {}", trial.relation),
            _ => continue,
        };
        let is_for = |name: &str| trial.persona == name || name.ends_with(' ') && trial.persona.starts_with(name);
        let expected = match &trial.outcome {
            ProbeOutcome::Seen { rows, .. } => format!("rows = {rows}"),
            ProbeOutcome::Hidden | ProbeOutcome::Empty => "rows = 0".to_owned(),
            ProbeOutcome::Refused => "error = \"42501\"".to_owned(),
            ProbeOutcome::Error { sqlstate, .. } => format!("error = \"{sqlstate}\""),
            ProbeOutcome::NothingSeen | ProbeOutcome::NotTested { .. } => continue,
        };
        if WRITTEN.into_iter().any(is_for) {
            let text = |text: &str| toml::Value::from(text).to_string();
            out.push_str(&format!(
                "\n[[test]]\nas = {}\ndo = {}\n{expected}\n",
                text(&trial.persona),
                text(&statement)
            ));
        }
    }
    out
}

/// What an answer is in words, and whether it is what was expected.
fn came(answer: &[SimpleQueryMessage], expects: &Expects) -> (String, bool) {
    let rows = answer.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    let rows = rows.unwrap_or_default();
    match expects {
        Expects::Count(wanted) => {
            let last = answer.iter().rev().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            let found = last.as_deref().and_then(|text| text.parse::<i64>().ok());
            let said = last.map_or_else(|| "no value".to_owned(), |text| format!("a value of {text}"));
            (found.map_or(said, |n| format!("a count of {n}")), found == Some(*wanted))
        }
        Expects::Rows(wanted) => (Expects::Rows(rows).to_string(), rows == *wanted),
        Expects::Error(_) => (format!("no error, and {}", Expects::Rows(rows)), false),
    }
}
