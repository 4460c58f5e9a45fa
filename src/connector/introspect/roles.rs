//! Roles, memberships, the parameters that they were granted, and the settings that sessions of roles start with.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::secret::masked;
use crate::connector::ConnectError;
use crate::model::{Membership, Origin, Parameter, Role, Setting};

pub(super) const QUERY: Query = Query::new("roles", include_str!("roles.sql"));
pub(super) const MEMBERSHIPS: Query = Query::new("role memberships", include_str!("memberships.sql"));
pub(super) const PARAMETERS: Query = Query::new("grants on parameters", include_str!("parameters.sql"));
pub(super) const SETTINGS: Query = Query::new("settings of roles", include_str!("settings.sql"));

/// Roles with their oids.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<(u32, Role)>, ConnectError> {
    batch.read(&QUERY, context, |record| {
        let role = Role {
            name: record.text("name")?,
            superuser: record.flag("superuser")?,
            bypass_rls: record.flag("bypass_rls")?,
            login: record.flag("login")?,
            inherit: record.flag("inherit")?,
            create_role: record.flag("create_role")?,
            create_db: record.flag("create_db")?,
            replication: record.flag("replication")?,
            // -1: no limit.
            connection_limit: u32::try_from(record.get::<i32>("connection_limit")?).ok(),
            valid_until: record.maybe_text("valid_until")?,
            origin: Origin::Catalog,
        };
        Ok((record.oid("oid")?, role))
    })
}

pub(super) fn memberships(batch: &Batch, context: &Context) -> Result<Vec<Membership>, ConnectError> {
    batch.read(&MEMBERSHIPS, context, |record| {
        Ok(Membership {
            member: record.role("member")?,
            role: record.role("role")?,
            grantor: record.role("grantor")?,
            admin: record.flag("admin")?,
            inherit: record.flag("inherit")?,
            set: record.flag("set")?,
            origin: Origin::Catalog,
        })
    })
}

pub(super) fn settings(batch: &Batch, context: &Context) -> Result<Vec<Setting>, ConnectError> {
    let of_roles = batch.read(&SETTINGS, context, |record| {
        let role = match record.oid("role")? {
            0 => None,
            oid => Some(context.role(oid)),
        };
        let this_database = record.flag("this_database")?;
        let setting = |config: String| {
            let (name, value) = config.split_once('=')?;
            let (role, name, value) = (role.clone(), name.to_owned(), masked(name, value));
            Some(Setting { role, this_database, name, value, origin: Origin::Catalog })
        };
        Ok(record.texts("config")?.into_iter().filter_map(setting).collect::<Vec<_>>())
    })?;
    Ok(of_roles.into_iter().flatten().collect())
}

pub(super) fn parameters(batch: &Batch, context: &Context) -> Result<Vec<Parameter>, ConnectError> {
    batch.read(&PARAMETERS, context, |record| {
        Ok(Parameter { name: record.text("name")?, acl: record.acl()?, origin: Origin::Catalog })
    })
}
