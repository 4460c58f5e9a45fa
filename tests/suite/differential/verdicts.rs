//! Verdicts against the server: each witness is replayed there, each proof attacked with random rows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgwitness::analyzer::evaluate::Tuple;
use pgwitness::analyzer::term::{Id, Row, Terms};
use pgwitness::analyzer::verdict::{Limits, Question, Reason, Subject, Verdict, World};
use pgwitness::analyzer::witness::Witness;
use pgwitness::shadow::Platform;

use super::choice::{Choice, first_seed, rounds};
use super::failures::Failures;
use super::generate::{Generator, Mix};
use super::world;
use crate::support::{self, block_on};

/// A condition that is one of access and one of a rule, over one row.
pub(super) struct Pair {
    pub(super) terms: Terms,
    pub(super) subject: Row,
    pub(super) access: Id,
    pub(super) rule: Id,
    /// Whether the row is in its table.
    pub(super) stored: bool,
}

impl Pair {
    /// A random pair, related or not.
    pub(super) fn random(seed: u64, mix: Mix) -> Self {
        let mut terms = Terms::new();
        let subject = terms.row(&world::table("t0"), "t");
        let mut g =
            Generator { terms: &mut terms, c: Choice::new(seed), mix, scope: vec![subject], tables: &world::TABLES };
        let stored = g.c.chance(75);
        let sizes = (1 + g.c.below(5), 1 + g.c.below(5));
        let access = g.condition(sizes.0, mix.depth);
        let other = g.condition(sizes.1, mix.depth);
        let (access, rule) = match g.c.below(6) {
            0 => (access, g.terms.or(&[access, other])),
            1 => (g.terms.and(&[access, other]), other),
            2 => {
                let not = g.terms.not(access);
                let is_true = g.terms.is_true(other);
                (g.terms.and(&[not, is_true]), g.terms.not(access))
            }
            _ => (access, other),
        };
        Self { terms, subject, access, rule, stored }
    }

    pub(super) fn decide(&self) -> Verdict {
        let world = World::default();
        let question = Question {
            terms: &self.terms,
            subjects: vec![Subject { row: self.subject, stored: self.stored }],
            holds: vec![self.access],
            fails: vec![self.rule],
            assume: Vec::new(),
            world: &world,
            limits: Limits::default(),
        };
        question.decide()
    }
}

/// Replays and attacks.
const TESTERS: &str = "
    create table d.fresh (like d.t0);
    create function d.attempt(expression text) returns text language plpgsql as $$
    declare found text;
    begin
        execute expression into found;
        return found;
    exception when others then return 'error ' || sqlstate || ': ' || sqlerrm;
    end $$;";

#[derive(Debug, Default)]
struct Counts {
    proved: u64,
    violated: u64,
    unknown: BTreeMap<String, u64>,
    rows: u64,
    times: Vec<Duration>,
}

#[test]
fn witnesses_replay_and_proofs_stand() {
    let database = support::database(17, Platform::Postgres, &format!("{}{TESTERS}", world::schema()));
    let mut counts = Counts::default();
    let (mut proofs, mut failures) = (Vec::new(), Failures::default());
    let first = first_seed();
    let pairs = rounds(1600);
    for seed in first..first + pairs {
        let mix = Mix { depth: 2, rich: seed % 4 == 0 };
        let pair = Pair::random(seed, mix);
        let start = Instant::now();
        let verdict = pair.decide();
        counts.times.push(start.elapsed());
        match verdict {
            Verdict::Proved => proofs.push((seed, pair)),
            Verdict::Violated(witness) => {
                failures.case(|| replay(&database, seed, &pair, &witness));
                counts.violated += 1;
            }
            Verdict::Unknown(reason) => {
                if std::env::var_os("PGWITNESS_SHOW").is_some() {
                    println!(
                        "seed {seed}: {reason}\n  access {}\n  rule {}",
                        pair.terms.sql(pair.access),
                        pair.terms.sql(pair.rule)
                    );
                }
                let kind = match reason {
                    Reason::Abstraction(_) => "abstraction",
                    Reason::Unbounded(_) => "for all, some",
                    Reason::Limit | Reason::Rows(_) | Reason::Privilege(_) => "limit",
                };
                *counts.unknown.entry(kind.to_owned()).or_default() += 1;
            }
        }
    }
    counts.proved = proofs.len() as u64;
    let wanted = 200_000 * pairs / 1600;
    let states = (2 + wanted / (ROWS as u64 * counts.proved.max(1))).max(2);
    for state in 0..2 * states {
        // Rows for which something raises an error count for nothing.
        if state >= states && counts.rows >= wanted {
            break;
        }
        failures.case(|| attack(&database, first + state, &proofs, &mut counts));
    }
    counts.times.sort();
    let median = counts.times[counts.times.len() / 2];
    println!(
        "{} proved ({} row checks), {} violated (all replayed), not decided {:?}; median {median:?}, worst {:?}; seeds {first} to {}",
        counts.proved,
        counts.rows,
        counts.violated,
        counts.unknown,
        counts.times.last().unwrap(),
        first + pairs - 1,
    );
    failures.finish();
    let unknown: u64 = counts.unknown.values().sum();
    assert!(counts.rows >= wanted, "only {} rows were checked", counts.rows);
    assert!(unknown * 20 < pairs, "{unknown} of {pairs} were not decided: {:?}", counts.unknown);
}

/// Rows of `d.t0` in an attack.
const ROWS: usize = 60;

fn attack(database: &support::TestDatabase, seed: u64, proofs: &[(u64, Pair)], counts: &mut Counts) {
    let mut c = Choice::new(seed ^ 0xa77a_c4ed);
    let mut rows = world::database(&mut c, 5);
    rows.relations.insert(world::table("t0"), (0..ROWS).map(|_| world::tuple(&mut c)).collect());
    database.execute(&world::state(&rows, &world::session(&mut c)));
    let queries: Vec<_> = proofs
        .iter()
        .map(|(_, pair)| {
            let (access, rule) = (pair.terms.sql(pair.access), pair.terms.sql(pair.rule));
            let alias = pair.terms.alias(pair.subject);
            format!("select count(*) from d.t0 {alias} where ({access}) and ({rule}) is not true")
        })
        .collect();
    let query = "select d.attempt(e) from unnest($1::text[]) with ordinality as x(e, n) order by n";
    let answers = block_on(database.client.query(query, &[&queries])).unwrap();
    for (((seed, _), sql), answer) in proofs.iter().zip(&queries).zip(answers) {
        match answer.get::<_, String>(0).as_str() {
            "0" => counts.rows += ROWS as u64,
            // A cast that fails shows no row.
            error if error.starts_with("error 2") => {}
            wrong => panic!("seed {seed}: proved, but {wrong} rows pass\n{sql}\nclaims {:?}", rows.relations),
        }
    }
}

/// Inserts the witness's rows, takes its session, and evaluates both conditions for its subject.
fn replay(database: &support::TestDatabase, seed: u64, pair: &Pair, witness: &Witness) {
    let complete = |tuple: &Tuple| {
        let mut tuple = tuple.clone();
        tuple.entry(Arc::from("id")).or_insert(Some(pgwitness::analyzer::term::Value::Int(0)));
        tuple
    };
    let mut rows = witness.database.clone();
    for tuples in rows.relations.values_mut() {
        tuples.iter_mut().for_each(|t| *t = complete(t));
    }
    for name in world::TABLES {
        rows.relations.entry(world::table(name)).or_default();
    }
    let subject = complete(&witness.subjects[0].columns);
    let sql = world::fresh_state(&rows, &witness.session);
    let (access, rule) = (pair.terms.sql(pair.access), pair.terms.sql(pair.rule));
    // What is unset is unset only in a session of its own.
    let reads_setting = [&access, &rule].iter().any(|text| text.contains("app.tenant"));
    let fresh = reads_setting.then(|| database.connect_as("postgres"));
    let client = fresh.as_ref().unwrap_or(&database.client);
    let sql = format!("{sql} delete from d.fresh; insert into d.fresh values {};", world::row(&subject));
    block_on(client.batch_execute(&sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    let alias = pair.terms.alias(pair.subject);
    let query = format!("select format('%s %s', ({access}) is true, ({rule}) is true) from d.fresh {alias}");
    let answer: String = block_on(client.query_one("select d.attempt($1)", &[&query])).unwrap().get(0);
    assert_eq!(answer, "t f", "seed {seed}: {access}\nrule {rule}\n{witness:#?}");
}
