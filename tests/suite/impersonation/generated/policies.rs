//! Schemas of policies, helpers and rules as people write them, as text: those of the differential suite.

use std::fmt::Write as _;

use pgwitness::impersonation::cast;
use pgwitness::shadow::Platform;

use super::{Counts, hold, open};
use crate::differential::choice::{Choice, first_seed, rounds};
use crate::differential::text::schema::{COMMON, Table, helper, lookups, table};
use crate::differential::text::types::{USERS, cell};
use crate::differential::text::{made, model, rules};
use crate::support::{self, block_on};

const HELPERS: usize = 3;
const TABLES: usize = 4;
const ROWS: usize = 14;

#[test]
fn policies_and_helpers_are_what_everybody_can_do() {
    run(17, 3_000_000, rounds(10)).judge();
}

#[test]
fn policies_and_helpers_are_what_everybody_can_do_on_the_oldest_server() {
    run(14, 3_100_000, rounds(3)).judge();
}

#[test]
#[ignore = "takes minutes: 800 of the 1,000 schemas"]
fn eight_hundred_schemas_of_policies() {
    let runs = [(14, 100), (15, 100), (16, 100), (17, 300), (18, 200)];
    for (major, count) in runs {
        run(major, 3_200_000 + u64::from(major) * 1000, count).judge();
    }
}

fn run(major: u32, base: u64, count: u64) -> Counts {
    let made = support::database(major, Platform::SUPABASE, "");
    let superuser = made.connect_as(made.server.superuser());
    let database = open(&made.server, &made.name);
    let mut counts = Counts::default();
    let first = first_seed() + base;
    for seed in first..first + count {
        round(&made, &superuser, &database, (seed, major), &mut counts);
    }
    eprintln!("on {major}, seeds {first} to {}", first + count - 1);
    counts
}

fn round(
    on: &support::TestDatabase,
    superuser: &tokio_postgres::Client,
    database: &pgwitness::connector::Database,
    (seed, major): (u64, u32),
    counts: &mut Counts,
) {
    let mut c = Choice::new(seed);
    let clear = "drop schema if exists app cascade; drop schema if exists fuzz cascade;";
    block_on(superuser.batch_execute(clear)).unwrap();
    block_on(superuser.batch_execute(include_str!("../../differential/text/attack.sql"))).unwrap();
    let mut text = ours(&format!("{COMMON}{}", lookups(&mut c)));
    on.execute(&text);
    for at in 0..HELPERS {
        let mut made = ours(&helper(&mut c, at));
        if block_on(on.client.batch_execute(&made)).is_err() {
            made =
                format!("create function app.h{at}(x uuid, t int) returns boolean language sql as 'select x is null';");
            on.execute(&made);
        }
        writeln!(text, "{made}").unwrap();
    }
    let mut declared = String::new();
    let mut fill = lookup_rows(&mut c);
    for at in 0..TABLES {
        let mut table = table(&mut c, at, HELPERS);
        table.ddl = ours(&table.ddl);
        table.rules.iter_mut().for_each(|rule| *rule = ours(rule));
        if c.chance(60) {
            // A filter, a RETURNING or a MERGE reads.
            let using = c.pick(&["true", "tag > 2", "auth.uid() is not null"]);
            let Table { name, role, ddl, .. } = &mut table;
            writeln!(ddl, "grant select on app.{name} to {role};").unwrap();
            writeln!(ddl, "create policy seen on app.{name} for select to {role} using ({using});").unwrap();
        }
        if made(on, superuser, &table).is_ok() {
            text.push_str(&table.ddl);
            declared.push_str(&rules(&table));
            fill.push_str(&rows(&mut c, &table));
        }
    }
    let known = counts.wrong.len();
    let schema = model(&text, major);
    hold(database, &schema, &declared, &fill, counts).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
    let around = text.strip_prefix(&ours(COMMON)).unwrap_or(&text).to_owned();
    counts.wrong.iter_mut().skip(known).for_each(|wrong| *wrong = format!("seed {seed} on {major}: {wrong}\n{around}"));
}

/// The suite's users are those of the cast.
fn ours(text: &str) -> String {
    USERS.iter().enumerate().fold(text.to_owned(), |text, (at, user)| text.replace(user, &cast::user_id(at)))
}

fn lookup_rows(c: &mut Choice) -> String {
    let mut sql = String::new();
    for _ in 0..2 + c.below(6) {
        let role = c.pick(&["'admin'", "'member'", "null", "'a'", "'lo'"]);
        let (team, user) = (cell(c, "int", true), cell(c, "uuid", true));
        write!(sql, "insert into app.members values ({team}, {user}, {role});").unwrap();
    }
    for _ in 0..c.below(4) {
        let (id, owner, open) = (cell(c, "int", true), cell(c, "uuid", true), cell(c, "boolean", true));
        write!(sql, "insert into app.teams values ({id}, {owner}, {open});").unwrap();
    }
    ours(&sql)
}

/// Rows with few values, so that conditions come out both ways.
fn rows(c: &mut Choice, table: &Table) -> String {
    if table.columns.is_empty() {
        return String::new();
    }
    let names: Vec<_> = table.columns.iter().map(|(name, ..)| *name).collect();
    let target = format!("app.{} ({})", table.name, names.join(", "));
    let each = (0..ROWS).map(|_| {
        let cells: Vec<_> = table.columns.iter().map(|(_, kind, nullable)| cell(c, kind, *nullable)).collect();
        pgwitness::model::quote_literal(&cells.join(", "))
    });
    let each: Vec<_> = each.collect();
    ours(&format!("select fuzz.fill('{target}', array[{}]);", each.join(", ")))
}
