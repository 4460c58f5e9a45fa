//! The run: relations dealt out over sessions, every guest on each, every attempt in its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::DbError;

use super::attempt::{self, Attempt};
use super::compare;
use super::judge::{self, By, Rows};
use super::outcome::{failed, is_read, observe, trial};
use super::session::{Answer, Session, claims, request};
use super::{Bounds, Setting, Tried, control, kept};
use crate::access::Declaration;
use crate::connector::{ConnectError, Database};
use crate::impersonation::Progress;
use crate::impersonation::guest::Guest;
use crate::impersonation::unanswered;
use crate::model::{Command, Platform, QualifiedName, Relation};
use crate::report::{Action, ProbeOutcome, Surprise, SurpriseKind, Trial};

/// Makes every trial. Nothing stays of them.
///
/// # Errors
/// When no connection can be had, or one breaks.
pub async fn run(
    database: &Database,
    setting: &Setting<'_, '_>,
    bounds: &Bounds,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Tried, ConnectError> {
    let mut sessions = vec![database.client().await?];
    while sessions.len() < database.options().pool_size {
        let Ok(client) = database.client().await else { break };
        sessions.push(client);
    }
    let clients: Vec<&Client> = sessions.iter().map(|client| &***client).collect();
    let crew = Crew {
        setting,
        names: setting_names(setting.guests),
        relations: relations(setting),
        until: Instant::now() + bounds.budget,
    };
    let (next, total) = (AtomicUsize::new(0), crew.relations.len());
    let worker = async |client: &Client| -> Result<Part, ConnectError> {
        let mut part = Part::default();
        let session = Session::open(client, bounds).await?;
        session.be_hasty();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(relation) = crew.relations.get(at) else { break };
            crew.relation(&session, relation, &mut part).await?;
            progress(Progress { done: at + 1, total });
        }
        session.close().await?;
        Ok(part)
    };
    let mut tried = Tried::default();
    for part in try_join_all(clients.iter().map(|client| worker(client))).await? {
        tried.trials.extend(part.trials);
        tried.unjudged.extend(part.unjudged);
        tried.left += part.left;
    }
    if let Some(first) = clients.first() {
        crew.again(Session::open(first, bounds).await?, &mut tried).await?;
    }
    let order = |t: &Trial| (t.relation.clone(), t.role.clone(), t.persona.clone(), t.action, t.column.clone());
    tried.trials.sort_by_cached_key(order);
    tried.unjudged.sort();
    tried.unjudged.dedup();
    if let Some(first) = clients.first() {
        tried.control = control::run(first, setting, bounds, &tried.trials).await?;
    }
    // They are all that the pool has.
    drop(sessions);
    tried.trials.extend(crew.copies_in(database, bounds).await?);
    tried.trials.sort_by_cached_key(order);
    Ok(tried)
}

/// What one session made.
#[derive(Default)]
struct Part {
    trials: Vec<Trial>,
    unjudged: Vec<String>,
    left: usize,
    /// The statements that are tried, where not all are.
    only: Option<BTreeSet<Key>>,
}

/// A guest by role and name, a relation, and what is tried.
type Key = (String, String, QualifiedName, Action, String);

fn key(guest: &Guest, relation: &Relation, attempt: &Attempt) -> Key {
    let Guest { persona, .. } = guest;
    (persona.role.clone(), persona.name.clone(), relation.name.clone(), attempt.action, attempt.sql.clone())
}

impl Part {
    /// Attempts that nothing could be held against.
    fn unlooked(&mut self, guest: &Guest, relation: &Relation, attempts: &[Attempt], error: &DbError) {
        let told = unanswered::told(error).unwrap_or_else(|| error.message().to_owned());
        let reason = format!("its rows could not be looked at: {told}");
        let untested = || ProbeOutcome::NotTested { reason: reason.clone() };
        self.trials.extend(attempts.iter().map(|attempt| trial(guest, relation, attempt, untested())));
    }
}

/// What all sessions share.
struct Crew<'c, 'a> {
    setting: &'c Setting<'c, 'a>,
    /// Every setting that a guest makes: for the others it is '', as on a pooled connection.
    names: Vec<String>,
    relations: Vec<&'a Relation>,
    until: Instant,
}

pub(in crate::impersonation) fn setting_names(guests: &[Guest]) -> Vec<String> {
    let mut names: Vec<_> =
        guests.iter().flat_map(|g| g.persona.settings().into_keys().chain(g.settings.keys().cloned())).collect();
    names.sort();
    names.dedup();
    names
}

/// The relations of the application, and the platform's that hold its rows.
fn relations<'a>(setting: &Setting<'_, 'a>) -> Vec<&'a Relation> {
    let effective = setting.effective;
    let of_storage = |r: &Relation| {
        effective.schema().server.platform == Platform::Supabase
            && r.name.schema == "storage"
            && r.name.name == "objects"
    };
    let own = |r: &&Relation| {
        r.extension.is_none() && (!effective.is_platform_object(&r.name.schema, &r.owner) || of_storage(r))
    };
    effective.schema().relations.iter().filter(|r| r.kind.holds_rows()).filter(own).collect()
}

/// Whether a guest can name a relation, or holds anything on it.
fn can_name(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> bool {
    let effective = setting.effective;
    let exposed = guest.persona.is_api && {
        let principal = effective.principals().iter().find(|p| p.role == guest.persona.role);
        principal.is_some_and(|p| effective.is_exposed(p, relation)) || relation.name.schema == "storage"
    };
    let holds = || {
        let all = [Command::Select, Command::Insert, Command::Update, Command::Delete];
        let Some(relation) = effective.schema().relation(&relation.name) else { return false };
        all.iter().any(|command| effective.access(&guest.persona.role, relation, *command).is_some())
    };
    exposed || holds()
}

impl Crew<'_, '_> {
    /// Tries once more what gave no answer, now that no other session of ours is in the way.
    async fn again(&self, session: Session<'_>, tried: &mut Tried) -> Result<(), ConnectError> {
        let silent = |t: &Trial| {
            let again = !matches!(t.action, Action::CopyIn | Action::SelectByKeptPlan);
            again && matches!(&t.outcome, ProbeOutcome::NotTested { reason } if unanswered::is_reason(reason))
        };
        let key = |t: &Trial| (t.role.clone(), t.persona.clone(), t.relation.clone(), t.action, t.statement.clone());
        let keys: BTreeSet<_> = tried.trials.iter().filter(|t| silent(t)).map(key).collect();
        let mut part = Part { only: Some(keys), ..Part::default() };
        for relation in &self.relations {
            if part.only.iter().flatten().any(|(_, _, name, ..)| *name == relation.name) {
                self.relation(&session, relation, &mut part).await?;
            }
        }
        session.close().await?;
        let answers: BTreeMap<_, _> = part.trials.into_iter().map(|trial| (key(&trial), trial)).collect();
        for trial in tried.trials.iter_mut().filter(|trial| silent(trial)) {
            if let Some(answer) = answers.get(&key(trial)) {
                *trial = answer.clone();
            }
        }
        Ok(())
    }

    async fn relation(&self, session: &Session<'_>, relation: &Relation, part: &mut Part) -> Result<(), ConnectError> {
        let mut read = Vec::new();
        session.renew();
        for guest in self.setting.guests.iter().filter(|guest| can_name(self.setting, guest, relation)) {
            let mut attempts = attempt::all(self.setting, guest, relation);
            if let Some(only) = &part.only {
                attempts.retain(|attempt| only.contains(&key(guest, relation, attempt)));
                if attempts.is_empty() {
                    continue;
                }
            }
            let mut rules = judge::declarations(self.setting, guest, relation);
            let claims = claims(guest, &self.names);
            let mut question = judge::question(self.setting, guest, relation, (&rules, By::Place));
            let mut before = session.send(&format!("{claims}{question}")).await?;
            if let (Err(error), false) = (&before, rules.is_empty()) {
                part.unjudged.push(format!("a rule on {} could not be evaluated: {}", relation.name, error.message()));
                rules.clear();
                question = judge::question(self.setting, guest, relation, (&rules, By::Place));
                before = session.send(&format!("{claims}{question}")).await?;
            }
            let before = match before {
                Ok(answer) => Rows::judged(&answer),
                Err(error) => {
                    part.unlooked(guest, relation, &attempts, &error);
                    continue;
                }
            };
            let mut seen_before = before.clone();
            if judge::sees_otherwise(self.setting, guest, relation) {
                let by_sight = judge::question(self.setting, guest, relation, (&rules, By::Sight));
                match session.send(&format!("{claims}{by_sight}")).await? {
                    Ok(answer) => seen_before = Rows::judged(&answer),
                    Err(error) => {
                        part.unlooked(guest, relation, &attempts, &error);
                        continue;
                    }
                }
            }
            let on = OnRelation { seen_before, guest, relation, rules: &rules, claims, question, before };
            for attempt in &attempts {
                if Instant::now() > self.until {
                    part.left += 1;
                    continue;
                }
                let (mut trial, seen) = self.attempt(session, &on, attempt).await?;
                if trial.action == Action::CopyOut {
                    trial.surprise = self.differs(&on, attempt, &trial.outcome, read.last());
                }
                if trial.action == Action::Select && is_read(&trial) {
                    read.push((guest, seen));
                }
                part.trials.push(trial);
            }
        }
        if part.only.is_some() {
            return Ok(());
        }
        part.trials.extend(kept::read(session, self.setting, (relation, &self.names), &read).await?);
        Ok(())
    }

    /// COPY into tables, each in a session of its own: where the server refuses one at its start, the driver loses count of
    /// what answers what.
    async fn copies_in(&self, database: &Database, bounds: &Bounds) -> Result<Vec<Trial>, ConnectError> {
        let mut trials = Vec::new();
        for relation in &self.relations {
            // Without row-level security all of a role are alike.
            let mut met = BTreeSet::new();
            let guests = self.setting.guests.iter().filter(|guest| can_name(self.setting, guest, relation));
            for guest in guests.filter(|guest| met.insert(&guest.persona.role)) {
                let Some(attempt) = attempt::copy_in(self.setting, guest, relation) else { continue };
                if Instant::now() > self.until {
                    return Ok(trials);
                }
                let client = database.fresh().await?;
                let session = Session::open(&client, bounds).await?;
                let rules = judge::declarations(self.setting, guest, relation);
                let claims = claims(guest, &self.names);
                let question = judge::question(self.setting, guest, relation, (&rules, By::Place));
                let Ok(before) = session.send(&format!("{claims}{question}")).await? else { continue };
                let before = Rows::judged(&before);
                let seen_before = before.clone();
                let on = OnRelation { seen_before, guest, relation, rules: &rules, claims, question, before };
                let (trial, _) = self.attempt(&session, &on, &attempt).await?;
                trials.push(trial);
                // The transaction goes with the session. What gave no answer is not copied again: the session is lost by it.
            }
        }
        Ok(trials)
    }

    /// One attempt, and the rows that it read or changed.
    async fn attempt(
        &self,
        session: &Session<'_>,
        on: &OnRelation<'_>,
        attempt: &Attempt,
    ) -> Result<(Trial, Vec<String>), ConnectError> {
        let answer = self.answer(session, on, attempt).await?;
        let answer = match answer {
            Came::Rows(answer) => answer,
            Came::Copied(rows) => return Ok((self.copied(on, attempt, rows), Vec::new())),
        };
        let before = if attempt.action == Action::Select { &on.seen_before } else { &on.before };
        let observed = observe(attempt.action, answer, before, on.relation.kind);
        let mut trial = trial(on.guest, on.relation, attempt, observed.outcome.clone());
        let case =
            compare::Case { setting: self.setting, guest: on.guest, relation: on.relation, rules: on.rules, attempt };
        (trial.expected, trial.surprise) = case.compare(&observed, before);
        Ok((trial, observed.old))
    }

    async fn answer(
        &self,
        session: &Session<'_>,
        on: &OnRelation<'_>,
        attempt: &Attempt,
    ) -> Result<Came, ConnectError> {
        let schema = self.setting.effective.schema();
        let request = request(schema, on.guest, on.relation, attempt.action.command());
        let before = format!("{}{request}", on.claims);
        let judge = format!("set local role none; set local search_path = ''; {}", on.question);
        Ok(match attempt.action {
            Action::CopyOut => Came::Copied(session.copy_out(before.trim_end_matches("; "), &attempt.sql).await?),
            Action::CopyIn => Came::Rows(session.copy_in(&before, &judge, attempt).await?),
            Action::Select => Came::Rows(session.send(&format!("{before}{}", attempt.sql)).await?),
            _ => Came::Rows(session.send(&format!("{before}{}; {judge}", attempt.sql)).await?),
        })
    }

    /// Where COPY gives more or fewer rows than SELECT, though no child table holds some of them.
    fn differs(
        &self,
        on: &OnRelation<'_>,
        attempt: &Attempt,
        outcome: &ProbeOutcome,
        read: Option<&(&Guest, Vec<String>)>,
    ) -> Option<Surprise> {
        let (_, seen) = read.filter(|(guest, _)| std::ptr::eq(*guest, on.guest))?;
        let rows = match outcome {
            ProbeOutcome::Seen { rows, .. } => usize::try_from(*rows).unwrap_or(usize::MAX),
            ProbeOutcome::Hidden | ProbeOutcome::Empty => 0,
            _ => return None,
        };
        let is_parent = self.relations.iter().any(|r| r.parents.contains(&on.relation.name));
        if is_parent || rows == seen.len() {
            return None;
        }
        let (who, name) = (&on.guest.persona.name, &on.relation.name);
        let text = format!("as {who}, copy of {name} gave {rows} rows, and select {}", seen.len());
        let case =
            compare::Case { setting: self.setting, guest: on.guest, relation: on.relation, rules: on.rules, attempt };
        Some(case.surprise(SurpriseKind::Contradiction, text, None))
    }

    /// What COPY gave: as many rows as a SELECT sees, whichever they are.
    fn copied(&self, on: &OnRelation<'_>, attempt: &Attempt, rows: Result<usize, DbError>) -> Trial {
        let rows = rows.map(|rows| u32::try_from(rows).unwrap_or(u32::MAX));
        let outcome = match &rows {
            Ok(0) if on.before.0.is_empty() => ProbeOutcome::Empty,
            Ok(0) => ProbeOutcome::Hidden,
            Ok(rows) => ProbeOutcome::Seen { rows: *rows, at_least: false },
            Err(error) => failed(error),
        };
        trial(on.guest, on.relation, attempt, outcome)
    }
}

/// What an attempt gave back.
enum Came {
    Rows(Answer),
    Copied(Result<usize, DbError>),
}

/// A guest before a relation.
struct OnRelation<'t> {
    guest: &'t Guest,
    relation: &'t Relation,
    rules: &'t [&'t Declaration],
    claims: String,
    question: String,
    before: Rows,
    /// The same by what the guest may see of them.
    seen_before: Rows,
}
