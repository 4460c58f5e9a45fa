//! Findings on conditions that what users say of themselves decides: the session that shows it, with and without.

use serde_json::Value;

use super::Context;
use super::reached::Reached;
use super::trees::Condition;
use crate::analyzer::decide::{Caller, Decider, Hinge, Said, Which};
use crate::analyzer::term::CLAIMS;
use crate::analyzer::verdict::Reason;
use crate::finding::Draft;
use crate::model::Command;
use crate::verdicts::script::{Contrast, Script};

impl Condition<'_, '_> {
    /// The row of a command that the condition is on.
    pub(super) fn which(&self, command: Command) -> Which {
        if self.on_new || command == Command::Insert { Which::New } else { Which::Old }
    }
}

impl<'a> Context<'a> {
    /// Whether what users say of themselves decides over a row of a policy's table; see [`Decider::hinges_on`].
    pub(super) fn hinges_on(
        &'a self,
        said: Said,
        condition: &Condition<'a, '_>,
        reached: &Reached<'_>,
    ) -> Result<Option<Hinge>, Reason> {
        let (role, command) = (&reached.principal.role, reached.command);
        Decider::brief(&self.effective).hinges_on(said, role, condition.table, (command, condition.which(command)))
    }

    /// Adds the session to a finding that shows it. `crafted` is what it says in place of what the witness does.
    pub(super) fn hinged(
        &self,
        draft: Draft,
        (condition, reached): (&Condition<'a, '_>, &Reached<'_>),
        hinge: &Hinge,
        (said, crafted): (Said, Option<&str>),
    ) -> Draft {
        let (role, command) = (&reached.principal.role, reached.command);
        let scene = self.scene(role, condition.table, (command, condition.which(command)), Caller::Sql);
        let script = Script::of(&scene, &hinge.witness).and_then(|script| contrast(script, hinge, said, crafted));
        let reproduce = self.reproduce(reached.principal, condition.table, command);
        self.scripted(draft, condition.table, &hinge.witness, (script, reproduce))
    }
}

/// The script with the session that does not say it; `None` if neither claims nor rows do.
fn contrast(mut script: Script, hinge: &Hinge, said: Said, crafted: Option<&str>) -> Option<Script> {
    let mut with: Value = serde_json::from_str(script.settings.get(CLAIMS)?).ok()?;
    let mut without = with.clone();
    let removed = without.as_object_mut()?.remove(said.claim());
    if let Some(crafted) = crafted.filter(|_| removed.is_some()) {
        with.as_object_mut()?.insert(said.claim().to_owned(), Value::from(crafted));
    }
    let kept = ("auth", "users", "raw_user_meta_data");
    let is_kept = said == Said::Metadata
        && script.rows.iter().any(|row| {
            let name = (row.relation.schema.as_str(), row.relation.name.as_str());
            name == (kept.0, kept.1) && row.values.get(kept.2).is_some_and(Option::is_some)
        });
    if removed.is_none() && !is_kept || is_kept && !hinge.gains {
        return None;
    }
    let before = is_kept.then(|| format!("update {}.{} set {} = null", kept.0, kept.1, kept.2));
    let (session, otherwise) = if hinge.gains { (with, without) } else { (without, with) };
    script.settings.insert(CLAIMS.to_owned(), session.to_string());
    let settings = vec![(CLAIMS.to_owned(), otherwise.to_string())];
    script.contrast = Some(Contrast::Session { settings, before: before.into_iter().collect() });
    Some(script)
}
