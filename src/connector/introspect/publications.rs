//! Publications and subscriptions.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use crate::connector::ConnectError;
use crate::model::{Origin, Publication, PublishedRelation, Subscription};

pub(super) const QUERY: Query = Query::new("publications", include_str!("publications.sql"));
pub(super) const RELATIONS: Query = Query::new("published relations", include_str!("published_relations.sql"));
pub(super) const SUBSCRIPTIONS: Query = Query::new("subscriptions", include_str!("subscriptions.sql"));

pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Publication>, ConnectError> {
    let mut publications = batch.read(&QUERY, context, |record| {
        let mut schemas = record.texts("schemas")?;
        schemas.sort();
        let publication = Publication {
            name: record.text("name")?,
            owner: record.role("owner")?,
            all_tables: record.flag("all_tables")?,
            relations: Vec::new(),
            schemas,
            origin: Origin::Catalog,
        };
        Ok((record.oid("oid")?, publication))
    })?;
    let mut relations = batch.read(&RELATIONS, context, relation)?;
    relations.sort();
    for (oid, relation) in relations {
        if let Some((_, publication)) = publications.iter_mut().find(|(p, _)| *p == oid) {
            publication.relations.push(relation);
        }
    }
    Ok(publications.into_iter().map(|(_, publication)| publication).collect())
}

fn relation(record: &Record<'_>) -> Result<(u32, PublishedRelation), ConnectError> {
    let relation = record.name()?;
    let published = PublishedRelation {
        columns: record.columns(record.oid("relation")?, "columns")?,
        filter: record.printed_if("has_filter", "filter", &relation.to_string())?,
        relation,
    };
    Ok((record.oid("publication")?, published))
}

pub(super) fn subscriptions(batch: &Batch, context: &Context) -> Result<Vec<Subscription>, ConnectError> {
    batch.read(&SUBSCRIPTIONS, context, |record| {
        let mut publications = record.texts("publications")?;
        publications.sort();
        Ok(Subscription {
            name: record.text("name")?,
            owner: record.role("owner")?,
            enabled: record.flag("enabled")?,
            publications,
            run_as_owner: record.flag("run_as_owner")?,
            password_required: record.flag("password_required")?,
            origin: Origin::Catalog,
        })
    })
}
