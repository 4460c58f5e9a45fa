//! Statements about the whole server: roles, databases and settings that are kept.

use super::cursor::{Cursor, Result, refuse};
use super::object::{ObjectKind, ObjectRef};
use super::role::{self, RoleDefinition, RoleOption, RoleSpec, SettingFor};
use super::setting::{self, Set, Setting};
use super::statement::{Statement, changed};
use crate::migrations::names::Name;

pub(super) fn create_role(c: &mut Cursor<'_>) -> Result<Statement> {
    let is_user = c.is("user");
    c.bump();
    let role = c.role()?;
    let mut options = role::options(c)?;
    if is_user {
        // First, so that a NOLOGIN that is written wins.
        options.insert(0, RoleOption::Flag("login", true));
    }
    Ok(Statement::Role(RoleDefinition { role, create: true, options }))
}

fn set_or_reset(c: &mut Cursor<'_>) -> Result<Option<Setting>> {
    let set = match () {
        () if c.accept("set") => match setting::set(c)? {
            Set::Setting(_, setting) => setting,
            Set::Role(_, role) => Setting {
                name: Some("role".into()),
                value: setting::SettingValue::To(match role {
                    Some(RoleSpec::Name(name)) => vec![name],
                    _ => vec!["none".into()],
                }),
            },
            _ => return refuse("a setting that cannot be kept"),
        },
        () if c.accept("reset") => match setting::reset(c)? {
            Set::Setting(_, setting) => setting,
            Set::Role(..) => Setting { name: Some("role".into()), value: setting::SettingValue::Default },
            _ => return refuse("a setting that cannot be kept"),
        },
        () => return Ok(None),
    };
    Ok(Some(set))
}

pub(super) fn alter_role(c: &mut Cursor<'_>) -> Result<Statement> {
    let role = if c.accept("all") { None } else { Some(c.role()?) };
    let database = if c.accept("in database") { Some(c.ident()?) } else { None };
    if let Some(setting) = set_or_reset(c)? {
        return Ok(Statement::RoleSetting(SettingFor { role, database, setting }));
    }
    let Some(role) = role else { return c.wanted("`SET` or `RESET`") };
    if let (RoleSpec::Name(name), true) = (&role, c.is("rename")) {
        let object = ObjectRef::Named(ObjectKind::Role, Name::plain(name.clone()));
        return changed(c, object);
    }
    if let Some(membership) = role::alter_group(c, &role)? {
        return Ok(Statement::Membership(membership));
    }
    let options = role::options(c)?;
    Ok(Statement::Role(RoleDefinition { role, create: false, options }))
}

pub(super) fn alter_database(c: &mut Cursor<'_>) -> Result<Statement> {
    let name = c.ident()?;
    let sets = c.is("set") && !c.is_ahead(1, "tablespace") || c.is("reset");
    if let Some(setting) = if sets { set_or_reset(c)? } else { None } {
        return Ok(Statement::RoleSetting(SettingFor { role: None, database: Some(name), setting }));
    }
    if c.is("rename") || c.is("owner") {
        return changed(c, ObjectRef::Named(ObjectKind::Database, Name::plain(name)));
    }
    c.skip_rest();
    Ok(Statement::Other("alter database".to_owned()))
}

pub(super) fn alter_system(c: &mut Cursor<'_>) -> Result<Statement> {
    match set_or_reset(c)? {
        Some(setting) => Ok(Statement::AlterSystem(setting)),
        None => c.wanted("`SET` or `RESET`"),
    }
}
