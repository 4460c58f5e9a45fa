//! The negative control: access that the tester widens itself must be seen, or its silence means nothing.

use std::sync::Mutex;

use tokio_postgres::Client;

use super::judge::{Rows, identities};
use super::run::setting_names;
use super::session::{Session, claims, request};
use super::{Bounds, Setting};
use crate::connector::ConnectError;
use crate::model::{Command, quote_ident};
use crate::report::{Action, ProbeOutcome, Trial};

/// Plants a policy on a table whose rows somebody does not see, and looks again; `None` where nothing is hidden.
pub(super) async fn run(
    client: &Client,
    setting: &Setting<'_, '_>,
    bounds: &Bounds,
    trials: &[Trial],
    log: Option<&Mutex<Vec<String>>>,
) -> Result<Option<bool>, ConnectError> {
    let schema = setting.effective.schema();
    let hidden = |t: &&Trial| {
        t.action == Action::Select
            && t.outcome == ProbeOutcome::Hidden
            && schema.relation(&t.relation).is_some_and(|r| r.row_security && r.policies.iter().all(|p| p.permissive))
    };
    let Some(found) = trials.iter().find(hidden) else { return Ok(None) };
    let (Some(relation), Some(guest)) = (
        schema.relation(&found.relation),
        setting.guests.iter().find(|g| g.persona.name == found.persona && g.persona.role == found.role),
    ) else {
        return Ok(None);
    };
    let session = Session::open(client, bounds, log).await?;
    let plant = format!(
        "create policy pgwitness_control on {} for select to {} using (true); ",
        relation.name,
        quote_ident(&guest.persona.role)
    );
    let request = request(schema, guest, relation, Command::Select);
    let look = format!(
        "{plant}{}{request}{}",
        claims(guest, &setting_names(setting.guests)),
        identities(setting, guest, relation)
    );
    let answer = session.send(&look).await?;
    session.close().await?;
    // Who may not plant one has no control.
    Ok(answer.ok().map(|answer| !Rows::seen(&answer).is_empty()))
}
