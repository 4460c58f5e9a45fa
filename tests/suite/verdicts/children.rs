//! A rule on a relation is asked of its partitions and children too, which a statement may name; and what writes its rows
//! beside it is named.

use pgwitness::access::Mode;
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::Command;
use pgwitness::report::{Asked, Decided};
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Kind, judge};

use super::intent::{declared, intent, schema_of};
use crate::support::{self, block_on, explain};

const TABLES: &str = "
    create table public.events (id bigint, user_id uuid) partition by range (id);
    create table public.bare partition of public.events for values from (0) to (10);
    create table public.kept partition of public.events for values from (10) to (20);
    create table public.ruled partition of public.events for values from (20) to (30);
    create table public.shut partition of public.events for values from (30) to (40);
    create table public.base (id bigint, user_id uuid);
    -- Columns in another order, and one more.
    create table public.child (more text, user_id uuid, id bigint);
    alter table public.child inherit public.base;
    alter table public.events enable row level security;
    alter table public.kept enable row level security;
    alter table public.base enable row level security;
    alter table public.child enable row level security;
    revoke all on public.shut from anon, authenticated;
    create policy own on public.events to authenticated using (user_id = (select auth.uid()));
    create policy own on public.kept to authenticated using (user_id = (select auth.uid()));
    create policy own on public.base to authenticated using (user_id = (select auth.uid()));
    create policy more on public.child to authenticated using (user_id = auth.uid() or more = 'open');";

const RULE: &str = "user_id = auth.uid()";

const COMMANDS: [(Command, Which); 5] = [
    (Command::Select, Which::Old),
    (Command::Insert, Which::New),
    (Command::Update, Which::Old),
    (Command::Update, Which::New),
    (Command::Delete, Which::Old),
];

#[test]
fn are_asked_and_shown() {
    for major in [14, 17] {
        let database = support::database(major, Platform::SUPABASE, TABLES);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let on = |table, asked, rule| declared(&schema, (table, "authenticated"), asked, Mode::AtMost, rule);
        let mut rules: Vec<_> = COMMANDS.iter().map(|asked| on("ruled", *asked, "true")).collect();
        rules.extend(["events", "base"].iter().flat_map(|table| COMMANDS.map(|asked| on(table, asked, RULE))));
        let superuser = database.connect_as(database.server.superuser());
        let intent = intent(rules);
        let mut said = Vec::new();
        for one in judge(&cx, &intent).judged {
            let entry = &one.entry;
            let Some(through) = entry.through.as_ref().filter(|_| one.kind == Kind::Door) else { continue };
            let what = format!("{:?} {} {} {through}", entry.verdict, entry.command, entry.relation.name);
            if let Some(script) = &one.script {
                let replayed = block_on(replay(&superuser, script)).unwrap();
                assert!(replayed.reproduced, "{major}: {what}: {replayed:?}\n{}", script.text());
                if let Err(error) = block_on(superuser.batch_execute(&script.text())) {
                    panic!("{what}: {}\n{}", explain(&error), script.text());
                }
            }
            said.push(format!("{what}{}", if one.script.is_some() { ", shown" } else { "" }));
        }
        said.sort();
        let mut expected = Vec::new();
        for (command, _) in COMMANDS {
            for (verdict, parent, child) in
                [("Violated", "events", "bare"), ("Proved", "events", "kept"), ("Violated", "base", "child")]
            {
                let shown = if verdict == "Violated" { ", shown" } else { "" };
                expected.push(format!("{verdict} {command} {parent} public.{child}{shown}"));
            }
        }
        expected.sort();
        assert_eq!(said, expected, "{major}");
    }
}

/// Writes through views with their owner's rights, rewrite rules, and columns that nobody may set are not passed over.
#[test]
fn what_writes_beside_a_relation_is_named() {
    let sql = "create table public.notes (id int primary key, user_id uuid default auth.uid(), body text);
        create table public.inbox (id int, user_id uuid);
        alter table public.notes enable row level security;
        alter table public.inbox enable row level security;
        create policy own on public.notes to authenticated using (user_id = auth.uid());
        create policy all_in on public.inbox for insert to authenticated with check (true);
        create view public.mine as select * from public.notes where user_id = auth.uid();
        create view public.as_caller with (security_invoker = true) as select * from public.notes;
        create view public.read_only as select * from public.notes;
        revoke insert, update, delete on public.read_only from anon, authenticated;
        create rule copy as on insert to public.inbox do also insert into public.notes (id, user_id) values (new.id, new.user_id);
        revoke insert on public.notes from authenticated;
        grant insert (id, body) on public.notes to authenticated;";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let said = |asked, mode| {
        let rules = intent(vec![declared(&schema, ("notes", "authenticated"), asked, mode, RULE)]);
        let all = judge(&cx, &rules).judged;
        let one = all.into_iter().find(|one| one.kind == Kind::Rows && one.entry.through.is_none()).unwrap();
        assert_eq!(one.entry.verdict, Decided::Proved, "{}", one.entry.reason);
        let wanted = if mode == Mode::AtMost { Asked::NeverExceeds } else { Asked::GrantsAll };
        assert_eq!(one.entry.question, wanted);
        let named = |a: &String| a.contains("is within the rule") || a.contains("alone");
        one.entry.assumptions.into_iter().filter(named).collect::<Vec<_>>()
    };
    let (insert, delete) = ((Command::Insert, Which::New), (Command::Delete, Which::Old));
    assert_eq!(
        said(insert, Mode::AtMost),
        [
            "what authenticated writes to its rows through public.inbox and public.mine, with the owner's rights, is within the rule"
        ]
    );
    assert_eq!(
        said(delete, Mode::AtMost),
        ["what authenticated writes to its rows through public.mine, with the owner's rights, is within the rule"]
    );
    assert_eq!(said(insert, Mode::AtLeast), ["INSERT is granted on id and body alone: the others hold their defaults"]);
    assert_eq!(said(delete, Mode::AtLeast), Vec::<String>::new());
}

/// What a statement names counts: the columns that are granted on a parent, not those on what it is asked for.
#[test]
fn a_parent_is_read_by_its_own_grants() {
    let sql = "create table public.base (id bigint, user_id uuid, note text);
        create table public.child () inherits (public.base);
        revoke all on public.base, public.child from anon, authenticated;
        grant select (id, user_id) on public.base to authenticated;
        grant select on public.child to authenticated;
        alter table public.child enable row level security;
        create policy own on public.child to authenticated using (user_id = (select auth.uid()));";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let asked = (Command::Select, Which::Old);
    let rules = intent(vec![declared(&schema, ("child", "authenticated"), asked, Mode::AtMost, RULE)]);
    let all = judge(&cx, &rules).judged;
    let one = all.iter().find(|one| one.entry.through.as_deref() == Some("public.base")).unwrap();
    assert_eq!(one.entry.verdict, Decided::Violated, "{}", one.entry.reason);
    let superuser = database.connect_as(database.server.superuser());
    let replayed = block_on(replay(&superuser, one.script.as_ref().unwrap())).unwrap();
    assert!(replayed.reproduced, "{replayed:?}");
}
