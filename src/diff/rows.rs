//! Which rows a role gained and lost where policies decide in both states: put to the analyzer, with a witness.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{Direction, Pair, same};
use crate::analyzer::decide::{Asker, Caller, Decider, Which, compare};
use crate::analyzer::effective::Who;
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness;
use crate::checks::Context;
use crate::finding::Witness;
use crate::model::{Command, Function, QualifiedName, Relation};
use crate::report::Asked;
use crate::verdicts::script::Scene;

/// What is known of the two states as a whole, and what could not be decided.
#[derive(Debug)]
pub(super) struct Rows {
    /// Whether something changed that conditions of other relations may ask.
    ripples: bool,
    open: RefCell<BTreeSet<QualifiedName>>,
}

/// Where the rows went.
pub(super) enum Moved {
    /// Nowhere: what was written another way says the same.
    Nowhere,
    /// There, as the witness shows.
    To(Direction, Box<Witness>),
    /// Nobody knows, for this reason.
    Open(String),
}

impl Rows {
    pub(super) fn new(before: &Context<'_>, after: &Context<'_>) -> Self {
        let code = |f: &Function| (f.id.clone(), same::normal_text(&f.body), f.security_definer, f.search_path.clone());
        let functions = |cx: &Context<'_>| cx.schema.functions.iter().map(code).collect::<Vec<_>>();
        let guards = |cx: &Context<'_>| cx.relations().map(guard).collect::<Vec<_>>();
        let roles = |cx: &Context<'_>| {
            cx.schema.memberships.iter().map(|m| (m.member.clone(), m.role.clone())).collect::<Vec<_>>()
        };
        let ripples =
            functions(before) != functions(after) || guards(before) != guards(after) || roles(before) != roles(after);
        Self { ripples, open: RefCell::default() }
    }

    /// Whether the conditions of a relation may say something else though their text is the same.
    pub(super) fn may_have_moved(&self, after: &Relation) -> bool {
        let asks = |text: &Option<String>| text.as_deref().is_some_and(|t| t.contains('('));
        self.ripples && after.policies.iter().any(|p| asks(&p.using) || asks(&p.check))
    }

    /// Whether everything that was asked of the relation could be decided.
    pub(super) fn is_decided(&self, relation: &QualifiedName) -> bool {
        !self.open.borrow().contains(relation)
    }
}

/// What a relation's row security consists of.
fn guard(relation: &Relation) -> (QualifiedName, bool, bool, String, Vec<[Vec<String>; 2]>) {
    let text = |text: &Option<String>| same::normal_text(text.as_deref().unwrap_or_default());
    let policies = relation.policies.iter().map(|p| [text(&p.using), text(&p.check)]).collect();
    (relation.name.clone(), relation.row_security, relation.force_row_security, relation.owner.clone(), policies)
}

/// Asks which rows `role` gained and lost by `command`.
pub(super) fn moved(pair: &Pair<'_, '_>, role: &str, command: Command, old: &Relation, new: &Relation) -> Moved {
    let which = if command == Command::Insert { Which::New } else { Which::Old };
    let (before, after) = (Decider::new(&pair.before.effective), Decider::new(&pair.after.effective));
    let found = compare(&before, &after, role, &new.name, command, Caller::Sql, asker(pair, role));
    let (mut gained, mut lost, mut open) = (None, None, None);
    let sides = [(found.gained, &mut gained, pair.after, new), (found.lost, &mut lost, pair.before, old)];
    for (verdict, slot, cx, relation) in sides {
        match verdict {
            Verdict::Proved => {}
            Verdict::Unknown(reason) => open = open.or(Some(reason.to_string())),
            Verdict::Violated(witness) => *slot = Some(Box::new(shown(cx, relation, role, (command, which), &witness))),
        }
    }
    if open.is_some() {
        pair.rows.open.borrow_mut().insert(new.name.clone());
    }
    match (gained, lost, open) {
        (Some(witness), Some(_), _) => Moved::To(Direction::Sideways, witness),
        (Some(witness), None, _) => Moved::To(Direction::Widened, witness),
        // That something was lost does not say that nothing was gained.
        (None, _, Some(reason)) => Moved::Open(reason),
        (None, Some(witness), None) => Moved::To(Direction::Narrowed, witness),
        (None, None, None) => Moved::Nowhere,
    }
}

fn asker(pair: &Pair<'_, '_>, role: &str) -> Asker {
    let who = |cx: &Context<'_>| cx.effective.principals().iter().find(|p| p.role == role).map(|p| p.who);
    match who(pair.after).or_else(|| who(pair.before)) {
        Some(Who::Anyone) => Asker::Nobody,
        Some(Who::SignedIn) => Asker::SomeUser,
        _ => Asker::Any,
    }
}

fn shown(
    cx: &Context<'_>,
    relation: &Relation,
    role: &str,
    (command, which): (Command, Which),
    witness: &witness::Witness,
) -> Witness {
    let scene = Scene {
        effective: &cx.effective,
        role,
        relation,
        parent: None,
        command,
        which,
        caller: Caller::Sql,
        asked: Asked::NeverExceeds,
        form: None,
        rule: None,
    };
    crate::verdicts::shown(&scene, witness)
}
