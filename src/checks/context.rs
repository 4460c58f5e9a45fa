//! What checks look at, and the words that several of them share.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::analyzer::effective::{Access, Effective, Principal, Who};
use crate::finding::{ObjectRef, Severity};
use crate::model::{Command, FunctionId, Platform, Policy, QualifiedName, Relation, Schema};

use super::Findings;
use super::code::Code;
use super::own_writes::Escalations;
use super::trees::Trees;
use super::words::{and_list, privileges, verb};

/// The model with effective access worked out.
#[derive(Debug)]
pub struct Context<'a> {
    /// The model.
    pub schema: &'a Schema,
    /// Who can do what.
    pub effective: Effective<'a>,
    /// What functions do.
    pub(super) code: Code<'a>,
    /// Conditions and bodies as trees.
    pub(super) trees: Trees,
    /// What is known of how users sign in.
    pub(super) sign_in: SignIn,
    /// The functions that clients must be able to execute, once somebody has asked.
    pub(super) needed: OnceLock<BTreeSet<FunctionId>>,
    /// The writes by which clients widen their own access, once somebody has asked.
    pub(super) escalations: OnceLock<Escalations>,
}

/// What is known of how users sign in; the schema does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignIn {
    /// Whether visitors can sign in without an account and then are `authenticated`.
    pub anonymous: Option<bool>,
    /// Whether an e-mail address must be confirmed before its user can sign in.
    pub confirmed: Option<bool>,
}

/// A principal that a relation is open to, with what it can do.
#[derive(Debug)]
pub struct Reach<'a, 'p> {
    /// The principal.
    pub principal: &'p Principal,
    /// Its access by each command that reaches at least one row.
    pub accesses: Vec<Access<'a>>,
    /// Whether clients can name the relation; false when its schema is not exposed.
    pub exposed: bool,
}

impl<'a> Context<'a> {
    /// Works out `schema`; `exposed` overrides which schemas the Data API serves.
    #[must_use]
    pub fn new(schema: &'a Schema, exposed: Option<&[String]>) -> Self {
        Self {
            schema,
            effective: Effective::new(schema, exposed),
            code: Code::new(schema),
            trees: Trees::default(),
            sign_in: SignIn::default(),
            needed: OnceLock::new(),
            escalations: OnceLock::new(),
        }
    }

    /// With what the project's configuration says of signing in.
    #[must_use]
    pub fn with_sign_in(mut self, sign_in: SignIn) -> Self {
        self.sign_in = sign_in;
        self
    }

    /// The relations of the application: neither the platform's nor an extension's.
    pub fn relations(&self) -> impl Iterator<Item = &'a Relation> {
        self.schema.relations.iter().filter(|r| r.extension.is_none() && !self.is_platform(r))
    }

    /// All policies of the application's tables with row security, which are examined.
    pub(super) fn policies(&self, out: &mut Findings<'_>) -> Vec<(&'a Relation, &'a Policy)> {
        let tables = self.relations().filter(|r| r.row_security);
        examined(tables.flat_map(|table| table.policies.iter().map(move |policy| (table, policy))), out)
    }

    /// The permissive policies on the platform's table of files, which are examined.
    pub(super) fn storage_policies(&self, out: &mut Findings<'_>) -> Vec<(&'a Relation, &'a Policy)> {
        let objects = self.schema.relation(&QualifiedName::new("storage", "objects")).filter(|r| r.row_security);
        let policies = objects.into_iter().flat_map(|o| o.policies.iter().map(move |policy| (o, policy)));
        examined(policies.filter(|(_, policy)| policy.permissive), out)
    }

    /// The permissive policies for UPDATE that demand something else of the new row than of the old one; those that do not
    /// are examined too. Without a WITH CHECK of its own a policy demands of the new row what it does of the old one.
    pub(super) fn policies_with_own_check(&self, out: &mut Findings<'_>) -> Vec<(&'a Relation, &'a Policy)> {
        let tables = self.relations().filter(|r| r.row_security);
        let policies = tables.flat_map(|table| table.policies.iter().map(move |policy| (table, policy)));
        let mut found = Vec::new();
        for (table, policy) in policies.filter(|(_, p)| p.permissive && p.command.covers(Command::Update)) {
            out.examine(ObjectRef::policy(&table.name, &policy.name));
            let is_own = policy.check.is_some() && policy.check != policy.using;
            found.extend(is_own.then_some((table, policy)));
        }
        found
    }

    /// The worst that a client can do by each policy with a check of its own, as `find` has it.
    pub(super) fn worst_changes<'s, F>(
        &'s self,
        out: &mut Findings<'_>,
        find: impl Fn(&'s Self, &'a Relation, &Policy, &'s Principal) -> Option<F>,
        severity: impl Fn(&F) -> Severity,
    ) -> Vec<(&'a Relation, &'a Policy, F)> {
        let of = |(table, policy): (&'a Relation, &'a Policy)| {
            let found = self.clients().filter_map(|principal| find(self, table, policy, principal));
            found.max_by_key(&severity).map(|worst| (table, policy, worst))
        };
        self.policies_with_own_check(out).into_iter().filter_map(of).collect()
    }

    /// Whether the relation belongs to the platform.
    #[must_use]
    pub fn is_platform(&self, relation: &Relation) -> bool {
        // The Supabase CLI makes its table of versions as postgres, like the application's.
        let is_history = relation.name.schema == "supabase_migrations" && relation.name.name == "schema_migrations";
        is_history || self.effective.is_platform_object(&relation.name.schema, &relation.owner)
    }

    /// The untrusted principals that reach at least one row of `relation`, the least trusted first.
    ///
    /// Access by ownership is left out: owners are meant to have it.
    pub fn reach(&self, relation: &'a Relation) -> Vec<Reach<'a, '_>> {
        let untrusted = self.effective.principals().iter().filter(|p| p.is_untrusted());
        untrusted
            .filter(|p| self.effective.inherits(&p.role, &relation.owner).is_none())
            .filter_map(|principal| {
                let accesses: Vec<_> = Command::ALL
                    .into_iter()
                    .map(|command| self.effective.access(&principal.role, relation, command))
                    .filter(Access::is_some)
                    .collect();
                let exposed = self.effective.is_exposed(principal, relation);
                (!accesses.is_empty()).then_some(Reach { principal, accesses, exposed })
            })
            .collect()
    }

    /// The severity of handing something to `principal`: `worst` for clients of an exposed schema, less for others.
    #[must_use]
    pub fn severity(&self, worst: Severity, principal: &Principal, exposed: bool) -> Severity {
        let by_reach = match principal.who {
            _ if !exposed => Severity::Low,
            Who::Anyone | Who::SignedIn | Who::ApiRole => worst,
            Who::Login | Who::Group | Who::Service => worst.min(Severity::Medium),
        };
        by_reach.min(worst)
    }

    /// Whether `principal` stands for the clients of the application: behind a Data API only its roles do, the others
    /// are the back office, which is granted what it needs by name.
    #[must_use]
    pub fn is_client(&self, principal: &Principal) -> bool {
        let by_api = self.effective.principals().iter().any(|p| p.is_api() && p.is_untrusted());
        principal.is_untrusted() && (principal.is_api() || !by_api)
    }

    /// The principals that stand for the clients, the least trusted first.
    pub fn clients(&self) -> impl Iterator<Item = &Principal> {
        self.effective.principals().iter().filter(|p| self.is_client(p))
    }

    /// The principals that row security is meant to bind, but for groups and for the login of the Data API, which
    /// becomes every other.
    pub(super) fn bound_principals(&self) -> impl Iterator<Item = &Principal> {
        let bound = |p: &&Principal| self.schema.role(&p.role).is_some_and(|r| !r.superuser && !r.bypass_rls);
        let counts = |p: &&Principal| p.is_untrusted() && p.who != Who::Group && p.role != "authenticator";
        self.effective.principals().iter().filter(counts).filter(bound)
    }

    /// [`Self::reach`] of the clients only.
    pub fn client_reach(&self, relation: &'a Relation) -> Vec<Reach<'a, '_>> {
        self.reach(relation).into_iter().filter(|r| self.is_client(r.principal)).collect()
    }

    /// Whether clients can name objects of that schema.
    #[must_use]
    pub fn exposes(&self, principal: &Principal, namespace: &str) -> bool {
        let by_api = principal.is_api() && self.schema.server.platform == Platform::Supabase;
        !by_api || self.effective.exposure().includes(namespace)
    }

    /// Whether row security keeps some of the rows of `base` from `role`.
    #[must_use]
    pub fn is_kept_from(&self, role: &str, base: &'a Relation) -> bool {
        base.row_security && !self.effective.reads_everything(role, base)
    }

    /// Whether any relation of the application uses row security; where none does, it is not how access is decided.
    #[must_use]
    pub fn uses_row_security(&self) -> bool {
        self.schema.server.platform == Platform::Supabase
            || self.relations().any(|r| r.row_security || !r.policies.is_empty())
    }
}

impl Reach<'_, '_> {
    /// The access for a command, if it reaches rows.
    #[must_use]
    pub fn access(&self, command: Command) -> Option<&Access<'_>> {
        self.accesses.iter().find(|a| a.command == command)
    }

    /// What it can do, in words: `read, change and delete`.
    #[must_use]
    pub fn verbs(&self) -> String {
        let verbs: Vec<_> = self.accesses.iter().map(|a| verb(a.command)).collect();
        and_list(&verbs)
    }

    /// The chain behind each command: `anon: SELECT and INSERT granted to PUBLIC by postgres; ...`.
    #[must_use]
    pub fn privileges(&self) -> String {
        let held: Vec<_> = self.accesses.iter().filter_map(|a| Some((a.command, a.holder()?))).collect();
        privileges(&self.principal.role, &held)
    }
}

fn examined<'a>(
    policies: impl Iterator<Item = (&'a Relation, &'a Policy)>,
    out: &mut Findings<'_>,
) -> Vec<(&'a Relation, &'a Policy)> {
    let examine = |(table, policy): &(&Relation, &Policy)| out.examine(ObjectRef::policy(&table.name, &policy.name));
    policies.inspect(examine).collect()
}
