//! The negative control: access that the tester widens itself must be seen, or its silence means nothing.

use tokio_postgres::Client;

use super::judge::{Rows, identities};
use super::run::setting_names;
use super::session::{Session, claims, request};
use super::{Bounds, Setting};
use crate::connector::ConnectError;
use crate::model::{Command, quote_ident};
use crate::report::{Action, ProbeOutcome, Trial};

/// What the control showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Control {
    /// Nothing is hidden from anybody that could be shown.
    #[default]
    NothingHidden,
    /// The widened access was seen.
    Seen,
    /// It was not: the run is void.
    NotSeen,
    /// It could not be planted or looked at, with the server's words.
    Failed(String),
}

/// Plants a policy on a table whose rows somebody does not see, and looks again.
pub(super) async fn run(
    client: &Client,
    setting: &Setting<'_, '_>,
    bounds: &Bounds,
    trials: &[Trial],
) -> Result<Control, ConnectError> {
    let schema = setting.effective.schema();
    let hidden = |t: &&Trial| {
        t.action == Action::Select
            && t.outcome == ProbeOutcome::Hidden
            && schema.relation(&t.relation).is_some_and(|r| r.row_security && r.policies.iter().all(|p| p.permissive))
    };
    let Some(found) = trials.iter().find(hidden) else { return Ok(Control::NothingHidden) };
    let (Some(relation), Some(guest)) = (
        schema.relation(&found.relation),
        setting.guests.iter().find(|g| g.persona.name == found.persona && g.persona.role == found.role),
    ) else {
        return Ok(Control::NothingHidden);
    };
    let session = Session::open(client, bounds).await?;
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
    Ok(match answer {
        Ok(answer) if Rows::seen(&answer).is_empty() => Control::NotSeen,
        Ok(_) => Control::Seen,
        Err(error) => Control::Failed(error.message().to_owned()),
    })
}
