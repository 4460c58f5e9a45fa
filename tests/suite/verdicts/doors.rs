//! Rules asked of SECURITY DEFINER functions: what is said of each holds on a real server.

use std::collections::BTreeMap;

use pgwitness::access::Mode;
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::Command;
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Kind, judge};

use super::intent::{declared, intent, schema_of};
use crate::support::{self, TestDatabase, block_on, explain};

const TABLES: &str = "
    create table public.teams (id uuid primary key, name text not null);
    create table public.members (team_id uuid not null references public.teams, user_id uuid not null, primary key (team_id, user_id));
    create table public.notes (id bigint primary key, user_id uuid not null, team_id uuid references public.teams,
        state text not null default 'draft' check (state in ('draft', 'open')), body text);
    alter table public.teams enable row level security;
    alter table public.members enable row level security;
    alter table public.notes enable row level security;
    create policy own on public.notes for select to authenticated using (user_id = (select auth.uid()));
    create view public.all_notes as select * from public.notes;
    revoke all on public.all_notes from anon, authenticated, public;
    grant select on public.notes to authenticated;";

/// What is asked of each function, the head of its definition, and its body.
const FUNCTIONS: &[(Decided, &str, &str)] = &[
    // Rows of the table.
    (Decided::Violated, "of_user(p_user uuid) returns setof public.notes language sql", "select n.* from public.notes n where n.user_id = p_user"),
    (Decided::Proved, "mine() returns setof public.notes language sql", "select n.* from public.notes n where n.user_id = auth.uid()"),
    (Decided::Proved, "mine_of(p_id bigint) returns setof public.notes language sql", "select n.* from public.notes n where n.id = p_id and n.user_id = auth.uid()"),
    (Decided::Violated, "one(p_id bigint) returns public.notes language sql", "select n.* from public.notes n where n.id = p_id"),
    (Decided::Violated, "whole(p_id bigint) returns setof public.notes language sql", "select n from public.notes n where n.id = p_id"),
    // Columns.
    (Decided::Violated, "bodies(p_team uuid) returns table (id bigint, body text) language sql", "select n.id, n.body from public.notes n where n.team_id = p_team"),
    (Decided::Violated, "outs(p_id bigint, out body text, out state text) language sql", "select n.body, n.state from public.notes n where n.id = p_id"),
    (Decided::Violated, "body_of(p_id bigint) returns text language sql", "select n.body from public.notes n where n.id = p_id"),
    (Decided::Proved, "my_body(p_id bigint) returns text language sql", "select n.body from public.notes n where n.id = p_id and n.user_id = auth.uid()"),
    (Decided::Violated, "upper_of(p_id bigint) returns text language sql", "select upper(coalesce(n.body, '-')) from public.notes n where n.id = p_id"),
    (Decided::Violated, "strictly(p_id bigint) returns setof text strict language sql", "select n.body from public.notes n where n.id = p_id"),
    (Decided::Violated, "as_json(p_team uuid) returns jsonb language sql", "select jsonb_agg(jsonb_build_object('id', n.id, 'body', n.body)) from public.notes n where n.team_id = p_team"),
    (Decided::Proved, "my_json() returns jsonb language sql", "select coalesce(jsonb_agg(to_jsonb(n)), '[]'::jsonb) from public.notes n where n.user_id = auth.uid()"),
    (Decided::Violated, "nested() returns jsonb language sql", "select jsonb_build_object('notes', (select jsonb_agg(n.body) from public.notes n))"),
    (Decided::Violated, "grouped() returns table (team_id uuid, bodies text[]) language sql", "select n.team_id, array_agg(n.body) from public.notes n group by n.team_id"),
    (Decided::Violated, "through_view(p_id bigint) returns setof text language sql", "select v.body from public.all_notes v where v.id = p_id"),
    (Decided::Violated, "joined() returns table (team text, body text) language sql", "select t.name, n.body from public.teams t join public.notes n on n.team_id = t.id"),
    (Decided::Proved, "joined_mine() returns table (team text, body text) language sql",
        "select t.name, n.body from public.teams t left join public.notes n on n.team_id = t.id and n.user_id = auth.uid()"),
    // The body asks who calls and does not bind the rows to them.
    (Decided::Violated, "of_member(p_team uuid) returns setof public.notes language plpgsql",
        "begin if not exists (select from public.members m where m.team_id = p_team and m.user_id = auth.uid()) then raise exception 'no'; end if;
         return query select n.* from public.notes n where n.team_id = p_team; end"),
    (Decided::Violated, "signed_in(p_user uuid) returns setof public.notes language plpgsql",
        "begin if auth.uid() is null then raise exception 'no'; end if; return query select n.* from public.notes n where n.user_id = p_user; end"),
    (Decided::Proved, "guarded(p_user uuid) returns setof public.notes language plpgsql",
        "begin if p_user is distinct from auth.uid() then raise exception 'no'; end if; return query select n.* from public.notes n where n.user_id = p_user; end"),
    (Decided::Proved, "early(p_user uuid) returns setof public.notes language plpgsql",
        "begin if p_user <> auth.uid() or p_user is null then return; end if; return query select n.* from public.notes n where n.user_id = p_user; return; end"),
    (Decided::Violated, "either(p_all boolean) returns setof public.notes language plpgsql",
        "begin if p_all then return query select * from public.notes; else return query select n.* from public.notes n where n.user_id = auth.uid(); end if; end"),
    (Decided::Violated, "twice() returns table (body text) language plpgsql",
        "begin return query select n.body from public.notes n where n.user_id = auth.uid(); return query select n.body from public.notes n where n.state = 'open'; end"),
    (Decided::Violated, "into_variable(p_id bigint) returns text language plpgsql",
        "declare found_body text; begin select n.body into found_body from public.notes n where n.id = p_id; return found_body; end"),
    (Decided::Proved, "checked_variable(p_id bigint) returns text language plpgsql",
        "declare found_body text; owner uuid; begin select n.body, n.user_id into found_body, owner from public.notes n where n.id = p_id;
         if owner is distinct from auth.uid() then return null; end if; return found_body; end"),
    // What cannot be read.
    (Decided::Unknown, "dynamic(p_where text) returns setof public.notes language plpgsql",
        "begin return query execute 'select * from public.notes where ' || p_where; end"),
    (Decided::Unknown, "looped() returns setof public.notes language plpgsql",
        "declare n public.notes; begin for n in select * from public.notes loop return next n; end loop; end"),
];

/// Functions that show no row of the table, so that nothing is said of them.
const OTHERS: &[(&str, &str)] = &[
    ("how_many() returns bigint language sql", "select count(*) from public.notes"),
    (
        "is_there(p_id bigint) returns boolean language sql",
        "select exists (select from public.notes n where n.id = p_id)",
    ),
    (
        "team_names() returns setof text language sql",
        "select t.name from public.teams t where exists (select from public.notes n where n.team_id = t.id)",
    ),
    (
        "sums() returns table (team_name text, notes bigint) language sql",
        "select t.name, count(n.id) from public.teams t join public.notes n on n.team_id = t.id group by t.name",
    ),
];

fn name(head: &str) -> &str {
    head.split('(').next().unwrap()
}

fn database(major: u32) -> TestDatabase {
    let definition = |(head, body): (&str, &str)| {
        format!("create function public.{head} stable security definer set search_path = '' as $${body}$$;")
    };
    let all = FUNCTIONS.iter().map(|(_, head, body)| (*head, *body)).chain(OTHERS.iter().copied());
    let mut sql = TABLES.to_owned();
    sql.extend(all.map(definition));
    // Nobody may call it, or it runs as whoever calls.
    sql.push_str(
        "create function public.hidden() returns setof public.notes language sql security definer as $$select * from public.notes$$;
         revoke execute on function public.hidden() from public, anon, authenticated;
         create function public.as_caller() returns setof public.notes language sql as $$select * from public.notes$$;",
    );
    support::database(major, Platform::SUPABASE, &sql)
}

#[test]
fn are_decided_and_replayed() {
    for major in [14, 17] {
        let database = database(major);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let rule = "user_id = auth.uid()";
        let select = (Command::Select, Which::Old);
        let intent = intent(vec![declared(&schema, ("notes", "authenticated"), select, Mode::AtMost, rule)]);
        let verdicts = judge(&cx, &intent);
        let superuser = database.connect_as(database.server.superuser());
        let doors: BTreeMap<_, _> = verdicts
            .judged
            .iter()
            .filter(|one| one.kind == Kind::Door)
            .map(|one| {
                let through = one.entry.through.as_deref().unwrap();
                (through.trim_start_matches("public.").split('(').next().unwrap().to_owned(), one)
            })
            .collect();
        let direct = verdicts.judged.iter().find(|one| one.kind == Kind::Rows).unwrap();
        assert_eq!(direct.entry.verdict, Decided::Proved);
        let mut wrong = Vec::new();
        for (expected, head, _) in FUNCTIONS {
            let Some(one) = doors.get(name(head)) else {
                wrong.push(format!("{}: nothing is said", name(head)));
                continue;
            };
            if one.entry.verdict != *expected {
                wrong.push(format!("{}: {:?}, {}", name(head), one.entry.verdict, one.entry.reason));
                continue;
            }
            if *expected == Decided::Violated {
                let Some(script) = &one.script else {
                    wrong.push(format!("{}: no script", name(head)));
                    continue;
                };
                let replayed = block_on(replay(&superuser, script)).unwrap();
                if !replayed.reproduced {
                    wrong.push(format!("{}: {replayed:?}\n{}", name(head), script.text()));
                }
                if let Err(error) = block_on(superuser.batch_execute(&script.text())) {
                    wrong.push(format!("{}: {}\n{}", name(head), explain(&error), script.text()));
                    block_on(superuser.batch_execute("rollback")).unwrap();
                }
            }
        }
        let expected: Vec<_> = FUNCTIONS.iter().map(|(_, head, _)| name(head)).collect();
        wrong.extend(
            doors.keys().filter(|n| !expected.contains(&n.as_str())).map(|n| format!("{n}: something is said")),
        );
        assert!(wrong.is_empty(), "{major}:\n{}", wrong.join("\n"));
        attack(&database);
    }
}

/// Functions of which it is said that they show the caller's own rows only, beside rows of all kinds and with every argument.
fn attack(database: &TestDatabase) {
    let superuser = database.connect_as(database.server.superuser());
    let user = |n: u32| format!("00000000-0000-0000-0000-00000000000{n}");
    let mut rows = String::from(
        "insert into public.teams select ('00000000-0000-0000-0000-0000000000a' || n)::uuid, 'team' from generate_series(1, 2) n;",
    );
    for at in 0..24 {
        let team =
            if at % 3 == 0 { "null".to_owned() } else { format!("'00000000-0000-0000-0000-0000000000a{}'", at % 3) };
        let state = if at % 2 == 0 { "draft" } else { "open" };
        rows.push_str(&format!(
            "insert into public.notes values ({at}, '{}', {team}, '{state}', 'note {}');",
            user(at % 4),
            at % 4
        ));
    }
    block_on(superuser.batch_execute(&rows)).unwrap_or_else(|e| panic!("{}", explain(&e)));
    let mut seen = 0;
    for (_, head, _) in FUNCTIONS.iter().filter(|(decided, ..)| *decided == Decided::Proved) {
        let argument = head.split_once('(').unwrap().1;
        let arguments: Vec<String> = match () {
            () if argument.starts_with(')') => vec![String::new()],
            () if argument.starts_with("p_user") => {
                (0..4).map(|n| format!("'{}'", user(n))).chain(["null".to_owned()]).collect()
            }
            () => (0..24).map(|n| n.to_string()).chain(["null".to_owned()]).collect(),
        };
        for given in arguments {
            // The body tells whose row it is.
            let sql = format!(
                "begin; select set_config('request.jwt.claims', '{{\"sub\": \"{}\", \"role\": \"authenticated\"}}', true); set local role authenticated;
                 select 'row:' || coalesce(f::text, '') from public.{}({given}) f",
                user(1),
                name(head)
            );
            let answer = block_on(superuser.simple_query(&sql));
            block_on(superuser.batch_execute("rollback")).unwrap();
            // An exception shows no row.
            for message in answer.into_iter().flatten() {
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message
                    && let Some(text) = row.get(0).filter(|text| text.contains("note "))
                {
                    seen += 1;
                    let others = ["note 0", "note 2", "note 3"].iter().any(|other| text.contains(other));
                    assert!(!others, "{}({given}) shows {text}", name(head));
                }
            }
        }
    }
    assert!(seen > 20, "{seen}");
}
