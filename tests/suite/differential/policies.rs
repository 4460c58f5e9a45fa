//! Whole access against the server: random policies, permissive and restrictive, with sub-selects under the row
//! security of what they read and helper functions, against random rules.
//!
//! The model comes from the server's own catalog, so that resolution and effective access are tested too. What a
//! witness shows is looked at as the role itself; a proof is held against all rows that the role sees in random states.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::term::{Terms, Value};
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::analyzer::witness::Witness;
use pgwitness::model::{Command, Schema};
use pgwitness::shadow::Platform;
use tokio_postgres::Client;

use super::choice::{Choice, first_seed, rounds};
use super::failures::Failures;
use super::generate::{Generator, Mix};
use super::world;
use crate::support::{self, TestDatabase, block_on};

pub(super) const READER: &str = "differential_reader";
const RULES_A_ROUND: u64 = 12;
const STATES_A_ROUND: u64 = 6;
const ROWS: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) proved: u64,
    pub(super) violated: u64,
    pub(super) unknown: BTreeMap<String, u64>,
    pub(super) rows: u64,
    /// Queries that failed in the server's planner.
    pub(super) planner: u64,
}

/// The tables, and a role that reads them.
pub(super) fn setup() -> String {
    format!(
        "do $$ begin create role {READER}; exception when duplicate_object then null; end $$; {} \
         grant usage on schema d to {READER}; grant select on all tables in schema d to {READER};",
        world::schema()
    )
}

#[test]
fn access_is_what_the_server_gives() {
    let database = support::database(17, Platform::Postgres, &setup());
    let mut counts = Counts::default();
    let first = first_seed() + 900_000;
    let all = rounds(24);
    let mut failures = Failures::default();
    for seed in first..first + all {
        failures.case(|| round(&database, seed, &mut counts));
    }
    let unknown: u64 = counts.unknown.values().sum();
    println!(
        "access: {} proved ({} rows seen by the role), {} violated (all replayed), {} not decided, {} failed in the \
         server's planner; seeds {first} to {}",
        counts.proved,
        counts.rows,
        counts.violated,
        unknown,
        counts.planner,
        first + all - 1
    );
    failures.finish();
    let questions = all * RULES_A_ROUND;
    assert!(counts.proved > questions / 20 && counts.violated > questions / 20, "one-sided: {counts:?}");
    assert!(unknown * 8 < questions, "{counts:?}");
}

fn round(database: &TestDatabase, seed: u64, counts: &mut Counts) {
    let mut c = Choice::new(seed);
    database.execute(&policies(&mut c));
    let schema = schema_of(database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let table = schema.relation(&world::table("t0")).unwrap();
    let mut proofs = Vec::new();
    for _ in 0..RULES_A_ROUND {
        let rule = rule(&mut c, &schema);
        let mut access = decider.access(READER, table, Command::Select, Which::Old, Caller::Sql);
        match access.never_exceeds(&rule, Asker::Any) {
            Verdict::Proved => proofs.push(rule),
            Verdict::Violated(witness) => {
                counts.planner += replay(database, seed, &rule, &witness, &access.sql());
                counts.violated += 1;
            }
            Verdict::Unknown(reason) => *counts.unknown.entry(reason.to_string()).or_default() += 1,
        }
    }
    counts.proved += proofs.len() as u64;
    if !proofs.is_empty() {
        for _ in 0..STATES_A_ROUND {
            attack(database, seed, &mut c, &proofs, counts);
        }
    }
}

/// A condition over a row of a table, as SQL under an empty `search_path`. Tables before it are not read, so that no
/// policy reads itself. What always raises is read back as a volatile call that is not understood, and not as an error:
/// witnesses pass over it.
pub(super) fn condition(c: &mut Choice, table: usize, size: usize, depth: usize) -> String {
    let mut terms = Terms::new();
    let row = terms.row(&world::table(world::TABLES[table]), "t");
    let tables = &world::TABLES[(table + 1).min(2)..];
    let rich = c.chance(20);
    let depth = if table == 2 { 0 } else { depth };
    let own = Choice::new(c.below(usize::MAX) as u64);
    let mut g = Generator { terms: &mut terms, c: own, mix: Mix { depth, rich }, scope: vec![row], tables };
    let id = g.condition(size, depth);
    let alias = format!("{}.", terms.alias(row));
    terms.sql(id).replace(&alias, &format!("{}.", world::TABLES[table]))
}

/// A rule: a random condition, or one that some policy is likely to keep to.
fn rule(c: &mut Choice, schema: &Schema) -> String {
    let table = schema.relation(&world::table("t0")).unwrap();
    let texts: Vec<_> = table.policies.iter().filter_map(|p| p.using.as_deref()).collect();
    let size = 1 + c.below(3);
    let other = condition(c, 0, size, 1);
    match c.below(3) {
        0 if !texts.is_empty() => format!("({}) or ({other})", texts.join(") or (")),
        1 if !texts.is_empty() => c.pick(&texts).to_owned(),
        _ => other,
    }
}

/// Statements that give the tables new policies and the helper a new body.
fn policies(c: &mut Choice) -> String {
    let mut sql = String::from(
        "do $$ declare p record; begin for p in select policyname, tablename from pg_policies where schemaname = 'd' loop \
         execute format('drop policy %I on d.%I', p.policyname, p.tablename); end loop; end $$;",
    );
    let inner = condition(c, 1, 2, 1).replace("t1.", "x.");
    let definer = if c.chance(50) { "security definer" } else { "" };
    let body = if c.chance(50) {
        format!("language sql as $$ select exists (select 1 from d.t1 x where x.u = wanted and {inner}) $$")
    } else {
        format!(
            "language plpgsql as $$ begin return exists (select from d.t1 x where x.u = wanted and {inner}); end $$"
        )
    };
    write!(
        sql,
        "create or replace function d.helper(wanted uuid) returns boolean stable {definer} set search_path = '' {body};"
    )
    .unwrap();
    for (at, table) in world::TABLES.iter().enumerate() {
        let on = if at == 0 || c.chance(60) { "enable" } else { "disable" };
        write!(sql, "alter table d.{table} {on} row level security;").unwrap();
        for n in 0..1 + c.below(3) {
            let kind = if n > 0 && c.chance(35) { "restrictive" } else { "permissive" };
            let size = 1 + c.below(3);
            let mut text = condition(c, at, size, 2);
            if at == 0 && c.chance(30) {
                text = format!("{text} or d.helper(t0.v)");
            }
            let to = if c.chance(70) { READER } else { "public" };
            let command = if c.chance(80) { "select" } else { "all" };
            write!(sql, "create policy p{n} on d.{table} as {kind} for {command} to {to} using ({text});").unwrap();
        }
    }
    sql
}

/// The model of the database, read from its catalog.
pub(super) fn schema_of(database: &TestDatabase) -> Schema {
    block_on(async {
        let client = &database.client;
        client
            .batch_execute("begin isolation level repeatable read read only; set local search_path = ''")
            .await
            .unwrap();
        let schema = pgwitness::connector::introspect::introspect(client).await.unwrap();
        client.batch_execute("rollback").await.unwrap();
        schema
    })
}

/// What the role sees.
#[derive(Debug)]
pub(super) enum Seen {
    /// The places of the rows.
    Rows(Vec<String>),
    /// The query raises an error.
    Raised,
    /// The server's planner fails on it.
    Planner,
}

/// Whether an error is the server's own: its planner derives an equality that reads no row from others, finds no place for
/// it, and gives up with XX000 ("internal error"). The query is right, and what it would show cannot be asked this way.
pub(super) fn is_planners(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|e| e.code().code() == "XX000" && e.message() == VARIABLE_FREE)
}

/// What the server says then.
pub(super) const VARIABLE_FREE: &str = "cannot cope with variable-free clause";

/// The places of the rows that the role sees.
pub(super) fn seen(database: &TestDatabase) -> Seen {
    seen_by(&database.client)
}

fn seen_by(client: &Client) -> Seen {
    let run = |sql: &str| block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    run(&format!("begin; set local role {READER}"));
    let rows = block_on(client.query("select ctid::text from d.t0", &[]));
    run("rollback");
    match rows {
        Ok(rows) => Seen::Rows(rows.iter().map(|r| r.get(0)).collect()),
        Err(error) if is_planners(&error) => Seen::Planner,
        Err(error) => {
            let code = error.code().map(|c| c.code().to_owned()).unwrap_or_default();
            // An error of values, or one that PL/pgSQL raises.
            assert!(code.starts_with(['2', 'P']), "{}", support::explain(&error));
            Seen::Raised
        }
    }
}

pub(super) fn attack(database: &TestDatabase, seed: u64, c: &mut Choice, proofs: &[String], counts: &mut Counts) {
    let mut rows = world::database(c, 5);
    rows.relations.insert(world::table("t0"), (0..ROWS).map(|_| world::tuple(c)).collect());
    database.execute(&world::state(&rows, &world::session(c)));
    let seen = match seen(database) {
        Seen::Rows(rows) => rows,
        Seen::Raised => return,
        Seen::Planner => {
            counts.planner += 1;
            return;
        }
    };
    counts.rows += seen.len() as u64;
    for rule in proofs {
        let query = format!("select count(*) from d.t0 where ctid::text = any ($1) and ({rule}) is not true");
        if let Ok(row) = block_on(database.client.query_one(&query, &[&seen])) {
            let beyond: i64 = row.get(0);
            assert_eq!(beyond, 0, "seed {seed}: proved, but seen beyond the rule\n{rule}\n{rows:?}");
        }
    }
}

/// The role must see the witness's row, and the rule must not be true of it. How often the server's planner failed.
pub(super) fn replay(database: &TestDatabase, seed: u64, rule: &str, witness: &Witness, access: &str) -> u64 {
    let mut rows = witness.database.clone();
    for tuples in rows.relations.values_mut() {
        for tuple in tuples.iter_mut() {
            tuple.entry(Arc::from("id")).or_insert(Some(Value::Int(0)));
        }
    }
    for name in world::TABLES {
        rows.relations.entry(world::table(name)).or_default();
    }
    // What is unset is unset only in a session of its own.
    let fresh = witness.session.settings.is_empty().then(|| database.connect_as("postgres"));
    let client = fresh.as_ref().unwrap_or(&database.client);
    let state = world::fresh_state(&rows, &witness.session);
    block_on(client.batch_execute(&state)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    // The subject is the first of its table.
    let first: String =
        block_on(client.query_one("select ctid::text from d.t0 order by ctid limit 1", &[])).unwrap().get(0);
    let seen = seen_by(client);
    let shown = match &seen {
        Seen::Planner => return 1,
        Seen::Rows(rows) => rows.contains(&first),
        // It says that it rests on there being no error.
        Seen::Raised if !witness.passed_over.is_empty() => return 0,
        Seen::Raised => false,
    };
    assert!(shown, "seed {seed}: not seen by the role ({seen:?})\n{access}\nrule {rule}\n{witness:#?}");
    let query = format!("select ({rule}) is true from d.t0 where ctid::text = $1");
    let holds: bool = match block_on(client.query_one(&query, &[&first])) {
        Err(error) if is_planners(&error) => return 1,
        Err(_) if !witness.passed_over.is_empty() => return 0,
        answer => {
            let what = |e| panic!("seed {seed}: {}\n{access}\nrule {rule}\n{witness:#?}", support::explain(&e));
            answer.unwrap_or_else(what).get(0)
        }
    };
    assert!(!holds, "seed {seed}: the rule holds\n{access}\nrule {rule}\n{witness:#?}");
    0
}
