//! What was tried, as a pgTAP suite: the rows, then one assertion for each statement, on whatever the database is by then.
//!
//! The suite needs a role that may set `session_replication_role`, as `postgres` on Supabase may. It runs in one
//! transaction that it rolls back. A statement runs in a block that ends in an error of our own, so that what it did is
//! undone before the next.

use std::fmt::Write;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::guest::Guest;
use super::seed::{Cells, insert_statement, stored};
use super::trial::{Setting, setting_names};
use crate::connector::ConnectError;
use crate::model::{Relation, quote_literal};
use crate::report::{Action, Case, ProbeOutcome, Trial};
use std::collections::BTreeMap;

/// Runs one statement as somebody and says what came of it.
const TRY: &str = "\
create function pg_temp.try(settings jsonb, run_as text, statement text) returns text language plpgsql as $try$
declare
    rows bigint;
    outcome text;
begin
    perform set_config(key, value, true) from jsonb_each_text(settings);
    execute format('set local role %I', run_as);
    execute statement;
    get diagnostics rows = row_count;
    raise exception using errcode = 'PGW00', message = rows || ' rows';
exception
    when sqlstate 'PGW00' then return sqlerrm;
    when others then return 'error ' || sqlstate;
end $try$;
";

/// The rows that are left in the tables that were filled, parents first.
///
/// # Errors
/// When the connection is lost.
pub async fn rows(client: &Client, setting: &Setting<'_, '_>) -> Result<Vec<(String, Vec<String>)>, ConnectError> {
    let mut all = Vec::new();
    for table in super::seed::order(setting.effective) {
        if !setting.seeded.rows.contains_key(&table.name) {
            continue;
        }
        let answer = client.simple_query(&format!("select * from {}", table.name)).await;
        let answer = answer.map_err(|e| ConnectError::query("reading the rows of a suite", e))?;
        let inserts = answer.iter().filter_map(|message| insert(table, message)).collect();
        all.push((table.name.to_string(), inserts));
    }
    Ok(all)
}

fn insert(table: &Relation, message: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let value = |(at, c): (usize, &tokio_postgres::SimpleColumn)| (c.name().to_owned(), row.get(at).map(str::to_owned));
    let cells: Cells = row.columns().iter().enumerate().map(value).collect();
    Some(insert_statement(table, &stored(table, &cells)))
}

/// The suite of a run.
#[must_use]
pub fn suite(setting: &Setting<'_, '_>, rows: &[(String, Vec<String>)], trials: &[Trial], cases: &[Case]) -> String {
    let names = setting_names(setting.guests);
    let mut tests = Vec::new();
    let mut failing = Vec::new();
    for trial in trials {
        let Some(guest) = guest(setting, &trial.role, &trial.persona) else { continue };
        let Some(expected) = expected(setting, trial) else { continue };
        let name = format!("{}: {} on {}: {expected}", trial.persona, trial.action.words(), trial.relation);
        if let Some(surprise) = &trial.surprise {
            failing.push(surprise.text.clone());
            continue;
        }
        tests.push(assertion(&settings(guest, &names, ""), &trial.role, &trial.statement, &expected, &name));
    }
    let (mut skipped, mut open) = (0_usize, Vec::new());
    for case in cases {
        let Some(guest) = setting.guests.iter().find(|g| g.persona.name == case.persona) else { continue };
        match case.expected.split_once(' ') {
            Some((rows, "row" | "rows")) => {
                let path = "public, extensions";
                let expected = format!("{rows} rows");
                open.push(assertion(
                    &settings(guest, &names, path),
                    &guest.persona.role,
                    &case.statement,
                    &expected,
                    &case.name,
                ));
            }
            _ => skipped += 1,
        }
    }
    tests.extend(open);
    let mut out =
        String::from("-- Written by `pgwitness test --emit pgtap`; runs with pg_prove and `supabase test db`.\n");
    for text in failing {
        let _ = writeln!(out, "-- left out, for it is not as it should be: {}", text.replace('\n', " "));
    }
    if skipped > 0 {
        let _ = writeln!(out, "-- left out: {skipped} tests of counts and errors");
    }
    let _ = write!(
        out,
        "begin;\ncreate extension if not exists pgtap with schema extensions;\nset local search_path = public, extensions;\nselect plan({});\n\n{TRY}\n",
        tests.len()
    );
    out.push_str("set local session_replication_role = replica;\n");
    for (table, inserts) in rows {
        let _ = writeln!(out, "delete from {table};");
        for insert in inserts {
            let _ = writeln!(out, "{insert};");
        }
    }
    out.push_str("set local session_replication_role = origin;\n");
    for refresh in super::seed::refreshes(setting.effective) {
        let _ = writeln!(out, "{refresh};");
    }
    let _ = writeln!(out, "\n{}", tests.join("\n"));
    out.push_str("\nselect * from finish();\nrollback;\n");
    out
}

fn guest<'g>(setting: &Setting<'g, '_>, role: &str, name: &str) -> Option<&'g Guest> {
    setting.guests.iter().find(|g| g.persona.role == role && g.persona.name == name)
}

fn settings(guest: &Guest, names: &[String], path: &str) -> String {
    let mut all: BTreeMap<String, String> = names.iter().map(|name| (name.clone(), String::new())).collect();
    all.extend(guest.persona.settings());
    all.extend(guest.settings.clone());
    all.insert("search_path".to_owned(), path.to_owned());
    serde_json::to_string(&all).unwrap_or_default()
}

/// What the assertion asks for; `None` where a count of rows does not say it.
fn expected(setting: &Setting<'_, '_>, trial: &Trial) -> Option<String> {
    use Action::{CopyIn, CopyOut, DeleteByCascade, SelectByKeptPlan, UpdateByCascade};
    // A function cannot copy, nor tell what a statement took along.
    if matches!(trial.action, CopyIn | CopyOut | DeleteByCascade | UpdateByCascade | SelectByKeptPlan) {
        return None;
    }
    let relation = setting.effective.schema().relation(&trial.relation)?;
    let alone = relation.triggers.is_empty() && relation.rules.is_empty() && relation.kind.carries_row_security();
    let counts = trial.action == Action::Select || alone && !matches!(trial.action, Action::Truncate | Action::Upsert);
    match &trial.outcome {
        ProbeOutcome::Seen { rows, .. } => counts.then(|| format!("{rows} rows")),
        ProbeOutcome::Hidden | ProbeOutcome::Empty => counts.then(|| "0 rows".to_owned()),
        ProbeOutcome::Refused => Some("error 42501".to_owned()),
        ProbeOutcome::Error { sqlstate, .. } => Some(format!("error {sqlstate}")),
        ProbeOutcome::NothingSeen | ProbeOutcome::NotTested { .. } => None,
    }
}

fn assertion(settings: &str, role: &str, statement: &str, expected: &str, name: &str) -> String {
    let each = [settings, role, statement, expected, name].map(quote_literal);
    let [settings, role, statement, expected, name] = each;
    format!("select is(pg_temp.try({settings}, {role}, {statement}), {expected}, {name});")
}
