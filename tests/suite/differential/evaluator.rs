//! The evaluator against the server: random terms in random states, each evaluated by both.

use pgwitness::analyzer::evaluate::{Evaluator, Stop};
use pgwitness::analyzer::term::{Id, Terms, Type};
use pgwitness::shadow::Platform;

use super::choice::{Choice, first_seed, rounds};
use super::failures::Failures;
use super::generate::{Generator, Mix};
use super::world;
use crate::support::{self, block_on};

/// Evaluates an expression for each row of `d.t0`, in their order; an error is a value of its own.
const ATTEMPT: &str = "
    create function d.attempt(expression text, alias text) returns text[] language plpgsql as $$
    declare found text[];
    begin
        execute format('select array_agg((%s)::text order by %I.ctid) from d.t0 %I', expression, alias, alias) into found;
        return coalesce(found, '{}');
    exception when others then return array['error ' || sqlstate || ': ' || sqlerrm];
    end $$;";

const TERMS_A_STATE: usize = 160;

#[derive(Default)]
struct Counts {
    equal: u64,
    unknown: u64,
    raised: u64,
    early: u64,
}

#[test]
fn terms_are_what_the_server_says_they_are() {
    let database = support::database(17, Platform::Postgres, &format!("{}{ATTEMPT}", world::schema()));
    let mut counts = Counts::default();
    let first = first_seed();
    let states = rounds(60);
    let mut failures = Failures::default();
    for seed in first..first + states {
        failures.case(|| state(&database, seed, &mut counts));
    }
    let Counts { equal, unknown, raised, early } = counts;
    println!(
        "evaluated {equal} terms as the server did, {unknown} not known, {raised} raise ({early} only there); seeds {first} to {}",
        first + states - 1
    );
    failures.finish();
    assert!(equal >= 20_000 * states / 60, "only {equal} were compared");
    assert!(early < raised / 2, "the server raises too often where we do not: {early} of {raised}");
    assert!(unknown < equal / 4, "too many are not known: {unknown}");
}

fn state(database: &support::TestDatabase, seed: u64, counts: &mut Counts) {
    let mut c = Choice::new(seed);
    let mut rows = world::database(&mut c, 4);
    let subjects = rows.relations.get_mut(&world::table("t0")).unwrap();
    while subjects.len() < 4 {
        subjects.push(world::tuple(&mut c));
    }
    let subjects = subjects.clone();
    let mut session = world::session(&mut c);
    database.execute(&world::state(&rows, &session));
    session.settings.entry("app.tenant".into()).or_insert_with(|| "".into());

    let mut terms = Terms::new();
    let subject = terms.row(&world::table("t0"), "t");
    let mut made: Vec<Id> = Vec::new();
    let mut generator = Generator {
        terms: &mut terms,
        c,
        mix: Mix { depth: 2, rich: true },
        scope: vec![subject],
        tables: &world::TABLES,
    };
    for _ in 0..TERMS_A_STATE {
        let size = 1 + generator.c.below(5);
        made.push(if generator.c.chance(70) {
            generator.condition(size, 2)
        } else {
            let t = generator.c.pick(&[Type::Uuid, Type::Text, Type::Int4, Type::Numeric, Type::Date, world::mood()]);
            generator.value(&t, 1)
        });
    }
    let sql: Vec<_> = made.iter().map(|id| terms.sql(*id)).collect();
    let query = "select d.attempt(e, $2) from unnest($1::text[]) with ordinality as x(e, n) order by n";
    let answers = block_on(database.client.query(query, &[&sql, &terms.alias(subject)])).unwrap();
    let evaluator = Evaluator::new(&terms, &rows, &session);
    for ((id, sql), answer) in made.iter().zip(&sql).zip(answers) {
        let answer: Vec<Option<String>> = answer.get(0);
        let ours: Vec<_> = subjects.iter().map(|tuple| evaluator.value(*id, &[(subject, tuple)])).collect();
        if let [Some(error)] = answer.as_slice()
            && error.starts_with("error ")
        {
            // The server computes what depends on no row even where no row asks for it.
            counts.early += u64::from(ours.iter().all(Result::is_ok));
            assert!(error.starts_with("error 2"), "seed {seed}: {error}\n{sql}");
            counts.raised += 1;
            continue;
        }
        assert_eq!(answer.len(), ours.len(), "seed {seed}: {answer:?}");
        for (server, ours) in answer.iter().zip(ours) {
            match ours {
                Ok(value) => {
                    let text = value.map(|v| match terms.type_of(*id) {
                        Type::Bool => (v == pgwitness::analyzer::term::Value::Bool(true)).to_string(),
                        t => v.text(t).unwrap(),
                    });
                    assert_eq!(*server, text, "seed {seed}\n{sql}");
                    counts.equal += 1;
                }
                // The server need not evaluate the part that raises.
                Err(Stop::Raises | Stop::MayRaise) => counts.raised += 1,
                Err(Stop::Unknown(_)) => counts.unknown += 1,
            }
        }
    }
}
