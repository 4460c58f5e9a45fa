//! Access rules held against policies, both as text: migrations are replayed, rules are resolved, verdicts are judged, as
//! `check` does it, and the server says whether that was right.
//!
//! The other suites of this folder make terms and print them. Here nothing of ours stands between the text and the server,
//! so that a misreading of what people write (a cast, a printed number, a captured name, a default) shows. Proofs are
//! attacked with random rows, writes and sessions; every violation is replayed by its own script.

mod attack;
mod expression;
mod pairs;
pub(crate) mod schema;
pub(crate) mod types;

use std::collections::BTreeMap;
use std::path::PathBuf;

use pgwitness::access;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay_script;
use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::model::Schema;
use pgwitness::report::{Asked, Decided, RowOf};
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Judged, Kind, judge};

use super::choice::{Choice, first_seed, rounds};
use super::policies::VARIABLE_FREE;
use crate::support::{self, TestDatabase, block_on};
use schema::{Focus, Table};

const TABLES: usize = 36;
const HELPERS: usize = 3;
const STATES: usize = 5;

/// What a run came to.
#[derive(Debug, Default)]
struct Counts {
    proved: u64,
    violated: u64,
    /// Violations without a script.
    mute: u64,
    unknown: BTreeMap<String, u64>,
    /// Tables that the server refused.
    refused: u64,
    rows: u64,
    writes: u64,
    /// What the server contradicts.
    wrong: Vec<String>,
}

/// A question as it was answered.
#[derive(Debug)]
struct Answer {
    rule: String,
    is_new: bool,
    grants_all: bool,
    proved: bool,
}

#[test]
fn texts_mean_what_the_server_says() {
    println!("{}", run(17, 1_500_000, 6));
}

#[test]
fn texts_mean_what_the_oldest_server_says() {
    println!("{}", run(14, 1_600_000, 2));
}

/// So many rounds; what they came to.
fn run(major: u32, base: u64, count: u64) -> String {
    let database = support::database(major, Platform::SUPABASE, "");
    let superuser = database.connect_as(database.server.superuser());
    let mut counts = Counts::default();
    let (first, all) = (first_seed() + base, rounds(count));
    for seed in first..first + all {
        round(&database, &superuser, seed, major, &mut counts);
    }
    let last = first + all - 1;
    let (text, unknown) = counts.told();
    let wrong: Vec<_> = counts.wrong.iter().take(12).cloned().collect();
    assert!(wrong.is_empty(), "{} wrong, seeds {first} to {last}:\n{}", counts.wrong.len(), wrong.join("\n"));
    let questions = counts.proved + counts.violated + unknown;
    assert!(counts.proved * 8 > questions && counts.violated * 15 > questions, "one-sided: {text}");
    assert!(counts.refused * 5 < all * TABLES as u64, "too many texts that are no SQL: {text}");
    assert!(counts.mute * 50 < questions, "{text}");
    format!("texts on {major}, seeds {first} to {last}: {text}")
}

impl Counts {
    /// All of it in words, and how many questions are not decided.
    fn told(&self) -> (String, u64) {
        let Self { proved, violated, mute, unknown, refused, rows, writes, .. } = self;
        let open: u64 = unknown.values().sum();
        let mut text = format!(
            "{proved} proved ({rows} rows seen, {writes} writes done), {violated} violated (replayed; {mute} without a \
             script), {open} not decided, {refused} refused by the server"
        );
        let mut reasons: Vec<_> = unknown.iter().collect();
        reasons.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        reasons.iter().take(25).for_each(|(reason, n)| text.push_str(&format!("\n{n:6} {reason}")));
        (text, open)
    }
}

/// A schema of text on both sides, and everything asked of it.
fn round(database: &TestDatabase, superuser: &tokio_postgres::Client, seed: u64, major: u32, counts: &mut Counts) {
    let mut c = Choice::new(seed);
    let clear = "drop schema if exists app cascade; drop schema if exists fuzz cascade;";
    block_on(superuser.batch_execute(clear)).unwrap();
    block_on(superuser.batch_execute(include_str!("attack.sql"))).unwrap();
    let known = counts.wrong.len();
    let mut text = format!("{}{}", schema::COMMON, schema::lookups(&mut c));
    database.execute(&text);
    for at in 0..HELPERS {
        let mut helper = schema::helper(&mut c, at);
        if block_on(database.client.batch_execute(&helper)).is_err() {
            helper =
                format!("create function app.h{at}(x uuid, t int) returns boolean language sql as 'select x is null';");
            database.execute(&helper);
        }
        text.push_str(&helper);
        text.push('\n');
    }
    let mut tables = Vec::new();
    for at in 0..TABLES {
        let table = schema::table(&mut c, at, HELPERS);
        match made(database, superuser, &table) {
            Ok(()) => {
                text.push_str(&table.ddl);
                tables.push(table);
            }
            Err(_) => counts.refused += 1,
        }
    }
    let model = model(&text, major);
    let answers = answers(&model, database, superuser, &tables, seed, counts);
    for _ in 0..STATES {
        for role in ["authenticated", "authenticated", "anon"] {
            let wrong = attack::attack(superuser, &mut c, role, &answers, counts);
            counts.wrong.extend(wrong.map(|w| format!("seed {seed}: proved, but the server says otherwise\n{w}")));
        }
    }
    let around = text.strip_prefix(schema::COMMON).and_then(|t| t.split("create table").next()).unwrap_or_default();
    counts.wrong.iter_mut().skip(known).for_each(|wrong| wrong.push_str(around));
}

/// The table on the server, whose rules are conditions there too.
pub(crate) fn made(
    database: &TestDatabase,
    superuser: &tokio_postgres::Client,
    table: &Table,
) -> Result<(), tokio_postgres::Error> {
    let made = block_on(async {
        database.client.batch_execute(&format!("begin; {} commit", table.ddl)).await?;
        for rule in &table.rules {
            superuser.prepare(&format!("select ({rule}) is true from app.{}", table.name)).await?;
        }
        Ok::<(), tokio_postgres::Error>(())
    });
    if made.is_err() {
        block_on(database.client.batch_execute(&format!("rollback; drop table if exists app.{}", table.name))).unwrap();
    }
    made
}

pub(crate) fn model(text: &str, major: u32) -> Schema {
    let file = MigrationFile {
        path: "20240101000000_app.sql".to_owned(),
        role: FileRole::Migration,
        version: None,
        text: text.to_owned(),
        parts: std::iter::once(0..text.len()).collect(),
        transaction: false,
    };
    let project =
        Project { layout: Layout::Supabase, root: PathBuf::from("."), files: vec![file], warnings: Vec::new() };
    let options = Options { platform: Platform::SUPABASE, major, exposed_schemas: None, closed: true };
    let replayed = replay::replay(&project, &options);
    assert!(replayed.rejected.is_empty(), "the server took it: {:?}", replayed.rejected);
    let gaps: Vec<_> = replayed.schema.gaps.iter().map(|gap| &gap.what).collect();
    assert!(gaps.is_empty(), "the server took it: {gaps:?}");
    replayed.schema
}

/// What the verdicts are; each violation is replayed.
fn answers<'t>(
    model: &Schema,
    database: &TestDatabase,
    superuser: &tokio_postgres::Client,
    tables: &'t [Table],
    seed: u64,
    counts: &mut Counts,
) -> Vec<(&'t Table, Vec<Answer>)> {
    let cx = Context::new(model, None);
    let mut all = Vec::new();
    for table in tables {
        let text = rules(table);
        let rules =
            access::parse_texts([("policies/access.toml", text.as_str())]).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
        let intent =
            rules.resolve(&cx.effective).unwrap_or_else(|e| panic!("seed {seed}: {e:?}\n{text}\n{}", table.ddl));
        let verdicts = judge(&cx, &intent);
        let judged = verdicts.judged.iter().filter(|one| one.kind == Kind::Rows);
        let mut answers = Vec::new();
        for one in judged {
            count(database, superuser, one, table, seed, counts);
            let is_new = one.entry.row == RowOf::New;
            let rule = if is_new { table.rules.last() } else { table.rules.first() };
            answers.push(Answer {
                rule: rule.unwrap().clone(),
                is_new,
                grants_all: one.entry.question == Asked::GrantsAll,
                proved: one.entry.verdict == Decided::Proved,
            });
        }
        all.push((table, answers));
    }
    all
}

/// The table's rules as a rule file.
pub(crate) fn rules(table: &Table) -> String {
    let quoted: Vec<_> = table.rules.iter().map(|r| format!("'''{r}'''")).collect();
    let of = match (table.focus, quoted.as_slice()) {
        (Focus::Update, [old, new]) => format!("{{ old = {old}, new = {new} }}"),
        _ => quoted[0].clone(),
    };
    let Table { name, role, mode, focus, .. } = table;
    format!("[[rule]]\non = \"app.{name}\"\nrole = \"{role}\"\nmode = \"{mode}\"\n{} = {of}\n", focus.word())
}

fn count(
    database: &TestDatabase,
    superuser: &tokio_postgres::Client,
    one: &Judged,
    table: &Table,
    seed: u64,
    counts: &mut Counts,
) {
    match one.entry.verdict {
        Decided::Proved => counts.proved += 1,
        Decided::Unknown => *counts.unknown.entry(one.entry.reason.clone()).or_default() += 1,
        Decided::Violated => {
            counts.violated += 1;
            let Some(script) = &one.script else {
                counts.mute += 1;
                return;
            };
            let mut replayed = block_on(replay_script(superuser, script)).unwrap();
            if !replayed.reproduced {
                // A setting that a session once had is '' afterwards, not NULL.
                let fresh = database.connect_as(database.server.superuser());
                replayed = block_on(replay_script(&fresh, script)).unwrap();
            }
            // The server's own error says nothing of the witness.
            if replayed.remark.as_ref().is_some_and(|remark| remark.contains(VARIABLE_FREE)) {
                return;
            }
            let said = format!("{:?} {:?} {:?}", one.entry.question, one.entry.row, one.entry.rule.text);
            if !replayed.reproduced {
                let (text, ddl) = (script.text(), &table.ddl);
                counts.wrong.push(format!("seed {seed}: not reproduced: {replayed:?}\n{said}\n{text}\n{ddl}"));
            }
        }
    }
}
