//! Schemas of roles, memberships, grants, row security, families of tables and views: those of the effective suite.

use std::fmt::Write as _;

use pgwitness::model::{Command, RelationKind, Schema};
use pgwitness::shadow::{Platform, Server};

use super::{Counts, hold, open};
use crate::differential::choice::{Choice, first_seed, rounds};
use crate::effective::generate::{ROLES, generate};
use crate::impersonation::world::schema_of;
use crate::support::{self, block_on};

#[test]
fn grants_and_memberships_are_what_everybody_can_do() {
    let mut counts = Counts::default();
    run(16, 4_000_000, rounds(2), &mut counts);
    counts.judge();
}

#[test]
#[ignore = "takes minutes: 200 of the 1,000 schemas"]
fn two_hundred_schemas_of_grants() {
    let mut counts = Counts::default();
    for major in support::MAJORS {
        run(major, 4_100_000 + u64::from(major) * 1000, 40, &mut counts);
    }
    counts.judge();
}

fn run(major: u32, base: u64, count: u64, counts: &mut Counts) {
    let server = support::server(major, Platform::Postgres);
    let first = first_seed() + base;
    for seed in first..first + count {
        round(&server, seed, major, counts);
    }
    eprintln!("on {major}, seeds {first} to {}: {} wrong", first + count - 1, counts.wrong.len());
}

fn round(server: &Server, seed: u64, major: u32, counts: &mut Counts) {
    let admin = support::connect(server, server.superuser(), "postgres");
    let run = |client: &tokio_postgres::Client, sql: &str| {
        block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}\n{sql}", support::explain(&e)));
    };
    let name = format!("round_{seed}");
    run(&admin, &format!("create database {name}"));
    let client = support::connect(server, server.superuser(), &name);
    let text = generate(&name, seed, major);
    run(&client, &text);
    let schema = schema_of(&client);
    drop(client);
    let known = counts.wrong.len();
    {
        let database = open(server, &name);
        let declared = rules(&schema, &mut Choice::new(seed));
        hold(&database, &schema, &declared, "", counts).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
    }
    counts.wrong.iter_mut().skip(known).for_each(|wrong| *wrong = format!("seed {seed} on {major}: {wrong}\n{text}"));
    run(&admin, &format!("drop database {name} with (force)"));
    run(&admin, &format!("drop role {}", ROLES.join(", ")));
}

const CONDITIONS: [&str; 7] =
    ["true", "false", "id > 3", "id % 2 = 0", "b is null", "b > 2 or id <= 3", "id > 3 and b is not null"];

/// A rule for some of the roles, relations and commands.
fn rules(schema: &Schema, c: &mut Choice) -> String {
    let mut all = String::new();
    let mut trusted: Vec<_> = schema.roles.iter().filter(|r| r.superuser).map(|r| r.name.clone()).collect();
    trusted.push("pg_database_owner".to_owned());
    for relation in schema.relations.iter().filter(|r| r.kind.holds_rows() && !r.name.schema.starts_with("pg_")) {
        for role in ROLES.iter().filter(|role| !trusted.iter().any(|t| t == *role)) {
            let mut rule = String::new();
            for command in [Command::Select, Command::Insert, Command::Update, Command::Delete] {
                let is_view = relation.kind == RelationKind::View && command != Command::Select;
                if !is_view && c.chance(35) {
                    let word = format!("{command:?}").to_lowercase();
                    writeln!(rule, "{word} = '{}'", c.pick(&CONDITIONS)).unwrap();
                }
            }
            if !rule.is_empty() {
                // All rows of a view that reads as its owner are those of nobody, where the owner does not see them.
                let modes = if relation.view.is_some() { ["at-most"; 3] } else { ["at-most", "at-most", "exactly"] };
                let mode = c.pick(&modes);
                writeln!(all, "[[rule]]\non = '{}'\nrole = '{role}'\nmode = '{mode}'\n{rule}", relation.name).unwrap();
            }
        }
    }
    all
}
