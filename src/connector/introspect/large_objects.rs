//! Large objects, counted by owner and grants.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use crate::connector::ConnectError;
use crate::model::LargeObjects;

pub(super) const QUERY: Query = Query::new("large objects", include_str!("large_objects.sql"));

/// Groups; a group whose grants were never changed joins the one whose grants were changed to the same.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<LargeObjects>, ConnectError> {
    let mut groups = batch.read(&QUERY, context, |record| {
        let count: i64 = record.get("count")?;
        Ok(LargeObjects {
            owner: record.role("owner")?,
            acl: record.acl()?,
            count: u64::try_from(count).unwrap_or_default(),
        })
    })?;
    groups.sort_by(|a, b| (&a.owner, &a.acl.0).cmp(&(&b.owner, &b.acl.0)));
    groups.dedup_by(|next, kept| {
        let same = next.owner == kept.owner && next.acl == kept.acl;
        if same {
            kept.count += next.count;
        }
        same
    });
    Ok(groups)
}
