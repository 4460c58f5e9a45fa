//! Namespaces and default privileges.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use crate::connector::ConnectError;
use crate::model::{DefaultPrivileges, GrantObject, Namespace, Origin};

pub(super) const QUERY: Query = Query::new("namespaces", include_str!("namespaces.sql"));
pub(super) const DEFAULT_PRIVILEGES: Query = Query::new("default privileges", include_str!("default_privileges.sql"));

pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Namespace>, ConnectError> {
    batch.read(&QUERY, context, |record| {
        Ok(Namespace {
            name: record.text("name")?,
            owner: record.role("owner")?,
            acl: record.acl()?,
            origin: Origin::Catalog,
        })
    })
}

pub(super) fn default_privileges(batch: &Batch, context: &Context) -> Result<Vec<DefaultPrivileges>, ConnectError> {
    let found = batch.read(&DEFAULT_PRIVILEGES, context, |record| {
        let object = match record.letter("object")? {
            'r' => GrantObject::Tables,
            'S' => GrantObject::Sequences,
            'f' => GrantObject::Functions,
            'T' => GrantObject::Types,
            'n' => GrantObject::Schemas,
            'L' => GrantObject::LargeObjects,
            other => {
                let what = format!("default privileges for objects of kind `{other}` are not known to this version");
                context.gap(what, true);
                return Ok(None);
            }
        };
        Ok(Some(DefaultPrivileges {
            role: record.role("role")?,
            schema: record.maybe_text("schema")?,
            object,
            acl: record.acl()?,
            origin: Origin::Catalog,
        }))
    })?;
    Ok(found.into_iter().flatten().collect())
}
