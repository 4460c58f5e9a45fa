//! Roles, memberships, and the settings that sessions of roles start with.

use super::catalog::names::Space;
use super::catalog::object::{Membership, Setting};
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, reject, state};
use super::settings::text_of;
use crate::connector::introspect::masked;
use crate::migrations::parse::role::{MembershipGrant, RoleDefinition, RoleOption, RoleSpec, SettingFor};
use crate::migrations::parse::setting::SettingValue;
use crate::model::Role;

impl Run {
    pub(super) fn insert_role(&mut self, name: &str) -> Id {
        let id = self.catalog.fresh();
        let role = Role {
            name: name.to_owned(),
            superuser: false,
            bypass_rls: false,
            login: false,
            inherit: true,
            create_role: false,
            create_db: false,
            replication: false,
            connection_limit: None,
            valid_until: None,
            origin: self.origin,
        };
        self.catalog.roles.insert(id, role);
        self.catalog.names.add(Space::Role, ROOT, name, id);
        id
    }

    pub(super) fn define_role(&mut self, definition: &RoleDefinition) -> Result {
        let id = if definition.create {
            self.may_manage_roles(None)?;
            let RoleSpec::Name(name) = &definition.role else {
                return reject(state::RESERVED_NAME, "the name of this role is reserved");
            };
            if self.catalog.role(name).is_some() {
                return reject(state::DUPLICATE_OBJECT, format!("role `{name}` already exists"));
            }
            if name.starts_with("pg_") || name == "none" {
                return reject(state::RESERVED_NAME, format!("role name `{name}` is reserved"));
            }
            self.insert_role(name)
        } else {
            let id = self.role(&definition.role)?;
            self.may_alter_role(id, &definition.options)?;
            id
        };
        self.may_give_attributes(&definition.options)?;
        let origin = self.origin;
        if let Some(role) = self.catalog.roles.edit(id) {
            for option in &definition.options {
                set_option(role, option);
            }
            role.origin = origin;
        }
        self.touch(id);
        self.creator_membership(id, definition.create);
        for option in &definition.options {
            self.members_of_option(id, option)?;
        }
        Ok(())
    }

    /// Anybody may change the own password.
    fn may_alter_role(&self, id: Id, options: &[RoleOption]) -> Result {
        match id == self.user() && options.iter().all(|o| matches!(o, RoleOption::Password(_))) {
            true => Ok(()),
            false => self.may_manage_roles(Some(id)),
        }
    }

    /// A role gives others no attribute that it lacks; before 16 it gives all but the strongest.
    fn may_give_attributes(&self, options: &[RoleOption]) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        let Some(own) = self.catalog.roles.get(self.user()) else { return Ok(()) };
        let since_16 = self.catalog.major >= 16;
        let lacks = |option: &RoleOption| match option {
            RoleOption::Flag("superuser", on) => *on || !since_16,
            RoleOption::Flag("replication", on) => !since_16 || *on && !own.replication,
            RoleOption::Flag("bypassrls", on) => !since_16 || *on && !own.bypass_rls,
            RoleOption::Flag("createdb", true) => since_16 && !own.create_db,
            _ => false,
        };
        match options.iter().any(lacks) {
            true => reject(state::INSUFFICIENT_PRIVILEGE, "permission denied: the role lacks the attribute itself"),
            false => Ok(()),
        }
    }

    /// From 16 on a role that is no superuser becomes an administrator of the roles that it makes.
    fn creator_membership(&mut self, role: Id, create: bool) {
        let user = self.user();
        let superuser = self.catalog.roles.get(user).is_some_and(|r| r.superuser);
        if create && !superuser && self.catalog.major >= 16 {
            let grantor = self.catalog.superuser;
            let row = Membership {
                role,
                member: user,
                grantor,
                admin: true,
                inherit: false,
                set: false,
                origin: self.origin,
            };
            let id = self.catalog.fresh();
            self.catalog.memberships.insert(id, row);
        }
    }

    fn members_of_option(&mut self, id: Id, option: &RoleOption) -> Result {
        match option {
            RoleOption::InRole(roles) => {
                for role in self.roles(roles)? {
                    self.add_member(role, id, &Options::default(), None)?;
                }
            }
            RoleOption::Role(members) | RoleOption::Admin(members) => {
                let admin = matches!(option, RoleOption::Admin(_)).then_some(true);
                for member in self.roles(members)? {
                    self.add_member(id, member, &Options { admin, ..Options::default() }, None)?;
                }
            }
            _ => (),
        }
        Ok(())
    }

    pub(super) fn membership(&mut self, grant: &MembershipGrant) -> Result {
        let members = self.roles(&grant.members)?;
        let mut roles = Vec::new();
        for role in &grant.roles {
            roles.push(self.role_named(role)?);
        }
        let grantor = match &grant.granted_by {
            Some(role) => Some(self.role(role)?),
            None => None,
        };
        let options = Options { admin: grant.admin, inherit: grant.inherit, set: grant.set };
        for role in roles {
            self.may_pass_on(role)?;
            for member in &members {
                if grant.revoke {
                    self.remove_member(role, *member, &options, grantor);
                } else {
                    self.add_member(role, *member, &options, grantor)?;
                }
            }
        }
        Ok(())
    }

    /// Refuses to give or take a role that the current one does not administer; before 16 CREATEROLE is enough.
    fn may_pass_on(&self, role: Id) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        let user = self.user();
        let row = |id: Id| self.catalog.roles.get(id);
        let by_attribute = self.catalog.major < 16 && row(user).is_some_and(|r| r.create_role);
        let strong = row(role).is_some_and(|r| r.superuser);
        match !strong && (by_attribute || self.is_administrator(user, role)) {
            true => Ok(()),
            false => reject(
                state::INSUFFICIENT_PRIVILEGE,
                format!("permission denied to grant or revoke role `{}`", self.catalog.role_name(role)),
            ),
        }
    }

    /// Whether `member` is in `role` by any way.
    fn is_member(&self, member: Id, role: Id) -> bool {
        let (mut seen, mut open) = (vec![member], vec![member]);
        while let Some(one) = open.pop() {
            for (_, m) in self.catalog.memberships.users(one).filter(|(_, m)| m.member == one) {
                if m.role == role {
                    return true;
                }
                if !seen.contains(&m.role) {
                    seen.push(m.role);
                    open.push(m.role);
                }
            }
        }
        false
    }

    /// Before 16 there is one membership of a role in another; since then one by each grantor, and superusers grant as
    /// the bootstrap superuser.
    fn membership_grantor(&self, named: Option<Id>) -> Id {
        let user = self.user();
        let superuser = self.catalog.roles.get(user).is_some_and(|r| r.superuser);
        named.unwrap_or(if self.catalog.major >= 16 && superuser { self.catalog.superuser } else { user })
    }

    fn add_member(&mut self, role: Id, member: Id, options: &Options, grantor: Option<Id>) -> Result {
        if role == member || self.is_member(role, member) {
            return reject(state::INVALID_GRANT, "a role cannot be a member of itself");
        }
        let grantor = self.membership_grantor(grantor);
        let origin = self.origin;
        let several = self.catalog.major >= 16;
        let found = self
            .catalog
            .memberships
            .using(role, |m| m.role == role && m.member == member && (!several || m.grantor == grantor))
            .first()
            .copied();
        let inherits = self.catalog.roles.get(member).is_none_or(|r| r.inherit);
        if let Some(row) = found.and_then(|id| self.catalog.memberships.edit(id)) {
            if several || (options.admin == Some(true) && !row.admin) {
                row.admin = options.admin.unwrap_or(row.admin);
                row.inherit = options.inherit.unwrap_or(row.inherit);
                row.set = options.set.unwrap_or(row.set);
                row.grantor = grantor;
                row.origin = origin;
            }
        } else {
            let id = self.catalog.fresh();
            let row = Membership {
                role,
                member,
                grantor,
                admin: options.admin.unwrap_or(false),
                inherit: options.inherit.unwrap_or(inherits),
                set: options.set.unwrap_or(true),
                origin,
            };
            self.catalog.memberships.insert(id, row);
        }
        self.touch(member);
        self.touch(role);
        Ok(())
    }

    fn remove_member(&mut self, role: Id, member: Id, options: &Options, grantor: Option<Id>) {
        let grantor = self.membership_grantor(grantor);
        let several = self.catalog.major >= 16;
        let wanted = |m: &Membership| m.role == role && m.member == member && (!several || m.grantor == grantor);
        for id in self.catalog.memberships.using(role, wanted) {
            if options.any() {
                if let Some(row) = self.catalog.memberships.edit(id) {
                    row.admin &= options.admin.is_none();
                    row.inherit &= options.inherit.is_none();
                    row.set &= options.set.is_none();
                }
            } else {
                self.catalog.memberships.remove(id);
            }
        }
        self.touch(member);
        self.touch(role);
    }

    pub(super) fn set_for_role(&mut self, setting: &SettingFor) -> Result {
        let role = match &setting.role {
            Some(role) => Some(self.role(role)?),
            None => None,
        };
        if self.is_bound() && role != Some(self.user()) {
            match role {
                Some(role) => self.may_manage_roles(Some(role))?,
                None => self.must_be_superuser("alter settings of all roles")?,
            }
        }
        let ours = |name: &String| self.catalog.database.iter().any(|(_, d)| d.name == *name);
        if setting.database.as_ref().is_some_and(|name| !ours(name)) {
            return Ok(());
        }
        let this_database = setting.database.is_some();
        let same = |s: &Setting| s.role == role && s.this_database == this_database;
        let Some(name) = &setting.setting.name else {
            for id in self.catalog.settings.ids(same) {
                self.touch(id);
                self.catalog.settings.remove(id);
            }
            return Ok(());
        };
        let found = self.catalog.settings.ids(|s| same(s) && s.name.eq_ignore_ascii_case(name)).first().copied();
        let value = match &setting.setting.value {
            SettingValue::To(values) => text_of(name, values),
            SettingValue::FromCurrent => self.current_setting(name).unwrap_or_default(),
            SettingValue::Default => {
                if let Some(id) = found {
                    self.touch(id);
                    self.catalog.settings.remove(id);
                }
                return Ok(());
            }
        };
        let id = found.unwrap_or_else(|| self.catalog.fresh());
        let value = masked(name, &value);
        let row = Setting { role, this_database, name: canonical(name), value, origin: self.origin };
        self.catalog.settings.insert(id, row);
        self.touch(id);
        Ok(())
    }
}

/// The name as the server spells it; all others of its own are in lower case.
pub(super) fn canonical(name: &str) -> String {
    let known = ["TimeZone", "DateStyle", "IntervalStyle"].into_iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), str::to_owned)
}

/// What WITH says of a membership.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    admin: Option<bool>,
    inherit: Option<bool>,
    set: Option<bool>,
}

impl Options {
    fn any(self) -> bool {
        self.admin.is_some() || self.inherit.is_some() || self.set.is_some()
    }
}

fn set_option(role: &mut Role, option: &RoleOption) {
    if let RoleOption::ConnectionLimit(limit) = option {
        role.connection_limit = limit.trim().parse().ok();
    }
    if let RoleOption::ValidUntil(until) = option {
        role.valid_until = until.as_deref().map(super::moment::in_utc);
    }
    let RoleOption::Flag(flag, on) = option else { return };
    match *flag {
        "superuser" => role.superuser = *on,
        "bypassrls" => role.bypass_rls = *on,
        "login" => role.login = *on,
        "inherit" => role.inherit = *on,
        "createrole" => role.create_role = *on,
        "createdb" => role.create_db = *on,
        "replication" => role.replication = *on,
        _ => (),
    }
}
