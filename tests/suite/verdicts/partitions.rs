//! Rules on partitions and on what they are parts of: a witness is a row that a partition takes, and what no partition's
//! bound lets in is not held against a rule.

use pgwitness::access::Mode;
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::Command;
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Kind, judge};

use super::intent::{declared, intent, schema_of};
use crate::support::{self, block_on};

const TABLES: &str = "
    create table public.events (id bigint not null, kind text, at date not null, user_id uuid) partition by range (at);
    create table public.events_jan partition of public.events for values from ('2024-01-01') to ('2024-02-01');
    create table public.events_old partition of public.events for values from (minvalue) to ('2024-01-01');
    create table public.kinds (id int, kind text, user_id uuid) partition by list (kind);
    create table public.kinds_ab partition of public.kinds for values in ('a', 'b') partition by range (id);
    create table public.kinds_low partition of public.kinds_ab for values from (0) to (10);
    create table public.kinds_rest partition of public.kinds default;
    create table public.pairs (a int, b bigint, user_id uuid) partition by range (a, b);
    create table public.pairs_1 partition of public.pairs for values from (1, '5') to (2, minvalue);
    create table public.nulls (k int, user_id uuid) partition by list (k);
    create table public.nulls_1 partition of public.nulls for values in (1, null);
    create table public.hashed (k int, user_id uuid) partition by hash (k);
    create table public.hashed_0 partition of public.hashed for values with (modulus 2, remainder 0);
    create table public.hashed_1 partition of public.hashed for values with (modulus 2, remainder 1);
    create table public.empty (k int, user_id uuid) partition by list (k);";

/// A table, a rule and what is said of it for rows that everybody reads, changes and makes.
const RULES: &[(&str, &str, Decided)] = &[
    ("events_jan", "user_id = auth.uid()", Decided::Violated),
    ("events_jan", "at >= '2024-01-01' and at < '2024-02-01'", Decided::Proved),
    ("events_jan", "at > '2024-01-01'", Decided::Violated),
    ("events_old", "at < '2024-01-01'", Decided::Proved),
    ("events_old", "at < '2023-12-31'", Decided::Violated),
    ("events", "at < '2024-01-31'", Decided::Violated),
    // Partitions may be added.
    ("events", "at < '2024-02-01'", Decided::Unknown),
    ("kinds_ab", "kind in ('a', 'b')", Decided::Proved),
    ("kinds_ab", "kind = 'a'", Decided::Violated),
    ("kinds_low", "kind in ('a', 'b') and id between 0 and 9", Decided::Proved),
    ("kinds_low", "id > 0", Decided::Violated),
    ("kinds_rest", "kind is null or kind not in ('a', 'b')", Decided::Proved),
    ("kinds_rest", "kind is not null", Decided::Violated),
    ("kinds", "kind <> 'c'", Decided::Violated),
    ("pairs_1", "a = 1 and b >= 5", Decided::Proved),
    ("pairs_1", "b > 5", Decided::Violated),
    ("pairs_1", "a < 1", Decided::Violated),
    ("nulls_1", "k = 1 or k is null", Decided::Proved),
    ("nulls_1", "k = 1", Decided::Violated),
    ("nulls_1", "k is null", Decided::Violated),
    ("hashed", "user_id = auth.uid()", Decided::Violated),
    ("empty", "user_id = auth.uid()", Decided::Unknown),
];

#[test]
fn take_the_rows_of_witnesses() {
    for major in [14, 17] {
        let mut sql = TABLES.to_owned();
        let names = sql.split("create table public.").skip(1).filter_map(|t| t.split(' ').next());
        let names: Vec<_> = names.map(str::to_owned).collect();
        for name in names {
            sql.push_str(&format!(
                "alter table public.{name} enable row level security;
                 create policy everything on public.{name} to authenticated using (true);"
            ));
        }
        let database = support::database(major, Platform::SUPABASE, &sql);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let superuser = database.connect_as(database.server.superuser());
        for (table, rule, expected) in RULES {
            let asked = [
                (Command::Select, Which::Old),
                (Command::Delete, Which::Old),
                (Command::Update, Which::New),
                (Command::Insert, Which::New),
            ];
            let on = |asked| declared(&schema, (table, "authenticated"), asked, Mode::AtMost, rule);
            let intent = intent(asked.map(on).into());
            let verdicts = judge(&cx, &intent);
            let mut direct = 0;
            for one in verdicts.judged.iter().filter(|one| one.kind == Kind::Rows) {
                let entry = &one.entry;
                let what = format!("{major}: {} on {table} {rule} through {:?}", entry.command, entry.through);
                if entry.through.is_none() {
                    direct += 1;
                    assert_eq!(entry.verdict, *expected, "{what}: {}", entry.reason);
                }
                let Some(script) = &one.script else {
                    assert_ne!(entry.verdict, Decided::Violated, "{what} without a script");
                    continue;
                };
                let replayed = block_on(replay(&superuser, script)).unwrap();
                assert!(replayed.reproduced, "{what}: {replayed:?}\n{}", script.text());
            }
            assert_eq!(direct, 4, "{table} {rule}");
        }
    }
}
