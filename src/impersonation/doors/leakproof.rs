//! Functions of the application that are marked LEAKPROOF, in conditions on tables under row-level security.
//!
//! The server counts how often a function is called. More calls than there are rows that the role reads were made on rows
//! that policies hide from it.

use std::collections::BTreeMap;

use super::rights::{ASKED, First, Holder, MOST, asked};
use crate::analyzer::effective::{Columns, Extent};
use crate::connector::ConnectError;
use crate::impersonation::trial::{claims, setting_names};
use crate::model::{ArgumentMode, Command, Function, FunctionKind, Relation, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

impl Holder<'_, '_, '_> {
    /// Each of them on the first table where it runs too often.
    pub(super) async fn leakproof_functions(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let schema = self.setting.effective.schema();
        let marked = |f: &&Function| f.leakproof && f.kind == FunctionKind::Function && self.calls(f);
        for function in schema.functions.iter().filter(marked).take(MOST) {
            let mut tried = First::default();
            for (relation, list) in
                schema.relations.iter().filter_map(|r| Some((r, self.columns(function, r)?))).take(MOST)
            {
                if tried.take(self.filtered(function, relation, &list).await?) {
                    break;
                }
            }
            out.extend(tried.0);
        }
        Ok(())
    }

    /// Columns of a table under policies that fit the function's parameters, where the role may read them.
    fn columns(&self, function: &Function, relation: &Relation) -> Option<String> {
        let effective = self.setting.effective;
        let relation = effective.schema().relation(&relation.name)?;
        let access = effective.access(self.role, relation, Command::Select);
        if !self.is_own(relation) || access.extent != Extent::Rows {
            return None;
        }
        let may = |column: &str| match &access.columns {
            Columns::All => true,
            Columns::Only(held) => held.iter().any(|(name, _)| name == column),
            Columns::None => false,
        };
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        let given = function.parameters.iter().filter(|p| p.mode == ArgumentMode::In && p.default.is_none());
        let mut list = Vec::new();
        for parameter in given {
            let fitting: Vec<_> =
                relation.columns.iter().filter(|c| c.data_type == parameter.data_type && may(&c.name)).collect();
            let next = taken.entry(&parameter.data_type).or_default();
            list.push(quote_ident(&fitting.get(*next).or(fitting.first())?.name).into_owned());
            *next += 1;
        }
        (!list.is_empty()).then(|| list.join(", "))
    }

    async fn filtered(&self, function: &Function, relation: &Relation, list: &str) -> Result<DoorTrial, ConnectError> {
        let name = &relation.name;
        let call = format!("{}({list})", function.id.qualified());
        let act = format!("select count(*) from {name} where {call} is not null");
        let calls = format!(
            "select coalesce(pg_catalog.pg_stat_get_xact_function_calls({}::regprocedure), 0) as {ASKED}",
            quote_literal(&function.id.to_string())
        );
        let message = format!(
            "{}set local track_functions = 'all'; {calls}; {}; set local role none; {calls}; set local role {}; {act}; \
             set local role none; {calls}",
            claims(self.guest, &setting_names(self.setting.guests)),
            self.acting(&format!("select count(*) as {ASKED} from {name}")),
            quote_ident(self.role)
        );
        let answer = self.session.send(&message).await?;
        let mut trial = self.trial(DoorKind::Leakproof, &function.id.to_string(), &act, &answer);
        let counts: Vec<u64> = asked(&answer).iter().filter_map(|n| n.parse().ok()).collect();
        // Policies that call it do so on every row, and the plain read shows that.
        if let [first, visible, before, after] = counts.as_slice()
            && first == before
            && after - before > *visible
            && !calls_itself(function)
        {
            let (hidden, role) = (after - before - visible, self.role);
            let rows = if hidden == 1 { "row" } else { "rows" };
            trial.outcome = ProbeOutcome::NothingSeen;
            trial.reached.push(format!(
                "in a condition that {role} wrote, {} ran on {hidden} {rows} of {name} that policies hide from {role}",
                function.id
            ));
        }
        Ok(trial)
    }
}

/// Whether the count of its calls says nothing of the rows.
fn calls_itself(function: &Function) -> bool {
    function.body.contains(&format!("{}(", function.id.name))
}
