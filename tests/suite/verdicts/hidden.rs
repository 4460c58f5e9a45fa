//! Columns that a rule hides, looked for where the same rows come out elsewhere.

use pgwitness::access::{HiddenColumns, Origin, Place};
use pgwitness::checks::Context;
use pgwitness::model::QualifiedName;
use pgwitness::report::Decided;
use pgwitness::shadow::Platform;
use pgwitness::verdicts::judge;

use super::intent::{intent, schema_of};
use crate::support::{self, block_on};

const TABLES: &str = "
    create table public.base (id int, email text);
    create table public.users (id int, email text, domain text generated always as (split_part(email, '@', 2)) stored,
        double int generated always as (id * 2) stored);
    alter table public.users inherit public.base;
    create table public.extra () inherits (public.users);
    create table public.kept () inherits (public.users);
    alter table public.base enable row level security;
    alter table public.users enable row level security;
    create policy everything on public.base to authenticated using (true);
    create policy everything on public.users to authenticated using (true);
    revoke select on public.users, public.kept from authenticated, anon;
    grant select (id, domain, double) on public.users to authenticated;
    grant select (id) on public.kept to authenticated;
    create function public.without() returns jsonb language sql security definer set search_path = '' as $$
        select jsonb_agg(to_jsonb(u) - 'email' - 'domain') from public.users u $$;
    create function public.without_all() returns jsonb language sql security definer set search_path = '' as $$
        select jsonb_agg(to_jsonb(u) - array['id', 'email']) from public.users u $$;
    create function public.without_other() returns jsonb language sql security definer set search_path = '' as $$
        select jsonb_agg(to_jsonb(u) - 'id') from public.users u $$;";

#[test]
fn parents_children_and_computed_columns_are_asked() {
    let database = support::database(17, Platform::SUPABASE, TABLES);
    let schema = schema_of(&database);
    let cx = Context::new(&schema, None);
    let mut intent = intent(Vec::new());
    let place = Place { file: "policies/access.toml".into(), line: 7, column: 1 };
    intent.hidden = vec![HiddenColumns {
        relation: QualifiedName::new("public", "users"),
        role: "authenticated".to_owned(),
        columns: vec!["email".to_owned()],
        origin: Origin::Declared(place),
        reason: None,
    }];
    let word = |decided: Decided| format!("{decided:?}").to_lowercase();
    let told = |one: &pgwitness::verdicts::Judged| {
        format!("{} {}", word(one.entry.verdict), one.entry.through.as_deref().unwrap_or("direct"))
    };
    let mut said: Vec<_> = judge(&cx, &intent).judged.iter().map(told).collect();
    said.sort();
    assert_eq!(
        said,
        [
            "proved direct",
            "proved public.kept",
            "unknown public.users.domain",
            "violated public.base",
            "violated public.extra",
            "violated public.without_other()",
        ]
    );
    // So it is on the server.
    database.execute("insert into public.users (id, email) values (1, 'a@b.c')");
    database.execute("insert into public.extra (id, email) values (2, 'd@e.f')");
    for (query, seen) in [
        ("select count(*) from public.base where email = 'a@b.c'", true),
        ("select count(*) from public.extra where email = 'd@e.f'", true),
        ("select count(*) from public.users where domain = 'b.c'", true),
        ("select count(*) where public.without()::text like '%a@b.c%'", false),
        ("select count(*) where public.without_all()::text like '%a@b.c%'", false),
        ("select count(*) where public.without_other()::text like '%a@b.c%'", true),
    ] {
        database.execute("begin; set local role authenticated");
        let row = block_on(database.client.query_one(query, &[])).unwrap();
        database.execute("rollback");
        assert_eq!(row.get::<_, i64>(0) > 0, seen, "{query}");
    }
}
