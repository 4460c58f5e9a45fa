//! What the tester must never do: write, leave something open, run on for ever, or give another answer next time.

use super::world::{World, options, test_with};
use crate::support::{MAJORS, block_on};
use pgwitness::analyzer::effective::Effective;
use pgwitness::connector::{Database, SessionOptions};
use pgwitness::impersonation::{self, Options, Progress, Tested};
use pgwitness::report::ProbeOutcome;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const APP: &str = r#"
    create table notes (id int); insert into notes select generate_series(1, 3);
    create table hidden (id int); insert into hidden values (1); alter table hidden enable row level security;
    create table trail (id int);
    create function leave_trail() returns boolean language plpgsql security definer as
        $$ begin insert into trail values (1); return true; end $$;
    create table writing (id int); insert into writing values (1); alter table writing enable row level security;
    create policy p on writing using (leave_trail());
    create table failing (id int); insert into failing values (1); alter table failing enable row level security;
    create policy p on failing using (1 / (id - id) = 1);
    grant select on notes, hidden, writing, failing to anon, authenticated;
"#;

#[test]
fn nothing_is_written() {
    for major in MAJORS {
        let world = World::new(major, APP);
        let schema = world.schema();
        // The next transaction id moves with any transaction that writes, in any database of the cluster.
        let state = "select concat(pg_snapshot_xmax(pg_current_snapshot()), ' ', pg_current_wal_insert_lsn() > '0/0', ' ',
            (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_all_tables), ' ', (select count(*) from trail))";
        let before = world.ask(state);
        let tester = world.connect_as("postgres");
        let tested = test_with(&[&tester], &schema, &options());
        drop(tester);
        std::thread::sleep(Duration::from_millis(100));
        assert!(tested.probes.iter().any(|p| p.outcome == ProbeOutcome::Seen { rows: 3, at_least: false }));
        let refused = tested.probes.iter().filter(|p| p.relation.name == "writing");
        assert!(
            refused
                .into_iter()
                .all(|p| matches!(&p.outcome, ProbeOutcome::Error { sqlstate, .. } if sqlstate == "25006"))
        );
        assert_eq!(world.ask(state), before, "PostgreSQL {major}");
    }
}

#[test]
fn nothing_stays_open_when_a_run_is_dropped_half_way() {
    let world = World::new(
        17,
        &format!(
            "{APP} create table aslow (id int); insert into aslow values (1); alter table aslow enable row level security;
             create policy p on aslow using (pg_sleep(0.2) is not null and 1 / (id - id) = 1);
             grant select on aslow to anon;"
        ),
    );
    let tester = world.connect_as("postgres");
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let bounds = options();
    let cut = block_on(async {
        let clients = [&tester];
        let run = impersonation::run_on(&clients, &effective, &bounds, &|_| ());
        tokio::time::timeout(Duration::from_millis(60), run).await
    });
    assert!(cut.is_err(), "the run was to be cut short");
    let row = block_on(
        tester.query_one("select current_user::text, current_setting('statement_timeout'), pg_backend_pid()", &[]),
    );
    let row = row.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("postgres", "0"));
    let pid: i32 = row.get(2);
    assert_eq!(world.ask(&format!("select state from pg_stat_activity where pid = {pid}")), "idle");
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_sessions() {
    let world = World::new(16, APP);
    let schema = world.schema();
    let more: Vec<_> = (0..4).map(|_| world.connect_as("postgres")).collect();
    let one = test_with(&[&world.client], &schema, &options());
    let four = test_with(&more.iter().collect::<Vec<_>>(), &schema, &options());
    assert_eq!(one, four);
    assert_eq!(one, test_with(&[&world.client], &schema, &options()), "nor on what the session did before");
}

#[test]
fn the_pool_takes_what_connections_it_gets() {
    let world = World::new(
        15,
        &format!(
            "{APP} create role few login bypassrls connection limit 2; grant anon, authenticated, pg_read_all_data to few;"
        ),
    );
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let tested = |role: &str| {
        block_on(async {
            let database = Database::open(&world.info(role), &SessionOptions::default()).await.unwrap();
            impersonation::run(&database, &effective, &options(), &|_| ()).await.unwrap()
        })
    };
    let (many, few) = (tested("postgres"), tested("few"));
    let of_api = |tested: &Tested| tested.probes.iter().filter(|p| p.role != "few").cloned().collect::<Vec<_>>();
    assert_eq!(of_api(&many), of_api(&few));
    assert!(many.probes.len() > 4 * 4);
}

#[test]
fn time_is_bounded_and_what_is_left_is_said() {
    let slow: String = (0..40)
        .map(|i| {
            format!(
                "create table slow{i} (id int); insert into slow{i} values (1); grant select on slow{i} to anon;
                 alter table slow{i} enable row level security; create policy p on slow{i} using (pg_sleep(9) is null);"
            )
        })
        .collect();
    let world = World::new(18, &slow);
    let bounds = Options { budget: Duration::from_millis(1500), ..options() };
    let schema = world.schema();
    let started = Instant::now();
    let tested = test_with(&[&world.client], &schema, &bounds);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let count = |f: fn(&ProbeOutcome) -> bool| tested.probes.iter().filter(|p| f(&p.outcome)).count();
    assert_eq!(count(|o| matches!(o, ProbeOutcome::NotTested { .. })), 80, "what ran into its time is no answer");
    assert_eq!(count(|o| *o == ProbeOutcome::Refused), 80, "the rights were asked for at once");
    assert_eq!(tested.probes.len(), 160, "none is left out");
}

#[test]
fn progress_counts_every_read_and_a_broken_connection_is_an_error() {
    let world = World::new(15, APP);
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let steps = Mutex::new(Vec::new());
    let note = |p: Progress| steps.lock().unwrap().push((p.done, p.total));
    let (bounds, clients) = (options(), [&world.client]);
    let run = impersonation::run_on(&clients, &effective, &bounds, &note);
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let tested = block_on(sendable(run)).unwrap();
    let total = tested.probes.len();
    assert_eq!(*steps.lock().unwrap(), (1..=total).map(|done| (done, total)).collect::<Vec<_>>());

    let doomed = world.connect_as("postgres");
    let pid: i32 = block_on(doomed.query_one("select pg_backend_pid()", &[])).unwrap().get(0);
    world.execute(&format!("select pg_terminate_backend({pid})"));
    let error = block_on(impersonation::run_on(&[&doomed], &effective, &options(), &|_| ())).unwrap_err();
    assert!(error.to_string().starts_with("reading as another role: "), "{error}");
}
