//! Effective access: what a role can do to a relation, and which grant, membership or policy makes it so.
//!
//! Follows the server's own order (PostgreSQL manual, ddl-priv and ddl-rowsecurity): USAGE on the schema, then the
//! privilege on the table or its columns, then row security with its exemptions and policies.

mod access;
mod doors;
mod exposure;
mod known;
mod principal;
mod privilege;
mod roles;
mod row_security;

pub use access::{Access, Columns, Extent, Facts, Refusal};
pub use doors::Read;
pub use exposure::Exposure;
pub use principal::{Principal, Who};
pub use privilege::{HeldBy, Holding};
pub use roles::Admitting;
pub use row_security::RowSecurity;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Policy, Schema};
use crate::parallel;
use known::Known;
use roles::RoleGraph;

use super::bindings::Bindings;
use super::decide::Widening;
use super::kept::Kept;
use super::truth::Truth;

/// The model with what follows from it worked out: the place to ask who can do what.
#[derive(Debug)]
pub struct Effective<'a> {
    schema: &'a Schema,
    roles: RoleGraph<'a>,
    exposure: Exposure,
    principals: Vec<Principal>,
    /// By the policy's address in `schema`, which outlives this.
    truths: BTreeMap<usize, PolicyTruth>,
    known: Known,
    bindings: Bindings<'a>,
    widening: Kept<Widening, (bool, u64)>,
}

/// Policies that one processor takes at a time.
const TAKEN: usize = 8;

/// What is known of a policy's two expressions without looking at rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolicyTruth {
    pub(crate) using: Truth,
    pub(crate) check: Truth,
}

impl<'a> Effective<'a> {
    /// Works out `schema`; `exposed` overrides which schemas the Data API serves.
    #[must_use]
    pub fn new(schema: &'a Schema, exposed: Option<&[String]>) -> Self {
        let roles = RoleGraph::new(schema);
        let exposure = Exposure::of(schema, exposed);
        let principals = principal::of(schema, &roles);
        let bindings = Bindings::of(schema);
        let truths = truths(&bindings);
        Self {
            schema,
            roles,
            exposure,
            principals,
            truths,
            known: Known::default(),
            bindings,
            widening: Kept::default(),
        }
    }

    /// The model.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Which writes are known to widen what, and what it cost to know.
    pub(crate) fn widening(&self) -> &Kept<Widening, (bool, u64)> {
        &self.widening
    }

    /// The text of the model, bound.
    pub(crate) fn bindings(&self) -> &Bindings<'a> {
        &self.bindings
    }

    /// Which schemas the Data API serves.
    #[must_use]
    pub fn exposure(&self) -> &Exposure {
        &self.exposure
    }

    /// The roles that clients act as, the least trusted first.
    #[must_use]
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }
}

/// What is known of each policy. Every expression is a question of its own, so the processors share them; the policies of
/// a relation often have the same.
fn truths(bindings: &Bindings<'_>) -> BTreeMap<usize, PolicyTruth> {
    let relations = &bindings.schema().relations;
    let policies = || relations.iter().enumerate().flat_map(|(at, r)| r.policies.iter().map(move |p| (at, p)));
    let asked: BTreeSet<_> = policies()
        .flat_map(|(at, p)| [&p.using, &p.check].into_iter().flatten().map(move |e| (at, e.as_str())))
        .collect();
    let asked: Vec<_> = asked.into_iter().collect();
    let judged = parallel::each(&asked, TAKEN, |(at, text)| {
        relations.get(*at).map_or(Truth::Depends, |relation| Truth::of_policy(text, relation, bindings))
    });
    let known: BTreeMap<_, _> = asked.into_iter().zip(judged).collect();
    let truth = |at, text| known.get(&(at, text)).copied().unwrap_or(Truth::Depends);
    policies().map(|(at, p)| (std::ptr::from_ref(p).addr(), PolicyTruth::of(p, |text| truth(at, text)))).collect()
}

impl PolicyTruth {
    /// An expression that was left out lets nothing through in a permissive policy and narrows nothing in a
    /// restrictive one (`get_policies_for_relation` and `add_security_quals` in the server's rowsecurity.c).
    fn of<'p>(policy: &'p Policy, known: impl Fn(&'p str) -> Truth) -> Self {
        let none = if policy.permissive { Truth::Never } else { Truth::Always };
        let using = policy.using.as_deref().map_or(none, &known);
        Self { using, check: policy.check.as_deref().map_or(using, &known) }
    }
}
