//! UPDATEs and views against the server: random policies on the old and the new row, grants on columns, memberships,
//! and views with either right, against random rules.

use std::fmt::Write as _;
use std::sync::Arc;

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::evaluate::Tuple;
use pgwitness::analyzer::term::Value;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::analyzer::witness::Witness;
use pgwitness::model::Command;
use pgwitness::shadow::Platform;

use super::choice::{Choice, first_seed, rounds};
use super::failures::Failures;
use super::policies::{condition, is_planners, schema_of};
use super::replay::{PLANNER, outcome};
use super::world::{self, COLUMNS};
use crate::support::{self, TestDatabase, block_on};

const WRITER: &str = "differential_writer";
const GROUP: &str = "differential_group";
const RULES_A_ROUND: u64 = 8;
const STATES_A_ROUND: u64 = 14;

#[derive(Debug, Default)]
struct Counts {
    proved: u64,
    violated: u64,
    unknown: u64,
    tried: u64,
    written: u64,
    shown: u64,
    /// Statements that failed in the server's planner.
    planner: u64,
}

fn setup() -> String {
    format!(
        "do $$ begin create role {WRITER}; exception when duplicate_object then null; end $$; \
         do $$ begin create role {GROUP}; exception when duplicate_object then null; end $$; grant {GROUP} to {WRITER}; \
         {} grant usage on schema d to {WRITER}; grant select on d.t1, d.t2 to {WRITER};",
        world::schema()
    )
}

#[test]
fn updates_keep_to_what_is_proved() {
    let database = support::database(17, Platform::Postgres, &setup());
    let mut counts = Counts::default();
    let first = first_seed() + 700_000;
    let all = rounds(14);
    let mut failures = Failures::default();
    for seed in first..first + all {
        failures.case(|| update_round(&database, seed, &mut counts));
    }
    println!("updates: {counts:?}; seeds {first} to {}", first + all - 1);
    failures.finish();
    assert!(counts.proved > all && counts.violated > all && counts.unknown * 6 < all * RULES_A_ROUND, "{counts:?}");
    assert!(counts.written * 20 > counts.tried, "too few updates went through: {counts:?}");
}

/// Drops all policies, and makes new ones for UPDATE.
fn policies(c: &mut Choice) -> String {
    let mut sql = String::from(
        "do $$ declare p record; begin for p in select policyname, tablename from pg_policies where schemaname = 'd' loop \
         execute format('drop policy %I on d.%I', p.policyname, p.tablename); end loop; end $$; \
         alter table d.t0 enable row level security; alter table d.t1 disable row level security;",
    );
    write!(sql, "revoke all on d.t0 from {WRITER}, {GROUP};").unwrap();
    let granted = granted(c);
    let to = c.pick(&[WRITER, GROUP]);
    write!(sql, "grant update ({}) on d.t0 to {to};", granted.join(", ")).unwrap();
    for n in 0..1 + c.below(3) {
        let kind = if n > 0 && c.chance(35) { "restrictive" } else { "permissive" };
        let to = c.pick(&[WRITER, GROUP, "public"]);
        let size = 1 + c.below(2);
        let using = condition(c, 0, size, 1);
        write!(sql, "create policy p{n} on d.t0 as {kind} for update to {to} using ({using})").unwrap();
        if c.chance(60) {
            let size = 1 + c.below(2);
            write!(sql, " with check ({})", condition(c, 0, size, 1)).unwrap();
        }
        sql.push(';');
    }
    sql
}

/// Some columns, never `id`.
fn granted(c: &mut Choice) -> Vec<&'static str> {
    let few = c.chance(50);
    let mut names: Vec<_> = COLUMNS.iter().map(|(n, ..)| *n).filter(|n| *n != "id").collect();
    if few {
        names.retain(|_| c.chance(50));
    }
    if names.is_empty() {
        names.push("s");
    }
    names
}

fn update_round(database: &TestDatabase, seed: u64, counts: &mut Counts) {
    let mut c = Choice::new(seed);
    database.execute(&policies(&mut c));
    let schema = schema_of(database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let table = schema.relation(&world::table("t0")).unwrap();
    let mut proofs: Vec<(Which, String)> = Vec::new();
    for _ in 0..RULES_A_ROUND {
        let which = if c.chance(60) { Which::New } else { Which::Old };
        let texts: Vec<_> = table
            .policies
            .iter()
            .filter_map(|p| {
                if which == Which::New { p.check.as_deref().or(p.using.as_deref()) } else { p.using.as_deref() }
            })
            .map(str::to_owned)
            .collect();
        let other = condition(&mut c, 0, 1, 1);
        let rule = match c.below(3) {
            0 => format!("({}) or ({other})", texts.join(") or (")),
            1 => c.pick(&texts),
            _ => other,
        };
        let mut access = decider.access(WRITER, table, Command::Update, which, Caller::Sql);
        match access.never_exceeds(&rule, Asker::Any) {
            Verdict::Proved => proofs.push((which, rule)),
            Verdict::Violated(witness) => {
                let writable: Vec<_> =
                    COLUMNS.iter().map(|(n, ..)| *n).filter(|n| may_set(&effective, table, n)).collect();
                counts.planner += replay(database, seed, which, &rule, &witness, &writable);
                counts.violated += 1;
            }
            Verdict::Unknown(_) => counts.unknown += 1,
        }
    }
    counts.proved += proofs.len() as u64;
    let writable: Vec<_> = COLUMNS.iter().map(|(n, ..)| *n).filter(|n| may_set(&effective, table, n)).collect();
    for _ in 0..STATES_A_ROUND {
        attack(database, seed, &mut c, &proofs, &writable, counts);
    }
}

fn may_set(effective: &Effective<'_>, table: &pgwitness::model::Relation, column: &str) -> bool {
    let acl = &table.column(column).unwrap().acl;
    effective.holds_on_column(WRITER, table, acl, pgwitness::model::Privilege::Update).is_some()
}

/// `c = value, ..` for columns that the role may set.
fn assignments(tuple: &Tuple, writable: &[&str]) -> String {
    let value = |name: &str| {
        let (_, t, _) = COLUMNS.iter().find(|(n, ..)| *n == name).unwrap();
        tuple.get(name).map(|v| v.as_ref().map_or_else(|| format!("NULL::{t}"), |v| v.sql(t)))
    };
    let all: Vec<_> = writable.iter().filter_map(|n| Some(format!("{n} = {}", value(n)?))).collect();
    all.join(", ")
}

/// What came of a write.
enum Written {
    /// Whether the rule holds of the row that is asked about, as the superuser sees it in the same transaction.
    Kept(bool),
    /// It reached nothing, or it or the rule raised an error.
    Nothing,
    /// The server's planner fails on it.
    Planner,
}

fn write(database: &TestDatabase, set: &str, rule: &str, which: Which) -> Written {
    let mut planner = false;
    let mut holds = || -> Option<bool> {
        let row = block_on(database.client.query_one(&format!("select ({rule}) is true from d.t0"), &[]));
        planner |= row.as_ref().is_err_and(is_planners);
        row.ok().map(|r| r.get(0))
    };
    let old = (which == Which::Old).then(&mut holds);
    database.execute(&format!("begin; set local role {WRITER}"));
    let done = block_on(database.client.execute(&format!("update d.t0 set {set}"), &[]));
    if !matches!(done, Ok(1)) {
        database.execute("rollback");
        return if done.is_err_and(|e| is_planners(&e)) { Written::Planner } else { Written::Nothing };
    }
    database.execute("reset role");
    let keeps = old.unwrap_or_else(holds);
    database.execute("rollback");
    match keeps {
        Some(keeps) => Written::Kept(keeps),
        None if planner => Written::Planner,
        // A rule that raises is one that is not kept, which is no matter here.
        None => Written::Nothing,
    }
}

fn attack(
    database: &TestDatabase,
    seed: u64,
    c: &mut Choice,
    proofs: &[(Which, String)],
    writable: &[&str],
    counts: &mut Counts,
) {
    let mut rows = world::database(c, 4);
    rows.relations.insert(world::table("t0"), vec![world::tuple(c)]);
    database.execute(&world::state(&rows, &world::session(c)));
    let new = world::tuple(c);
    let set = assignments(&new, writable);
    for (which, rule) in proofs {
        counts.tried += 1;
        let keeps = match write(database, &set, rule, *which) {
            Written::Kept(keeps) => keeps,
            Written::Nothing => continue,
            Written::Planner => {
                counts.planner += 1;
                continue;
            }
        };
        counts.written += 1;
        assert!(keeps, "seed {seed}: proved for {which:?}, but written beyond\n{rule}\n{set}\n{rows:?}");
    }
}

/// How often the server's planner failed.
fn replay(database: &TestDatabase, seed: u64, which: Which, rule: &str, witness: &Witness, writable: &[&str]) -> u64 {
    let mut rows = witness.database.clone();
    for tuples in rows.relations.values_mut() {
        for tuple in tuples.iter_mut() {
            tuple.entry(Arc::from("id")).or_insert(Some(Value::Int(0)));
        }
    }
    for name in world::TABLES {
        rows.relations.entry(world::table(name)).or_default();
    }
    database.execute(&world::state(&rows, &witness.session));
    let new = witness.subjects.iter().find(|s| !s.stored).unwrap();
    let mut set = assignments(&new.columns, writable);
    if set.is_empty() {
        set = format!("{0} = {0}", writable[0]);
        // Reading the column would need a privilege of its own.
        set = set.replacen(&format!("= {}", writable[0]), "= NULL", 1);
    }
    let keeps = match write(database, &set, rule, which) {
        Written::Kept(keeps) => Some(keeps),
        // It says that it rests on there being no error.
        Written::Nothing if !witness.passed_over.is_empty() => return 0,
        Written::Nothing => None,
        Written::Planner => return 1,
    };
    assert_eq!(keeps, Some(false), "seed {seed}: {which:?} {rule}\nset {set}\n{witness:#?}");
    0
}

const VIEWER: &str = "differential_viewer";
const OWNER: &str = "differential_owner";

#[test]
fn views_show_what_is_proved() {
    let setup = format!(
        "{} do $$ begin create role {VIEWER}; exception when duplicate_object then null; end $$; \
         do $$ begin create role {OWNER}; exception when duplicate_object then null; end $$; \
         grant usage, create on schema d to {OWNER}; grant usage on schema d to {VIEWER}; grant {OWNER} to postgres; \
         grant select on all tables in schema d to {VIEWER}, {OWNER};",
        world::schema()
    );
    let database = support::database(17, Platform::Postgres, &setup);
    let first = first_seed() + 800_000;
    let all = rounds(12);
    let (mut counts, mut failures) = (Counts::default(), Failures::default());
    for seed in first..first + all {
        failures.case(|| view_round(&database, seed, &mut counts));
    }
    println!("views: {counts:?}; seeds {first} to {}", first + all - 1);
    failures.finish();
    let Counts { proved, violated, unknown, .. } = counts;
    assert!(proved > all / 2 && violated > all / 2 && unknown * 5 < all * RULES_A_ROUND);
}

/// A view with either right, and rules on it.
fn view_round(database: &TestDatabase, seed: u64, counts: &mut Counts) {
    let mut c = Choice::new(seed);
    database.execute(&view(&mut c));
    let schema = schema_of(database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let relation = schema.relation(&world::table("v")).unwrap();
    let mut proofs = Vec::new();
    for _ in 0..RULES_A_ROUND {
        let base = schema.relation(&world::table("t0")).unwrap();
        let texts: Vec<_> = base.policies.iter().filter_map(|p| p.using.clone()).collect();
        let other = condition(&mut c, 0, 1, 1);
        let rule = if c.chance(50) { c.pick(&texts) } else { other };
        let rule = rule.replace("t0.", "v.");
        let mut access = decider.access(VIEWER, relation, Command::Select, Which::Old, Caller::Sql);
        match access.never_exceeds(&rule, Asker::Any) {
            Verdict::Proved => proofs.push(rule),
            Verdict::Violated(witness) => {
                let state = witness_state(&witness);
                let query = format!("select 'row' from d.v v where ({rule}) is not true");
                match outcome(database, "postgres", &state, &format!("set local role {VIEWER}; {query}")) {
                    Err(code) if code == PLANNER => counts.planner += 1,
                    shown => {
                        let shown = shown.unwrap_or_else(|code| panic!("seed {seed}: {code} {rule}\n{witness:#?}"));
                        assert!(shown.contains(&"row".to_owned()), "seed {seed}: {rule}\n{witness:#?}");
                    }
                }
                counts.violated += 1;
            }
            Verdict::Unknown(_) => counts.unknown += 1,
        }
    }
    counts.proved += proofs.len() as u64;
    for _ in 0..6 {
        let mut state = world::database(&mut c, 5);
        state.relations.insert(world::table("t0"), (0..30).map(|_| world::tuple(&mut c)).collect());
        database.execute(&world::state(&state, &world::session(&mut c)));
        for rule in &proofs {
            let query = format!("select 'row' from d.v v where ({rule}) is not true");
            counts.tried += 1;
            if let Ok(found) = outcome(database, VIEWER, "select 1", &query) {
                let is_beyond = found.contains(&"row".to_owned());
                assert!(!is_beyond, "seed {seed}: proved, but shown beyond\n{rule}\n{state:?}");
            }
            let all = outcome(database, VIEWER, "select 1", "select 'row' from d.v");
            counts.shown += all.map_or(0, |rows| rows.len() as u64 - 1);
        }
    }
}

fn witness_state(witness: &Witness) -> String {
    let mut rows = witness.database.clone();
    rows.relations.remove(&world::table("v"));
    for tuples in rows.relations.values_mut() {
        for tuple in tuples.iter_mut() {
            tuple.entry(Arc::from("id")).or_insert(Some(Value::Int(0)));
        }
    }
    for name in world::TABLES {
        rows.relations.entry(world::table(name)).or_default();
    }
    world::state(&rows, &witness.session).trim_end_matches(';').to_owned()
}

/// Policies on `d.t0` for both roles, and a view over it with either right.
fn view(c: &mut Choice) -> String {
    let mut sql = String::from(
        "drop view if exists d.v; \
         do $$ declare p record; begin for p in select policyname, tablename from pg_policies where schemaname = 'd' loop \
         execute format('drop policy %I on d.%I', p.policyname, p.tablename); end loop; end $$; \
         alter table d.t0 enable row level security; alter table d.t1 disable row level security;",
    );
    for (n, role) in [VIEWER, OWNER].into_iter().enumerate() {
        let size = 1 + c.below(2);
        write!(sql, "create policy p{n} on d.t0 for select to {role} using ({});", condition(c, 0, size, 1)).unwrap();
    }
    let (filter, on) = (condition(c, 0, 1, 1), condition(c, 0, 1, 0));
    let invoker = if c.chance(50) { " with (security_invoker = on)" } else { "" };
    let columns: Vec<_> = COLUMNS.iter().map(|(n, ..)| format!("t0.{n}")).collect();
    let list = columns.join(", ");
    let query = match c.below(3) {
        0 => format!("select {list} from d.t0 where {filter}"),
        1 => format!("select {list} from d.t0 where {filter} union all select {list} from d.t0 where {on}"),
        _ => format!("select {list} from d.t0 join d.t1 x on x.u = t0.u where {filter}"),
    };
    let owner = if c.chance(70) { OWNER } else { "postgres" };
    write!(
        sql,
        "create view d.v{invoker} as {query}; alter view d.v owner to {owner}; grant select on d.v to {VIEWER};"
    )
    .unwrap();
    sql
}
