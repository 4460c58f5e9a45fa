//! Rules on writes through views: each answer, and each script, held against real servers.

use pgwitness::access::Mode;
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::{Command, Schema};
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Judged, judge};

use super::intent::{declared, intent, schema_of};
use super::scripts::{rows, runs};
use crate::support::{self, TestDatabase, block_on};

/// Views with their owner's rights, with those of an owner whom policies bind, and of views.
const SCHEMA: &str = "
    create table public.teams (id bigint primary key);
    create table public.docs (
        id bigint generated always as identity primary key, team bigint not null references public.teams,
        owner uuid not null, state text not null default 'draft', secret text not null default 'none',
        size integer generated always as (length(state)) stored);
    alter table public.docs enable row level security;
    create policy o on public.docs to view_owner using (state <> 'locked') with check (state <> 'hidden');
    create policy own on public.docs to authenticated using (owner = (select auth.uid())) with check (state <> 'locked');
    revoke all on public.docs, public.teams from anon, authenticated;
    grant all on public.docs to view_owner;
    grant select, insert, update, delete on public.docs to authenticated;
    create view public.open as select id, team, owner, state as label, upper(state) as loud from public.docs where owner is not null;
    create view public.bound as select id, team, owner, state as label from public.docs;
    create view public.checked as select id, team, owner, state as label from public.docs where state <> 'old' with check option;
    create view public.outer as select id, team, owner, label from public.bound where label <> 'old';
    create view public.handled as select id, owner, state as label from public.docs;
    create view public.above as select id, owner, label from public.handled;
    create view public.ruled as select id, owner, state as label from public.docs;
    create function public.swallow() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger swallow instead of update on public.handled for each row execute function public.swallow();
    create table public.logs (id bigint primary key, owner uuid not null);
    create function public.refuse() returns trigger language plpgsql as
        $$ begin if new.owner is distinct from auth.uid() then raise exception 'no'; end if; return new; end $$;
    create trigger refuse before insert on public.logs for each row execute function public.refuse();
    create view public.all_logs as select id, owner from public.logs;
    revoke all on public.logs, public.all_logs from anon, authenticated;
    grant insert, delete on public.all_logs to authenticated;
    create rule nothing as on delete to public.ruled do instead nothing;
    alter view public.bound owner to view_owner;
    revoke all on public.open, public.bound, public.checked, public.outer, public.handled, public.above, public.ruled from anon, authenticated;
    grant select, insert, update, delete on public.open, public.checked, public.outer, public.handled, public.above, public.ruled to authenticated;
    grant select, insert, delete, update (label) on public.bound to authenticated;
    grant select, insert, update, delete on public.bound to postgres;";

/// Views that read and write as whoever asks.
const INVOKER: &str = "
    create view public.invoker with (security_invoker = on) as select id, team, owner, state as label from public.docs;
    revoke all on public.invoker from anon, authenticated;
    grant select, insert, update, delete on public.invoker to authenticated;";

type Case = (&'static str, Command, Which, Mode, &'static str, Decided);

const OWN: &str = "owner = auth.uid()";
const CASES: &[Case] = &[
    // As postgres, whom no row security binds.
    ("open", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("open", Command::Update, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("open", Command::Delete, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("open", Command::Insert, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("open", Command::Insert, Which::New, Mode::AtMost, "loud <> 'LOCKED'", Decided::Violated),
    ("open", Command::Delete, Which::Old, Mode::AtMost, "owner is not null", Decided::Proved),
    ("open", Command::Delete, Which::Old, Mode::AtLeast, "label = 'x'", Decided::Proved),
    // As an owner whom policies bind, and of columns that alone may be set.
    ("bound", Command::Update, Which::Old, Mode::AtMost, "label <> 'locked'", Decided::Proved),
    ("bound", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("bound", Command::Update, Which::New, Mode::AtMost, "label <> 'hidden'", Decided::Proved),
    ("bound", Command::Update, Which::New, Mode::AtMost, "label <> 'locked'", Decided::Violated),
    ("bound", Command::Update, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("bound", Command::Insert, Which::New, Mode::AtMost, "label <> 'hidden'", Decided::Proved),
    ("bound", Command::Insert, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("bound", Command::Delete, Which::Old, Mode::AtLeast, "label = 'locked'", Decided::Violated),
    ("bound", Command::Insert, Which::New, Mode::AtLeast, "label = 'hidden'", Decided::Violated),
    ("bound", Command::Update, Which::New, Mode::AtLeast, "label = 'hidden'", Decided::Violated),
    ("checked", Command::Insert, Which::New, Mode::AtMost, "label <> 'old'", Decided::Proved),
    ("checked", Command::Update, Which::New, Mode::AtMost, "label <> 'old'", Decided::Proved),
    ("checked", Command::Update, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("checked", Command::Insert, Which::New, Mode::AtLeast, "label = 'old'", Decided::Violated),
    // Through two views.
    ("outer", Command::Delete, Which::Old, Mode::AtMost, "label <> 'locked' and label <> 'old'", Decided::Proved),
    ("outer", Command::Delete, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("outer", Command::Update, Which::New, Mode::AtMost, "label <> 'old'", Decided::Violated),
    ("outer", Command::Insert, Which::New, Mode::AtMost, "label <> 'old'", Decided::Violated),
    // What a trigger or rule does is its own; the other commands pass.
    ("handled", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Unknown),
    ("handled", Command::Delete, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("above", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Unknown),
    ("above", Command::Delete, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    ("ruled", Command::Delete, Which::Old, Mode::AtMost, OWN, Decided::Unknown),
    ("ruled", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Violated),
    // The table's own trigger may refuse what comes through the view.
    ("all_logs", Command::Insert, Which::New, Mode::AtMost, OWN, Decided::Unknown),
    ("invoker", Command::Update, Which::Old, Mode::AtMost, OWN, Decided::Proved),
    ("invoker", Command::Update, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("invoker", Command::Insert, Which::New, Mode::AtMost, "label <> 'locked'", Decided::Proved),
    ("invoker", Command::Insert, Which::New, Mode::AtMost, OWN, Decided::Violated),
    ("invoker", Command::Delete, Which::Old, Mode::AtMost, "label = 'x'", Decided::Violated),
];

fn judged(schema: &Schema, case: &Case) -> Judged {
    let (view, command, row, mode, rule, _) = *case;
    let cx = Context::new(schema, None);
    let intent = intent(vec![declared(schema, (view, "authenticated"), (command, row), mode, rule)]);
    let verdicts = judge(&cx, &intent);
    let all: Vec<_> = rows(&verdicts.judged).cloned().collect();
    assert_eq!(all.len(), 1, "{case:?}: {all:#?}");
    all.into_iter().next().unwrap()
}

fn hold(database: &TestDatabase, major: u32) {
    let schema = schema_of(database);
    let superuser = database.connect_as(database.server.superuser());
    let mut wrong = Vec::new();
    for case in CASES.iter().filter(|case| major >= 15 || case.0 != "invoker") {
        let one = judged(&schema, case);
        if one.entry.verdict != case.5 {
            wrong.push(format!("{major}: {case:?}: {:#?}", one.entry));
            continue;
        }
        match (one.entry.verdict, &one.script) {
            (Decided::Violated, None) => wrong.push(format!("{major}: {case:?}: no script: {:#?}", one.entry)),
            (Decided::Violated, Some(script)) => {
                let replayed = block_on(replay(&superuser, script)).unwrap();
                if !replayed.reproduced {
                    wrong.push(format!("{major}: {case:?}: {replayed:?}\n{}", script.text()));
                }
                runs(&superuser, &script.text(), &one);
            }
            (Decided::Unknown, _) => {
                let reason = &one.entry.reason;
                let says = reason.contains("rules on the tables that it writes") || reason.contains("may refuse");
                assert!(says, "{case:?}: {reason}");
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn writes_through_views_are_decided_and_shown() {
    for major in [14, 17] {
        let server = support::server(major, Platform::SUPABASE);
        let client = support::connect(&server, "postgres", "postgres");
        let roles = "create role view_owner nologin; grant view_owner to postgres; grant usage, create on schema public to view_owner;";
        let invoker = if major >= 15 { INVOKER } else { "" };
        let made = block_on(client.batch_execute(&format!("{roles}{SCHEMA}{invoker}")));
        made.unwrap_or_else(|e| panic!("{}", support::explain(&e)));
        let url = server.conn_string("postgres");
        hold(&TestDatabase { url, server: std::sync::Arc::new(server), name: "postgres".to_owned(), client }, major);
    }
}
