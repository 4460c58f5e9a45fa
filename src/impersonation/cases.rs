//! Tests that a project declares: one statement of a persona each, run on the rows that were made, rolled back.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, SimpleQueryMessage};

use super::cast::{TENANTS, USERS, tenant_id, user_id};
use super::guest::{Guest, user_key};
use super::seed::Seeded;
use super::trial::{Bounds, Session, Setting, Target, answer_of, claims, request_for, set, setting_names};
use super::unanswered;
use crate::access::{DeclaredRequest, DeclaredTest, Expects};
use crate::connector::ConnectError;
use crate::model::{Constraint, ConstraintKind, Relation, Schema, quote_literal};
use crate::report::{Action, Case, ProbeOutcome, Trial};

/// Runs every test whose persona there is. `guests` holds all personas, the declared ones too.
///
/// # Errors
/// When the connection is lost.
pub async fn run(
    client: &Client,
    setting: &Setting<'_, '_>,
    (bounds, tests): (&Bounds, &[DeclaredTest]),
) -> Result<Vec<Case>, ConnectError> {
    let session = Session::open(client, bounds).await?;
    let mut cases = Vec::new();
    for test in tests {
        let Some(guest) = named(setting.guests, &test.who) else { continue };
        let statement = filled(&test.statement, setting, guest, quote_literal);
        session.renew();
        let answer = match &test.request {
            None => answer_of(&session, setting, guest, &statement).await?,
            Some(request) => session.send(&format!("{}{statement}", as_request(setting, guest, request))).await?,
        };
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

/// What makes a session a request of a guest's, as PostgREST would.
fn as_request(setting: &Setting<'_, '_>, guest: &Guest, request: &DeclaredRequest) -> String {
    let json = |pairs: &BTreeMap<String, String>| {
        let each = pairs.iter().map(|(name, text)| (name.clone(), filled(text, setting, guest, str::to_owned).into()));
        serde_json::Value::Object(each.collect()).to_string()
    };
    let sent = [
        ("request.headers".to_owned(), json(&request.headers)),
        ("request.cookies".to_owned(), json(&request.cookies)),
    ];
    // Which schema is asked for, a header says.
    let profile = ["accept-profile", "content-profile"].iter().find_map(|name| request.headers.get(*name));
    let target =
        Target { namespace: profile.map_or("public", String::as_str), path: &request.path, method: &request.method };
    let schema = setting.effective.schema();
    let claims = claims(guest, &setting_names(setting.guests));
    format!("{claims}{}{}", set(&BTreeMap::from(sent)), request_for(schema, guest, target))
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

/// Whether a statement means the same in another run: its values are texts of our own and the ids of our users, but no key
/// that the database made up.
fn is_steady(relation: &Relation, statement: &str) -> bool {
    let refers = |c: &Constraint| match &c.kind {
        ConstraintKind::ForeignKey(key) => key.relation.name != "users",
        _ => false,
    };
    let keys = relation.constraints.iter().filter(|c| refers(c)).flat_map(|c| &c.columns);
    let named = |column: &str| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        statement.split(|c: char| !is_part(c)).any(|word| word == column)
    };
    let own: Vec<_> = (0..USERS).map(user_id).chain((0..TENANTS).map(tenant_id)).collect();
    let is_key = |text: &&str| text.len() == 36 && text.matches('-').count() == 4;
    let made_up = statement.split('\'').filter(is_key).any(|text| !own.iter().any(|id| id == text));
    !made_up && !keys.into_iter().any(|column| named(column))
}

/// What a trial is as a test; `None` for those that are none, or that mean something else in another run.
fn statement_of(relation: &Relation, trial: &Trial) -> Option<String> {
    let alone = relation.kind.carries_row_security() && relation.triggers.is_empty() && relation.rules.is_empty();
    let is_access = matches!(trial.outcome, ProbeOutcome::Seen { .. } | ProbeOutcome::Hidden | ProbeOutcome::Refused);
    match trial.action {
        Action::Select => Some(format!("select 1 from {}", trial.relation)),
        Action::DeleteBlind if alone => Some(format!("delete from {}", trial.relation)),
        Action::Insert | Action::InsertForOther | Action::UpdateFiltered | Action::GiveAway
            if alone && is_access && is_steady(relation, &trial.statement) =>
        {
            Some(trial.statement.clone())
        }
        _ => None,
    }
}

/// What trials came to as tests: what may be read, what a DELETE without a filter reaches, and what may be added and
/// changed where the statement means the same in every run.
#[must_use]
pub fn written(schema: &Schema, trials: &[Trial]) -> String {
    let mut out = String::from(
        "# What everybody can do today, written by `pgwitness init --tests` to be reviewed; `pgwitness test` runs it.\n\
         # Rows are made for four users in two tenants: 1 and 2 share one, 3 is in the other, 4 in both.\n",
    );
    let mut met = BTreeSet::new();
    for trial in trials {
        let statement = schema.relation(&trial.relation).and_then(|relation| statement_of(relation, trial));
        let Some(statement) = statement.filter(|s| met.insert((trial.persona.clone(), s.clone()))) else { continue };
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

/// What an answer is in words, and whether it is what was expected: of the last statement, the others are our own.
fn came(answer: &[SimpleQueryMessage], expects: &Expects) -> (String, bool) {
    let mut ends = answer.iter().enumerate().rev().filter_map(|(at, message)| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some((at, *rows)),
        _ => None,
    });
    let rows = ends.next().map_or(0, |(_, rows)| rows);
    let own = ends.next().map_or(0, |(at, _)| at);
    match expects {
        Expects::Count(wanted) => {
            let last = answer.iter().skip(own).rev().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            let found = last.as_deref().and_then(|text| text.parse::<i64>().ok());
            let said = last.map_or_else(
                || format!("no value, and {} (`rows` expects a number of rows)", Expects::Rows(rows)),
                |text| format!("a value of {text}"),
            );
            (found.map_or(said, |n| format!("a count of {n}")), found == Some(*wanted))
        }
        Expects::Rows(wanted) => (Expects::Rows(rows).to_string(), rows == *wanted),
        Expects::Error(_) => (format!("no error, and {}", Expects::Rows(rows)), false),
    }
}
