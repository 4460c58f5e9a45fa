//! Settings that policies go by, made by a function with a value of the caller's choice.

use std::collections::BTreeSet;

use super::rights::{ASKED, Holder, MOST, asked};
use crate::access::compared;
use crate::connector::ConnectError;
use crate::impersonation::trial::{claims, setting_names};
use crate::model::{ArgumentMode, Function, FunctionKind, Relation, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

impl Holder<'_, '_, '_> {
    /// Every function that makes a setting and that the role may call, on the first table that it opens.
    pub(super) async fn chosen_settings(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let is_exposed = |f: &Function| !self.guest.persona.is_api || effective.exposure().includes(&f.id.schema);
        let makes =
            |f: &&Function| f.body.contains("set_config") && !f.parameters.is_empty() && self.calls(f) && is_exposed(f);
        for function in effective.schema().functions.iter().filter(makes).take(MOST) {
            let mut tried = None;
            'tables: for (relation, column) in self.compared_with_made(function).into_iter().take(MOST) {
                let values = self.setting.seeded.rows.get(&relation.name).into_iter().flatten();
                let values: BTreeSet<_> = values.filter_map(|row| row.cells.get(&column)?.clone()).collect();
                for value in values.iter().take(3) {
                    let Some(list) = arguments(function, value) else { continue };
                    let trial = self.opened_by(function, relation, &list).await?;
                    let is_open = !trial.reached.is_empty();
                    tried = Some(trial);
                    if is_open {
                        break 'tables;
                    }
                }
            }
            out.extend(tried);
        }
        Ok(())
    }

    /// The tables whose policies bind the role and compare a column with a setting that the function names, or may be given.
    fn compared_with_made(&self, function: &Function) -> Vec<(&Relation, String)> {
        let effective = self.setting.effective;
        let binds = |r: &&Relation| self.is_own(r) && r.policies.iter().any(|p| effective.binds(self.role, p));
        let named = |asking: &str| {
            let names = asking.split('\'').skip(1).step_by(2);
            names.filter(|name| name.contains('.')).any(|name| function.body.contains(name))
        };
        let column = |relation| {
            let mut pairs = compared(effective, relation).into_iter();
            pairs.find(|p| p.asking.contains("current_setting") && named(&p.asking)).map(|p| p.column)
        };
        let tables = effective.schema().relations.iter().filter(binds);
        tables.filter_map(|relation| Some((relation, column(relation)?))).collect()
    }

    /// How many rows the role reads after the call, and how many before.
    async fn opened_by(&self, function: &Function, relation: &Relation, list: &str) -> Result<DoorTrial, ConnectError> {
        let name = &relation.name;
        let verb = if function.kind == FunctionKind::Procedure { "call" } else { "select" };
        let act = format!("{verb} {}({list}); select count(*) as {ASKED} from {name}", function.id.qualified());
        let claims = claims(self.guest, &setting_names(self.setting.guests));
        let before = format!("{claims}{}", self.acting(&format!("select count(*) as {ASKED} from {name}")));
        let count = |answer: &_| asked(answer).pop().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
        let before = count(&self.session.send(&before).await?);
        let answer = self.session.send(&format!("{claims}{}", self.acting(&act))).await?;
        let after = count(&answer);
        let statement = act.replace(&format!(" as {ASKED}"), "");
        let mut trial = self.trial(DoorKind::ChosenSetting, &function.id.to_string(), &statement, &answer);
        if after > 0 {
            trial.outcome = ProbeOutcome::Seen { rows: after, at_least: false };
        }
        if after > before {
            trial.reached.push(format!(
                "as {}, calling {} with a value of one's choice opened {name}: {after} rows were read, and {before} before",
                self.guest.persona.name, function.id
            ));
        }
        Ok(trial)
    }
}

/// The same value for each parameter.
fn arguments(function: &Function, value: &str) -> Option<String> {
    let given = function.parameters.iter().filter(|p| p.mode == ArgumentMode::In && p.default.is_none());
    let each: Vec<_> = given.map(|p| format!("{}::{}", quote_literal(value), p.data_type)).collect();
    (!each.is_empty()).then(|| each.join(", "))
}
