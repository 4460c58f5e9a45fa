//! Witnesses in words: the session and the rows that show what a finding claims.

use super::Context;
use crate::analyzer::decide::{Caller, Which};
use crate::analyzer::effective::Principal;
use crate::analyzer::term::{CLAIMS, Type, Value};
use crate::analyzer::witness::{Witness, WitnessRow};
use crate::finding::{Draft, Reproduce};
use crate::model::{Command, QualifiedName, Relation, quote_ident, quote_literal};
use crate::report::Asked;
use crate::verdicts::plain;
use crate::verdicts::script::{Scene, Script};

/// What a witness shows of a command, for its script.
pub(super) struct Shown<'s> {
    pub(super) principal: &'s Principal,
    pub(super) table: &'s Relation,
    pub(super) command: Command,
    /// The row that the rule is on.
    pub(super) which: Which,
    /// What should be true of the row and is not: SQL as the catalog prints it.
    pub(super) rule: &'s str,
    /// Whether the statement must read no column.
    pub(super) blind: bool,
}

impl<'s> Shown<'s> {
    /// Of an UPDATE, what its new row should be.
    pub(super) fn update(principal: &'s Principal, table: &'s Relation, rule: &'s str, blind: bool) -> Self {
        Self { principal, table, command: Command::Update, which: Which::New, rule, blind }
    }
}

impl Context<'_> {
    /// Adds the witness to a finding, and the script that shows it on a server. Of rows that the question holds against each
    /// other it takes the first.
    pub(super) fn witnessed(
        &self,
        draft: Draft,
        shown: &Shown<'_>,
        witness: &Witness,
        mut reproduce: Reproduce,
    ) -> Draft {
        let mut witness = witness.clone();
        if shown.which == Which::Old {
            witness.subjects.retain(|s| s.stored);
        } else if let Some(first) = witness.subjects.iter().position(|s| !s.stored) {
            let mut at = 0;
            witness.subjects.retain(|s| {
                at += 1;
                s.stored || at == first + 1
            });
        }
        let caller = if shown.blind { Caller::Sql } else { Caller::DataApi };
        let scene = self.scene(&shown.principal.role, shown.table, (shown.command, shown.which), caller);
        let script = Script::of(&Scene { rule: Some(shown.rule), ..scene }, &witness);
        if let Some(script) = &script {
            reproduce.sql = Some(script.text());
        }
        let draft =
            draft.witness(plain(&witness, &shown.table.name, self.schema, script.as_ref())).reproduce(reproduce);
        match script {
            // Where no rule denies the row, that it is written shows only half of it.
            Some(script) if shown.rule != "false" => draft.script(script),
            _ => draft,
        }
    }

    /// What a script shows without a rule.
    pub(super) fn scene<'s>(
        &'s self,
        role: &'s str,
        relation: &'s Relation,
        (command, which): (Command, Which),
        caller: Caller,
    ) -> Scene<'s> {
        Scene {
            effective: &self.effective,
            role,
            relation,
            parent: None,
            command,
            which,
            caller,
            asked: Asked::NeverExceeds,
            form: None,
            rule: None,
        }
    }

    /// Adds a witness and its script to a finding, if there is one.
    pub(super) fn scripted(
        &self,
        draft: Draft,
        table: &Relation,
        witness: &Witness,
        (script, mut reproduce): (Option<Script>, Reproduce),
    ) -> Draft {
        let Some(script) = script else { return draft };
        reproduce.sql = Some(script.text());
        let mut plain = plain(witness, &table.name, self.schema, Some(&script));
        plain.claims = script.settings.get(CLAIMS).and_then(|claims| serde_json::from_str(claims).ok());
        draft.witness(plain).reproduce(reproduce).script(script)
    }

    /// The witness as one line: who, the rows that there are, and those that the question asks about beside them, called
    /// `others`.
    pub(super) fn show(&self, witness: &Witness, others: &str) -> String {
        let mut parts = vec![session(witness)];
        let mut there: Vec<String> = Vec::new();
        for (relation, rows) in &witness.database.relations {
            there.extend(rows.iter().map(|row| self.tuple(relation, row.iter().map(|(c, v)| (&**c, v.as_ref())))));
        }
        if there.is_empty() {
            parts.push("an empty database".to_owned());
        } else {
            parts.push(format!("rows {}", there.join(", ")));
        }
        let written = witness.subjects.iter().filter(|s| !s.stored);
        parts.extend(written.map(|row| format!("{others} {}", self.written(row))));
        parts.join("; ")
    }

    fn written(&self, row: &WitnessRow) -> String {
        self.tuple(&row.relation, row.columns.iter().map(|(c, v)| (&**c, v.as_ref())))
    }

    fn tuple<'v>(&self, relation: &QualifiedName, row: impl Iterator<Item = (&'v str, Option<&'v Value>)>) -> String {
        let cells: Vec<_> = row
            .map(|(column, value)| format!("{} = {}", quote_ident(column), self.cell(relation, column, value)))
            .collect();
        format!("{relation} ({})", cells.join(", "))
    }

    fn cell(&self, relation: &QualifiedName, column: &str, value: Option<&Value>) -> String {
        let Some(value) = value else { return "NULL".to_owned() };
        let declared = self.schema.relation(relation).and_then(|r| r.column(column));
        let text = declared.and_then(|c| value.text(&Type::named(&c.data_type, self.schema)));
        match value {
            Value::Bool(yes) => yes.to_string(),
            Value::Int(number) => number.to_string(),
            _ => text.map_or_else(|| "a value".to_owned(), |t| quote_literal(&t)),
        }
    }
}

fn session(witness: &Witness) -> String {
    let claims = witness.session.claims.as_ref().map(|c| format!("claims {c}"));
    let settings = witness.session.settings.iter().map(|(name, value)| format!("{name} = {}", quote_literal(value)));
    let all: Vec<_> = claims.into_iter().chain(settings).collect();
    if all.is_empty() { "no claims".to_owned() } else { all.join(", ") }
}
