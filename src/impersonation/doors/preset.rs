//! Settings that are preset: what a session that says nothing reads because ALTER ROLE or ALTER DATABASE speaks for it.
//!
//! SET ROLE does not make the settings of a role, only a login does. So what the server keeps for such a session is asked
//! of the server, and the same read is made with that value and without any.

use super::rights::{ASKED, First, Holder, MOST, asked};
use crate::access::compared;
use crate::connector::ConnectError;
use crate::model::{Policy, Relation, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

impl Holder<'_, '_, '_> {
    /// Each setting that is preset for the role, on the first table that it opens.
    pub(super) async fn presets(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let settings = &self.setting.effective.schema().settings;
        let own = settings.iter().filter(|s| s.role.as_deref().is_none_or(|role| role == self.role));
        let mut names: Vec<_> = own.map(|s| s.name.as_str()).filter(|name| name.contains('.')).collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().take(MOST) {
            let Some(value) = self.preset(name).await? else { continue };
            let mut tried = First::default();
            for (relation, column) in self.compared_with(name).into_iter().take(MOST) {
                if tried.take(self.opened(relation, &column, (name, &value)).await?) {
                    break;
                }
            }
            out.extend(tried.0);
        }
        Ok(())
    }

    /// The value that the server starts a session of the role with, in its order: for the role in this database first.
    async fn preset(&self, name: &str) -> Result<Option<String>, ConnectError> {
        let question = format!(
            "select pg_catalog.substr(made, pg_catalog.strpos(made, '=') + 1) as {ASKED} \
             from pg_catalog.pg_db_role_setting, lateral pg_catalog.unnest(setconfig) as made \
             where setrole in (0, (select oid from pg_catalog.pg_roles where rolname = {})) \
             and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())) \
             and pg_catalog.lower(pg_catalog.split_part(made, '=', 1)) = pg_catalog.lower({}) \
             order by setrole <> 0 desc, setdatabase <> 0 desc limit 1",
            quote_literal(self.role),
            quote_literal(name)
        );
        let found = asked(&self.session.send(&question).await?).pop();
        Ok(found.filter(|value| !value.is_empty()))
    }

    /// The tables whose policies bind the role and compare a column with the setting.
    fn compared_with(&self, name: &str) -> Vec<(&Relation, String)> {
        let effective = self.setting.effective;
        let reads = |policy: &Policy| {
            let mut texts = policy.using.iter().chain(&policy.check);
            effective.binds(self.role, policy) && texts.any(|text| text.to_lowercase().contains(&name.to_lowercase()))
        };
        let relations = effective.schema().relations.iter().filter(|r| self.is_own(r) && r.policies.iter().any(reads));
        let column = |relation| {
            let pairs = compared(effective, relation).into_iter();
            pairs.filter(|p| p.asking.to_lowercase().contains(&name.to_lowercase())).map(|p| p.column).next()
        };
        relations.filter_map(|relation| Some((relation, column(relation)?))).collect()
    }

    /// How many rows the role reads with the preset, and how many without, where one row is that of the preset.
    async fn opened(
        &self,
        relation: &Relation,
        column: &str,
        (setting, value): (&str, &str),
    ) -> Result<DoorTrial, ConnectError> {
        let (name, column) = (&relation.name, quote_ident(column));
        let row = format!(
            "set local session_replication_role = replica; update {name} set {column} = {} where ctid = \
             (select ctid from {name} limit 1); set local session_replication_role = origin; ",
            quote_literal(value)
        );
        let act = format!("select count(*) as {ASKED} from {name}");
        let with = |value: &str| {
            let set =
                format!("select pg_catalog.set_config({}, {}, true)", quote_literal(setting), quote_literal(value));
            format!("{row}{set}; {}", self.acting(&act))
        };
        let count = |answer: &_| asked(answer).pop().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
        let without = count(&self.session.send(&with("")).await?);
        let answer = self.session.send(&with(value)).await?;
        let rows = count(&answer);
        let statement = format!("select count(*) from {name}");
        let mut trial = self.trial(DoorKind::Preset, setting, &statement, &answer);
        if rows > 0 {
            trial.outcome = ProbeOutcome::Seen { rows, at_least: false };
        }
        if rows > without {
            trial.reached.push(format!(
                "a session of {} that sets nothing starts with a value of {setting}: on {name} it reads the rows of that \
                 value, {rows} where it reads {without} without the preset",
                self.role
            ));
        }
        Ok(trial)
    }
}
