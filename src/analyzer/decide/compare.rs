//! Two models held against each other: what a role may do after a change that it could not do before, and the reverse.

use std::sync::Arc;

use super::access::Asked;
use super::{Asker, Assumption, Caller, Decider, Formula, Which};
use crate::analyzer::term::Terms;
use crate::analyzer::verdict::{Reason, Verdict};
use crate::model::{Command, QualifiedName};

/// What a change of the model means for one command of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Proved if nothing is allowed that was not before; else with what is.
    pub gained: Verdict,
    /// Proved if all is allowed that was before; else with what no longer is.
    pub lost: Verdict,
    /// What both rest on; sorted.
    pub assumptions: Vec<Assumption>,
}

/// Holds what `role` may do to a relation after a change against what it might before, over all databases that both
/// models admit.
#[must_use]
pub fn compare<'a>(
    before: &Decider<'a>,
    after: &Decider<'a>,
    role: &str,
    relation: &QualifiedName,
    command: Command,
    caller: Caller,
    asker: Asker,
) -> Change {
    let which = if command == Command::Insert { Which::New } else { Which::Old };
    let of = |decider: &Decider<'a>| {
        let relation = decider.effective.schema().relation(relation)?;
        Some(Asked { role, relation, command, caller })
    };
    match (of(before), of(after)) {
        (Some(a), Some(b)) => both(before, after, a, b, which, asker),
        // What is not there lets nothing through.
        (None, Some(b)) => alone(after, b, which, asker, |gained| (gained, Verdict::Proved)),
        (Some(a), None) => alone(before, a, which, asker, |lost| (Verdict::Proved, lost)),
        (None, None) => Change { gained: Verdict::Proved, lost: Verdict::Proved, assumptions: Vec::new() },
    }
}

fn alone<'a>(
    decider: &Decider<'a>,
    asked: Asked<'_, 'a>,
    which: Which,
    asker: Asker,
    change: fn(Verdict) -> (Verdict, Verdict),
) -> Change {
    let mut formula = decider.over(asked, which, Terms::new(), None);
    let (gained, lost) = change(formula.is_never_true(asker));
    Change { gained, lost, assumptions: formula.resolver.assumed.into_iter().collect() }
}

fn both<'a>(
    before: &Decider<'a>,
    after: &Decider<'a>,
    a: Asked<'_, 'a>,
    b: Asked<'_, 'a>,
    which: Which,
    asker: Asker,
) -> Change {
    let mut old = before.over(a, which, Terms::new(), Some((after.effective.schema(), None)));
    read_all(&mut old, b);
    let terms = std::mem::take(&mut old.resolver.terms);
    let rows = old.subjects.clone();
    let mut new = after.over(b, which, terms, Some((before.effective.schema(), Some(rows))));
    if let Some(column) = new.resolver.terms.mixed_column() {
        let unknown =
            || Verdict::Unknown(Reason::Abstraction(vec![Arc::from(format!("{column}, whose type changes"))]));
        return Change { gained: unknown(), lost: unknown(), assumptions: Vec::new() };
    }
    let now = new.whole();
    std::mem::swap(&mut old.resolver.terms, &mut new.resolver.terms);
    let then = old.whole();
    std::mem::swap(&mut old.resolver.terms, &mut new.resolver.terms);
    let same = new.resolver.terms.and(&now) == new.resolver.terms.and(&then);
    let mut beyond = |holds: &[_], other: &[_]| {
        // What raises on some row raises there in both: else a failing cast would seem to move rows.
        if same {
            return Verdict::Proved;
        }
        let other = new.resolver.terms.and(other);
        let other = new.surely(other);
        new.decide(holds, &[other], asker)
    };
    let (gained, lost) = (beyond(&now, &then), beyond(&then, &now));
    let mut assumptions = old.resolver.assumed;
    assumptions.extend(new.resolver.assumed);
    assumptions.insert(Assumption::Caller(a.caller));
    Change { gained, lost, assumptions: assumptions.into_iter().collect() }
}

/// Of a view all columns count, as far as both models have them.
fn read_all(formula: &mut Formula<'_>, other: Asked<'_, '_>) {
    if formula.view.is_none() {
        return;
    }
    let common: Vec<_> =
        formula.relation.columns.iter().filter(|c| other.relation.column(&c.name).is_some()).map(|c| &c.name).collect();
    for column in common {
        formula.resolver.column_pair(formula.relation, column, formula.row, formula.row);
    }
}
