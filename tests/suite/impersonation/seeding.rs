//! Rows for tables with every kind of constraint, on every major.

use super::world::schema_of;
use crate::support::{MAJORS, TestDatabase, block_on, database};
use pgwitness::analyzer::effective::Effective;
use pgwitness::impersonation::seed::{Seeded, seed};
use pgwitness::model::QualifiedName;
use pgwitness::shadow::Platform;

const TABLES: &str = r#"
    create type mood as enum ('sad', 'ok', 'happy');
    create domain slug as text not null check (value ~ '^[a-z0-9-]+$');
    create domain percent as int check (value between 0 and 100);
    create table profiles (id uuid primary key references auth.users on delete cascade, username text unique not null);
    create function handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
        insert into public.profiles (id, username) values (new.id, new.raw_user_meta_data ->> 'username');
        return new;
    end $$;
    create trigger on_auth_user_created after insert on auth.users
        for each row execute function handle_new_user();
    create table organizations (id uuid primary key default gen_random_uuid(), name text not null, owner_id uuid
        not null references profiles);
    create table members (org_id uuid references organizations, user_id uuid references auth.users,
        role text not null check (role in ('owner', 'member')), primary key (org_id, user_id));
    create table documents (id bigint generated always as identity primary key, org_id uuid not null references organizations,
        owner_id uuid references auth.users, title text not null check (char_length(title) between 20 and 40),
        slug slug unique, share percent not null, feeling mood not null, is_public boolean not null default false,
        loud text generated always as (upper(title)) stored,
        check (is_public or title is not null));
    create table parts (org_id uuid, user_id uuid, n int not null check (n > 7 and n < 10),
        foreign key (org_id, user_id) references members);
    create table left_of (id int primary key, right_id int not null);
    create table right_of (id int primary key, left_id int not null references left_of deferrable initially deferred);
    alter table left_of add foreign key (right_id) references right_of deferrable initially deferred;
    create table hen (id int primary key, egg_id int);
    create table egg (id int primary key, hen_id int not null references hen);
    alter table hen add foreign key (egg_id) references egg;
    create table tree (id int primary key, parent_id int references tree);
    create table bookings (room int not null, during tstzrange not null, exclude using gist (during with &&));
    create table events (id int not null, at timestamptz not null, kind text not null) partition by range (at);
    create table events_24 partition of events for values from ('2024-01-01') to ('2025-01-01') partition by list (kind);
    create table events_24_a partition of events_24 for values in ('click', 'view');
    create table either (a text, b text, check (num_nonnulls(a, b) = 1));
    create table contacts (email text not null check (email ~* '^[^@]+@[^@]+\.[a-z]+$'), phone text not null
        check (phone ~ '^\+[0-9]{8,15}$'), code char(2) not null, color text not null check (color ~ '^#[0-9a-f]{6}$'),
        tags text[] not null, data jsonb not null, cost numeric(4,2) not null, at time not null, ip inet not null);
    create function guard() returns trigger language plpgsql as $$
    begin if new.amount < 100 then raise exception 'too little'; end if; return new; end $$;
    create table payments (id int primary key, amount int not null check (amount < 50));
    create trigger guard before insert on payments for each row execute function guard();
    create function swallow() returns trigger language plpgsql as 'begin return null; end';
    create table gone (id int primary key); create trigger swallow before insert on gone
        for each row execute function swallow();
    create table impossible (id int not null check (id > 3), check (id < 3));
"#;

fn seeded(major: u32, sql: &str) -> (TestDatabase, Seeded) {
    let database = database(major, Platform::SUPABASE, sql);
    let client = database.connect_as(database.server.superuser());
    let schema = schema_of(&client);
    let effective = Effective::new(&schema, None);
    let seeded = block_on(seed(&client, &effective)).unwrap_or_else(|e| panic!("{e}"));
    (database, seeded)
}

fn count(database: &TestDatabase, sql: &str) -> i64 {
    block_on(database.connect_as(database.server.superuser()).query_one(sql, &[])).unwrap().get(0)
}

#[test]
fn every_constraint_is_met_on_every_major() {
    for major in MAJORS {
        let (database, seeded) = seeded(major, TABLES);
        let left: Vec<_> = seeded.unseeded.iter().map(|u| u.relation.name.as_str()).collect();
        assert_eq!(left, ["impossible"], "{major}: {:?}", seeded.unseeded);
        assert!(seeded.unseeded[0].reason.contains("(SQLSTATE 23514)"), "{:?}", seeded.unseeded);
        let forced: Vec<_> = seeded.forced.keys().map(|name| name.name.as_str()).collect();
        assert_eq!(forced, ["gone", "payments"], "{:?}", seeded.forced);
        for (sql, rows) in [
            ("select count(*) from auth.users", 4),
            ("select count(*) from profiles p join auth.users u using (id)", 4),
            ("select count(*) from organizations", 2),
            (
                "select count(distinct user_id) from members where org_id = (select org_id from members m where m.user_id in \
              (select id from auth.users where email = 'user1@example.com'))",
                3,
            ),
            ("select count(*) from (select user_id from members group by 1 having count(*) = 2) as twice", 1),
            ("select count(*) from documents where owner_id is null", 1),
            ("select count(*) from documents d join members m on m.org_id = d.org_id and m.user_id = d.owner_id", 5),
            ("select count(distinct feeling) from documents", 3),
            ("select count(*) from parts join members using (org_id, user_id)", 5),
            ("select count(*) from hen join egg on egg.id = hen.egg_id and egg.hen_id = hen.id", 5),
            ("select count(*) from left_of join right_of on right_id = right_of.id and left_id = left_of.id", 5),
            ("select count(*) from events_24_a", 5),
        ] {
            assert_eq!(count(&database, sql), rows, "{major}: {sql}");
        }
    }
}

#[test]
fn rows_that_are_there_already_serve() {
    let sql = "create table plans (id int primary key check (id in (1, 2)), name text not null);
               insert into plans values (1, 'free'), (2, 'paid');
               create table subscriptions (id int primary key, plan_id int not null references plans)";
    let (database, seeded) = seeded(17, sql);
    assert_eq!(seeded.unseeded, []);
    assert_eq!(count(&database, "select count(*) from plans"), 2);
    assert_eq!(count(&database, "select count(*) from subscriptions"), 5);
    assert!(seeded.row(&QualifiedName::new("public", "plans"), 3).is_some());
}

/// Where triggers and defaults ask who makes a row, its owner does; where a trigger keeps users out, nobody does.
#[test]
fn rows_are_made_as_requests_of_their_owners() {
    let sql =
        "create table authored (id int primary key, author uuid default auth.uid() references auth.users, body text);
        create function stamp() returns trigger language plpgsql as $$ begin
            if auth.uid() is null then raise exception 'sign in'; end if;
            new.author := auth.uid(); return new; end $$;
        create trigger stamp before insert on authored for each row execute function stamp();
        create table kept (id int primary key, body text);
        create function keep_out() returns trigger language plpgsql as $$ begin
            if auth.uid() is not null then raise exception 'not for users'; end if; return new; end $$;
        create trigger keep_out before insert on kept for each row execute function keep_out();";
    let (database, seeded) = seeded(17, sql);
    let forced: Vec<_> = seeded.forced.iter().filter(|(name, _)| name.name != "authored").collect();
    assert_eq!((seeded.unseeded.len(), forced.len()), (0, 0), "{:?} {:?}", seeded.unseeded, seeded.forced);
    assert_eq!(count(&database, "select count(distinct author) from authored"), 4);
    assert_eq!(count(&database, "select count(*) from kept"), 5);
}
