//! The same rule asked of SECURITY DEFINER functions: a call shows rows that a SELECT does not.

use super::judge::Case;
use super::script::{self, Script};
use super::{Judged, Kind, entry};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::{Called, Caller, Decider, Lent, Rule};
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness::Witness;
use crate::model::{Command, Function, printable, quote_ident, quote_literal};
use crate::report::{Asked, Decided};

impl Case<'_, '_> {
    /// Whether calls show no row beyond the rule, one answer for each function that shows any of the relation. A mere
    /// reading asks nothing here: checks weigh such functions by what they are for.
    pub(super) fn doors(&self, caller: Caller) -> Vec<Judged> {
        if self.declared.command != Command::Select || matches!(self.declared.origin, Origin::Reading { .. }) {
            return Vec::new();
        }
        let decider = Decider::new(&self.cx.effective);
        let rule = Rule::Bound(&self.declared.predicate.tree);
        let ask = |function: &Function| {
            let role = &self.declared.role;
            let lent = decider.shows_only(role, function, self.relation, rule, (self.asker, caller))?;
            Some(self.through(function, &lent))
        };
        self.cx.definers_over(&self.declared.role, self.relation).filter_map(ask).collect()
    }

    /// Functions that may read anything: that they show none of the relation's rows is an assumption.
    pub(super) fn unseen_doors(&self) -> Option<String> {
        if self.declared.command != Command::Select {
            return None;
        }
        let Declaration { role, .. } = self.declared;
        let over: Vec<_> = self.cx.definers_over(role, self.relation).map(|f| &f.id).collect();
        let others = self.cx.definers_of_any(role).filter(|f| !over.contains(&&f.id));
        let names: Vec<_> = others.map(|f| f.id.to_string()).collect();
        let listed = crate::checks::words::first_of(&names, 4);
        (!names.is_empty()).then(|| format!("what {listed} put together and run as their owner shows no row of it"))
    }

    fn through(&self, function: &Function, lent: &Lent) -> Judged {
        let (decided, witness) = match &lent.decision.verdict {
            Verdict::Proved => (Decided::Proved, None),
            Verdict::Violated(witness) => (Decided::Violated, Some(plain_rows(witness))),
            Verdict::Unknown(_) => (Decided::Unknown, None),
        };
        let (role, relation) = (printable(&self.declared.role), &self.declared.relation);
        let held = self.cx.effective.may_execute(&self.declared.role, function);
        let lends = format!("{} runs as its owner {}", function.id, printable(&function.owner));
        let by = [Some(lends), held.map(|held| format!("EXECUTE {held}"))].into_iter().flatten().collect();
        let mut entry = entry::of(self, Asked::NeverExceeds, decided, by);
        entry.through = Some(function.id.to_string());
        entry.assumptions = lent.decision.assumptions.iter().map(ToString::to_string).collect();
        entry.reason = match &lent.decision.verdict {
            Verdict::Unknown(reason) => reason.to_string(),
            Verdict::Proved => format!("every row of {relation} that {} shows {role} is within the rule", function.id),
            Verdict::Violated(_) => {
                format!("{role} can read a row of {relation} that the rule denies, by calling {}", function.id)
            }
        };
        let script = witness.as_ref().zip(lent.call.as_ref()).and_then(|(w, call)| self.calling(function, call, w));
        entry.witness = witness.map(|w| entry::plain(&w, relation, self.cx.schema, script.as_ref()));
        Judged { entry, script, cause: function.origin, kind: Kind::Door }
    }

    /// The script whose act is the call.
    fn calling(&self, function: &Function, call: &Called, witness: &Witness) -> Option<Script> {
        let mut script = Script::of(&self.scene(Asked::NeverExceeds, Caller::Sql), witness)?;
        let shown = script::shown(witness.subjects.first()?, self.cx.schema);
        let name = format!("{}.{}", quote_ident(&function.id.schema), quote_ident(&function.id.name));
        let columns: Vec<_> = (1..=call.columns.len()).map(|at| format!("c{at}")).collect();
        let own = call.columns.iter().zip(&columns).filter_map(|(of, column)| {
            let value = shown.get(&**of.as_ref()?)?.as_ref()?;
            Some(format!("{column}::text = {}", quote_literal(value)))
        });
        let mut filter: Vec<String> = own.collect();
        // Where nothing tells the row, at least something comes out.
        if filter.is_empty() && !function.returns_set {
            filter.push("shown is not null".to_owned());
        }
        let filter = if filter.is_empty() { String::new() } else { format!(" where {}", filter.join(" and ")) };
        let alias = if columns.is_empty() { "shown".to_owned() } else { format!("shown ({})", columns.join(", ")) };
        script.act = format!("select * from {name}({}) as {alias}{filter}", call.arguments.join(", "));
        Some(script)
    }
}

/// The witness without the arguments, which are no row.
fn plain_rows(witness: &Witness) -> Witness {
    let mut witness = witness.clone();
    witness.subjects.retain(|subject| subject.stored);
    witness
}
