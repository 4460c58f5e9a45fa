//! What a role takes for itself or gives to others: privileges handed on, memberships, tables of its own, row-level
//! security taken off, foreign keys to what it does not read.
//!
//! Where one role may, every role tries: those that may not must be refused.

use super::rights::{ASKED, Holder, MOST, asked};
use crate::connector::ConnectError;
use crate::impersonation::seed::{Cells, primary_key};
use crate::model::{
    Grantee, Namespace, Privilege, PrivilegeSet, Relation, RelationKind, Role, quote_ident, quote_literal,
};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

/// The role that privileges are handed on to, made for that.
const GRANTEE: &str = "pgwitness_grantee";

impl Holder<'_, '_, '_> {
    /// Privileges that somebody holds WITH GRANT OPTION, granted to yet another role.
    pub(super) async fn grants(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        for relation in
            effective.schema().relations.iter().filter(|r| self.is_own(r) && !grantable(r).is_empty()).take(MOST)
        {
            let name = &relation.name;
            let words: Vec<_> = grantable(relation).iter().map(|p| p.sql().to_lowercase()).collect();
            let kind = if relation.kind == RelationKind::Sequence { "sequence " } else { "" };
            let act = format!("grant {} on {kind}{name} to {GRANTEE}", words.join(", "));
            let message = format!(
                "create role {GRANTEE}; {}; set local role none; select privilege_type as {ASKED} from pg_catalog.pg_class, \
                 lateral pg_catalog.aclexplode(relacl) where pg_class.oid = {}::regclass and grantee = '{GRANTEE}'::regrole",
                self.acting(&act),
                quote_literal(&name.to_string())
            );
            let answer = self.session.send(&message).await?;
            let mut trial = self.trial(DoorKind::HandOn, &name.to_string(), &act, &answer);
            let given = asked(&answer);
            if answer.is_ok() && given.is_empty() {
                // The server only warns who holds the privilege without the option.
                trial.outcome = ProbeOutcome::Refused;
            } else if answer.is_ok() {
                trial.reached.push(format!("{} handed {} on {name} on to another role", self.role, given.join(", ")));
                let is_its = |grantee: &Grantee| match grantee {
                    Grantee::Public => false,
                    Grantee::Role(role) => effective.inherits(self.role, role).is_some(),
                };
                let by_grant = relation.acl.0.iter().any(|g| !g.grantable.is_empty() && is_its(&g.grantee));
                self.deny(&mut trial, by_grant || effective.inherits(self.role, &relation.owner).is_some());
            }
            out.push(trial);
        }
        Ok(())
    }

    /// Roles that policies do not bind, which the role is no member of, and makes itself one by GRANT.
    pub(super) async fn memberships(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        for (target, why) in
            effective.schema().roles.iter().filter_map(|role| Some((role, self.worth(role)?))).take(MOST)
        {
            let way = effective.admitting(self.role, &target.name);
            let via = way.map(|way| way.by()).filter(|by| effective.inherits(self.role, by).is_none());
            let first = via.map_or_else(String::new, |by| format!("set role {}; ", quote_ident(by)));
            let (own, name) = (quote_ident(self.role), quote_ident(&target.name));
            let act = format!("{first}grant {name} to {own}; set role {name}");
            let answer = self.session.send(&format!("set local session authorization {own}; {act}")).await?;
            let mut trial = self.trial(DoorKind::JoinRole, &target.name, &act, &answer);
            if answer.is_ok() {
                trial
                    .reached
                    .push(format!("{} made itself a member of {}, which {why}, and became it", self.role, target.name));
                self.deny(&mut trial, way.is_some());
            }
            out.push(trial);
        }
        Ok(())
    }

    /// Why a role is worth being made a member of by one that cannot become it.
    fn worth(&self, role: &Role) -> Option<String> {
        let effective = self.setting.effective;
        let acts_as = role.name == self.role
            || effective.inherits(self.role, &role.name).is_some()
            || effective.can_become(self.role).any(|(known, _)| known.name == role.name);
        if acts_as || role.superuser || effective.is_platform_role(&role.name) {
            return None;
        }
        let owned = || {
            let mut relations = effective.schema().relations.iter();
            relations.find(|r| r.row_security && !r.force_row_security && r.owner == role.name && self.is_own(r))
        };
        match role.bypass_rls {
            true => Some("is exempt from row-level security".to_owned()),
            false => Some(format!("owns {}", owned()?.name)),
        }
    }

    /// Row-level security of tables whose owner somebody acts as, taken off.
    pub(super) async fn row_security(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let becomes = |role: &str, owner: &str| effective.can_become(role).any(|(known, _)| known.name == owner);
        let acts_as = |role: &str, owner: &str| effective.inherits(role, owner).is_some() || becomes(role, owner);
        let reached = |r: &&Relation| {
            let mut roles = self.setting.guests.iter().map(|guest| guest.persona.role.as_str());
            r.row_security
                && self.is_own(r)
                && r.owner != self.role
                && roles.any(|role| role != r.owner && acts_as(role, &r.owner))
        };
        for relation in effective.schema().relations.iter().filter(reached).take(MOST) {
            let (name, owner) = (&relation.name, &relation.owner);
            let is_detour = effective.inherits(self.role, owner).is_none() && becomes(self.role, owner);
            let first = if is_detour { format!("set role {}; ", quote_ident(owner)) } else { String::new() };
            let act = format!("{first}alter table {name} disable row level security");
            let own = quote_ident(self.role);
            let answer = self.session.send(&format!("set local session authorization {own}; {act}")).await?;
            let mut trial = self.trial(DoorKind::RowSecurity, &name.to_string(), &act, &answer);
            if answer.is_ok() {
                trial.reached.push(format!("{} took row-level security off {name}", self.role));
                self.deny(&mut trial, acts_as(self.role, owner));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// A table of the role's own in each schema of the application.
    pub(super) async fn creations(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        for namespace in self.namespaces().take(MOST) {
            let name = quote_ident(&namespace.name);
            let act = format!("create table {name}.pgwitness_made (id int)");
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::Create, &namespace.name, &act, &answer);
            if answer.is_ok() {
                trial.reached.push(format!("{} made a table in schema {name}", self.role));
                self.deny(&mut trial, self.creates_in(namespace));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// Foreign keys of a table of the role's own, in a schema where it may make one. Through the Data API nobody makes tables.
    pub(super) async fn references(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let Some(place) = self.namespaces().find(|n| self.creates_in(n)).filter(|_| !self.guest.persona.is_api) else {
            return Ok(());
        };
        let held = |r: &&Relation| {
            self.is_own(r)
                && r.kind.carries_row_security()
                && effective.inherits(self.role, &r.owner).is_none()
                && effective.holds_on_relation(self.role, r, Privilege::References).is_some()
                && !primary_key(r).is_empty()
        };
        for relation in effective.schema().relations.iter().filter(held).take(MOST) {
            let (name, keys) = (&relation.name, primary_key(relation));
            let typed = |key: &String| Some(format!("{} {}", quote_ident(key), relation.column(key)?.data_type));
            let columns: Vec<_> = keys.iter().filter_map(typed).collect();
            let list = keys.iter().map(|key| quote_ident(key)).collect::<Vec<_>>().join(", ");
            let made = format!("{}.pgwitness_made", quote_ident(&place.name));
            let act = format!(
                "create table {made} ({}, foreign key ({list}) references {name} ({list}))",
                columns.join(", ")
            );
            let answer = self.session.send(&self.acting(&act)).await?;
            let mut trial = self.trial(DoorKind::Reference, &name.to_string(), &act, &answer);
            if answer.is_ok() {
                let told = if self.tells(relation, &act, &made).await? {
                    ": inserts into it tell which keys are there, whatever policies hide"
                } else {
                    ""
                };
                trial.reached.push(format!("{} made a table whose foreign key refers to {name}{told}", self.role));
            }
            out.push(trial);
        }
        Ok(())
    }

    /// Whether a row of the role's own table is taken while the row that it refers to is there, and refused when it is gone.
    async fn tells(&self, relation: &Relation, act: &str, made: &str) -> Result<bool, ConnectError> {
        let Some(rows) = self.setting.seeded.rows.get(&relation.name) else { return Ok(false) };
        let key = |cells: &Cells| {
            let values = primary_key(relation).iter().map(|key| cells.get(key).cloned().flatten());
            let literals: Option<Vec<_>> = values.map(|value| value.map(|v| quote_literal(&v))).collect();
            literals.map(|all| all.join(", "))
        };
        let Some(there) = rows.iter().find_map(|row| key(&row.cells)) else { return Ok(false) };
        let insert = self.acting(&format!("{act}; insert into {made} values ({there})"));
        let taken = self.session.send(&insert).await?.is_ok();
        // Without triggers, so that nothing stands in the way.
        let gone = format!(
            "{}; set local role none; set local session_replication_role = replica; delete from {}; \
             set local session_replication_role = origin; {}",
            self.acting(act),
            relation.name,
            self.acting(&format!("insert into {made} values ({there})"))
        );
        let refused = self.session.send(&gone).await?.err().is_some_and(|error| error.code().code() == "23503");
        Ok(taken && refused)
    }

    /// Whether a relation is the application's.
    pub(super) fn is_own(&self, relation: &Relation) -> bool {
        !self.setting.effective.is_platform_object(&relation.name.schema, &relation.owner)
    }

    /// The schemas of the application.
    fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        let effective = self.setting.effective;
        let is_system = |name: &str| name.starts_with("pg_") || name == "information_schema";
        effective
            .schema()
            .namespaces
            .iter()
            .filter(move |n| !effective.is_platform_namespace(&n.name) && !is_system(&n.name))
    }

    fn creates_in(&self, namespace: &Namespace) -> bool {
        self.setting.effective.holds_on_namespace(self.role, namespace, Privilege::Create).is_some()
    }
}

/// The privileges on a relation that others than its owner may hand on.
fn grantable(relation: &Relation) -> PrivilegeSet {
    let others = relation.acl.0.iter().filter(|grant| !grant.grantee.is_role(&relation.owner));
    others.fold(PrivilegeSet::default(), |all, grant| all.union(grant.grantable))
}
