//! Types and languages.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::PG_TYPE;
use crate::connector::ConnectError;
use crate::model::{Language, Origin, Type, TypeKind};

pub(super) const QUERY: Query = Query::new("types", include_str!("types.sql"));
pub(super) const LANGUAGES: Query = Query::new("languages", include_str!("languages.sql"));

pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Type>, ConnectError> {
    batch.read(&QUERY, context, |record| {
        Ok(Type {
            name: record.name()?,
            owner: record.role("owner")?,
            kind: kind(record)?,
            acl: record.acl()?,
            extension: context.extensions.get(&(PG_TYPE, record.oid("oid")?)).cloned(),
            origin: Origin::Catalog,
        })
    })
}

fn kind(record: &Record<'_>) -> Result<TypeKind, ConnectError> {
    Ok(match record.letter("kind")? {
        'e' => TypeKind::Enum(record.texts("labels")?),
        'd' => domain(record)?,
        'c' => TypeKind::Composite,
        'r' | 'm' => TypeKind::Range,
        _ => TypeKind::Base,
    })
}

fn domain(record: &Record<'_>) -> Result<TypeKind, ConnectError> {
    let checks = record.maybe_texts("checks")?;
    if checks.iter().any(Option::is_none) {
        record.vanished(&record.text("name")?);
    }
    Ok(TypeKind::Domain {
        base: record.maybe_text("base")?.unwrap_or_default(),
        not_null: record.flag("not_null")?,
        checks: checks.into_iter().map(Option::unwrap_or_default).collect(),
    })
}

pub(super) fn languages(batch: &Batch, context: &Context) -> Result<Vec<Language>, ConnectError> {
    batch.read(&LANGUAGES, context, |record| {
        Ok(Language {
            name: record.text("name")?,
            owner: record.role("owner")?,
            trusted: record.flag("trusted")?,
            acl: record.acl()?,
            origin: Origin::Catalog,
        })
    })
}
