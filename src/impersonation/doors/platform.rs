//! Tables of the platform that clients were granted: users, secrets, keys and jobs.

use tokio_postgres::SimpleQueryMessage;

use super::rights::{Holder, MOST};
use crate::analyzer::effective::{Columns, Extent, Refusal};
use crate::checks::PLATFORM_SCHEMAS;
use crate::connector::ConnectError;
use crate::model::{Column, Command, Platform, Relation, RelationKind, quote_ident};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

/// Rows that are read of such a table: enough to tell that there are some.
const ROWS: u32 = 1;

impl Holder<'_, '_, '_> {
    /// Each of them that some client reaches, by the first command that this role may, or else by a read.
    pub(super) async fn platform_tables(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        if effective.schema().server.platform != Platform::Supabase || !self.guest.persona.is_api {
            return Ok(());
        }
        let reached = |r: &&Relation| {
            let mut roles = self.setting.guests.iter().map(|g| &g.persona).filter(|p| p.is_api).map(|p| &p.role);
            r.kind != RelationKind::Sequence
                && PLATFORM_SCHEMAS.contains(&r.name.schema.as_str())
                && roles.any(|role| first_command(self, role, r).is_some())
        };
        for relation in effective.schema().relations.iter().filter(reached).take(MOST) {
            let command = first_command(self, self.role, relation);
            let act = self.statement(relation, command.unwrap_or(Command::Select));
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::PlatformTable, &relation.name.to_string(), &act, &answer);
            let rows = answer.iter().flatten().filter(|m| matches!(m, SimpleQueryMessage::Row(_))).count();
            let all = command.is_some_and(|c| effective.access(self.role, relation, c).extent == Extent::All);
            if rows > 0 {
                trial.outcome = ProbeOutcome::Seen { rows: ROWS, at_least: true };
            }
            if answer.is_ok() && (rows > 0 || all) {
                let (role, name) = (self.role, &relation.name);
                let what = match command {
                    Some(Command::Select) if rows == 0 => "read it, though it holds no row now",
                    Some(Command::Select) | None => "read rows of it",
                    Some(Command::Insert) => "insert into it",
                    Some(Command::Update) => "update it",
                    Some(Command::Delete) => "delete from it",
                };
                trial.reached.push(format!("{name} is the platform's, and the server let {role} {what}"));
            }
            if answer.is_ok() {
                let extent = effective.access(self.role, relation, Command::Select).extent;
                let is_let = !matches!(extent, Extent::None(Refusal::Schema | Refusal::Privilege)) && rows == 0;
                self.deny(&mut trial, command.is_some() || is_let);
            }
            out.push(trial);
        }
        Ok(())
    }

    /// A statement that needs the privilege and changes nothing.
    fn statement(&self, relation: &Relation, command: Command) -> String {
        let name = &relation.name;
        let access = self.setting.effective.access(self.role, relation, command);
        let held = |c: &&Column| match &access.columns {
            Columns::Only(held) => held.iter().any(|(name, _)| *name == c.name),
            Columns::All | Columns::None => true,
        };
        let columns = || relation.columns.iter().filter(held);
        let written = columns().find(|c| c.generated.is_none()).map(|c| quote_ident(&c.name)).unwrap_or_default();
        match command {
            Command::Select => {
                let list: Vec<_> = columns().map(|c| quote_ident(&c.name)).collect();
                format!("select {} from {name} limit {ROWS}", list.join(", "))
            }
            Command::Insert => format!("insert into {name} ({written}) select null where false"),
            Command::Update => format!("update {name} set {written} = default where false"),
            Command::Delete => format!("delete from {name} where false"),
        }
    }
}

/// The first command by which a role reaches rows.
fn first_command(holder: &Holder<'_, '_, '_>, role: &str, relation: &Relation) -> Option<Command> {
    let effective = holder.setting.effective;
    let relation = effective.schema().relation(&relation.name)?;
    let reaches = |command: &Command| !matches!(effective.access(role, relation, *command).extent, Extent::None(_));
    Command::ALL.into_iter().find(reaches)
}
