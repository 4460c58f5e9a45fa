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
pub use row_security::RowSecurity;

use std::collections::BTreeMap;

use crate::model::{Policy, Relation, Schema};
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
    widening: Kept<Widening, bool>,
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

    /// Which writes are known to widen what.
    pub(crate) fn widening(&self) -> &Kept<Widening, bool> {
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

/// What is known of each policy. Every expression is a question of its own, so the processors share them.
fn truths(bindings: &Bindings<'_>) -> BTreeMap<usize, PolicyTruth> {
    let policies: Vec<_> =
        bindings.schema().relations.iter().flat_map(|r| r.policies.iter().map(move |p| (r, p))).collect();
    let judged = parallel::each(&policies, TAKEN, |(relation, policy)| {
        (std::ptr::from_ref::<Policy>(policy).addr(), PolicyTruth::of(bindings, relation, policy))
    });
    judged.into_iter().collect()
}

impl PolicyTruth {
    /// An expression that was left out lets nothing through in a permissive policy and narrows nothing in a
    /// restrictive one (`get_policies_for_relation` and `add_security_quals` in the server's rowsecurity.c).
    fn of(bindings: &Bindings<'_>, relation: &Relation, policy: &Policy) -> Self {
        let none = if policy.permissive { Truth::Never } else { Truth::Always };
        let of = |expression: Option<&str>| expression.map_or(none, |e| Truth::of_policy(e, relation, bindings));
        let using = of(policy.using.as_deref());
        let check = match policy.check.as_deref() {
            None => using,
            same if same == policy.using.as_deref() => using,
            other => of(other),
        };
        Self { using, check }
    }
}
