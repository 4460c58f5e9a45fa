//! The default reading, quiet where it can't know.

use super::*;

/// What is read of a model: role, command, row, condition, and why.
fn read(sql: &str) -> Vec<String> {
    let schema = schema(sql);
    let intent = reading(&Effective::new(&schema, None));
    let because = |o: &Origin| match o {
        Origin::Reading { because } => because.clone(),
        Origin::Declared(place) => panic!("{place}"),
    };
    let line = |d: &Declaration| {
        format!(
            "{} {} {} {:?}: {} // {}",
            d.relation.name,
            d.role,
            d.command,
            d.row,
            d.predicate.text,
            because(&d.origin)
        )
    };
    intent.declarations.iter().map(line).collect()
}

#[test]
fn an_owner_by_key_and_policy() {
    let all = read(
        "create table public.notes (id int primary key, user_id uuid references auth.users(id), body text);
         alter table public.notes enable row level security;
         create policy a on public.notes to authenticated using (user_id = (select auth.uid()));",
    );
    assert_eq!(all.len(), 10, "{all:#?}");
    assert_eq!(
        all[0],
        "notes anon SELECT Old: false // policy `a` compares `user_id` with auth.uid(), and visitors are nobody"
    );
    assert_eq!(
        all[5],
        "notes authenticated SELECT Old: user_id = auth.uid() // policy `a` compares `user_id` with auth.uid()"
    );
}

#[test]
fn who_wrote_last_owns_nothing() {
    let table = |column: &str| {
        format!(
            "create table public.flags (id int primary key, {column} uuid references auth.users(id), body text);
             alter table public.flags enable row level security;"
        )
    };
    assert!(!read(&table("created_for")).is_empty());
    assert_eq!(read(&table("updated_by")), Vec::<String>::new());
}

#[test]
fn what_may_be_meant_is_left_alone() {
    let table = "create table public.posts (id int primary key, author_id uuid references auth.users(id), body text);
                 alter table public.posts enable row level security;
                 create policy w on public.posts for update to authenticated using (author_id = auth.uid());";
    let selects = |policy: &str| {
        let all = read(&format!("{table}{policy}"));
        all.into_iter().filter(|l| l.contains("SELECT")).collect::<Vec<_>>()
    };
    // Posts are read by everybody, or by those whom a function chooses: perhaps so meant.
    assert_eq!(selects("create policy r on public.posts for select using (true);").len(), 0);
    let function =
        "create function public.f(uuid) returns boolean language plpgsql stable as 'begin return random() > 1; end';";
    assert_eq!(
        selects(&format!(
            "{function} create policy r on public.posts for select to authenticated using (public.f(author_id));"
        ))
        .len(),
        1
    );
    // A policy that says "own" and lets everybody through contradicts itself.
    let own = selects(
        "create policy \"Users read their own posts\" on public.posts for select to authenticated using (true);",
    );
    assert_eq!(own.len(), 2, "{own:#?}");
    assert!(own[1].ends_with("though policy `Users read their own posts` lets more through"), "{own:#?}");
}

#[test]
fn a_write_that_is_open_beside_owners_is_no_intent() {
    let table = "create table public.posts (id int primary key, author_id uuid references auth.users(id), body text);
                 alter table public.posts enable row level security;
                 create policy u on public.posts for update to authenticated using (author_id = auth.uid());";
    let deletes = |name: &str| {
        let all =
            read(&format!("{table} create policy {name} on public.posts for delete to authenticated using (true);"));
        all.into_iter().filter(|l| l.contains("authenticated DELETE")).count()
    };
    assert_eq!((deletes("x"), deletes("\"Admins delete\""), deletes("\"Anyone may delete\"")), (1, 0, 0));
}

#[test]
fn members_and_what_hangs_on_them() {
    let all = read(
        "create table public.teams (id uuid primary key, name text);
         create table public.team_members (team_id uuid references public.teams(id), user_id uuid references auth.users(id),
             role text, primary key (team_id, user_id));
         create table public.projects (id uuid primary key, team_id uuid references public.teams(id));
         create table public.tasks (id uuid primary key, project_id uuid references public.projects(id), title text);
         alter table public.teams enable row level security;
         alter table public.team_members enable row level security;
         alter table public.projects enable row level security;
         alter table public.tasks enable row level security;",
    );
    let select = |table: &str| {
        let start = format!("{table} authenticated SELECT");
        all.iter().find(|l| l.starts_with(&start)).cloned().unwrap_or_default()
    };
    assert_eq!(
        select("teams"),
        "teams authenticated SELECT Old: exists (select 1 from public.team_members m where m.team_id = teams.id and \
         m.user_id = auth.uid()) // public.team_members says who belongs to it"
    );
    assert!(select("projects").contains("m.team_id = projects.team_id and m.user_id = auth.uid()"), "{all:#?}");
    assert!(
        select("tasks").contains(
            "p.id = tasks.project_id and exists (select 1 from public.team_members m where m.team_id = p.team_id"
        ),
        "{all:#?}"
    );
    assert!(select("team_members").contains("user_id = auth.uid() or exists"), "{all:#?}");
}

#[test]
fn tenants_by_claim_public_tables_and_nothing() {
    let all = read(
        "create table public.orders (id int primary key, org_id uuid, n int);
         alter table public.orders enable row level security;
         create policy a on public.orders to authenticated using (org_id = (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid);
         create table public.bad (id int primary key, org_id text);
         alter table public.bad enable row level security;
         create policy a on public.bad to authenticated using (org_id = (auth.jwt() -> 'user_metadata' ->> 'org_id'));
         create table public.countries (code text primary key);
         alter table public.countries enable row level security;
         create policy \"Countries are public\" on public.countries for select using (true);
         create table public.things (id int primary key);
         alter table public.things enable row level security;
         create policy \"x\" on public.things for select using (true);",
    );
    let of = |table: &str| all.iter().filter(|l| l.starts_with(table)).count();
    assert_eq!((of("orders"), of("bad"), of("countries"), of("things")), (10, 0, 2, 0), "{all:#?}");
}
