//! Other doors than commands on relations: functions that each guest calls, and what the rights of each role open.
//!
//! Like trials they run on a server of our own in transactions that are rolled back.

mod arguments;
mod asked;
mod buckets;
mod call;
mod chosen;
mod confirm;
mod fired;
mod hidden;
mod leakproof;
mod platform;
mod preset;
mod rights;
mod rows;
mod shown;
mod taken;
mod temporary;
mod topics;
mod unbound;
mod unique;
mod views;

pub use confirm::confirm;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tokio_postgres::Client;

use self::arguments::Choice;
use self::buckets::Uploader;
use self::call::Caller;
use self::hidden::Hidden;
use self::rights::Holder;
use self::topics::Listener;
use super::Progress;
use super::guest::Guest;
use super::trial::{Bounds, Session, Setting, claims, setting_names};
use super::unanswered::is_reason;
use crate::connector::{ConnectError, Database};
use crate::model::{Function, FunctionKind, Privilege};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Trial};

/// What came of the doors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doors {
    /// By guest and object.
    pub trials: Vec<DoorTrial>,
    /// Calls that were not made, for want of time.
    pub left: usize,
    /// Functions that no arguments could be made up for; sorted.
    pub uncalled: Vec<String>,
}

/// Tries every door as every guest. `trials` says what the guests read by themselves. Nothing stays of it.
///
/// # Errors
/// When no connection can be had, or one breaks.
pub async fn run(
    database: &Database,
    setting: &Setting<'_, '_>,
    (bounds, trials): (&Bounds, &[Trial]),
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Doors, ConnectError> {
    let mut clients = vec![database.client().await?];
    while clients.len() < database.options().pool_size {
        let Ok(client) = database.client().await else { break };
        clients.push(client);
    }
    let clients: Vec<&Client> = clients.iter().map(|client| &***client).collect();
    let until = Instant::now() + bounds.budget;
    let (next, total) = (AtomicUsize::new(0), setting.guests.len());
    let worker = async |client: &Client| -> Result<Doors, ConnectError> {
        let mut doors = Doors::default();
        let session = Session::open(client, bounds).await?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(guest) = setting.guests.get(at) else { break };
            session.renew();
            calls(&session, setting, guest, (trials, until, None), &mut doors).await?;
            progress(Progress { done: at + 1, total });
        }
        session.close().await?;
        Ok(doors)
    };
    let mut all = Doors::default();
    if let Some(client) = clients.first() {
        // One role after the other: DROP OWNED locks what others are at.
        let session = Session::open(client, bounds).await?;
        let mut met = BTreeSet::new();
        for guest in setting.guests.iter().filter(|guest| met.insert(&guest.persona.role)) {
            let role = &guest.persona.role;
            all.trials.extend(Holder { session: &session, setting, role, guest }.all().await?);
        }
        // The same files are put there for all, so that sessions would wait for each other.
        for guest in setting.guests {
            let claims = claims(guest, &setting_names(setting.guests));
            all.trials.extend(Uploader { session: &session, setting, guest, claims: &claims }.all().await?);
        }
        session.close().await?;
    }
    for part in try_join_all(clients.iter().map(|client| worker(client))).await? {
        all.trials.extend(part.trials);
        all.uncalled.extend(part.uncalled);
        all.left += part.left;
    }
    if let Some(client) = clients.first() {
        let session = Session::open(client, bounds).await?;
        again(&session, setting, (trials, until), &mut all).await?;
        session.close().await?;
    }
    let order = |t: &DoorTrial| (t.door, t.object.clone(), t.role.clone(), t.persona.clone());
    all.trials.sort_by_cached_key(order);
    all.uncalled.sort();
    all.uncalled.dedup();
    Ok(all)
}

/// Calls once more what gave no answer, now that no other session of ours is in the way.
async fn again(
    session: &Session<'_>,
    setting: &Setting<'_, '_>,
    (trials, until): (&[Trial], Instant),
    all: &mut Doors,
) -> Result<(), ConnectError> {
    let is_call = |t: &DoorTrial| matches!(t.door, DoorKind::Call | DoorKind::Injection);
    let silent =
        |t: &DoorTrial| is_call(t) && matches!(&t.outcome, ProbeOutcome::NotTested { reason } if is_reason(reason));
    for guest in setting.guests {
        let is_guests = |t: &DoorTrial| t.persona == guest.persona.name && t.role == guest.persona.role;
        let of_guest = all.trials.iter().filter(|t| silent(t) && is_guests(t));
        let objects: BTreeSet<_> = of_guest.map(|t| t.object.clone()).collect();
        if objects.is_empty() {
            continue;
        }
        let mut doors = Doors::default();
        calls(session, setting, guest, (trials, until, Some(&objects)), &mut doors).await?;
        for trial in all.trials.iter_mut().filter(|t| silent(t) && is_guests(t)) {
            let answer = doors.trials.iter().find(|d| d.door == trial.door && d.object == trial.object);
            if let Some(answer) = answer {
                *trial = answer.clone();
            }
        }
    }
    Ok(())
}

/// Tries the guest's channels, and calls every function that it may call.
async fn calls(
    session: &Session<'_>,
    setting: &Setting<'_, '_>,
    guest: &Guest,
    (trials, until, only): (&[Trial], Instant, Option<&BTreeSet<String>>),
    doors: &mut Doors,
) -> Result<(), ConnectError> {
    let claims = claims(guest, &setting_names(setting.guests));
    if only.is_none() {
        doors.trials.extend(Listener { session, setting, guest, claims: &claims }.all().await?);
    }
    let mut functions = callable(setting, guest);
    functions.retain(|f| only.is_none_or(|only| only.contains(&f.id.to_string())));
    if functions.is_empty() {
        return Ok(());
    }
    let hidden = Hidden::from(session, setting, guest, (&claims, trials)).await?;
    let caller = Caller { session, setting, guest, claims: &claims, hidden: &hidden };
    for function in functions {
        if Instant::now() > until {
            doors.left += 1;
            continue;
        }
        match caller.call(function, Choice::Other).await? {
            Some(trial) => doors.trials.push(trial),
            None => {
                doors.uncalled.push(function.id.to_string());
                continue;
            }
        }
        let is_dynamic = function.body.to_lowercase().contains("execute");
        if is_dynamic && arguments::takes_text(function) {
            doors.trials.extend(caller.call(function, Choice::Payload).await?);
        }
    }
    Ok(())
}

/// The application's functions that a guest may call: through the Data API those of exposed schemas, and those with their
/// owner's rights first.
fn callable<'a>(setting: &Setting<'_, 'a>, guest: &Guest) -> Vec<&'a Function> {
    let effective = setting.effective;
    let role = &guest.persona.role;
    let reaches = |f: &&Function| {
        let namespace = effective.schema().namespace(&f.id.schema);
        let used = namespace.is_some_and(|n| effective.holds_on_namespace(role, n, Privilege::Usage).is_some());
        let exposed = !guest.persona.is_api || effective.exposure().includes(&f.id.schema);
        used && exposed && effective.may_execute(role, f).is_some()
    };
    let own = |f: &&Function| {
        f.extension.is_none()
            && !effective.is_platform_object(&f.id.schema, &f.owner)
            && (f.kind == FunctionKind::Function || f.kind == FunctionKind::Procedure && !guest.persona.is_api)
    };
    let mut all: Vec<_> =
        effective.schema().functions.iter().filter(|f| f.is_callable()).filter(own).filter(reaches).collect();
    all.sort_by_key(|f| !f.security_definer);
    all
}
