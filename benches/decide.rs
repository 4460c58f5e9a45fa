//! How long the decision engine takes for a question: the shapes that policies are mostly made of, and harder ones.
//!
//! `cargo bench --bench decide`. The goals are a median under a millisecond, and 40,000 policies in under 20 seconds on two
//! cores: `DECIDE_RELATIONS` says how many relations of four policies each (10,000).
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::term::{Access, Id, Query, Row, Terms, Type};
use pgwitness::analyzer::verdict::{Limits, Question, Subject, Verdict, World};
use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::replay::{Options, replay};
use pgwitness::model::{Command, QualifiedName, Relation, Schema};
use pgwitness::shadow::Platform;

/// Each question is asked so often.
const TIMES: u32 = 400;

fn main() {
    let shapes: [(&str, Shape); 5] = [
        ("owner against owner", |t, row| (owner(t, row), owner(t, row))),
        ("membership against owner", |t, row| (member(t, row, "team_id"), owner(t, row))),
        ("membership against membership", |t, row| (member(t, row, "team_id"), member(t, row, "team_id"))),
        ("captured column against membership", |t, row| (captured(t), member(t, row, "team_id"))),
        ("four policies against two", four_against_two),
    ];
    let mut all = Vec::new();
    for (name, shape) in shapes {
        let mut times: Vec<_> = (0..TIMES).map(|_| ask(shape)).collect();
        times.sort();
        println!("{name}: median {:?}, worst {:?}", median(&times), times.last());
        all.extend(times);
    }
    all.sort();
    println!("all: median {:?} of {} questions", median(&all), all.len());
    many();
}

/// Every command on many relations, with a membership sub-select among their policies, on two threads.
fn many() {
    let relations = std::env::var("DECIDE_RELATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let schema = schema(relations);
    let start = Instant::now();
    let effective = Effective::new(&schema, None);
    println!("{relations} relations: constancy of all policies in {:?}", start.elapsed());
    let tables: Vec<_> = schema.relations.iter().filter(|r| r.name.name.starts_with("documents_")).collect();
    let start = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let halves = tables.chunks(tables.len().div_ceil(2).max(1));
        let running: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().flat_map(|t| commands(&effective, t)).collect::<Vec<_>>()))
            .collect();
        running.into_iter().flat_map(|r| r.join().unwrap_or_default()).collect()
    });
    let total = start.elapsed();
    times.sort();
    println!(
        "{} questions about {} policies in {total:?}: median {:?}, worst {:?}",
        times.len(),
        relations * 4,
        median(&times),
        times.last()
    );
}

fn commands<'a>(effective: &'a Effective<'a>, table: &'a Relation) -> Vec<Duration> {
    let decider = Decider::new(effective);
    let name = &table.name.name;
    let member = format!(
        "owner = auth.uid() or exists (select 1 from public.members m where m.team_id = {name}.team_id and m.user_id = auth.uid())"
    );
    let asked = [
        (Command::Select, Which::Old),
        (Command::Insert, Which::New),
        (Command::Update, Which::Old),
        (Command::Delete, Which::Old),
    ];
    let time = |(command, which)| {
        let start = Instant::now();
        let verdict =
            decider.access("authenticated", table, command, which, Caller::Sql).never_exceeds(&member, Asker::SomeUser);
        assert_eq!(verdict, Verdict::Proved, "{name} {command}");
        start.elapsed()
    };
    asked.into_iter().map(time).collect()
}

/// A model of so many sound relations.
fn schema(relations: usize) -> Schema {
    let mut sql = String::from(
        "create table public.members (team_id bigint not null, user_id uuid not null, primary key (team_id, user_id));",
    );
    for n in 0..relations {
        let t = format!("public.documents_{n}");
        let member = format!(
            "exists (select 1 from public.members m where m.team_id = documents_{n}.team_id and m.user_id = (select auth.uid()))"
        );
        let _ = write!(
            sql,
            "create table {t} (id bigint primary key, team_id bigint not null, owner uuid not null, title text); \
             alter table {t} enable row level security; grant select, insert, update, delete on {t} to authenticated; \
             create policy a on {t} for select to authenticated using ({member}); \
             create policy b on {t} for insert to authenticated with check (owner = (select auth.uid())); \
             create policy c on {t} for update to authenticated using (owner = (select auth.uid())); \
             create policy d on {t} for delete to authenticated using (owner = (select auth.uid()));"
        );
    }
    let parts = std::iter::once(0..sql.len()).collect();
    let file = MigrationFile {
        path: "1.sql".to_owned(),
        role: FileRole::Migration,
        version: None,
        text: sql,
        parts,
        transaction: true,
    };
    let project = Project { layout: Layout::Plain, root: PathBuf::new(), files: vec![file], warnings: Vec::new() };
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
    let mut schema = replay(&project, &options).schema;
    schema.sort();
    schema
}

type Shape = fn(&mut Terms, Row) -> (Id, Id);

fn median(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Builds and decides one question.
fn ask(shape: Shape) -> Duration {
    let mut terms = Terms::new();
    let row = terms.row(&QualifiedName::new("public", "documents"), "documents");
    let start = Instant::now();
    let (access, rule) = shape(&mut terms, row);
    let question = Question {
        terms: &terms,
        subjects: vec![Subject { row, stored: true }],
        holds: vec![access],
        fails: vec![rule],
        assume: Vec::new(),
        world: &World::default(),
        limits: Limits::default(),
    };
    let verdict = question.decide();
    assert!(!matches!(verdict, Verdict::Unknown(_)), "a question of the benchmark is not decided");
    start.elapsed()
}

fn uid(t: &mut Terms) -> Id {
    let sub = t.claim(&["sub"], Access::Text);
    t.cast(sub, &Type::Uuid)
}

fn owner(t: &mut Terms, row: Row) -> Id {
    let (owner, uid) = (t.column(row, "owner", Type::Uuid, true), uid(t));
    t.equal(owner, uid)
}

/// The user is a member of what `column` of the row names.
fn member(t: &mut Terms, row: Row, column: &str) -> Id {
    let m = t.row(&QualifiedName::new("public", "members"), "m");
    let (team, of) = (t.column(m, column, Type::Int8, false), t.column(row, column, Type::Int8, true));
    let (user, uid) = (t.column(m, "user_id", Type::Uuid, false), uid(t));
    let parts = [t.equal(team, of), t.equal(user, uid)];
    let condition = t.and(&parts);
    let projection = t.boolean(true);
    t.exists(&[Query { rows: [m].into(), condition, projection }])
}

/// The user is a member of anything.
fn captured(t: &mut Terms) -> Id {
    let m = t.row(&QualifiedName::new("public", "members"), "m");
    let team = t.column(m, "team_id", Type::Int8, false);
    let (user, uid) = (t.column(m, "user_id", Type::Uuid, false), uid(t));
    let parts = [t.equal(team, team), t.equal(user, uid)];
    let condition = t.and(&parts);
    let projection = t.boolean(true);
    t.exists(&[Query { rows: [m].into(), condition, projection }])
}

fn four_against_two(t: &mut Terms, row: Row) -> (Id, Id) {
    let kind = t.column(row, "kind", Type::Text, true);
    let public = t.text("public");
    let is_public = t.equal(kind, public);
    let admin = t.claim(&["app_metadata", "admin"], Access::Text);
    let admin = t.cast(admin, &Type::Bool);
    let access = [owner(t, row), member(t, row, "team_id"), member(t, row, "org_id"), is_public];
    let access = t.or(&access);
    let rule = [owner(t, row), member(t, row, "team_id"), admin];
    (access, t.or(&rule))
}
