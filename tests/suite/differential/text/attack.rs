//! Random rows and sessions against the answers of a round.

use std::fmt::Write as _;

use pgwitness::model::quote_literal;

use super::super::choice::Choice;
use super::schema::{Focus, Table};
use super::types::{USERS, cell};
use super::{Answer, Counts};
use crate::support::{block_on, explain};

const ROWS: usize = 24;
const WRITES: usize = 12;

/// Rows of what policies look up.
fn lookups(c: &mut Choice) -> String {
    let mut sql = String::new();
    for _ in 0..c.below(6) {
        let role = c.pick(&["'admin'", "'member'", "null", "'a'", "'lo'"]);
        write!(sql, "insert into app.members values ({}, {}, {role});", cell(c, "int", true), cell(c, "uuid", true))
            .unwrap();
    }
    for _ in 0..c.below(4) {
        let (id, owner, open) = (cell(c, "int", true), cell(c, "uuid", true), cell(c, "boolean", true));
        write!(sql, "insert into app.teams values ({id}, {owner}, {open});").unwrap();
    }
    sql
}

/// Settings of a session that the role may have: the platform gives a user's claims to the users' role only.
fn session(c: &mut Choice, role: &str) -> String {
    let mut claims = serde_json::Map::new();
    if role == "anon" {
        if c.chance(60) {
            claims.insert("role".to_owned(), "anon".into());
        }
    } else {
        claims.insert("sub".to_owned(), c.pick(&USERS).into());
        if c.chance(80) {
            claims.insert("role".to_owned(), role.into());
        }
        if c.chance(60) {
            let org = c.pick(&["a", "A", "1.0", "lo", "1"]);
            let team = c.below(3);
            let data = c.pick(&[
                serde_json::json!({ "org": org, "team": team }),
                serde_json::json!({ "org": null, "team": team.to_string() }),
                serde_json::json!({ "org": 1.0 }),
            ]);
            claims.insert("app_metadata".to_owned(), data);
        }
        if c.chance(50) {
            claims.insert("user_metadata".to_owned(), serde_json::json!({ "org": c.pick(&["a", "A", "1.0"]) }));
        }
        if c.chance(40) {
            claims.insert("email".to_owned(), c.pick(&["a", "A", "ab"]).into());
        }
        if c.chance(40) {
            let anonymous = c.pick(&[serde_json::json!(true), serde_json::json!(false), serde_json::json!("true")]);
            claims.insert("is_anonymous".to_owned(), anonymous);
        }
        if c.chance(40) {
            claims.insert("aal".to_owned(), c.pick(&["aal1", "aal2"]).into());
        }
    }
    let text = if claims.is_empty() { String::new() } else { serde_json::Value::Object(claims).to_string() };
    let mut sql = format!("select set_config('request.jwt.claims', {}, true);", quote_literal(&text));
    if c.chance(70) {
        let org = c.pick(&["", "a", "1.0"]);
        write!(sql, "select set_config('app.org', '{org}', true);").unwrap();
    }
    sql
}

/// A row for all columns but the tag.
fn values(c: &mut Choice, table: &Table) -> Vec<String> {
    table.columns.iter().map(|(_, kind, nullable)| cell(c, kind, *nullable)).collect()
}

/// One state and session, and all answers of a role held against it.
pub(super) fn attack(
    client: &tokio_postgres::Client,
    c: &mut Choice,
    role: &str,
    all: &[(&Table, Vec<Answer>)],
    counts: &mut Counts,
) -> Option<String> {
    let state = format!("begin; {} {}", lookups(c), session(c, role));
    run(client, &state);
    let mut wrong = None;
    for (table, answers) in all.iter().filter(|(t, _)| t.role == role) {
        if !answers.iter().any(|a| a.proved) {
            continue;
        }
        let found = match table.focus {
            Focus::Select => read(client, c, table, answers, counts),
            _ => write_all(client, c, table, answers, counts),
        };
        wrong = wrong.or(found.map(|found| format!("{found}\nstate: {state}")));
    }
    run(client, "rollback");
    wrong
}

fn run(client: &tokio_postgres::Client, sql: &str) {
    block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}\n{sql}", explain(&e)));
}

fn read(
    client: &tokio_postgres::Client,
    c: &mut Choice,
    table: &Table,
    answers: &[Answer],
    counts: &mut Counts,
) -> Option<String> {
    let rows: Vec<String> = (1..=ROWS).map(|tag| format!("{tag}, {}", values(c, table).join(", "))).collect();
    let name = format!("app.{}", table.name);
    block_on(client.query("select fuzz.fill($1, $2)", &[&name, &rows]))
        .unwrap_or_else(|e| panic!("{}\n{rows:?}", explain(&e)));
    for answer in answers.iter().filter(|a| a.proved) {
        let query = "select seen, beyond, missing from fuzz.reads($1, $2, $3)";
        let row = block_on(client.query_one(query, &[&name, &table.role, &answer.rule]))
            .unwrap_or_else(|e| panic!("{}\n{}\n{}", explain(&e), table.ddl, answer.rule));
        counts.rows += u64::try_from(row.get::<_, i32>(0)).unwrap();
        let found: Option<i32> = if answer.grants_all { row.get(2) } else { row.get(1) };
        if let Some(tag) = found {
            let tuple = rows.iter().find(|r| r.starts_with(&format!("{tag},"))).unwrap();
            return Some(format!("{answer:?}\nrow {tuple}\n{}", table.ddl));
        }
    }
    None
}

fn write_all(
    client: &tokio_postgres::Client,
    c: &mut Choice,
    table: &Table,
    answers: &[Answer],
    counts: &mut Counts,
) -> Option<String> {
    for _ in 0..WRITES {
        let (old, new) = (values(c, table), values(c, table));
        let before = (table.focus != Focus::Insert)
            .then(|| format!("insert into app.{} values (1, {})", table.name, old.join(", ")));
        let act = act(table, &new);
        for answer in answers.iter().filter(|a| a.proved) {
            if answer.grants_all && (table.focus == Focus::Update || table.only.is_some()) {
                continue;
            }
            let name = format!("app.{}", table.name);
            let query = "select fuzz.writes($1, $2, $3, $4, $5, $6)";
            let row =
                block_on(client.query_one(query, &[&name, &table.role, &before, &act, &answer.rule, &answer.is_new]))
                    .unwrap_or_else(|e| panic!("{}\n{}\n{act}", explain(&e), table.ddl));
            let came: Option<&str> = row.get(0);
            counts.writes += u64::from(matches!(came, Some("kept" | "beyond")));
            let wrong = if answer.grants_all { "locked" } else { "beyond" };
            if came == Some(wrong) {
                return Some(format!("{answer:?}\n{before:?}\n{act}\n{}", table.ddl));
            }
        }
    }
    None
}

/// The statement of the role, which reads no column.
fn act(table: &Table, new: &[String]) -> String {
    let may = |column: &str| table.only.as_ref().is_none_or(|only| only.contains(&column));
    let set: Vec<_> = table.columns.iter().zip(new).filter(|((n, ..), _)| may(n)).collect();
    match table.focus {
        Focus::Delete => format!("delete from app.{}", table.name),
        Focus::Update => {
            let set: Vec<_> = set.iter().map(|((n, ..), v)| format!("{n} = {v}")).collect();
            let set = if set.is_empty() { "tag = 1".to_owned() } else { set.join(", ") };
            format!("update app.{} set {set}", table.name)
        }
        _ => {
            let names: Vec<_> = std::iter::once("tag").chain(set.iter().map(|((n, ..), _)| *n)).collect();
            let values: Vec<_> = std::iter::once("1").chain(set.iter().map(|(_, v)| v.as_str())).collect();
            format!("insert into app.{} ({}) values ({})", table.name, names.join(", "), values.join(", "))
        }
    }
}
