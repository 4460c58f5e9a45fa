//! Foreign-data wrappers, foreign servers and user mappings.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use crate::connector::ConnectError;
use crate::model::{ForeignDataWrapper, ForeignServer, Grantee, Origin, UserMapping};

pub(super) const WRAPPERS: Query = Query::new("foreign-data wrappers", include_str!("foreign_data_wrappers.sql"));
pub(super) const SERVERS: Query = Query::new("foreign servers", include_str!("foreign_servers.sql"));
pub(super) const USER_MAPPINGS: Query = Query::new("user mappings", include_str!("user_mappings.sql"));

pub(super) fn wrappers(batch: &Batch, context: &Context) -> Result<Vec<ForeignDataWrapper>, ConnectError> {
    batch.read(&WRAPPERS, context, |record| {
        Ok(ForeignDataWrapper {
            name: record.text("name")?,
            owner: record.role("owner")?,
            acl: record.acl()?,
            origin: Origin::Catalog,
        })
    })
}

pub(super) fn servers(batch: &Batch, context: &Context) -> Result<Vec<ForeignServer>, ConnectError> {
    batch.read(&SERVERS, context, |record| {
        let mut options = record.texts("options")?;
        options.sort();
        Ok(ForeignServer {
            name: record.text("name")?,
            wrapper: record.text("wrapper")?,
            owner: record.role("owner")?,
            acl: record.acl()?,
            options,
            origin: Origin::Catalog,
        })
    })
}

pub(super) fn user_mappings(batch: &Batch, context: &Context) -> Result<Vec<UserMapping>, ConnectError> {
    batch.read(&USER_MAPPINGS, context, |record| {
        let user = match record.oid("user")? {
            0 => Grantee::Public,
            oid => Grantee::Role(context.role(oid)),
        };
        Ok(UserMapping { server: record.text("server")?, user, origin: Origin::Catalog })
    })
}
