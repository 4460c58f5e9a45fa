//! CREATE POLICY and ALTER POLICY.

use super::catalog::Id;
use super::catalog::names::Space;
use super::catalog::object::Policy;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::policy::{AlterPolicy, CreatePolicy};
use crate::migrations::parse::role::RoleSpec;
use crate::model::PolicyCommand;

impl Run {
    pub(super) fn create_policy(&mut self, create: &CreatePolicy) -> Result {
        let relation = self.relation(&create.relation)?;
        self.must_own(relation)?;
        let kind = self.catalog.relations.get(relation).map(|r| r.kind);
        let table = self.catalog.qualified(relation);
        if !kind.is_some_and(|k| k.carries_row_security()) {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{table}` is not a table"));
        }
        if self.catalog.names.find(Space::Policy, relation, &create.name).is_some() {
            let message = format!("policy `{}` for table `{table}` already exists", create.name);
            return reject(state::DUPLICATE_OBJECT, message);
        }
        let roles = self.policy_roles(&create.roles)?;
        let code = |run: &mut Self, text: &Option<crate::migrations::parse::Fragment>| match text {
            Some(text) => run.condition(relation, &text.text).map(Some),
            None => Ok(None),
        };
        let row = Policy {
            relation,
            name: create.name.clone(),
            permissive: create.permissive,
            command: create.command,
            roles,
            using: code(self, &create.using)?,
            check: code(self, &create.check)?,
            origin: self.origin,
        };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Policy, relation, &create.name, id);
        self.catalog.policies.insert(id, row);
        self.touch(id);
        self.touch(relation);
        Ok(())
    }

    /// PUBLIC beside others is PUBLIC alone.
    fn policy_roles(&mut self, roles: &[RoleSpec]) -> Result<Vec<Option<Id>>> {
        let mut list = Vec::with_capacity(roles.len());
        for role in roles {
            let role = self.grantee(role)?;
            if role.is_none() {
                return Ok(vec![None]);
            }
            if !list.contains(&role) {
                list.push(role);
            }
        }
        Ok(list)
    }

    pub(super) fn alter_policy(&mut self, alter: &AlterPolicy) -> Result {
        let relation = self.relation(&alter.relation)?;
        self.must_own(relation)?;
        let Some(id) = self.catalog.names.find(Space::Policy, relation, &alter.name) else {
            let table = self.catalog.qualified(relation);
            return reject(
                state::UNDEFINED_OBJECT,
                format!("policy `{}` for table `{table}` does not exist", alter.name),
            );
        };
        let Some(mut row) = self.catalog.policies.get(id).cloned() else { return Ok(()) };
        match row.command {
            PolicyCommand::Insert if alter.using.is_some() => {
                return reject(state::SYNTAX, "only `WITH CHECK` is allowed for INSERT");
            }
            PolicyCommand::Select | PolicyCommand::Delete if alter.check.is_some() => {
                return reject(state::SYNTAX, "`WITH CHECK` is not allowed for SELECT or DELETE");
            }
            _ => (),
        }
        self.touch(id);
        if let Some(to) = &alter.rename {
            if self.catalog.names.find(Space::Policy, relation, to).is_some() {
                return reject(state::DUPLICATE_OBJECT, format!("policy `{to}` already exists"));
            }
            self.catalog.names.remove(Space::Policy, relation, &row.name, id);
            self.catalog.names.add(Space::Policy, relation, to, id);
            row.name.clone_from(to);
        }
        if let Some(roles) = &alter.roles {
            row.roles = self.policy_roles(roles)?;
        }
        if let Some(text) = &alter.using {
            row.using = Some(self.condition(relation, &text.text)?);
        }
        if let Some(text) = &alter.check {
            row.check = Some(self.condition(relation, &text.text)?);
        }
        row.origin = self.origin;
        self.catalog.policies.insert(id, row);
        self.touch(id);
        self.touch(relation);
        Ok(())
    }
}
