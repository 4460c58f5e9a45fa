//! Rules asked of views that read as their owner and of parents: what is said of each holds on a real server.

use pgwitness::access::{HiddenColumns, Mode, Origin, Place};
use pgwitness::analyzer::decide::Which;
use pgwitness::checks::Context;
use pgwitness::impersonation::replay_in as replay;
use pgwitness::model::{Command, QualifiedName};
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{Kind, judge};

use super::intent::{declared, intent, schema_of};
use crate::support::{self, block_on, explain};

const TABLES: &str = "
    create table public.notes (id bigint primary key, user_id uuid not null, body text);
    create table public.members (note_id bigint not null references public.notes, user_id uuid not null, primary key (note_id, user_id));
    alter table public.notes enable row level security;
    alter table public.members enable row level security;
    create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
    -- Children that keep to the rule, and parents that do not, or do.
    create table public.loose (id bigint, user_id uuid);
    create table public.leaf () inherits (public.loose);
    create table public.tight (id bigint, user_id uuid);
    create table public.kept (more text) inherits (public.tight);
    create table public.parts (id bigint, user_id uuid) partition by range (id);
    create table public.part partition of public.parts for values from (0) to (10);
    alter table public.loose enable row level security;
    alter table public.leaf enable row level security;
    alter table public.tight enable row level security;
    alter table public.kept enable row level security;
    alter table public.parts enable row level security;
    alter table public.part enable row level security;
    create policy everything on public.loose to authenticated using (true);
    create policy own on public.leaf to authenticated using (user_id = auth.uid());
    create policy own on public.tight to authenticated using (user_id = auth.uid());
    create policy own on public.kept to authenticated using (user_id = auth.uid());
    create policy everything on public.parts to authenticated using (true);
    create policy own on public.part to authenticated using (user_id = auth.uid());";

/// What is said of a view, if anything, its name and its query.
const VIEWS: &[(Option<Decided>, &str, &str)] = &[
    (Some(Decided::Violated), "everything", "select * from public.notes"),
    (Some(Decided::Violated), "bodies", "select body from public.everything"),
    (Some(Decided::Violated), "grouped", "select user_id, count(*) as notes from public.notes group by user_id"),
    (Some(Decided::Violated), "gathered", "select array_agg(body) as bodies from public.notes"),
    (
        Some(Decided::Violated),
        "shared",
        "select n.id, n.body from public.notes n join public.members m on m.note_id = n.id where m.user_id = auth.uid()",
    ),
    (Some(Decided::Proved), "own", "select * from public.notes where user_id = auth.uid()"),
    (Some(Decided::Proved), "own_of_all", "select id, body from public.everything where user_id = (select auth.uid())"),
    (None, "counted", "select count(*) as notes from public.notes"),
    (None, "others", "select note_id from public.members"),
    // They have a rule of their own, or nobody reads them.
    (None, "ruled", "select * from public.notes"),
    (None, "shut", "select * from public.notes"),
];

const RULE: &str = "user_id = auth.uid()";
const SELECT: (Command, Which) = (Command::Select, Which::Old);

#[test]
fn are_decided_and_replayed() {
    for major in [15, 17] {
        let mut sql = TABLES.to_owned();
        sql.extend(VIEWS.iter().map(|(_, name, query)| format!("create view public.{name} as {query};")));
        sql.push_str(
            "create view public.as_caller with (security_invoker = true) as select * from public.notes;
             create materialized view public.stored as select * from public.notes;
             revoke all on public.shut from anon, authenticated;",
        );
        let database = support::database(major, Platform::SUPABASE, &sql);
        let schema = schema_of(&database);
        let cx = Context::new(&schema, None);
        let on = |table, asked, rule| declared(&schema, (table, "authenticated"), asked, Mode::AtMost, rule);
        let mut rules = vec![on("notes", SELECT, RULE), on("ruled", SELECT, "true")];
        for table in ["leaf", "kept", "part"] {
            rules.push(on(table, SELECT, RULE));
            rules.push(on(table, (Command::Update, Which::Old), RULE));
            rules.push(on(table, (Command::Update, Which::New), RULE));
            rules.push(on(table, (Command::Delete, Which::Old), RULE));
            rules.push(on(table, (Command::Insert, Which::New), RULE));
        }
        let intent = intent(rules);
        let verdicts = judge(&cx, &intent);
        let superuser = database.connect_as(database.server.superuser());
        let mut said = Vec::new();
        for one in &verdicts.judged {
            let entry = &one.entry;
            if one.kind == Kind::Truncate {
                continue;
            }
            let Some(through) = &entry.through else {
                assert_eq!(entry.verdict, Decided::Proved, "{}: {}", entry.relation, entry.reason);
                continue;
            };
            let what = format!("{} {} {} through {through}", word(entry.verdict), entry.command, entry.relation.name);
            if let Some(script) = &one.script {
                let replayed = block_on(replay(&superuser, script)).unwrap();
                assert!(replayed.reproduced, "{what}: {replayed:?}\n{}", script.text());
                if let Err(error) = block_on(superuser.batch_execute(&script.text())) {
                    panic!("{what}: {}\n{}", explain(&error), script.text());
                }
            }
            said.push(format!("{what}{}", if one.script.is_some() { ", shown" } else { "" }));
        }
        said.sort();
        let mut expected: Vec<_> = VIEWS
            .iter()
            .filter_map(|(verdict, name, _)| {
                let shown = if *verdict == Some(Decided::Violated) { ", shown" } else { "" };
                Some(format!("{} SELECT notes through public.{name}{shown}", word((*verdict)?)))
            })
            .collect();
        expected.push("violated SELECT notes through public.stored".to_owned());
        for (verdict, child, parent, shown) in [
            ("violated", "leaf", "loose", ", shown"),
            ("proved", "kept", "tight", ""),
            ("violated", "part", "parts", ", shown"),
        ] {
            for command in ["SELECT", "UPDATE", "UPDATE", "DELETE"] {
                expected.push(format!("{verdict} {command} {child} through public.{parent}{shown}"));
            }
        }
        expected.push("violated INSERT part through public.parts, shown".to_owned());
        expected.sort();
        assert_eq!(said, expected, "{major}");
    }
}

fn word(verdict: Decided) -> &'static str {
    match verdict {
        Decided::Proved => "proved",
        Decided::Violated => "violated",
        Decided::Unknown => "unknown",
    }
}

/// What writes rows with other rights than the role's is not decided, and not passed over.
#[test]
fn what_is_not_asked_is_named_among_the_assumptions() {
    let sql = "create table public.teams (id int primary key, owner uuid);
        create table public.notes (id int primary key, user_id uuid, team int constraint of_team references public.teams on delete cascade,
            other int constraint of_other references public.teams on delete set null on update cascade);
        create table public.inbox (id int);
        alter table public.teams enable row level security;
        alter table public.notes enable row level security;
        alter table public.inbox enable row level security;
        create policy own on public.notes to authenticated using (user_id = auth.uid());
        create policy everybody on public.teams to authenticated using (true);
        create policy everybody on public.inbox for insert to authenticated with check (true);
        create function public.clean(p int) returns void language sql security definer set search_path = '' as $$
            delete from public.notes where id = p $$;
        create function public.deliver() returns trigger language plpgsql security definer set search_path = '' as $$
            begin insert into public.notes (id) values (new.id); return new; end $$;
        create trigger deliver after insert on public.inbox for each row execute function public.deliver();";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let on = |role, asked| declared(&schema, ("notes", role), asked, Mode::AtMost, RULE);
    let (delete, insert) = ((Command::Delete, Which::Old), (Command::Insert, Which::New));
    let update = (Command::Update, Which::New);
    let said = |role, asked| {
        let intent = intent(vec![on(role, asked)]);
        let all = judge(&cx, &intent).judged;
        let first = all.iter().find(|one| one.kind == Kind::Rows).unwrap();
        assert_eq!(first.entry.verdict, Decided::Proved, "{}", first.entry.reason);
        first
            .entry
            .assumptions
            .iter()
            .filter(|a| a.contains("is within") || a.contains("are within"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("authenticated", delete),
        [
            "rows that the foreign key of_team takes along when authenticated deletes one of public.teams are within the rule",
            "what is done to its rows with the owner's rights by public.clean(integer) is within the rule"
        ]
    );
    assert_eq!(
        said("authenticated", update),
        [
            "rows that the foreign key of_other changes when authenticated deletes one of public.teams are within the rule",
            "rows that the foreign key of_other changes when authenticated changes one of public.teams are within the rule"
        ]
    );
    assert_eq!(
        said("authenticated", insert),
        ["what is done to its rows with the owner's rights by public.deliver() is within the rule"]
    );
    assert_eq!(
        said("anon", delete),
        ["what is done to its rows with the owner's rights by public.clean(integer) is within the rule"]
    );
}

/// A column that no grant shows is not hidden where a view or a function hands it out.
#[test]
fn hidden_columns_are_looked_for_behind_doors() {
    let sql = "create table public.hooks (id int primary key, owner uuid, secret text, note text);
        alter table public.hooks enable row level security;
        create policy own on public.hooks for select to authenticated using (owner = auth.uid());
        revoke select on public.hooks from authenticated, anon;
        grant select (id, owner) on public.hooks to authenticated;
        create view public.shown as select id, left(secret, 4) as start from public.hooks;
        create view public.other as select id, note from public.hooks;
        create view public.empty as select secret from public.hooks where false;
        create view public.compared as select id, secret is not null as has_secret from public.hooks;
        create view public.ruled as select secret from public.hooks;
        create function public.hand_out() returns setof public.hooks language sql security definer set search_path = '' as $$
            select * from public.hooks $$;
        create function public.number_of() returns bigint language sql security definer set search_path = '' as $$
            select count(*) from public.hooks where secret is not null $$;";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let mut intent = intent(vec![declared(&schema, ("ruled", "authenticated"), SELECT, Mode::AtMost, "true")]);
    let place = Place { file: "policies/access.toml".into(), line: 7, column: 1 };
    intent.hidden = vec![HiddenColumns {
        relation: QualifiedName::new("public", "hooks"),
        role: "authenticated".to_owned(),
        columns: vec!["secret".to_owned()],
        origin: Origin::Declared(place),
        reason: None,
    }];
    let verdicts = judge(&cx, &intent);
    let hidden = verdicts.judged.iter().filter(|one| one.kind == Kind::Hidden);
    let mut said: Vec<_> = hidden
        .map(|one| format!("{} {}", word(one.entry.verdict), one.entry.through.as_deref().unwrap_or("direct")))
        .collect();
    said.sort();
    assert_eq!(said, ["proved direct", "proved public.empty", "violated public.hand_out()", "violated public.shown"]);
    // So it is on the server, for a user of whom no row is.
    database.execute("insert into public.hooks values (1, gen_random_uuid(), 'secret', null)");
    for (query, rows) in [
        ("select start from public.shown where start = 'secr'", 1),
        ("select secret from public.hand_out() where secret = 'secret'", 1),
        ("select secret from public.empty", 0),
    ] {
        database.execute("begin; set local role authenticated");
        let seen = block_on(database.client.query(query, &[])).unwrap();
        database.execute("rollback");
        assert_eq!(seen.len(), rows, "{query}");
    }
}
