//! What a server that is slow, locked or told to stop says is no answer about access: it is asked again, and what stays
//! open is not tested and never expected of anybody.

use std::time::Duration;

use pgwitness::access;
use pgwitness::analyzer::effective::Effective;
use pgwitness::connector::{Database, SessionOptions};
use pgwitness::impersonation::guest::guests;
use pgwitness::impersonation::trial::{self, Bounds, Setting, Tried};
use pgwitness::impersonation::{cases, pgtap, seed};
use pgwitness::report::{Action, ProbeOutcome, Trial};

use super::world::World;
use crate::support::block_on;

const APP: &str = "
    create table notes (id int generated always as identity primary key, owner_id uuid, body text);
    create table late (like notes including all);
    create table stuck (like notes including all);
    create table held (like notes including all);
    create table shared (like notes including all);
    do $$ declare t text; begin
        foreach t in array array['notes', 'late', 'stuck', 'held', 'shared'] loop
            execute format('alter table %I enable row level security', t);
            execute format('create policy own on %I to authenticated using (owner_id = auth.uid())', t);
        end loop;
    end $$;
    grant select, insert, update, delete on all tables in schema public to authenticated;";

/// What comes after the rows: code that takes its time.
const SLOW: &str = "
    create policy late on late as restrictive for select to authenticated using ((select pg_sleep(0.25)) is not null);
    create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(30); return new; end';
    create trigger wait before insert on stuck for each row execute function wait();";

const RULES: &str =
    "[[rule]]\non = 'public.*'\nrole = 'authenticated'\nall = 'owner_id = auth.uid()'\nmode = 'exactly'\n";

/// The trials, and the tests that are written from them.
fn tried(world: &World, while_they_run: &str) -> (Tried, String) {
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let seeded = block_on(seed::seed(&world.client, &effective)).unwrap();
    assert_eq!(seeded.forced.len(), 0, "{:?}", seeded.forced);
    block_on(world.client.batch_execute(SLOW)).unwrap();
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let intent = access::parse_texts([("access.toml", RULES)]).unwrap().resolve(&effective).unwrap();
    let everybody = effective.principals().iter().filter(|p| p.is_untrusted());
    let guests: Vec<_> = everybody.flat_map(|principal| guests(&effective, &seeded, principal)).collect();
    let setting = Setting { effective: &effective, seeded: &seeded, intent: &intent, verdicts: &[], guests: &guests };
    let bounds = Bounds {
        statement_timeout: Duration::from_millis(150),
        lock_timeout: Duration::from_millis(50),
        ..Bounds::default()
    };
    let other = world.connect_as("postgres");
    block_on(other.batch_execute(while_they_run)).unwrap();
    let tried = block_on(async {
        let options = SessionOptions { pool_size: 3, ..SessionOptions::default() };
        let database = Database::open(&world.info("postgres"), &options).await.unwrap();
        trial::run(&database, &setting, &bounds, &|_| ()).await.unwrap()
    });
    let suite = pgtap::suite(&setting, &[], &tried.trials, &[]);
    let text = format!("{suite}\n{}", cases::written(&schema, &tried.trials));
    (tried, text)
}

fn of<'t>(tried: &'t Tried, table: &str, action: Action) -> Vec<&'t Trial> {
    let wanted = |t: &&Trial| t.relation.name == table && t.action == action && t.role == "authenticated";
    let all: Vec<_> = tried.trials.iter().filter(wanted).collect();
    assert!(!all.is_empty(), "nobody tried {action:?} on {table}");
    all
}

fn unanswered(trials: &[&Trial], code: &str) {
    for trial in trials {
        let ProbeOutcome::NotTested { reason } = &trial.outcome else { panic!("{trial:?}") };
        assert!(reason.contains(code), "{reason}");
    }
}

#[test]
fn what_gives_no_answer_is_tried_again_and_then_not_tested() {
    let world = World::new(17, APP);
    let locks = "begin; lock table held in access exclusive mode; lock table shared in share mode";
    let (tried, written) = tried(&world, locks);
    let answered = |trials: &[&Trial]| {
        assert!(
            trials.iter().all(|t| matches!(t.outcome, ProbeOutcome::Seen { .. } | ProbeOutcome::Hidden)),
            "{trials:?}"
        );
    };
    // Slower than the bounds, but not for ever.
    answered(&of(&tried, "late", Action::Select));
    answered(&of(&tried, "stuck", Action::Select));
    unanswered(&of(&tried, "stuck", Action::Insert), "57014");
    unanswered(&of(&tried, "shared", Action::DeleteBlind), "55P03");
    answered(&of(&tried, "shared", Action::Select));
    unanswered(&of(&tried, "held", Action::Select), "55P03");
    answered(&of(&tried, "notes", Action::DeleteBlind));
    assert!(!written.contains("57014") && !written.contains("55P03"), "{written}");
    assert!(written.contains("delete from public.notes") && !written.contains("delete from public.shared"));
    let surprises: Vec<_> = tried.trials.iter().filter_map(|t| t.surprise.as_ref()).collect();
    assert!(surprises.is_empty(), "{surprises:?}");
}
