//! What is told of RETURNING and upserts beside the bare command, each script run on a real server.

use pgwitness::access::Mode;
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::Command;
use pgwitness::report::{Asked, Decided, StatementForm};
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Judged, judge};

use super::intent::{declared, intent, schema_of};
use super::scripts::{rows, runs};
use crate::support::{self, block_on};

/// A table to write and read back, and one whose policies look into rows that come after.
const FORMS: &str = "
    create table public.rooms (id bigint generated always as identity primary key, owner uuid not null, name text);
    create table public.seats (room bigint not null references public.rooms, who uuid not null, primary key (room, who));
    create table public.posts (id bigint primary key, author uuid not null, open boolean not null default true);
    create table public.drafts (id bigint primary key, author uuid not null, kind text);
    create table public.letters (id bigint primary key, reader uuid not null, sender uuid not null);
    create table public.reports (id bigint primary key, author uuid not null);
    alter table public.rooms enable row level security;
    alter table public.seats enable row level security;
    alter table public.posts enable row level security;
    alter table public.drafts enable row level security;
    alter table public.letters enable row level security;
    alter table public.reports enable row level security;
    create policy s on public.seats for select to authenticated using (who = (select auth.uid()));
    create policy s on public.rooms for select to authenticated
      using (exists (select from public.seats s where s.room = rooms.id and s.who = (select auth.uid())));
    create policy i on public.rooms for insert to authenticated with check (owner = (select auth.uid()));
    create policy s on public.posts for select to authenticated using (open);
    create policy i on public.posts for insert to authenticated with check (author = (select auth.uid()));
    create policy u on public.posts for update to authenticated using (author = (select auth.uid()));
    create policy s on public.drafts for select to authenticated using (author = (select auth.uid()));
    create policy i on public.drafts for insert to authenticated with check (true);
    create policy u on public.drafts for update to authenticated using (author = (select auth.uid()));
    create policy s on public.letters for select to authenticated using (reader = (select auth.uid()));
    create policy i on public.letters for insert to authenticated with check (sender = (select auth.uid()));
    create policy i on public.reports for insert to authenticated with check (author = (select auth.uid()));
    revoke all on public.rooms, public.seats, public.posts, public.drafts, public.letters, public.reports from anon, authenticated;
    grant select, insert, update on public.rooms, public.seats, public.posts, public.drafts, public.letters to authenticated;
    grant insert on public.reports to authenticated;";

type Rule = (Command, Which, Mode, &'static str);
/// Command, form, what was asked, and what was decided.
type Told = (Command, Option<StatementForm>, Asked, Decided);

/// What is told of the last rule's command, beside the other rules.
const CASES: &[(&str, &[Rule], &[Told])] = &[
    // The membership that lets a room be read comes after it.
    (
        "rooms",
        &[
            (
                SELECT,
                OLD,
                Mode::AtMost,
                "exists (select from public.seats s where s.room = rooms.id and s.who = auth.uid())",
            ),
            (INSERT, NEW, Mode::AtLeast, "owner = auth.uid()"),
        ],
        &[granted(INSERT, None), refused(INSERT, RETURNING)],
    ),
    // What is not open cannot be read back, and whoever says nothing of reading is told.
    (
        "posts",
        &[(INSERT, NEW, Mode::AtLeast, "author = auth.uid()")],
        &[granted(INSERT, None), refused(INSERT, RETURNING)],
    ),
    // Rules that keep such rows from the role expect no more.
    (
        "posts",
        &[(SELECT, OLD, Mode::AtMost, "open"), (INSERT, NEW, Mode::AtLeast, "author = auth.uid()")],
        &[granted(INSERT, None), granted(INSERT, Some(RETURNING))],
    ),
    (
        "letters",
        &[(SELECT, OLD, Mode::AtMost, "reader = auth.uid()"), (INSERT, NEW, Mode::AtLeast, "sender = auth.uid()")],
        &[granted(INSERT, None), granted(INSERT, Some(RETURNING))],
    ),
    // Who reads nothing is meant to write only.
    ("reports", &[(INSERT, NEW, Mode::AtLeast, "author = auth.uid()")], &[granted(INSERT, None)]),
    // An UPDATE without WHERE changes what SELECT policies hide; an upsert does not.
    (
        "posts",
        &[(INSERT, NEW, Mode::AtLeast, "author = auth.uid()"), (UPDATE, OLD, Mode::AtLeast, "author = auth.uid()")],
        &[granted(UPDATE, Some(BARE)), refused(UPDATE, UPSERT)],
    ),
    (
        "posts",
        &[(INSERT, NEW, Mode::AtLeast, "author = auth.uid()"), (UPDATE, NEW, Mode::AtLeast, "author = auth.uid()")],
        &[granted(UPDATE, Some(BARE)), refused(UPDATE, UPSERT)],
    ),
    // No rule on INSERT asks for an upsert.
    ("posts", &[(UPDATE, OLD, Mode::AtLeast, "author = auth.uid()")], &[granted(UPDATE, Some(BARE))]),
    (
        "drafts",
        &[(INSERT, NEW, Mode::AtLeast, "author = auth.uid()"), (UPDATE, NEW, Mode::AtLeast, "author = auth.uid()")],
        &[granted(UPDATE, None), granted(UPDATE, Some(UPSERT))],
    ),
    // Only a bare INSERT adds what the policies on SELECT refuse to show.
    (
        "drafts",
        &[(INSERT, NEW, Mode::AtMost, "author = auth.uid()")],
        &[(INSERT, Some(BARE), Asked::NeverExceeds, Decided::Violated)],
    ),
    (
        "drafts",
        &[(INSERT, NEW, Mode::AtMost, "kind = 'own' and author = auth.uid()")],
        &[(INSERT, None, Asked::NeverExceeds, Decided::Violated)],
    ),
];

const SELECT: Command = Command::Select;
const INSERT: Command = Command::Insert;
const UPDATE: Command = Command::Update;
const OLD: Which = Which::Old;
const NEW: Which = Which::New;
const BARE: StatementForm = StatementForm::Bare;
const RETURNING: StatementForm = StatementForm::Returning;
const UPSERT: StatementForm = StatementForm::Upsert;

const fn granted(command: Command, form: Option<StatementForm>) -> Told {
    (command, form, Asked::GrantsAll, Decided::Proved)
}

const fn refused(command: Command, form: StatementForm) -> Told {
    (command, Some(form), Asked::GrantsAll, Decided::Violated)
}

#[test]
fn tell_which_form_of_a_statement_does_it() {
    for major in [14, 17] {
        let database = support::database(major, Platform::SUPABASE, FORMS);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let superuser = database.connect_as(database.server.superuser());
        for (relation, rules, told) in CASES {
            let of = |(command, row, mode, rule): &Rule| {
                declared(&schema, (relation, "authenticated"), (*command, *row), *mode, rule)
            };
            let intent = intent(rules.iter().map(of).collect());
            let verdicts = judge(&cx, &intent);
            for one in rows(&verdicts.judged).filter(|one| one.entry.verdict == Decided::Violated) {
                let script = one.script.as_ref().unwrap_or_else(|| panic!("no script: {:#?}", one.entry));
                let replayed = block_on(replay(&superuser, script)).unwrap();
                assert!(replayed.reproduced, "{major}: {replayed:?}\n{}\n{:#?}", script.text(), one.entry);
                runs(&superuser, &script.text(), one);
            }
            let tell = |one: &Judged| (one.entry.command, one.entry.statement, one.entry.question, one.entry.verdict);
            let last = rules.last().unwrap().0;
            let all: Vec<_> = rows(&verdicts.judged).map(tell).filter(|(command, ..)| *command == last).collect();
            assert_eq!(all, *told, "{major}: {relation} {rules:?}");
        }
    }
}
