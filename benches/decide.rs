//! How long the decision engine takes for a question: the shapes that policies are mostly made of, and harder ones.
//!
//! `cargo bench --bench decide`. The goal is a median under a millisecond.
#![expect(clippy::print_stdout, reason = "it reports to the terminal")]

use std::time::{Duration, Instant};

use pgwitness::analyzer::term::{Access, Id, Query, Row, Terms, Type};
use pgwitness::analyzer::verdict::{Limits, Question, Subject, Verdict, World};
use pgwitness::model::QualifiedName;

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
