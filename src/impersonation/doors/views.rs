//! Views that leave rows out by a condition, read with a cheap function of the role's own in the query.
//!
//! The planner runs what is cheaper first. The server counts how often the function is called: more often than the view has
//! rows for the role, and it was called on rows that the view leaves out.

use super::rights::{ASKED, Holder, MOST, asked};
use crate::analyzer::effective::Columns;
use crate::connector::ConnectError;
use crate::impersonation::trial::{claims, setting_names};
use crate::model::{Command, Relation, RelationKind, quote_ident};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

/// The function, as PostgreSQL names it by its argument.
const LOOK: &str = "pg_temp.pgwitness_look(anyelement)";

impl Holder<'_, '_, '_> {
    /// Every such view that the role reads with its owner's rights. Through the Data API nobody makes functions.
    pub(super) async fn views(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        if self.guest.persona.is_api {
            return Ok(());
        }
        let effective = self.setting.effective;
        let lends = |r: &&Relation| {
            r.kind == RelationKind::View
                && self.is_own(r)
                && r.view.as_ref().is_some_and(|view| !view.security_invoker)
                && effective.inherits(self.role, &r.owner).is_none()
        };
        for view in effective.schema().relations.iter().filter(lends).take(MOST) {
            let access = effective.access(self.role, view, Command::Select);
            let column = match &access.columns {
                Columns::All => view.columns.first().map(|column| &column.name),
                Columns::Only(held) => held.first().map(|(name, _)| name),
                Columns::None => None,
            };
            if let Some(column) = column.filter(|_| access.is_some()) {
                out.push(self.looked_at(view, &quote_ident(column)).await?);
            }
        }
        Ok(())
    }

    async fn looked_at(&self, view: &Relation, column: &str) -> Result<DoorTrial, ConnectError> {
        let name = &view.name;
        let act = format!(
            "create function {LOOK} returns boolean language plpgsql cost 0.0001 as 'begin return true; end'; \
             select count(*) from {name} where pg_temp.pgwitness_look({column})"
        );
        let message = format!(
            "{}set local track_functions = 'all'; {}; {act}; set local role none; \
             select coalesce(pg_catalog.pg_stat_get_xact_function_calls('{LOOK}'::regprocedure), 0) as {ASKED}",
            claims(self.guest, &setting_names(self.setting.guests)),
            self.acting(&format!("select count(*) as {ASKED} from {name}")),
        );
        let answer = self.session.send(&message).await?;
        let mut trial = self.trial(DoorKind::FilterView, &name.to_string(), &act, &answer);
        let counts: Vec<u64> = asked(&answer).iter().filter_map(|n| n.parse().ok()).collect();
        if let [visible, calls] = counts.as_slice()
            && calls > visible
        {
            let (hidden, role) = (calls - visible, self.role);
            let rows = if hidden == 1 { "row" } else { "rows" };
            trial.outcome = ProbeOutcome::NothingSeen;
            trial.reached.push(format!("a function that {role} made ran on {hidden} {rows} that {name} leaves out"));
        }
        Ok(trial)
    }
}
