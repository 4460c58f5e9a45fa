//! Differences in access, seen on a real server before and after a change.

use pgwitness::checks::Context;
use pgwitness::connector::introspect::introspect;
use pgwitness::diff::{Difference, Direction, compare};
use pgwitness::shadow::Platform;

use crate::support::{TestDatabase, block_on, database};

/// What stands before each change: a table with its owners' rows, a table behind no policy, a view, functions.
const BEFORE: &str = "
    create table public.notes (id int primary key, owner_id uuid, body text, secret text);
    alter table public.notes enable row level security;
    create policy own on public.notes to authenticated using (owner_id = auth.uid());
    create policy floor on public.notes as restrictive to authenticated using (id > 0);
    create table public.shut (id int primary key);
    alter table public.shut enable row level security;
    create view public.bodies with (security_invoker = true) as select body from public.notes;
    create function public.mine(o uuid) returns boolean language sql stable as $$ select o = auth.uid() $$;
    create policy helper on public.notes for insert to authenticated with check (public.mine(owner_id));
    create function public.lend() returns int language sql security definer set search_path = '' as $$ select 1 $$;
    revoke all on function public.lend() from public, anon, authenticated, service_role;
    create function public.plain() returns int language sql as $$ select 1 $$;
    create table public.casts (id int, body text);
    alter table public.casts enable row level security;
    create policy own on public.casts for select to authenticated using (body::int = id);
    create schema inner_room;
    create table inner_room.things (id int);
    create table public.writes (id int, owner_id uuid, title text);
    alter table public.writes enable row level security;
    create policy own on public.writes to authenticated using (owner_id = auth.uid());
    revoke update, truncate on public.writes from anon, authenticated;
    grant update (title) on public.writes to authenticated;
";

fn changed_by(db: &TestDatabase, change: &str) -> Vec<Difference> {
    let read = || block_on(introspect(&db.client)).unwrap_or_else(|e| panic!("{e}"));
    // Other tests make roles on the server meanwhile.
    db.execute("begin isolation level repeatable read");
    let before = read();
    db.execute(change);
    let after = read();
    db.execute("rollback");
    compare(&Context::new(&before, None), &Context::new(&after, None))
}

fn words(all: &[Difference]) -> Vec<String> {
    let word = |direction| match direction {
        Direction::Widened => '+',
        Direction::Sideways => '*',
        Direction::MayWiden => '?',
        Direction::Narrowed => '-',
    };
    all.iter().map(|d| format!("{} {} | {}", word(d.direction), d.principals.join(","), d.text)).collect()
}

#[test]
fn each_change_is_told_the_way_it_goes() {
    let db = database(17, Platform::SUPABASE, BEFORE);
    let mut wrong = Vec::new();
    for (change, expected) in [
        ("comment on table public.notes is 'x'", vec![]),
        ("alter policy own on public.notes rename to theirs", vec![]),
        (
            "drop policy own on public.notes; create policy own on public.notes to authenticated using (owner_id = auth.uid())",
            vec![],
        ),
        ("grant select on public.notes to authenticated", vec![]),
        // A cast that may fail moves nothing when something else changes.
        ("create or replace function public.plain() returns int language sql as $$ select 2 $$", vec![]),
        (
            "alter table public.notes disable row level security",
            vec![
                "+ anon | can now read every row of public.bodies (before: nothing)",
                "+ authenticated | can now read every row of public.bodies (before: some rows)",
                "+ anon | can now read, add, change and delete every row of public.notes (before: nothing)",
                "+ authenticated | can now read, add, change and delete every row of public.notes (before: some rows)",
            ],
        ),
        (
            "create policy all_of_it on public.shut for select to anon using (true)",
            vec!["+ anon | can now read every row of public.shut (before: nothing)"],
        ),
        (
            "create policy shared on public.notes for select to authenticated using (body = 'shared')",
            vec!["+ authenticated | the policy \"shared\" on public.notes binds as well"],
        ),
        (
            "drop policy floor on public.notes",
            vec!["+ authenticated | the restrictive policy \"floor\" on public.notes no longer binds"],
        ),
        (
            "create policy floor2 on public.notes as restrictive for delete to authenticated using (id > 10)",
            vec!["- authenticated | the restrictive policy \"floor2\" on public.notes binds as well"],
        ),
        (
            "alter policy own on public.notes using (owner_id = auth.uid() or body = 'x')",
            vec!["+ authenticated | the policy \"own\" on public.notes changed: USING was"],
        ),
        (
            "alter policy own on public.notes using (not (owner_id is distinct from auth.uid()) and owner_id is not null)",
            vec![],
        ),
        (
            "alter policy own on public.notes using (owner_id = auth.uid() and body <> 'x')",
            vec!["- authenticated | the policy \"own\" on public.notes changed: USING was"],
        ),
        (
            "alter policy own on public.notes using (body = 'x')",
            vec![
                // Rows to add are let through by another policy as before.
                "+ authenticated | the policy \"own\" on public.notes changed: USING was",
                "* authenticated | the policy \"own\" on public.notes changed: USING was",
            ],
        ),
        (
            "alter policy own on public.notes using (owner_id = auth.uid() or body ~ secret)",
            vec!["? authenticated | the policy \"own\" on public.notes changed: USING was"],
        ),
        (
            "drop policy own on public.notes",
            vec![
                "- authenticated | can no longer read public.bodies (before: some rows)",
                "- authenticated | can no longer read, change and delete public.notes (before: some rows)",
            ],
        ),
        (
            "revoke insert on public.notes from authenticated",
            vec!["- authenticated | can no longer add public.notes (before: some rows)"],
        ),
        (
            "grant update on public.writes to authenticated",
            vec!["+ authenticated | can now change some rows of public.writes (before: some rows (columns title))"],
        ),
        ("grant truncate on public.writes to anon", vec!["+ anon | has now TRUNCATE on public.writes"]),
        (
            "alter view public.bodies reset (security_invoker)",
            vec![
                "+ anon | can now read every row of public.bodies (before: nothing)",
                "+ authenticated | can now read every row of public.bodies (before: some rows)",
                "? anon,authenticated | the view public.bodies reads with its owner's eyes now",
            ],
        ),
        (
            "grant execute on function public.lend() to authenticated",
            vec!["+ authenticated | can now call public.lend(), with the rights of postgres (SECURITY DEFINER)"],
        ),
        ("create function public.fresh() returns int language sql as $$ select 1 $$", vec![]),
        (
            "create function public.fresh() returns int language sql security definer as $$ select 1 $$",
            vec!["+ anon,authenticated | can now call public.fresh(), with the rights of postgres (SECURITY DEFINER)"],
        ),
        (
            "alter function public.plain() security definer",
            vec![
                "+ anon,authenticated | can call public.plain(), which runs with the rights of postgres (SECURITY DEFINER) now",
            ],
        ),
        (
            "create or replace function public.mine(o uuid) returns boolean language sql stable as $$ select true $$",
            vec!["+ authenticated | the policies of public.notes let through other rows, by what they ask"],
        ),
        (
            "create or replace function public.mine(o uuid) returns boolean language sql stable as $$\n select  O = auth.uid() -- same\n $$",
            vec![],
        ),
        (
            "grant usage on schema inner_room to authenticated; grant select on inner_room.things to authenticated",
            vec![
                "+ authenticated | can now read every row of inner_room.things (before: nothing)",
                "+ authenticated | has now USAGE on the schema inner_room",
            ],
        ),
        ("grant authenticated to anon", vec![]),
        (
            "create table public.fresh (id int)",
            vec![
                "+ anon,authenticated | can now read, add, change and delete every row of public.fresh (there was no such relation)",
            ],
        ),
        ("drop table public.shut", vec![]),
        (
            "alter default privileges in schema inner_room grant select on tables to anon",
            vec!["+ anon | will be granted SELECT on TABLES that postgres makes in inner_room"],
        ),
    ] {
        let found = words(&changed_by(&db, change));
        if change == "grant authenticated to anon" {
            assert!(found.iter().any(|f| f == "+ anon | is now a member of authenticated"), "{found:#?}");
            assert!(
                found.iter().any(|f| f.contains("can now read, add, change and delete some rows of public.notes")),
                "{found:#?}"
            );
            continue;
        }
        let fits = found.len() == expected.len() && expected.iter().zip(&found).all(|(e, f)| f.starts_with(e));
        if !fits {
            wrong.push(format!("{change}:\n{found:#?}\nexpected:\n{expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_said_of_two_equal_models_and_everything_has_two_sides() {
    let db = database(17, Platform::SUPABASE, BEFORE);
    let before = block_on(introspect(&db.client)).unwrap();
    assert_eq!(words(&compare(&Context::new(&before, None), &Context::new(&before, None))), Vec::<String>::new());
    db.execute("alter table public.notes disable row level security; grant truncate on public.writes to anon");
    let after = block_on(introspect(&db.client)).unwrap();
    let (there, back) = (
        compare(&Context::new(&before, None), &Context::new(&after, None)),
        compare(&Context::new(&after, None), &Context::new(&before, None)),
    );
    let count = |all: &[Difference], direction| all.iter().filter(|d| d.direction == direction).count();
    assert_eq!(count(&there, Direction::Widened), count(&back, Direction::Narrowed));
    assert_eq!((count(&there, Direction::Narrowed), count(&back, Direction::Widened)), (0, 0));
}
