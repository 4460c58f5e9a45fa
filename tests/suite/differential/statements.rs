//! INSERT with RETURNING and upserts: what their formulas say of a row is what the server does with it.

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Formula, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::model::{Command, QualifiedName};
use pgwitness::shadow::Platform;

use super::policies::schema_of;
use super::replay::outcome;
use crate::support;

const NOTES: &str = "
    create table notes (id int primary key, owner uuid, hidden boolean not null, kind text);
    alter table notes enable row level security;
    create policy s on notes for select to authenticated using (owner = auth.uid());
    create policy i on notes for insert to authenticated with check (not hidden);
    create policy u on notes for update to authenticated using (kind = 'draft') with check (kind <> 'locked');
    revoke all on notes from anon, authenticated;
    grant select, insert, update on notes to authenticated;";

const SUB: &str = "00000000-0000-4000-8000-000000000001";

/// Rows as `(owner, hidden, kind)`.
const ROWS: [&str; 6] = [
    "'00000000-0000-4000-8000-000000000001', false, 'draft'",
    "'00000000-0000-4000-8000-000000000001', true, 'draft'",
    "'00000000-0000-4000-8000-000000000002', false, 'draft'",
    "null, false, 'draft'",
    "'00000000-0000-4000-8000-000000000001', false, 'locked'",
    "'00000000-0000-4000-8000-000000000001', false, null",
];

/// Whether the formula can be TRUE of a row: it exceeds a rule that names all others.
fn admits(mut formula: Formula<'_>, row: &str) -> bool {
    let parts: Vec<_> = row.split(", ").collect();
    let [owner, hidden, kind] = parts[..] else { panic!("{row}") };
    let rule = format!(
        "not (owner is not distinct from {owner}::uuid and hidden = {hidden} and kind is not distinct from {kind}::text) \
         or auth.uid() is distinct from '{SUB}'::uuid"
    );
    match formula.never_exceeds(&rule, Asker::SomeUser) {
        Verdict::Proved => false,
        Verdict::Violated(_) => true,
        Verdict::Unknown(reason) => panic!("{row}: {reason}"),
    }
}

#[test]
fn returning_and_upserts_demand_what_the_server_demands() {
    for major in [14, 17] {
        let database = support::database(major, Platform::SUPABASE, NOTES);
        let schema = schema_of(&database);
        let effective = Effective::new(&schema, None);
        let decider = Decider::new(&effective);
        let notes = schema.relation(&QualifiedName::new("public", "notes")).unwrap();
        let claims = format!("select set_config('request.jwt.claims', '{{\"sub\": \"{SUB}\"}}', true)");
        let does =
            |state: &str, act: &str| outcome(&database, "authenticated", &format!("{claims}; {state}"), act).is_ok();
        for row in ROWS {
            let insert = format!("insert into notes values (1, {row})");
            let back = decider.returning("authenticated", notes, Caller::Sql);
            assert_eq!(
                admits(back, row),
                does("select 1", &format!("{insert} returning id")),
                "{major}: returning {row}"
            );
            let set = "owner = excluded.owner, hidden = excluded.hidden, kind = excluded.kind";
            let upsert =
                |row: &str| format!("insert into notes values (1, {row}) on conflict (id) do update set {set}");
            let there = format!("insert into notes values (1, {})", ROWS[0]);
            let new = decider.upsert("authenticated", notes, Which::New);
            assert_eq!(admits(new, row), does(&there, &upsert(row)), "{major}: upsert to {row}");
            let there = format!("insert into notes values (1, {row})");
            let old = decider.upsert("authenticated", notes, Which::Old);
            assert_eq!(admits(old, row), does(&there, &upsert(ROWS[0])), "{major}: upsert of {row}");
        }
    }
}

const THROUGH: &str = "
    create role view_owner nologin;
    grant view_owner to postgres;
    grant usage, create on schema public to view_owner;
    create table docs (id int primary key, owner uuid, kind text, secret text);
    alter table docs enable row level security;
    create policy o on docs to view_owner using (kind <> 'locked') with check (kind <> 'hidden');
    create policy a on docs to authenticated using (owner = auth.uid());
    revoke all on docs from anon, authenticated;
    grant all on docs to view_owner, authenticated;
    create view plain as select id, owner, kind as sort from docs where owner is not null;
    create view checked as select id, owner, kind as sort from docs where owner is not null with check option;
    create view invoker with (security_invoker = on) as select id, owner, kind as sort from docs;
    create view handled as select id, owner, kind as sort from docs;
    create function swallow() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger t instead of update on handled for each row execute function swallow();
    alter view plain owner to view_owner;
    alter view checked owner to view_owner;
    revoke all on plain, checked, invoker, handled from anon, authenticated;
    grant select, insert, update, delete on plain, checked, invoker, handled to authenticated;";

#[test]
fn writes_through_views_reach_what_the_server_lets_them_reach() {
    let server = support::server(17, Platform::SUPABASE);
    let client = support::connect(&server, "postgres", "postgres");
    support::block_on(client.batch_execute(THROUGH)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    let database = support::TestDatabase {
        url: server.conn_string("postgres"),
        server: std::sync::Arc::new(server),
        name: "postgres".to_owned(),
        client,
    };
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let claims = format!("select set_config('request.jwt.claims', '{{\"sub\": \"{SUB}\"}}', true)");
    let does = |state: &str, act: &str| {
        let done = outcome(&database, "authenticated", &format!("{claims}; {state}"), act);
        done.is_ok_and(|rows| rows.last().is_some_and(|n| n == "1 rows"))
    };
    let other = "00000000-0000-4000-8000-000000000002";
    for view in ["plain", "checked", "invoker"] {
        let relation = schema.relation(&QualifiedName::new("public", view)).unwrap();
        for owner in [format!("'{SUB}'"), format!("'{other}'"), "null".to_owned()] {
            for sort in ["'open'", "'locked'", "'hidden'", "null"] {
                let is_it = format!(
                    "not (owner is not distinct from {owner}::uuid and sort is not distinct from {sort}::text) \
                     or auth.uid() is distinct from '{SUB}'::uuid"
                );
                let there = format!("insert into docs values (1, {owner}, {sort}, 'x')");
                let good = format!("insert into docs values (1, '{SUB}', 'open', 'x')");
                let cases = [
                    (Command::Delete, Which::Old, does(&there, &format!("delete from {view}"))),
                    (Command::Update, Which::Old, does(&there, &format!("update {view} set sort = 'open'"))),
                    (
                        Command::Update,
                        Which::New,
                        does(&good, &format!("update {view} set owner = {owner}, sort = {sort}")),
                    ),
                    (
                        Command::Insert,
                        Which::New,
                        does("select 1", &format!("insert into {view} values (1, {owner}, {sort})")),
                    ),
                ];
                for (command, which, done) in cases {
                    let mut access = decider.access("authenticated", relation, command, which, Caller::Sql);
                    let verdict = access.never_exceeds(&is_it, Asker::SomeUser);
                    let right = match verdict {
                        Verdict::Proved => !done,
                        Verdict::Violated(_) => done,
                        Verdict::Unknown(_) => false,
                    };
                    assert!(
                        right,
                        "{view} {command} {which:?} ({owner}, {sort}): {done}, {verdict:?}\n{}",
                        access.sql()
                    );
                }
            }
        }
    }
    let handled = schema.relation(&QualifiedName::new("public", "handled")).unwrap();
    let mut access = decider.access("authenticated", handled, Command::Update, Which::Old, Caller::Sql);
    assert!(
        matches!(access.never_exceeds("false", Asker::SomeUser), Verdict::Unknown(_)),
        "what a trigger does is its own"
    );
}
