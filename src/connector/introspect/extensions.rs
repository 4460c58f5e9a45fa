//! Extensions.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use crate::connector::ConnectError;
use crate::model::{Extension, Origin};

pub(super) const QUERY: Query = Query::new("extensions", include_str!("extensions.sql"));

pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Extension>, ConnectError> {
    batch.read(&QUERY, context, |record| {
        Ok(Extension {
            name: record.text("name")?,
            schema: record.maybe_text("schema")?.unwrap_or_default(),
            owner: record.role("owner")?,
            version: record.text("version")?,
            available: record.maybe_text("available")?,
            origin: Origin::Catalog,
        })
    })
}
