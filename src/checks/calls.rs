//! SECURITY DEFINER functions as doors: who may call them, and what they then do with the owner's rights.

use std::collections::BTreeSet;

use super::Context;
use super::words::{and_list, first_of};
use crate::analyzer::decide::Decider;
use crate::analyzer::effective::{Extent, Principal, Who};
use crate::finding::{Findings, ObjectRef};
use crate::model::{
    Command, Function, FunctionId, FunctionKind, Grantee, Privilege, QualifiedName, Relation, printable,
};

/// What clients gain by calling a function.
pub(super) struct Caller<'a> {
    /// The least trusted client that may call it.
    pub(super) principal: &'a Principal,
    /// All clients that may, and shall not.
    pub(super) principals: Vec<&'a Principal>,
    /// Why they may.
    pub(super) privileges: Vec<String>,
    /// What the function does that the client itself may not.
    pub(super) gains: BTreeSet<(&'a QualifiedName, Command)>,
    /// Whether all of it is in the platform's `auth` schema.
    only_users: bool,
    /// Whether some of it is.
    pub(super) reads_users: bool,
    /// Whether it adds, changes or deletes rows.
    pub(super) writes: bool,
    /// Whether the body asks who the session is.
    pub(super) identity: bool,
    /// Whether more may be touched by SQL put together at run time.
    pub(super) dynamic: bool,
    /// Whether it can return what it read; one number or id says little.
    pub(super) yields_rows: bool,
    /// Whether at most a yes or no comes out.
    yields_answer: bool,
}

/// That EXECUTE was taken from PUBLIC, who has it from the start, and that clients hold it by grants of their own: a REVOKE
/// that looks enough and is not, for Supabase's default privileges grant every new function to them by name.
fn kept_beside_public(function: &Function, clients: &[&Principal]) -> Option<String> {
    let may = |grantee: &Grantee| function.acl.privileges_of(grantee).contains(Privilege::Execute);
    let own = clients.iter().map(|p| p.role.as_str()).filter(|role| may(&Grantee::Role((*role).to_owned())));
    let own: Vec<_> = own.map(printable).collect();
    let is_left = !own.is_empty() && !may(&Grantee::Public);
    is_left.then(|| format!("PUBLIC: EXECUTE was revoked, which leaves the grants to {} by name", and_list(&own)))
}

impl<'a> Context<'a> {
    /// The application's SECURITY DEFINER functions that can be called by name.
    pub(super) fn definer_functions(&self) -> impl Iterator<Item = &'a Function> {
        self.schema.functions.iter().filter(|f| {
            f.security_definer
                && f.extension.is_none()
                && f.is_callable()
                && matches!(f.kind, FunctionKind::Function | FunctionKind::Procedure)
                && !self.effective.is_platform_object(&f.id.schema, &f.owner)
        })
    }

    /// The application's SECURITY DEFINER functions, which are examined, but for those that policies and defaults need; none
    /// where no table uses row security, for there such functions are how access is given out.
    pub(super) fn lending_functions(&self, out: &mut Findings<'_>) -> Vec<&'a Function> {
        if !self.uses_row_security() {
            return Vec::new();
        }
        let needed = self.needed_functions();
        let examined = self.definer_functions().inspect(|f| out.examine(ObjectRef::function(&f.id)));
        examined.filter(|f| !needed.contains(&f.id)).collect()
    }

    /// The application's SECURITY DEFINER functions that name `relation` and that `role` may call.
    pub(crate) fn definers_over(&self, role: &str, relation: &Relation) -> impl Iterator<Item = &'a Function> {
        let decider = Decider::new(&self.effective);
        let names = |f: &&Function| self.code.read_by(f).is_some_and(|read| read.contains(&relation.name));
        self.definer_functions().filter(names).filter(move |f| decider.lends(role, f))
    }

    /// The application's SECURITY DEFINER functions that write `relation` by `command` when `role` calls them or, as
    /// triggers, when anybody writes somewhere else.
    pub(crate) fn definers_writing(
        &self,
        role: &str,
        relation: &Relation,
        command: Command,
    ) -> impl Iterator<Item = &'a Function> {
        let decider = Decider::new(&self.effective);
        let writes = move |f: &&Function| self.code.does(f, command, &relation.name);
        let fires = |f: &Function| self.schema.relations.iter().flat_map(|r| &r.triggers).any(|t| t.function == f.id);
        let definers = self.schema.functions.iter().filter(|f| {
            f.security_definer && f.extension.is_none() && !self.effective.is_platform_object(&f.id.schema, &f.owner)
        });
        // Few write it, and who may call them is the longer question.
        definers.filter(writes).filter(move |f| decider.lends(role, f) || fires(f))
    }

    /// Whether the body of a function asks who the session is.
    pub(super) fn asks_who_calls(&self, function: &Function) -> bool {
        self.code.knows_caller(function)
    }

    /// Whether a condition asks who the session is.
    pub(super) fn asks_who(&self, text: &str) -> bool {
        self.code.asks_who(text)
    }

    /// The relations that a SECURITY DEFINER function names.
    pub(super) fn definers_read(&self, function: &Function) -> impl Iterator<Item = &'a Relation> {
        self.code.read_by(function).into_iter().flatten().filter_map(|name| self.schema.relation(name))
    }

    /// Those of which it cannot be told what they read: their SQL is put together at run time.
    pub(crate) fn definers_of_any(&self, role: &str) -> impl Iterator<Item = &'a Function> {
        let decider = Decider::new(&self.effective);
        let yields = |f: &&Function| !matches!(f.returns.as_str(), "boolean" | "void" | "");
        self.definer_functions()
            .filter(yields)
            .filter(|f| self.code.is_dynamic(f))
            .filter(move |f| decider.lends(role, f))
    }

    /// The clients that may call `function` by a name that is exposed to them, the least trusted first.
    pub(super) fn may_call<'s>(&'s self, function: &'s Function) -> impl Iterator<Item = &'s Principal> {
        self.clients().filter(|p| self.calls(p, function))
    }

    /// Whether a principal may call `function`, by its name and not as its owner.
    pub(super) fn calls(&self, principal: &Principal, function: &Function) -> bool {
        let (role, effective) = (&principal.role, &self.effective);
        let namespace = self.schema.namespace(&function.id.schema);
        self.exposes(principal, &function.id.schema)
            && effective.inherits(role, &function.owner).is_none()
            && effective.may_execute(role, function).is_some()
            && namespace.is_some_and(|n| effective.holds_on_namespace(role, n, Privilege::Usage).is_some())
    }

    /// What clients gain by calling `function`; `None` when nobody may, or nothing is gained.
    pub(super) fn callers<'s>(&'s self, function: &'s Function) -> Option<Caller<'s>> {
        let effects = self.code.effects(function);
        let gained = |p: &Principal| -> BTreeSet<_> {
            effects.touches.iter().copied().filter(|(name, c)| self.gains(p, function, name, *c)).collect()
        };
        let principals: Vec<_> = self.may_call(function).filter(|p| effects.dynamic || !gained(p).is_empty()).collect();
        // Bound to the caller it is a normal door for those who sign in, and none for those who do not.
        let kept: Vec<_> = principals.into_iter().filter(|p| !effects.identity || p.who == Who::Anyone).collect();
        let principal = *kept.first()?;
        let gains = gained(principal);
        let users = |name: &QualifiedName| self.schema.relation(name).is_some_and(|r| self.is_users(r));
        let privilege = |p: &&Principal| {
            let holding = self.effective.may_execute(&p.role, function)?;
            Some(format!("{}: EXECUTE {holding}", printable(&p.role)))
        };
        let left = kept_beside_public(function, &kept);
        Some(Caller {
            principal,
            privileges: kept.iter().filter_map(privilege).chain(left).collect(),
            principals: kept,
            only_users: !gains.is_empty() && gains.iter().all(|(name, _)| users(name)),
            reads_users: gains.iter().any(|(name, _)| users(name)),
            writes: gains.iter().any(|(_, c)| *c != Command::Select),
            gains,
            identity: effects.identity,
            dynamic: effects.dynamic,
            yields_answer: matches!(function.returns.as_str(), "boolean" | "void" | ""),
            yields_rows: !matches!(function.returns.as_str(), "boolean" | "void" | "" | "uuid" | "integer" | "bigint"),
        })
    }

    /// Whether the owner of `function` reaches rows that `principal` does not.
    fn gains(&self, principal: &Principal, function: &Function, name: &QualifiedName, command: Command) -> bool {
        let Some(relation) = self.schema.relation(name).filter(|r| r.kind.holds_rows()) else { return false };
        let own = self.effective.access(&principal.role, relation, command);
        let lent = self.effective.access(&function.owner, relation, command);
        // What the client holds in a schema that it cannot name, only the function lets it use.
        let by_itself = own.extent == Extent::All && self.exposes(principal, &name.schema);
        lent.extent == Extent::All && !by_itself
    }

    /// The functions that clients must be able to execute: policies, views that read as the caller, defaults and
    /// CHECKs run as whoever uses the table.
    pub(super) fn needed_functions(&self) -> &BTreeSet<FunctionId> {
        self.needed.get_or_init(|| self.find_needed_functions().into_iter().cloned().collect())
    }

    fn find_needed_functions(&self) -> BTreeSet<&'a FunctionId> {
        let mut needed = BTreeSet::new();
        for relation in &self.schema.relations {
            let policies = relation.policies.iter().flat_map(|p| p.using.iter().chain(&p.check));
            let defaults = relation.columns.iter().filter_map(|c| c.default.as_ref());
            let checks = relation.constraints.iter().map(|c| &c.definition).filter(|d| d.starts_with("CHECK"));
            for text in policies.chain(defaults).chain(checks).filter(|t| t.contains('(')) {
                self.code.called_from(text, &mut needed);
            }
            let view = relation.view.as_ref().filter(|v| v.security_invoker);
            needed.extend(view.into_iter().flat_map(|v| &v.calls));
        }
        needed
    }
}

impl Caller<'_> {
    /// Whether what is gained is all in the platform's `auth` schema.
    pub(super) fn only_users(&self) -> bool {
        self.only_users
    }

    /// Whether a call does no more than tell yes from no.
    pub(super) fn is_question(&self) -> bool {
        self.yields_answer && !self.writes && !self.dynamic
    }

    /// The relations, in words.
    pub(super) fn touched(&self) -> String {
        let names: BTreeSet<_> = self.gains.iter().map(|(name, _)| name.to_string()).collect();
        first_of(&names.into_iter().collect::<Vec<_>>(), 4)
    }
}
