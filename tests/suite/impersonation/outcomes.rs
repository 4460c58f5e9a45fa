//! Every outcome of a read, told apart on every major.

use super::world::{World, error, options, outcome, schema_of, seen, test_with};
use crate::support::{MAJORS, block_on};
use pgwitness::analyzer::effective::Effective;
use pgwitness::impersonation::{Agreement, Options, confirm};
use pgwitness::report::ProbeOutcome::{Empty, Hidden, NotTested, NothingSeen, Refused, Seen};
use std::time::Duration;

const APP: &str = r#"
    create table notes (id int); insert into notes select generate_series(1, 3);
    create table many (id int); insert into many select generate_series(1, 150);
    create table own (id int, owner_id uuid); insert into own values (1, gen_random_uuid()), (2, gen_random_uuid());
    alter table own enable row level security;
    create policy own on own using (owner_id = auth.uid());
    create table own_empty (like own); alter table own_empty enable row level security;
    create policy own on own_empty using (owner_id = auth.uid());
    create table secret (id int); insert into secret values (1);
    create table part (id int, secret text); insert into part values (1, 's');
    create table parent (id int) partition by list (id); alter table parent enable row level security;
    create table child partition of parent default; insert into parent values (1);
    create view leak as select * from own;
    create view leak_empty as select * from own_empty;
    create view filtered as select * from notes where id > 100;
    create view mine as select * from own where owner_id = auth.uid();
    create view of_secret as select * from leak;
    create materialized view copied as select * from own;
    create sequence counter;
    grant select on notes, many, own, own_empty, parent, child, leak, leak_empty, filtered, mine, of_secret, copied,
        counter to anon, authenticated;
    grant select (id) on part to anon;
    create schema private; grant usage on schema private to authenticated;
    create table private.shared (id int); insert into private.shared values (1);
    create table private.closed (id int);
    grant select on private.shared to authenticated;
"#;

#[test]
fn tells_outcomes_apart_on_every_major() {
    for major in MAJORS {
        let world = World::new(major, APP);
        let tested = world.test();
        let user = |relation| outcome(&tested, "a signed-in user", relation);
        assert_eq!(user("notes"), seen(3));
        assert_eq!(user("many"), Seen { rows: 100, at_least: true });
        assert_eq!(user("own"), Hidden);
        assert_eq!(user("own_empty"), Empty);
        assert_eq!(user("secret"), Refused);
        assert_eq!((user("parent"), user("child")), (Hidden, seen(1)));
        assert_eq!((user("leak"), user("leak_empty")), (seen(2), Empty));
        assert_eq!((user("filtered"), user("mine")), (NothingSeen, NothingSeen));
        assert_eq!((user("of_secret"), user("copied")), (seen(2), seen(2)));
        assert_eq!(user("private.shared"), seen(1));
        assert_eq!(user("part"), Refused);
        for anon in ["anon", "anon without a token"] {
            assert_eq!(outcome(&tested, anon, "part"), seen(1));
            assert_eq!(outcome(&tested, anon, "own"), Hidden);
        }
        let names: Vec<_> = tested.probes.iter().map(|p| p.relation.name.as_str()).collect();
        assert!(!names.contains(&"counter") && !names.contains(&"closed"), "{names:?}");
        assert!(tested.untested.is_empty(), "{:?}", tested.untested);
        let schema = world.schema();
        let agreement = confirm(&mut [], &tested, &Effective::new(&schema, None));
        assert_eq!(agreement, Agreement::default(), "PostgreSQL {major}");
    }
}

#[test]
fn an_invoker_view_hides_what_its_table_hides() {
    let sql = "create view through with (security_invoker) as select * from own;
               grant select on through to authenticated;
               create view inner_refusal with (security_invoker) as select * from secret;
               grant select on inner_refusal to authenticated;";
    let world = World::new(17, &format!("{APP}{sql}"));
    let tested = world.test();
    assert_eq!(outcome(&tested, "a signed-in user", "through"), Hidden);
    let refused = outcome(&tested, "a signed-in user", "inner_refusal");
    assert_eq!(error(&refused), ("42501", "permission denied for table secret"));
}

#[test]
fn errors_in_policies_are_not_refusals() {
    let world = World::new(
        16,
        r#"
        create table slow (id int); insert into slow values (1); alter table slow enable row level security;
        create policy slow on slow using (pg_sleep(10) is not null);
        create function check_it() returns boolean language sql as 'select true';
        revoke execute on function check_it() from public;
        create table guarded (id int); insert into guarded values (1); alter table guarded enable row level security;
        create policy guarded on guarded using (check_it());
        create table looping (id int); alter table looping enable row level security;
        create policy looping on looping using (exists (select 1 from looping l where l.id = looping.id));
        create sequence numbers;
        create view writes as select nextval('numbers');
        grant usage on numbers to anon;
        grant select on slow, guarded, looping, writes to anon;
        create table locked (id int); grant select on locked to anon;
        "#,
    );
    let other = world.connect_as("postgres");
    block_on(other.batch_execute("begin; lock table locked in access exclusive mode")).unwrap();
    let bounds = Options { lock_timeout: Duration::from_millis(50), ..options() };
    let tested = test_with(&[&world.client], &world.schema(), &bounds);
    let anon = |relation| outcome(&tested, "anon", relation);
    let unanswered = |relation, code: &str| match anon(relation) {
        NotTested { reason } => assert!(reason.contains(code), "{reason}"),
        other => panic!("{relation}: {other:?}"),
    };
    unanswered("slow", "57014");
    assert_eq!(error(&anon("guarded")), ("42501", "permission denied for function check_it"));
    assert_eq!(error(&anon("looping")).0, "42P17");
    assert_eq!(error(&anon("writes")).0, "25006");
    unanswered("locked", "55P03");
}

#[test]
fn a_foreign_server_that_is_away_is_an_error_of_that_read_alone() {
    let world = World::new(
        17,
        "create extension postgres_fdw;
         create server away foreign data wrapper postgres_fdw options (host '/nonexistent');
         create user mapping for public server away options (user 'x', password_required 'false');
         create foreign table far (id int) server away;
         create foreign table unreachable (id int) server away;
         create table zebra (id int); insert into zebra values (1);
         grant select on far, zebra to anon;",
    );
    let tested = world.test();
    assert_eq!(error(&outcome(&tested, "anon", "far")).0, "08001");
    assert_eq!(outcome(&tested, "anon", "zebra"), seen(1));
    assert!(tested.probes.iter().all(|p| p.relation.name != "unreachable"), "reads of foreign tables need a grant");
}

#[test]
fn a_connection_with_few_rights_says_what_it_could_not_tell() {
    let world = World::new(
        18,
        &format!(
            "{APP} create role auditor login; create role reporting login; grant select on notes to reporting;
             grant select on leak to auditor;"
        ),
    );
    let as_authenticator = world.connect_as("authenticator");
    let schema = schema_of(&as_authenticator);
    let tested = test_with(&[&as_authenticator], &schema, &options());
    let user = |relation| outcome(&tested, "a signed-in user", relation);
    assert_eq!((user("notes"), user("leak"), user("secret")), (seen(3), seen(2), Refused));
    assert_eq!((user("own"), user("own_empty")), (NothingSeen, NothingSeen), "only the owner knows");
    let roles: Vec<_> = tested.untested.iter().map(|u| u.role.as_str()).collect();
    assert_eq!(roles, ["auditor", "reporting"]);
    let reason = &tested.untested[1].reason;
    assert!(reason.contains("grant reporting to authenticator"), "{reason}");

    let auditor = world.connect_as("auditor");
    let alone = test_with(&[&auditor], &schema_of(&auditor), &options());
    let personas: Vec<_> = alone.probes.iter().map(|p| p.persona.as_str()).collect();
    assert_eq!(personas, ["auditor"], "itself is the only role it may act as");
    assert_eq!(alone.untested.len(), 3, "anon, authenticated, reporting, each once");
}

#[test]
fn sessions_are_set_up_as_clients_have_them() {
    let world = World::new(
        15,
        r#"
        alter role anon set app.tenant = '7';
        alter role anon set plpgsql.variable_conflict = 'use_column';
        alter role anon set "pgaudit.log" = 'all';
        create table by_setting (id int); insert into by_setting values (1);
        create table by_claim (id int); insert into by_claim values (1);
        create table by_path (id int); insert into by_path values (1);
        alter table by_setting enable row level security;
        alter table by_claim enable row level security;
        alter table by_path enable row level security;
        create policy p on by_setting using (current_setting('app.tenant', true) = '7');
        create policy p on by_claim using (
            (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'is_anonymous')::boolean);
        create policy p on by_path using (current_setting('search_path') = 'public, extensions');
        create role app login; grant anon to app;
        grant select on by_setting, by_claim, by_path to anon, authenticated, app;
        "#,
    );
    let tested = world.test();
    let by = |persona, relation| outcome(&tested, persona, relation);
    assert_eq!((by("anon", "by_setting"), by("a signed-in user", "by_setting")), (seen(1), Hidden));
    assert_eq!(by("an anonymous sign-in", "by_claim"), seen(1));
    assert_eq!((by("a signed-in user", "by_claim"), by("anon", "by_claim")), (Hidden, Hidden));
    assert_eq!((by("anon", "by_path"), by("app", "by_path")), (seen(1), Hidden));
}

#[test]
fn hostile_names_are_quoted() {
    let table = "we\"ird'; drop table notes; --\n$$ $1 \\ 🦀";
    let role = "ro\"le'; select 1; -- 🦀";
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let world = World::new(
        14,
        &format!(
            "create table notes (id int); create role {r} login; create schema {t}; grant usage on schema {t} to {r};
             create table {t}.{t} (id int); insert into {t}.{t} values (1); grant select on {t}.{t} to {r};
             create table {t}.hidden (id int); insert into {t}.hidden values (1);
             alter table {t}.hidden enable row level security; grant select on {t}.hidden to {r};",
            r = quoted(role),
            t = quoted(table)
        ),
    );
    let tested = world.test();
    let of_role: Vec<_> = tested.probes.iter().filter(|p| p.role == role).map(|p| &p.outcome).collect();
    assert_eq!(of_role, [&Hidden, &seen(1)]);
    assert_eq!(world.ask("select to_regclass('public.notes')::text"), "notes");
}

#[test]
fn names_that_cannot_be_sent_are_not_tested() {
    let world = World::new(17, "create database ascii encoding 'SQL_ASCII' locale 'C' template template0");
    let client = world.connect_to("ascii");
    let sql = r"create schema auth; do $$ begin
        execute format('create table public.%I (id int)', convert_from('\x636166e9', 'SQL_ASCII'));
        execute format('grant select on public.%I to anon', convert_from('\x636166e9', 'SQL_ASCII')); end $$";
    block_on(client.batch_execute(sql)).unwrap();
    let tested = test_with(&[&client], &schema_of(&client), &options());
    let came = outcome(&tested, "anon", r"caf\xe9");
    assert!(matches!(&came, NotTested { reason } if reason.contains("not UTF-8")), "{came:?}");
}

#[test]
fn of_a_table_that_cannot_be_read_in_time_a_sample_is_read() {
    let world = World::new(
        17,
        "create table large (id int, body text) with (autovacuum_enabled = false);
         insert into large select n, repeat('x', 40) from generate_series(1, 20000) n;
         create table closed (like large) with (autovacuum_enabled = false); insert into closed select * from large;
         analyze large, closed;
         alter table large enable row level security; alter table closed enable row level security;
         create policy slow on large using (case when pg_sleep(0.001) is null then false else id % 100 = 0 end);
         create policy slow on closed using (pg_sleep(0.001) is null);
         grant select on large, closed to anon;",
    );
    let bounds = Options { statement_timeout: Duration::from_millis(1500), ..options() };
    let tested = test_with(&[&world.client], &world.schema(), &bounds);
    let names: Vec<_> = tested.sampled.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["closed", "large"]);
    assert!(matches!(outcome(&tested, "anon", "large"), Seen { rows: 1..=50, at_least: true }), "{tested:?}");
    let NotTested { reason } = outcome(&tested, "anon", "closed") else { panic!("{tested:?}") };
    assert!(reason.contains("a sample of its rows showed none"), "{reason}");
}
