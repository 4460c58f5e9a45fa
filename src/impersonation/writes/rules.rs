//! Writes on a running database, held against declared rules: what reaches rows that a rule denies must be refused.

use super::{Rows, Writer, cells, outcome};
use crate::access::{Declaration, Origin};
use crate::connector::ConnectError;
use crate::finding::Reproduce;
use crate::impersonation::message::Message;
use crate::impersonation::probe::Failure;
use crate::impersonation::trial::is_proved;
use crate::model::Command;
use crate::report::{Action, Asked, ProbeOutcome, Surprise, SurpriseKind, Trial};

impl Writer<'_, '_> {
    /// A write as a trial: what came of it, beside the rules that bound it.
    pub(super) async fn trial(
        &self,
        command: Command,
        rows: &Rows,
        came: &ProbeOutcome,
    ) -> Result<Trial, ConnectError> {
        let statement = rows.as_ref().ok().and_then(|rows| self.statement(command, rows).ok()).unwrap_or_default();
        let mut trial = Trial {
            persona: self.read.persona.name.clone(),
            role: self.read.persona.role.clone(),
            relation: self.read.relation.name.clone(),
            action: match command {
                Command::Insert => Action::InsertForOther,
                Command::Delete => Action::DeleteFiltered,
                _ => Action::UpdateFiltered,
            },
            column: None,
            statement,
            outcome: came.clone(),
            expected: None,
            surprise: None,
        };
        let rules: Vec<_> = self.rules(command).collect();
        let mut said: Vec<_> = rules.iter().map(|rule| format!("at most `{}`", rule.predicate.text)).collect();
        said.dedup();
        trial.expected = (!said.is_empty()).then(|| said.join("; "));
        if let (ProbeOutcome::Seen { .. }, Ok(rows)) = (came, rows) {
            for rule in rules {
                trial.surprise = self.beyond(rule, rows).await?;
                if trial.surprise.is_some() {
                    break;
                }
            }
        }
        Ok(trial)
    }

    fn rules(&self, command: Command) -> impl Iterator<Item = &Declaration> {
        let (role, name) = (&self.read.persona.role, &self.read.relation.name);
        let bounds =
            move |d: &&Declaration| d.role == *role && d.relation == *name && d.command == command && d.mode.is_upper();
        let declared = |d: &&Declaration| matches!(d.origin, Origin::Declared(_));
        self.intent.declarations.iter().filter(bounds).filter(declared)
    }

    /// Does it once more with those rows alone that the rule denies. A row stays what it is, so that the old and the new one
    /// are alike.
    async fn beyond(
        &self,
        rule: &Declaration,
        rows: &[(String, super::Cells)],
    ) -> Result<Option<Surprise>, ConnectError> {
        let rows = if rule.command == Command::Insert { rows.get(..1).unwrap_or_default() } else { rows };
        let denied = self.denied(rule, rows).await?;
        if denied.is_empty() {
            return Ok(None);
        }
        let Ok(statement) = self.statement(rule.command, &denied) else { return Ok(None) };
        let message = self.message(&statement);
        let ProbeOutcome::Seen { rows, .. } = outcome(self.prober.send(self.client, &message).await?) else {
            return Ok(None);
        };
        let (who, on, command) = (&self.read.persona.name, &self.read.relation.name, rule.command);
        let at = match &rule.origin {
            Origin::Declared(place) => format!("the rule at {place}"),
            Origin::Reading { .. } => "the default reading".to_owned(),
        };
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        let mut text = format!("as {who}, {command} on {on} reached {rows} that {at} denies; it was rolled back");
        let mut kind = SurpriseKind::Beyond;
        if self.is_proved(rule) {
            kind = SurpriseKind::Contradiction;
            text.push_str(", though pgwitness had proved that no row is");
        }
        let sql = Some(format!("begin;\n{statement};\nrollback;\n").replacen("begin;\n", &self.script(), 1));
        let reproduce = Reproduce { sql, ..Reproduce::default() };
        Ok(Some(Surprise { kind, text, rule: Some(rule.predicate.text.clone()), declared: true, reproduce }))
    }

    /// The begin of a script of the persona's.
    fn script(&self) -> String {
        let message = Message::writing(self.prober.options).settings(&self.read.settings).role(&self.read.persona.role);
        format!("begin;\n{}", message.end().trim_end_matches("begin;\nrollback"))
    }

    /// Those of some rows that the rule is not true of, asked with the rights of the connected role.
    async fn denied(
        &self,
        rule: &Declaration,
        rows: &[(String, super::Cells)],
    ) -> Result<Vec<(String, super::Cells)>, ConnectError> {
        let select = format!(
            "select tableoid::pg_catalog.regclass || ' ' || ctid as {} from {} where ({}) and ({}) is not true",
            super::PLACE,
            self.read.relation.name,
            super::these(rows),
            rule.predicate.sql
        );
        let message = Message::new(self.prober.options)
            .no_role()
            .row_security(true)
            .settings(&self.read.settings)
            .statement("set local search_path = ''")
            .statement(&select)
            .end();
        let places: Vec<String> = match self.prober.send(self.client, &message).await? {
            Ok(answer) => answer.iter().filter_map(cells).map(|(place, _)| place).collect(),
            // What the rule says of rows cannot be known.
            Err(Failure::Refusal { .. } | Failure::NoTime) => Vec::new(),
        };
        Ok(rows.iter().filter(|(place, _)| places.contains(place)).cloned().collect())
    }

    /// Whether it was proved that nothing beyond the rule is reached, by statements alone.
    fn is_proved(&self, rule: &Declaration) -> bool {
        let relation = self.read.relation;
        let alone = relation.triggers.is_empty() && relation.rules.is_empty();
        alone && is_proved(self.verdicts, Asked::NeverExceeds, rule)
    }
}
