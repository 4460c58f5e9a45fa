//! Reads that share a message: they come to what each comes to alone, and what could disturb the others does not share.

use super::world::{World, error, options, outcome, seen, test_with};
use crate::support::{MAJORS, connect};
use pgwitness::report::ProbeOutcome::{Hidden, NothingSeen, Refused};

/// A thousand would do the same; with two statements each for four personas these fill several messages.
fn tables(n: u32) -> String {
    (0..n)
        .map(|i| {
            format!(
                "create table t{i} (id int primary key, owner_id uuid); insert into t{i} values ({i}, gen_random_uuid());
                 alter table t{i} enable row level security;
                 create policy own on t{i} to authenticated using (owner_id = auth.uid());
                 grant select on t{i} to anon, authenticated;"
            )
        })
        .collect()
}

/// The statements of the tester that the server logs, and its errors.
fn logged(world: &World) -> (usize, usize) {
    let log = std::fs::read_to_string(world.log_file()).unwrap();
    (log.matches("statement: set transaction isolation level").count(), log.matches("ERROR:").count())
}

#[test]
fn many_reads_are_few_messages_and_no_errors() {
    for major in MAJORS {
        let world = World::new(
            major,
            &format!(
                "{} create table shut (id int); create table shut_too (id int) partition by list (id);",
                tables(100)
            ),
        );
        world.execute("set log_statement = 'all'");
        let schema = world.schema();
        let (messages, errors) = logged(&world);
        let tested = test_with(&[&world.client], &schema, &options());
        let (after, errors_after) = logged(&world);
        assert_eq!(outcome(&tested, "a signed-in user", "t42"), Hidden, "{major}");
        assert_eq!((outcome(&tested, "anon", "shut"), outcome(&tested, "anon", "shut_too")), (Refused, Refused));
        assert!(tested.probes.len() == 4 * 102, "{}", tested.probes.len());
        assert!(after - messages < 40, "{major}: {} messages", after - messages);
        assert_eq!(errors_after, errors, "what is refused is not tried");
    }
}

/// One read that fails takes none with it, whatever it shares a message with.
#[test]
fn a_read_that_fails_fails_alone() {
    let world = World::new(
        17,
        &format!(
            "{} create table t5_bad (id int); insert into t5_bad values (1); alter table t5_bad enable row level security;
             create policy p on t5_bad to authenticated using (1 / (id - id) = 1);
             grant select on t5_bad to anon, authenticated;
             create table t6_slow (id int); insert into t6_slow values (1); alter table t6_slow enable row level security;
             create policy p on t6_slow to anon using (pg_sleep(0.1) is not null); grant select on t6_slow to anon;
             insert into t7 values (70, '00000000-0000-4000-8000-000000000000');",
            tables(9)
        ),
    );
    let tested = world.test();
    for persona in ["a signed-in user", "an anonymous sign-in"] {
        assert_eq!(error(&outcome(&tested, persona, "t5_bad")), ("22012", "division by zero"));
        assert_eq!(outcome(&tested, persona, "t4"), Hidden);
    }
    assert_eq!(outcome(&tested, "a signed-in user", "t7"), seen(1));
    assert_eq!(outcome(&tested, "anon", "t5_bad"), Hidden);
    assert_eq!(outcome(&tested, "anon", "t6_slow"), seen(1), "slow for many, not for one");
    assert_eq!(outcome(&tested, "anon", "t6"), Hidden);
}

/// Functions that policies call can change the claims and the role of the rest of a transaction.
#[test]
fn code_that_changes_the_session_disturbs_no_other_read() {
    for change in [
        "select set_config('request.jwt.claims', '{\"sub\":\"00000000-0000-4000-8000-00000000beef\"}', true) is not null",
        "select set_config('role', 'none', true) is not null",
        "select set_config('app.seen', 'yes', true) is not null",
    ] {
        let world = World::new(
            16,
            &format!(
                "create function change_it() returns boolean language sql as $f$ {change} $f$;
                 create function \"calls it\"() returns boolean language plpgsql as 'begin return change_it(); end';
                 create table lookup (id int); insert into lookup values (1); alter table lookup enable row level security;
                 create policy p on lookup using (\"calls it\"());
                 create table aa (id int); insert into aa values (1); alter table aa enable row level security;
                 create policy p on aa using (exists (select 1 from lookup));
                 create table zz (id int, owner_id uuid);
                 insert into zz values (1, '00000000-0000-4000-8000-00000000beef');
                 alter table zz enable row level security;
                 create policy p on zz using (owner_id = auth.uid() or current_setting('app.seen', true) = 'yes');
                 grant select on lookup, aa, zz to anon, authenticated; {}",
                tables(3)
            ),
        );
        let tested = world.test();
        for persona in ["anon", "a signed-in user"] {
            assert_eq!(outcome(&tested, persona, "aa"), seen(1), "{change}");
            assert_eq!(outcome(&tested, persona, "zz"), Hidden, "{change}");
            assert_eq!(outcome(&tested, persona, "t2"), Hidden, "{change}");
        }
    }
}

/// What the words of the code do not tell, the session does: it is not what it was, and nothing of that message counts.
#[test]
fn a_session_that_was_changed_unseen_is_noticed() {
    let world = World::new(
        18,
        &format!(
            "create function quiet(int, int) returns boolean language sql as
                $f$ select set_config('request.jwt.claims', '{{\"sub\":\"00000000-0000-4000-8000-00000000beef\"}}', true) is not null $f$;
             create operator === (function = quiet, leftarg = int, rightarg = int);
             create table aa (id int); insert into aa values (1); alter table aa enable row level security;
             create policy p on aa using (id === 1);
             create table zz (id int, owner_id uuid); insert into zz values (1, '00000000-0000-4000-8000-00000000beef');
             alter table zz enable row level security;
             create policy p on zz using (owner_id = auth.uid());
             grant select on aa, zz to anon, authenticated; {}",
            tables(3)
        ),
    );
    let tested = world.test();
    assert_eq!((outcome(&tested, "anon", "aa"), outcome(&tested, "anon", "zz")), (seen(1), Hidden));
}

/// A role that sees nothing itself cannot tell hidden from empty, and its questions do not fill the log.
#[test]
fn a_login_role_that_may_read_nothing_causes_no_errors() {
    let world = World::new(15, &tables(20));
    let schema = world.schema();
    world.execute("alter role authenticator set log_statement = 'none'");
    let client = connect(world.server(), "authenticator", "postgres");
    let (_, errors) = logged(&world);
    let tested = test_with(&[&client], &schema, &options());
    let untested: Vec<_> = tested.untested.iter().map(|u| u.role.as_str()).collect();
    assert_eq!(outcome(&tested, "anon", "t3"), NothingSeen, "{untested:?}");
    assert_eq!(logged(&world).1 - errors, untested.len(), "only the roles that it may not act as: {untested:?}");
}
