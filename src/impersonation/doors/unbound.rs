//! Restrictive policies for groups, and members of the groups whom they do not bind.
//!
//! The role does what it can do, once as the policy stands and once with the policy for the role too. Where the rows that
//! were made do not tell, the policy lets nobody through meanwhile.

use tokio_postgres::SimpleQueryMessage;

use super::rights::{First, Holder, MOST};
use crate::analyzer::effective::Extent;
use crate::checks::policy_on;
use crate::connector::ConnectError;
use crate::impersonation::guest::Guest;
use crate::impersonation::seed::insert_statement;
use crate::impersonation::trial::{Answer, new_row};
use crate::model::{Column, Command, Grantee, Identity, Policy, PolicyCommand, Relation, quote_ident};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

impl Holder<'_, '_, '_> {
    /// Every such policy for a group that the role is a member of, as the sessions of the role until one goes round it.
    pub(super) async fn unbound_policies(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let schema = self.setting.effective.schema();
        let is_named = |policy: &Policy, role: &str| policy.roles.iter().any(|to| to.is_role(role));
        let of_group = |policy: &&Policy| {
            let mut groups = schema.memberships.iter().filter(|m| m.member == *self.role);
            let by_other_ways = policy.roles.contains(&Grantee::Public) || is_named(policy, self.role);
            !policy.permissive && !by_other_ways && groups.any(|m| is_named(policy, &m.role))
        };
        let tables = schema.relations.iter().filter(|r| r.row_security && self.is_own(r));
        for (table, policy) in
            tables.flat_map(|r| r.policies.iter().filter(of_group).map(move |policy| (r, policy))).take(MOST)
        {
            let mut tried = First::default();
            for (guest, command) in self.attempts(table, policy) {
                let Some(trial) = self.around(guest, (table, policy), command).await? else { continue };
                if tried.take(trial) {
                    break;
                }
            }
            out.extend(tried.0);
        }
        Ok(())
    }

    /// Who tries which of the policy's commands, where the role reaches rows under row-level security.
    fn attempts(&self, table: &Relation, policy: &Policy) -> Vec<(&Guest, Command)> {
        let effective = self.setting.effective;
        let Some(table) = effective.schema().relation(&table.name) else { return Vec::new() };
        let reaches = |command: &Command| {
            let access = effective.access(self.role, table, *command);
            policy.command.covers(*command)
                && access.row_security.applies()
                && !matches!(access.extent, Extent::None(_))
        };
        let commands: Vec<_> = Command::ALL.into_iter().filter(reaches).collect();
        let sessions = self.sessions().into_iter();
        sessions.flat_map(|guest| commands.iter().map(move |command| (guest, *command))).collect()
    }

    async fn around(
        &self,
        guest: &Guest,
        (table, policy): (&Relation, &Policy),
        command: Command,
    ) -> Result<Option<DoorTrial>, ConnectError> {
        let Some(act) = self.act(guest, table, command) else { return Ok(None) };
        let done = self.request(guest, &act);
        let object = policy_on(table, policy);
        let to: Vec<_> =
            policy.roles.iter().map(ToString::to_string).chain([quote_ident(self.role).into_owned()]).collect();
        let bind = format!("alter policy {object} to {}", to.join(", "));
        let shut = format!("alter policy {object}{}", shut(policy.command));
        let answer = self.session.send(&done).await?;
        let holder = Holder { session: self.session, setting: self.setting, role: self.role, guest };
        let mut trial = holder.trial(DoorKind::UnboundPolicy, &object, &act, &answer);
        let as_is = rows(&answer);
        let bound = rows(&self.session.send(&format!("{bind}; {done}")).await?);
        let shut_out = rows(&self.session.send(&format!("{shut}; {done}")).await?);
        let both = rows(&self.session.send(&format!("{bind}; {shut}; {done}")).await?);
        let (who, verb, name) = (&guest.persona.name, done_to(command), &table.name);
        let told = match (as_is, bound, shut_out, both) {
            (Some(as_is), Some(bound), ..) if as_is > bound => {
                format!("as {who}, {as_is} rows of {name} {verb}, and {bound} once the policy is for {} too", self.role)
            }
            (_, _, Some(free), Some(0)) if free > 0 => format!(
                "as {who}, {free} rows of {name} {verb} even while the policy lets nobody through, and none once it is for \
                 {} too",
                self.role
            ),
            _ => return Ok(Some(trial)),
        };
        trial.outcome = ProbeOutcome::NothingSeen;
        trial.reached.push(told);
        self.deny(&mut trial, !self.setting.effective.binds(self.role, policy));
        Ok(Some(trial))
    }

    /// A statement of a command that reaches whatever rows the role may.
    fn act(&self, guest: &Guest, table: &Relation, command: Command) -> Option<String> {
        let name = &table.name;
        Some(match command {
            Command::Select => format!("select 1 from {name}"),
            Command::Delete => format!("delete from {name}"),
            Command::Insert => insert_statement(table, &new_row(self.setting, guest, table, (guest.slot(), None))?),
            Command::Update => {
                let settable = |c: &&Column| {
                    c.generated.is_none()
                        && c.identity != Some(Identity::Always)
                        && self.holds(table, Command::Update, &c.name)
                };
                let column = quote_ident(&table.columns.iter().find(settable)?.name);
                format!("update {name} set {column} = {column}")
            }
        })
    }
}

/// What makes a policy let nobody through.
fn shut(command: PolicyCommand) -> &'static str {
    match command {
        PolicyCommand::Select | PolicyCommand::Delete => " using (false)",
        PolicyCommand::Insert => " with check (false)",
        PolicyCommand::All | PolicyCommand::Update => " using (false) with check (false)",
    }
}

fn done_to(command: Command) -> &'static str {
    match command {
        Command::Select => "are read",
        Command::Insert => "are added",
        Command::Update => "are changed",
        Command::Delete => "are deleted",
    }
}

/// The rows of the last statement; none where policies refused it, and unknown where it failed.
fn rows(answer: &Answer) -> Option<u64> {
    match answer {
        Ok(messages) => messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        }),
        Err(error) if error.code().code() == "42501" => Some(0),
        Err(_) => None,
    }
}
