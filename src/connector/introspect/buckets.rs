//! Supabase storage buckets: the only rows of an application that are read.

use tokio_postgres::Row;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use crate::connector::ConnectError;
use crate::model::Bucket;

pub(super) const ACCESS: Query = Query::new("columns of storage.buckets", include_str!("bucket_access.sql"));
pub(super) const QUERY: Query = Query::new("storage buckets", include_str!("buckets.sql"));

/// The columns to ask for; `None` when the table cannot be read, or not all of it.
pub(super) fn readable_columns(row: &Row) -> Option<Vec<String>> {
    let context = Context::default();
    let record = Record::new(row, ACCESS.what, &context);
    match obstacle(&record) {
        Ok(None) => record.texts("columns").ok(),
        _ => None,
    }
}

/// Why the table cannot be read, and what would help.
fn obstacle(record: &Record<'_>) -> Result<Option<&'static str>, ConnectError> {
    Ok(if !record.flag("is_table")? || !record.texts("columns")?.iter().any(|c| c == "id") {
        Some("it is not the table that Supabase makes")
    } else if !record.flag("may_enter")? {
        Some("this role lacks USAGE on schema storage; grant it, or connect as the owner")
    } else if !record.texts("refused")?.is_empty() {
        Some("this role lacks SELECT on it; grant it, or connect as the owner")
    } else if record.flag("row_security_active")? {
        Some("row security hides rows of it from this role; connect as its owner or a role with BYPASSRLS")
    } else {
        None
    })
}

/// Buckets, none with a gap when they cannot be seen.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Bucket>, ConnectError> {
    for obstacle in batch.read(&ACCESS, context, obstacle)?.into_iter().flatten() {
        context.gap(format!("storage.buckets was not read, so public buckets are not known: {obstacle}"), true);
    }
    batch.read(&QUERY, context, |record| {
        let public: Option<bool> = record.get("public")?;
        Ok(Bucket {
            id: record.text("id")?,
            public: public.unwrap_or(false),
            file_size_limit: record.get("file_size_limit")?,
            allowed_mime_types: record.texts("allowed_mime_types")?,
        })
    })
}
