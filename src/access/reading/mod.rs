//! The default reading: what columns, keys and existing policies say that is meant, where nobody declared it.
//!
//! It must be quiet. A row is *tied* to whoever asks by an owner, a tenant, a membership or a parent row that is tied; the
//! reading of a tied relation is that only whoever is tied reaches its rows. It is declared of a command only where what is
//! there keeps to it, or contradicts it by its own words: a policy that says "own" and lets everybody through, a write that
//! is open on a relation whose other policies keep to the tie. Where a policy lets more through and may mean to, nothing is
//! declared.

mod candidate;
mod pair;
pub(crate) mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::intent::{Authority, Declaration, Intent, Mode, Origin, Predicate};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::{Effective, Extent, Principal, Who};
use crate::analyzer::verdict::Verdict;
use crate::model::{Command, Policy, Relation};
use crate::parallel;
use crate::sql::bind::{Binder, Scope};
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::{Catalog, SchemaCatalog, Type};
use candidate::{Candidate, Ties};

/// A column that policies compare with something of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// The column.
    pub(crate) column: String,
    /// What it is compared with, in SQL without a row.
    pub(crate) asking: String,
    /// Whether that names a user, as far as one can tell.
    pub(crate) is_user: bool,
}

/// The columns of a relation that its permissive policies compare with the session.
pub(crate) fn compared(effective: &Effective<'_>, relation: &Relation) -> Vec<Compared> {
    let pairs = pair::of(effective, relation).into_iter();
    pairs.map(|p| Compared { is_user: p.is_user(), column: p.column, asking: p.asking }).collect()
}

/// What columns, keys and existing policies say that is meant, where that is plain. The processors share the relations.
#[must_use]
pub fn reading(effective: &Effective<'_>) -> Intent {
    let ties = Ties::of(effective);
    let tables: Vec<_> = effective.schema().relations.iter().filter(|r| candidate::is_table(effective, r)).collect();
    let mut intent = Intent::default();
    for (declarations, authority) in parallel::each(&tables, 2, |relation| read(effective, &ties, relation)) {
        intent.declarations.extend(declarations);
        intent.authorities.extend(authority);
    }
    intent
}

/// What is meant of one relation.
fn read(effective: &Effective<'_>, ties: &Ties<'_>, relation: &Relation) -> (Vec<Declaration>, Option<Authority>) {
    let mut reader = Reader { effective, relation, candidates: Vec::new(), predicates: RefCell::default() };
    // A column of another type than what it is compared with is a tie that cannot be.
    let ties_that_bind =
        ties.candidates(relation).into_iter().filter(|c| reader.predicate(&c.over(relation)).is_some());
    reader.candidates = ties_that_bind.collect();
    let mut declarations = Vec::new();
    for principal in effective.principals().iter().filter(|p| reader.is_client(p)) {
        reader.read(principal, &mut declarations);
    }
    let (columns, because) = ties.rights(relation);
    let origin = Origin::Reading { because };
    let authority = Authority { relation: relation.name.clone(), columns, origin };
    let has_any = !authority.columns.is_empty();
    (declarations, has_any.then_some(authority))
}

/// Reads what is meant of one relation.
struct Reader<'a> {
    effective: &'a Effective<'a>,
    relation: &'a Relation,
    candidates: Vec<Candidate>,
    /// What was bound, by its text.
    predicates: RefCell<BTreeMap<String, Option<Predicate>>>,
}

const SLOTS: [(Command, Which); 5] = [
    (Command::Select, Which::Old),
    (Command::Insert, Which::New),
    (Command::Update, Which::Old),
    (Command::Update, Which::New),
    (Command::Delete, Which::Old),
];

impl Reader<'_> {
    /// Whether a role stands for clients that the relation is to be kept from.
    fn is_client(&self, principal: &Principal) -> bool {
        let trusted = self.effective.schema().role(&principal.role).is_none_or(|r| r.bypass_rls || r.superuser);
        match principal.who {
            Who::Anyone | Who::SignedIn | Who::ApiRole => !trusted,
            Who::Login => !trusted && principal.role != self.relation.owner,
            Who::Group | Who::Service => false,
        }
    }

    fn read(&self, principal: &Principal, out: &mut Vec<Declaration>) {
        let strong: Vec<_> = self.candidates.iter().filter(|c| c.strong).map(|c| c.because.as_str()).collect();
        let (text, because) = match (principal.who, strong.as_slice()) {
            (_, []) => return self.public(principal, out),
            (Who::Anyone, [first, ..]) => ("false".to_owned(), format!("{first}, and visitors are nobody")),
            (_, all) => (self.tied(|_| true), all.iter().take(2).copied().collect::<Vec<_>>().join("; ")),
        };
        let Some(predicate) = self.predicate(&text) else { return };
        let own = if principal.who == Who::Anyone { None } else { self.own() };
        for (command, row) in SLOTS {
            // The plainest tie says most, and is decided in no time.
            if let Some((predicate, because)) = &own
                && self.stays_within(principal, (command, row), predicate)
            {
                out.push(self.declaration(principal, (command, row), predicate.clone(), because.clone()));
                continue;
            }
            if let Some(contradiction) = self.keeps_to(principal, (command, row), &predicate) {
                let because = match contradiction {
                    Some(policy) => format!("{because}, though policy `{policy}` lets more through"),
                    None => because.clone(),
                };
                out.push(self.declaration(principal, (command, row), predicate.clone(), because));
            }
        }
    }

    /// The condition that somebody is tied to a row in any of some ways.
    fn tied(&self, which: impl Fn(&Candidate) -> bool) -> String {
        let all: Vec<_> = self.candidates.iter().filter(|c| which(c)).map(|c| c.over(self.relation)).collect();
        all.join(" or ")
    }

    /// The ties that the row's own columns are, and what speaks for them.
    fn own(&self) -> Option<(Predicate, String)> {
        let direct = |c: &Candidate| c.strong && !c.nested;
        let because: Vec<_> =
            self.candidates.iter().filter(|c| direct(c)).map(|c| c.because.as_str()).take(2).collect();
        if because.is_empty() { None } else { self.predicate(&self.tied(direct)).map(|p| (p, because.join("; "))) }
    }

    /// Whether a role can do something, and only within a condition.
    fn stays_within(&self, principal: &Principal, (command, row): (Command, Which), rule: &Predicate) -> bool {
        if !self.effective.access(&principal.role, self.relation, command).is_some() {
            return false;
        }
        let decider = Decider::brief(self.effective);
        let mut formula = decider.access(&principal.role, self.relation, command, row, Caller::Sql);
        formula.proves(Ask::NeverExceeds(rule.sql.as_str().into()), asker(principal))
    }

    fn predicate(&self, text: &str) -> Option<Predicate> {
        if let Some(known) = self.predicates.borrow().get(text) {
            return known.clone();
        }
        let predicate = self.bind(text);
        self.predicates.borrow_mut().insert(text.to_owned(), predicate.clone());
        predicate
    }

    fn bind(&self, text: &str) -> Option<Predicate> {
        let catalog = SchemaCatalog::new(self.effective.schema());
        let table = catalog.relation(&self.relation.name.schema, &self.relation.name.name)?;
        let scope = Scope::default().relation(table, None);
        let bound = Binder::new(&catalog, &[]).expression(text, &scope, Some(&Type::named("boolean"))).ok()?;
        let sql = print::expression(&bound.tree, &Outside::of(&scope), &AsBound);
        Some(Predicate { text: text.to_owned(), sql, tree: bound.tree })
    }

    fn declaration(
        &self,
        principal: &Principal,
        (command, row): (Command, Which),
        predicate: Predicate,
        because: String,
    ) -> Declaration {
        Declaration {
            relation: self.relation.name.clone(),
            role: principal.role.clone(),
            command,
            row,
            predicate,
            mode: Mode::AtMost,
            origin: Origin::Reading { because },
            reason: None,
        }
    }

    /// Whether the reading is that access keeps to a condition: it does, or the policy inside contradicts it by its own
    /// words. `None` if more may be meant.
    fn keeps_to(&self, principal: &Principal, slot: (Command, Which), rule: &Predicate) -> Option<Option<&str>> {
        let (command, row) = slot;
        let asker = asker(principal);
        let access = self.effective.access(&principal.role, self.relation, command);
        if !access.is_some() {
            return Some(None);
        }
        let decider = Decider::brief(self.effective);
        let mut formula = decider.access(&principal.role, self.relation, command, row, Caller::Sql);
        match formula.never_exceeds(&rule.sql, asker) {
            Verdict::Proved => return Some(None),
            Verdict::Unknown(_) => return None,
            Verdict::Violated(_) => {}
        }
        if access.extent == Extent::All && !access.row_security.applies() {
            return None;
        }
        let mut contradicts = None;
        for policy in &access.permissive {
            let one = [*policy];
            let mut alone = decider.policies(&principal.role, self.relation, &one, row);
            if alone.proves(Ask::NeverExceeds(rule.sql.as_str().into()), asker) {
                continue;
            }
            let is_open = alone.proves(Ask::AlwaysTrue, asker);
            if !is_open || !self.contradicts(policy, command) {
                return None;
            }
            contradicts = Some(policy.name.as_str());
        }
        contradicts.map(Some)
    }

    /// Whether an open policy can't be meant as such.
    fn contradicts(&self, policy: &Policy, command: Command) -> bool {
        let name = &policy.name;
        if words::means_own(name) {
            return true;
        }
        if command == Command::Select || words::means_everybody(name) || words::means_trusted(name) {
            return false;
        }
        // Others of the relation keep to the tie, so that it is one.
        let keeps = |p: &Policy| {
            let of = |text: &Option<String>| {
                text.as_deref()
                    .is_some_and(|t| self.candidates.iter().any(|c| c.strong && mentions(t, &c.over(self.relation))))
            };
            of(&p.using) || of(&p.check)
        };
        self.relation.policies.iter().filter(|p| p.permissive && p.name != *name).any(keeps)
    }

    /// A relation that says of nobody whose its rows are, and a policy that says that everybody may read them.
    fn public(&self, principal: &Principal, out: &mut Vec<Declaration>) {
        if !self.candidates.is_empty() {
            return;
        }
        let access = self.effective.access(&principal.role, self.relation, Command::Select);
        let decider = Decider::brief(self.effective);
        let open = access.permissive.iter().find(|policy| {
            let mut alone = decider.policies(&principal.role, self.relation, &[**policy], Which::Old);
            words::means_everybody(&policy.name) && alone.proves(Ask::AlwaysTrue, asker(principal))
        });
        if let (Some(policy), Some(predicate)) = (open, self.predicate("true")) {
            let because = format!("policy `{}` says so, and no column says whose a row is", policy.name);
            out.push(self.declaration(principal, (Command::Select, Which::Old), predicate, because));
        }
    }
}

/// Whether a policy's text compares the column that a condition is on.
fn mentions(text: &str, condition: &str) -> bool {
    let column = condition.split(" = ").next().unwrap_or(condition);
    text.contains(column) && !condition.starts_with("exists")
}

/// Who acts as a role.
fn asker(principal: &Principal) -> Asker {
    match principal.who {
        Who::Anyone => Asker::Nobody,
        Who::SignedIn => Asker::SomeUser,
        _ => Asker::Any,
    }
}
