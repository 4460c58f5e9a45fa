//! Acting as the roles that clients act as, on a real server, to see what they see.
//!
//! The analyzer says what must happen; this part looks. It reads one relation after the other as each [`Persona`],
//! bounded in rows and in time, and never leaves a trace: every message is one read-only transaction that ends rolled
//! back (see [`run_on`]). It holds one read, or many of a persona that cannot disturb each other. [`confirm`] then
//! holds what was seen against what the findings say, and against what effective access says: neither side is believed
//! without the other.
//!
//! A read that returns nothing proves nothing while the relation may be empty, so the tester finds out whether rows
//! exist, in the very snapshot of the read.

mod batch;
pub mod cases;
pub mod cast;
mod compare;
mod confirm;
pub mod doors;
pub mod guest;
mod message;
mod persona;
pub mod pgtap;
mod plan;
mod probe;
mod recheck;
mod replay;
mod rights;
pub mod seed;
mod steady;
pub mod trial;
mod unanswered;
mod writes;

pub use confirm::{Agreement, Contradiction, confirm};
pub use persona::{NOBODY, Persona};
pub use replay::{replay, replay_in};
pub use writes::{Written, write};

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tokio_postgres::Client;

use self::plan::{Plan, Read};
use self::probe::Prober;
use crate::analyzer::effective::Effective;
use crate::connector::{ConnectError, Database};
use crate::model::QualifiedName;
use crate::report::{Probe, ProbeOutcome};

/// The bounds of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many rows a read counts before it stops.
    pub rows: u32,
    /// `statement_timeout` of each read.
    pub statement_timeout: Duration,
    /// `lock_timeout` of each read: it shall not wait behind somebody's DDL, nor make others wait behind it.
    pub lock_timeout: Duration,
    /// How long all reads may take together; what is left then is reported as not tested.
    pub budget: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rows: 100,
            statement_timeout: Duration::from_secs(2),
            lock_timeout: Duration::from_millis(500),
            budget: Duration::from_secs(120),
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Reads made.
    pub done: usize,
    /// Reads planned.
    pub total: usize,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tested {
    /// One for each persona and relation: personas from the least trusted, relations by name.
    pub probes: Vec<Probe>,
    /// The roles that nothing was read as.
    pub untested: Vec<Untested>,
    /// The relations that only a sample was read of, because reading all rows took too long; sorted.
    pub sampled: Vec<QualifiedName>,
}

/// A role that the connection may not act as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untested {
    /// The role.
    pub role: String,
    /// Why, and what would help.
    pub reason: String,
}

/// Reads every exposed relation of the application as every persona, and changes nothing.
///
/// As many sessions of `database` are busy at once as its pool holds and the server lets us have; see [`run_on`].
///
/// # Errors
/// When no connection can be had, or one breaks. What the server refuses or cannot do is an outcome, not an error.
pub async fn run(
    database: &Database,
    effective: &Effective<'_>,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Tested, ConnectError> {
    let mut sessions = vec![database.client().await?];
    while sessions.len() < database.options().pool_size {
        // One is enough: the server may be short of connections, and the application's come first.
        let Ok(session) = database.client().await else { break };
        sessions.push(session);
    }
    let clients: Vec<&Client> = sessions.iter().map(|session| &***session).collect();
    run_on(&clients, effective, options, progress).await
}

/// Reads every exposed relation of the application as every persona, over sessions of the caller's.
///
/// The reads are dealt out over `clients`, which must be idle sessions on the database that `effective` describes:
/// as many as shall be busy at once. A transaction is one simple-query message, so that a pooler in transaction mode may
/// stand between. It is implicit: if a read fails the server has ended it before it answers, and if this future is
/// dropped half-way nothing stays open on any client. Reads share one only if their code cannot change the session; if
/// anything fails in it, each of them is made again alone.
///
/// What a role has no privilege to read is not tried: the server is asked for that beforehand, in bulk.
///
/// Policies, views and functions of the database run in these reads, as they do for its clients, and such code can
/// undo SET ROLE. Where the database's own code is not trusted, connect as a role that holds little: PostgREST's
/// `authenticator` can make every read, and only cannot tell hidden from empty.
///
/// `progress` is called after each read.
///
/// # Errors
/// When a connection breaks. What the server refuses or cannot do is an outcome, not an error.
pub fn run_on<'a>(
    clients: &'a [&'a Client],
    effective: &'a Effective<'a>,
    options: &'a Options,
    progress: &'a (dyn Fn(Progress) + Sync),
) -> impl Future<Output = Result<Tested, ConnectError>> + Send {
    let plan = Plan::new(effective);
    let prober = Prober::new(effective.schema(), options, Instant::now() + options.budget);
    work(clients, plan, prober, progress)
}

async fn work<'a>(
    clients: &'a [&'a Client],
    mut plan: Plan<'a>,
    prober: Prober<'a>,
    progress: &'a (dyn Fn(Progress) + Sync),
) -> Result<Tested, ConnectError> {
    let Some(first) = clients.first() else { return Ok(Tested::default()) };
    let untested = prober.refused_roles(first, &plan).await?;
    plan.leave_out(&untested);

    prober.ask_rights(first, &mut plan).await?;

    let works = batch::deal(&plan.reads, prober.schema);
    let (next, done, total) = (AtomicUsize::new(0), AtomicUsize::new(0), plan.reads.len());
    let worker = async |client: &Client| -> Result<Vec<(usize, ProbeOutcome)>, ConnectError> {
        let mut outcomes = Vec::new();
        while let Some(work) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
            for places in work {
                let reads: Vec<_> = places.iter().filter_map(|at| plan.reads.get(*at)).collect();
                let came = prober.probe_all(client, &reads).await?;
                came.iter().for_each(|_| progress(Progress { done: done.fetch_add(1, Ordering::Relaxed) + 1, total }));
                outcomes.extend(places.iter().copied().zip(came));
            }
        }
        Ok(outcomes)
    };
    let mut outcomes = try_join_all(clients.iter().map(|client| worker(client))).await?.concat();
    outcomes.sort_by_key(|(at, _)| *at);
    let probes = outcomes.into_iter().filter_map(|(at, outcome)| Some(plan.reads.get(at)?.came_to(outcome))).collect();
    let sampled = prober.sampled.into_inner().unwrap_or_default().into_iter().collect();
    Ok(Tested { probes, untested, sampled })
}

impl Read<'_> {
    fn came_to(&self, outcome: ProbeOutcome) -> Probe {
        Probe {
            persona: self.persona.name.clone(),
            role: self.persona.role.clone(),
            relation: self.relation.name.clone(),
            command: crate::model::Command::Select,
            outcome,
        }
    }
}
