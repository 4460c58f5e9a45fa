//! The questions that checks and rules ask: what policies let a role do, decided for all rows and sessions.
//!
//! [`Decider::access`] joins privileges, memberships, row security and policies (SEMANTICS 5-13) into conditions on the
//! old and the new row of one command; [`Formula`] asks about them, [`Decider::compare`] holds two models against each
//! other.

mod access;
mod assumption;
mod claims;
mod compare;
mod door;
mod formula;
mod hinges;
mod question;
mod session;
mod statement;
mod stays;
mod through;
mod variants;
mod view;
mod writes;

pub(crate) use super::resolve::tells_rows;
pub(crate) use access::pick;
pub use assumption::Assumption;
pub use compare::{Change, compare};
pub use door::{Called, Lent, Shows};
pub use formula::Formula;
pub use hinges::{Hinge, Said};
pub use question::{Ask, DecidedBy, Decision, Rule};
pub use session::Asker;
pub(crate) use stays::Widening;
pub use stays::{Escalation, Staying};
pub use variants::{By, Variants};

use super::bindings::Bindings;
use super::effective::Effective;
use super::resolve::Resolver;
use super::verdict::{Limits, Subject};
use crate::model::QualifiedName;

/// How statements reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Caller {
    /// Any statement, also one that reads no column and so skips SELECT policies.
    #[default]
    Sql,
    /// UPDATE and DELETE with a WHERE, so that SELECT policies join in.
    DataApi,
}

/// Which row of a command a condition is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The row that is read, changed or deleted.
    Old,
    /// The row that is added, or what it is changed to.
    New,
}

/// Asks about the access of roles.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    effective: &'a Effective<'a>,
    limits: Limits,
}

impl<'a> Decider<'a> {
    /// A decider over effective access.
    #[must_use]
    pub fn new(effective: &'a Effective<'a>) -> Self {
        Self { effective, limits: Limits::default() }
    }

    /// One for many questions of which a witness is not worth long; see [`Limits::brief`].
    #[must_use]
    pub fn brief(effective: &'a Effective<'a>) -> Self {
        Self { effective, limits: Limits::brief() }
    }

    /// Effective access.
    #[must_use]
    pub fn effective(&self) -> &'a Effective<'a> {
        self.effective
    }
}

/// What is known of a condition as the catalog prints it, without knowing who asks: whether it is TRUE for every row
/// and session, and whether for none.
pub(crate) fn constancy<'a>(bindings: &'a Bindings<'a>, relation: &QualifiedName, text: &str) -> (bool, bool) {
    let Some(relation) = bindings.schema().relation(relation) else { return (false, false) };
    let mut resolver = Resolver::blind(bindings);
    let row = resolver.terms.row(&relation.name, &relation.name.name);
    let condition = resolver.condition(text, relation, row);
    if resolver.failed {
        return (false, false);
    }
    // A row that is only about to be added is not yet found by sub-selects.
    let subject = Subject { row, stored: false };
    let mut formula = Formula::new(resolver, relation, Which::Old, subject, condition);
    // What takes long is no plain case, and every policy is asked about.
    formula.limits = Limits { gates: 20_000, steps: formula.limits.steps / 20, ..formula.limits };
    let always = formula.proves(Ask::AlwaysTrue, Asker::Any);
    (always, !always && formula.proves(Ask::NeverTrue, Asker::Any))
}
