//! Proofs and probes on generated schemas: what was proved, and what effective access says, tried as everybody.
//!
//! Each schema is made on a server, rules are asked of it as `audit` asks them, rows are made, and every command is tried
//! as every persona. Nothing that a trial shows may contradict a proof or the model, and every witness must replay.
//! `PGWITNESS_ROUNDS` multiplies the work, `PGWITNESS_SEED` moves the first seed.

mod grants;
mod policies;

use std::collections::BTreeSet;

use pgwitness::access;
use pgwitness::checks::Context;
use pgwitness::connector::{ConnInfo, Database, SessionOptions};
use pgwitness::impersonation::guest::guests;
use pgwitness::impersonation::trial::{self, Bounds, Control, Setting};
use pgwitness::impersonation::{replay, seed};
use pgwitness::model::Schema;
use pgwitness::report::{Asked, Decided, ProbeOutcome, SurpriseKind};
use pgwitness::shadow::Server;
use pgwitness::verdicts;

use crate::support::block_on;

/// What the schemas of a run came to.
#[derive(Debug, Default)]
struct Counts {
    schemas: usize,
    trials: usize,
    /// Trials that reached rows.
    reached: usize,
    proved: usize,
    violated: usize,
    /// Of these, how many have a script; each was replayed.
    replayed: usize,
    /// Witnesses that cannot be shown: a row that its partition does not take, as the model has no bounds of partitions,
    /// or one of a view that fails for everybody.
    unshown: usize,
    unknown: usize,
    /// Trials that showed a violation.
    beyond: usize,
    /// What the server contradicts.
    wrong: Vec<String>,
}

impl Counts {
    fn told(&self) -> String {
        let Self { schemas, trials, reached, proved, violated, replayed, unshown, unknown, beyond, .. } = self;
        format!(
            "{schemas} schemas: {proved} proved, {violated} violated ({replayed} replayed, {unshown} of them cannot be \
             shown), {unknown} not decided; {trials} trials, {reached} of them reached rows, {beyond} went beyond a rule that was not proved"
        )
    }

    /// Ends the test where anything is wrong or nothing was tested.
    fn judge(&self) {
        eprintln!("{}", self.told());
        let shown: Vec<_> = self.wrong.iter().take(8).cloned().collect();
        assert!(shown.is_empty(), "{} contradictions: {}\n{}", self.wrong.len(), self.told(), shown.join("\n\n"));
        assert!(self.reached * 20 > self.trials && self.beyond > 0, "one-sided: {}", self.told());
        assert!(self.proved > self.schemas && self.violated > self.schemas / 4, "one-sided: {}", self.told());
    }
}

/// A database as its superuser.
fn open(server: &Server, name: &str) -> Database {
    let info = ConnInfo::for_socket(server.socket_dir(), server.port(), server.superuser(), name);
    block_on(Database::open(&info, &SessionOptions { pool_size: 2, ..SessionOptions::default() })).unwrap()
}

/// Asks `rules` of a schema that is on the server, and tries everything. `fill` adds rows to those that seeding makes.
fn hold(database: &Database, schema: &Schema, rules: &str, fill: &str, counts: &mut Counts) -> Result<(), String> {
    let cx = Context::new(schema, None);
    let parsed = access::parse_texts([("policies/access.toml", rules)]).map_err(|e| format!("{e:?}\n{rules}"))?;
    let intent = parsed.resolve(&cx.effective).map_err(|e| format!("{e:?}\n{rules}"))?;
    let judged = verdicts::judge(&cx, &intent);
    counts.schemas += 1;
    for one in &judged.judged {
        match one.entry.verdict {
            Decided::Proved => counts.proved += 1,
            Decided::Unknown => counts.unknown += 1,
            Decided::Violated => {
                counts.violated += 1;
                let Some(script) = &one.script else { continue };
                counts.replayed += 1;
                let replayed = block_on(replay(database, script)).unwrap();
                let refused = |text: &str| replayed.remark.as_ref().is_some_and(|remark| remark.contains(text));
                let fails_for_all = one.entry.question == Asked::GrantsAll
                    && refused("the rule could not be evaluated: permission denied for");
                if fails_for_all || refused("violates partition constraint") || refused("no partition of relation") {
                    counts.unshown += 1;
                } else if !replayed.reproduced {
                    counts.wrong.push(format!("not reproduced: {replayed:?}\n{}\n{}", one.entry.reason, script.text()));
                }
            }
        }
    }
    let seeded = block_on(async { seed::seed(&database.client().await.unwrap(), &cx.effective).await }).unwrap();
    block_on(async { database.client().await.unwrap().batch_execute(fill).await })
        .map_err(|e| format!("{e:?}\n{fill}"))?;
    let untrusted = cx.effective.principals().iter().filter(|p| p.is_untrusted());
    let guests: Vec<_> = untrusted.flat_map(|principal| guests(&cx.effective, &seeded, principal)).collect();
    let entries: Vec<_> = judged.judged.iter().map(|one| one.entry.clone()).collect();
    let setting =
        Setting { effective: &cx.effective, seeded: &seeded, intent: &intent, verdicts: &entries, guests: &guests };
    let tried = block_on(trial::run(database, &setting, &Bounds::default(), &|_| ())).unwrap();
    if tried.control == Control::NotSeen {
        counts.wrong.push("the control was not seen".to_owned());
    }
    counts.trials += tried.trials.len();
    counts.reached += tried.trials.iter().filter(|t| matches!(t.outcome, ProbeOutcome::Seen { .. })).count();
    let mut met = BTreeSet::new();
    for trial in &tried.trials {
        let Some(surprise) = &trial.surprise else { continue };
        match surprise.kind {
            SurpriseKind::Contradiction if met.insert(&surprise.text) => {
                let sql = surprise.reproduce.sql.as_deref().unwrap_or_default();
                counts.wrong.push(format!("{}\nrule {:?}\n{sql}", surprise.text, surprise.rule));
            }
            SurpriseKind::Beyond => counts.beyond += 1,
            _ => {}
        }
    }
    Ok(())
}
