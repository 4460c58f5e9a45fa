//! Plans that are kept: one session that takes turns between guests, as a pooled connection does, and reads by a statement
//! that was prepared once. What a function that is marked IMMUTABLE said of one guest must not be true for the next.

use std::collections::BTreeMap;

use super::Setting;
use super::attempt::plain;
use super::compare::Case;
use super::judge::{Rows, identities};
use super::outcome::failed;
use super::session::{Session, claims, request};
use crate::connector::ConnectError;
use crate::impersonation::guest::Guest;
use crate::model::{Command, Relation};
use crate::report::{Action, ProbeOutcome, SurpriseKind, Trial};

/// What each guest read in a statement of its own.
pub(super) type Read<'g> = Vec<(&'g Guest, Vec<String>)>;

/// Reads a relation again as each guest that could, by plans that the guests share.
pub(super) async fn read(
    session: &Session<'_>,
    setting: &Setting<'_, '_>,
    (relation, names): (&Relation, &[String]),
    fresh: &Read<'_>,
) -> Result<Vec<Trial>, ConnectError> {
    let (mut prepared, mut trials) = (BTreeMap::new(), Vec::new());
    if fresh.len() < 2 {
        return Ok(trials);
    }
    let schema = setting.effective.schema();
    for (guest, own) in fresh {
        let text = identities(setting, guest, relation);
        let known = prepared.len();
        let at = *prepared.entry(text.clone()).or_insert(known);
        let prepare = if at == known { format!("prepare pgwitness_{at} as {text}; ") } else { String::new() };
        let request = request(schema, guest, relation, Command::Select);
        let begin = format!("set local plan_cache_mode = force_generic_plan; {}", claims(guest, names));
        let answer = session.send(&format!("{begin}{request}{prepare}execute pgwitness_{at}")).await?;
        let seen = answer.as_ref().map(|answer| Rows::seen(answer)).unwrap_or_default();
        let attempt = plain(Action::SelectByKeptPlan, text);
        let outcome = match &answer {
            Ok(_) if seen.is_empty() => ProbeOutcome::NothingSeen,
            Ok(_) => ProbeOutcome::Seen { rows: u32::try_from(seen.len()).unwrap_or(u32::MAX), at_least: false },
            Err(error) => failed(error),
        };
        let mut trial = super::outcome::trial(guest, relation, &attempt, outcome);
        if answer.is_ok() && !same(&seen, own) {
            let (who, on) = (&guest.persona.name, &relation.name);
            let text = format!(
                "as {who}, a plan on {on} that other personas of the session had used gave other rows than a session of \
                 one's own: {} against {}",
                seen.len(),
                own.len()
            );
            let case = Case { setting, guest, relation, rules: &[], attempt: &attempt };
            trial.surprise = Some(case.surprise(SurpriseKind::Beyond, text, None));
        }
        trials.push(trial);
    }
    for at in 0..prepared.len() {
        // One that could not be prepared is not there.
        session.send(&format!("deallocate pgwitness_{at}")).await?.ok();
    }
    Ok(trials)
}

fn same(a: &[String], b: &[String]) -> bool {
    let sorted = |rows: &[String]| {
        let mut rows = rows.to_vec();
        rows.sort();
        rows
    };
    sorted(a) == sorted(b)
}
