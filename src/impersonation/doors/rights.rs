//! What a role can do beside commands and calls: become another role, run code as whoever writes, drop what is owned,
//! take numbers of sequences, read large objects, listen; and what objects to come will be granted.
//!
//! It is the role that counts here, and not who the session is, so each role tries once. What privileges do not allow is
//! tried too: the server must refuse it, or the model is wrong.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryMessage;

use crate::connector::ConnectError;
use crate::finding::Reproduce;
use crate::impersonation::guest::Guest;
use crate::impersonation::trial::{Answer, Session, Setting, failed};
use crate::model::{GrantObject, Privilege, Relation, RelationKind, Role, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Surprise, SurpriseKind};

/// Objects of a kind that a role tries at most.
pub(super) const MOST: usize = 30;
/// The column of what is asked with all rights.
pub(super) const ASKED: &str = "pgwitness_asked";

/// Of the trials of one door the first that shows something, or else the first.
#[derive(Default)]
pub(super) struct First(pub(super) Option<DoorTrial>);

impl First {
    /// Takes a trial; whether it shows something, so that no other is needed.
    pub(super) fn take(&mut self, trial: DoorTrial) -> bool {
        let is_shown = !trial.reached.is_empty();
        if is_shown || self.0.is_none() {
            self.0 = Some(trial);
        }
        is_shown
    }
}

/// A role before the doors of its rights.
pub(super) struct Holder<'t, 's, 'a> {
    pub(super) session: &'t Session<'s>,
    pub(super) setting: &'t Setting<'t, 'a>,
    pub(super) role: &'t str,
    /// The first of its sessions.
    pub(super) guest: &'t Guest,
}

impl Holder<'_, '_, '_> {
    /// Every door of the role's rights.
    pub(super) async fn all(&self) -> Result<Vec<DoorTrial>, ConnectError> {
        let mut out = Vec::new();
        self.other_roles(&mut out).await?;
        self.triggers(&mut out).await?;
        self.drop_owned(&mut out).await?;
        self.sequences(&mut out).await?;
        self.large_objects(&mut out).await?;
        self.channels(&mut out).await?;
        self.new_objects(&mut out).await?;
        self.grants(&mut out).await?;
        self.memberships(&mut out).await?;
        self.row_security(&mut out).await?;
        self.creations(&mut out).await?;
        self.references(&mut out).await?;
        self.presets(&mut out).await?;
        self.platform_tables(&mut out).await?;
        self.temporary_tables(&mut out).await?;
        self.leakproof_functions(&mut out).await?;
        self.views(&mut out).await?;
        self.chosen_settings(&mut out).await?;
        self.unique_values(&mut out).await?;
        self.fired_triggers(&mut out).await?;
        self.unbound_policies(&mut out).await?;
        Ok(out)
    }

    /// SET ROLE as a session of the role has it: to what it is a member of, and to what is past row security.
    async fn other_roles(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let known: BTreeSet<_> = effective.can_become(self.role).map(|(role, _)| role.name.as_str()).collect();
        let strong = |role: &&Role| role.superuser || role.bypass_rls || known.contains(role.name.as_str());
        let wanted = effective.schema().roles.iter().filter(strong).filter(|role| role.name != self.role);
        for target in wanted.take(MOST) {
            let act = format!("set role {}", quote_ident(&target.name));
            let become_it = format!("set local session authorization {}; {act}", quote_ident(self.role));
            let answer = self.session.send(&become_it).await?;
            let mut trial = self.trial(DoorKind::SetRole, &target.name, &act, &answer);
            if answer.is_ok() {
                trial.outcome = ProbeOutcome::NothingSeen;
                let kind = if target.superuser { "a superuser" } else { "exempt from row-level security" };
                if target.superuser || target.bypass_rls {
                    trial.reached.push(format!("{} can become {}, which is {kind}", self.role, target.name));
                }
                self.deny(&mut trial, known.contains(target.name.as_str()));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// A trigger of the role's own on somebody else's table, which then somebody else fires.
    async fn triggers(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let held = |r: &&Relation| {
            r.kind == RelationKind::Table
                && r.owner != self.role
                && !effective.is_platform_object(&r.name.schema, &r.owner)
                && effective.holds_on_relation(self.role, r, Privilege::Trigger).is_some()
        };
        for relation in effective.schema().relations.iter().filter(held).take(MOST) {
            let name = &relation.name;
            let act = format!(
                "create function pg_temp.pgwitness_trigger() returns trigger language plpgsql as \
                 'begin perform set_config(''pgwitness.ran_as'', current_user, true); return null; end'; \
                 create trigger pgwitness_trigger before delete on {name} for each statement \
                 execute function pg_temp.pgwitness_trigger()"
            );
            let message = format!(
                "{}; set local role none; delete from {name} where false; \
                 select current_setting('pgwitness.ran_as', true) as {ASKED}",
                self.acting(&act)
            );
            let answer = self.session.send(&message).await?;
            let mut trial = self.trial(DoorKind::Trigger, &name.to_string(), &act, &answer);
            if let Some(ran_as) = asked(&answer).into_iter().next().filter(|who| !who.is_empty()) {
                trial.outcome = ProbeOutcome::NothingSeen;
                trial.reached.push(format!("code of {} ran as {ran_as}, who deleted from {name}", self.role));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// DROP OWNED takes what was granted to the role, and on some servers the policies that are for it alone: a restrictive
    /// one that bound it is then gone.
    async fn drop_owned(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let count = format!("select count(*) as {ASKED} from pg_catalog.pg_policy where not polpermissive");
        let act = format!("drop owned by {}", quote_ident(self.role));
        let message = format!("{count}; {}; set local role none; {count}", self.acting(&act));
        let answer = self.session.send(&message).await?;
        let mut trial = self.trial(DoorKind::DropOwned, self.role, &act, &answer);
        let counts: Vec<u64> = asked(&answer).iter().filter_map(|n| n.parse().ok()).collect();
        if let [before, after] = counts.as_slice()
            && after < before
        {
            let lost = before - after;
            let policies = if lost == 1 { "policy" } else { "policies" };
            trial.reached.push(format!("{} rid itself of {lost} restrictive {policies} by DROP OWNED", self.role));
        }
        out.push(trial);
        Ok(())
    }

    /// Numbers of sequences; what was taken is put back, as a transaction does not undo it.
    async fn sequences(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let own =
            |r: &&Relation| r.kind == RelationKind::Sequence && !effective.is_platform_object(&r.name.schema, &r.owner);
        for sequence in effective.schema().relations.iter().filter(own).take(MOST) {
            let text = quote_literal(&sequence.name.to_string());
            let before = format!("select last_value || ' ' || is_called as {ASKED} from {}", sequence.name);
            let state = asked(&self.session.send(&before).await?).pop().unwrap_or_default();
            let act = format!("select setval({text}, 1000)");
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::Sequence, &sequence.name.to_string(), &act, &answer);
            if answer.is_ok() {
                trial.outcome = ProbeOutcome::NothingSeen;
                let usage = effective.schema().namespace(&sequence.name.schema).is_some_and(|namespace| {
                    effective.holds_on_namespace(self.role, namespace, Privilege::Usage).is_some()
                });
                let held = effective.holds_on_relation(self.role, sequence, Privilege::Update).is_some();
                trial.reached.push(format!("{} set {} to 1000", self.role, sequence.name));
                self.deny(&mut trial, usage && held);
            }
            if let Some((last, called)) = state.split_once(' ') {
                self.session.send(&format!("select setval({text}, {last}, {called})")).await?.ok();
            }
            out.push(trial);
        }
        Ok(())
    }

    async fn large_objects(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let list = format!("select oid as {ASKED} from pg_catalog.pg_largeobject_metadata order by oid limit {MOST}");
        for id in asked(&self.session.send(&list).await?) {
            let act = format!("select length(lo_get({id}))");
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::LargeObject, &id, &act, &answer);
            if answer.is_ok() {
                trial.outcome = ProbeOutcome::Seen { rows: 1, at_least: false };
                trial.reached.push(format!("{} reads the large object {id}", self.role));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// What functions send to channels everybody may hear who speaks SQL: no privilege keeps them.
    async fn channels(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        if effective.principals().iter().any(|p| p.role == self.role && p.is_api()) {
            return Ok(());
        }
        let bodies = effective.schema().functions.iter().filter(|f| f.extension.is_none()).map(|f| &f.body);
        let channels: BTreeSet<_> = bodies.flat_map(|body| sent_to(body)).collect();
        for channel in channels.into_iter().take(MOST) {
            let act = format!("listen {}", quote_ident(&channel));
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::Channel, &channel, &act, &answer);
            if answer.is_ok() {
                trial.outcome = ProbeOutcome::NothingSeen;
                trial.reached.push(format!("{} hears what is sent to {channel}", self.role));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// A new table of whoever makes tables, read by the role.
    async fn new_objects(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let schema = self.setting.effective.schema();
        let tables = schema.default_privileges.iter().filter(|d| d.object == GrantObject::Tables);
        for (namespace, maker) in tables.filter_map(|d| Some((d.schema.as_deref()?, d.role.as_str()))).take(MOST) {
            if self.setting.effective.is_platform_namespace(namespace) {
                continue;
            }
            let table = format!("{}.pgwitness_new", quote_ident(namespace));
            let act = format!("select count(*) from {table}");
            let make = format!("set local role {}; create table {table} (id int)", quote_ident(maker));
            let answer = self.session.send(&format!("{make}; set local role none; {}", self.acting(&act))).await?;
            let mut trial = self.trial(DoorKind::NewTable, namespace, &act, &answer);
            if answer.is_ok() {
                trial.outcome = ProbeOutcome::NothingSeen;
                trial.reached.push(format!("{} reads a table that {maker} has just made in {namespace}", self.role));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// What makes a statement the role's.
    pub(super) fn acting(&self, act: &str) -> String {
        format!("set local search_path = ''; set local role {}; {act}", quote_ident(self.role))
    }

    pub(super) fn trial(&self, door: DoorKind, object: &str, act: &str, answer: &Answer) -> DoorTrial {
        let outcome = match answer {
            Ok(_) => ProbeOutcome::NothingSeen,
            // Elsewhere a role that may not be taken leaves what it could do unseen; here that is the answer.
            Err(error) if door == DoorKind::SetRole && error.code().code() == "42501" => ProbeOutcome::Refused,
            Err(error) => failed(error),
        };
        DoorTrial {
            persona: self.guest.persona.name.clone(),
            role: self.role.to_owned(),
            door,
            object: object.to_owned(),
            statement: act.to_owned(),
            outcome,
            expected: None,
            reached: Vec::new(),
            surprise: None,
        }
    }

    /// What the server let through and the model denies is our mistake.
    pub(super) fn deny(&self, trial: &mut DoorTrial, allowed: bool) {
        if !allowed {
            let (role, words, object) = (self.role, trial.door.words(), &trial.object);
            let text = format!("the model says that {role} cannot do this, but the server let it: {words} {object}");
            trial.surprise = Some(surprise(SurpriseKind::Contradiction, text, &self.acting(&trial.statement)));
        }
    }
}

fn surprise(kind: SurpriseKind, text: String, act: &str) -> Surprise {
    let sql = format!("begin;\n{};\nrollback;\n", act.replace("; ", ";\n"));
    Surprise {
        kind,
        text,
        rule: None,
        declared: false,
        reproduce: Reproduce { sql: Some(sql), ..Reproduce::default() },
    }
}

/// The values of our own questions in an answer.
pub(super) fn asked(answer: &Answer) -> Vec<String> {
    let value = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) if row.columns().first().is_some_and(|c| c.name() == ASKED) => {
            row.get(0).map(str::to_owned)
        }
        _ => None,
    };
    answer.iter().flatten().filter_map(value).collect()
}

/// The channels that a body sends to by constant names.
fn sent_to(body: &str) -> Vec<String> {
    let lower = body.to_lowercase();
    let calls = lower.match_indices("pg_notify").filter_map(|(at, word)| body.get(at + word.len()..));
    let named = |rest: &str| {
        let text = rest.trim_start().strip_prefix('(')?.trim_start().strip_prefix('\'')?;
        text.split_once('\'').map(|(name, _)| name.to_owned()).filter(|name| !name.is_empty())
    };
    calls.filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::sent_to;

    #[test]
    fn channels_are_named_by_constants() {
        assert_eq!(sent_to("perform PG_NOTIFY( 'jobs', x); select pg_notify(name, y)"), ["jobs"]);
    }
}
