//! Relations, without what hangs on them: parents, and the columns that sequences serve.

use std::collections::HashMap;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use crate::connector::ConnectError;
use crate::model::{
    Origin, PartitionStrategy, Partitioning, QualifiedName, Relation, RelationKind, ReplicaIdentity, Sequence,
};

pub(super) const QUERY: Query = Query::new("relations", include_str!("relations.sql"));
pub(super) const PARENTS: Query = Query::new("parents of relations", include_str!("parents.sql"));
pub(super) const SEQUENCES: Query = Query::new("owners of sequences", include_str!("sequences.sql"));
pub(super) const FOREIGN_TABLES: Query = Query::new("foreign tables", include_str!("foreign_tables.sql"));
pub(super) const MEMBERS: Query = Query::new("members of extensions", include_str!("extension_members.sql"));

/// Oids of the catalogs that list objects of extensions; the same on every server.
pub(super) const PG_CLASS: u32 = 1259;
/// See [`PG_CLASS`].
pub(super) const PG_PROC: u32 = 1255;
/// See [`PG_CLASS`].
pub(super) const PG_TYPE: u32 = 1247;

/// Relations by oid, while they are put together.
pub(super) type Relations = HashMap<u32, Relation>;

/// The extensions that objects belong to, by catalog and oid.
pub(super) fn members(batch: &Batch, context: &Context) -> Result<HashMap<(u32, u32), String>, ConnectError> {
    let members = batch.read(&MEMBERS, context, |record| {
        Ok(((record.oid("catalog")?, record.oid("object")?), record.text("extension")?))
    })?;
    Ok(members.into_iter().collect())
}

/// All relations, without their parts.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<Relations, ConnectError> {
    Ok(batch.read(&QUERY, context, relation)?.into_iter().collect())
}

fn relation(record: &Record<'_>) -> Result<(u32, Relation), ConnectError> {
    let oid = record.oid("oid")?;
    let kind = match record.letter("kind")? {
        'p' => RelationKind::PartitionedTable,
        'v' => RelationKind::View,
        'm' => RelationKind::MaterializedView,
        'f' => RelationKind::ForeignTable,
        'S' => RelationKind::Sequence,
        _ => RelationKind::Table,
    };
    let relation = Relation {
        name: record.name()?,
        kind,
        owner: record.role("owner")?,
        acl: record.acl()?,
        row_security: record.flag("row_security")?,
        force_row_security: record.flag("force_row_security")?,
        is_partition: record.flag("is_partition")?,
        partitioning: partitioning(record)?,
        bound: record.get("bound")?,
        parents: Vec::new(),
        unlogged: record.flag("unlogged")?,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        policies: Vec::new(),
        triggers: Vec::new(),
        rules: Vec::new(),
        view: None,
        foreign_server: None,
        sequence: (kind == RelationKind::Sequence).then_some(Sequence { owned_by: None }),
        replica_identity: match record.letter("replica_identity")? {
            'n' => ReplicaIdentity::Nothing,
            'f' => ReplicaIdentity::Full,
            'i' => ReplicaIdentity::Index,
            _ => ReplicaIdentity::Default,
        },
        extension: record.context().extensions.get(&(PG_CLASS, oid)).cloned(),
        origin: Origin::Catalog,
    };
    Ok((oid, relation))
}

fn partitioning(record: &Record<'_>) -> Result<Option<Partitioning>, ConnectError> {
    let Some(strategy) = record.get::<Option<String>>("strategy")? else { return Ok(None) };
    let strategy = match strategy.as_str() {
        "l" => PartitionStrategy::List,
        "r" => PartitionStrategy::Range,
        _ => PartitionStrategy::Hash,
    };
    Ok(Some(Partitioning { strategy, columns: record.get("key_columns")? }))
}

/// Reads parts with [`Batch::read`] and gives each to its relation; parts of other relations are system objects'.
pub(super) fn attach<T>(relations: &mut Relations, parts: Vec<(u32, T)>, mut add: impl FnMut(&mut Relation, T)) {
    for (oid, part) in parts {
        if let Some(relation) = relations.get_mut(&oid) {
            add(relation, part);
        }
    }
}

/// Adds parents, foreign servers and the columns that sequences serve.
pub(super) fn links(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let parents = batch.read(&PARENTS, context, |record| Ok((record.oid("relation")?, record.name()?)))?;
    attach(relations, parents, |relation, parent| relation.parents.push(parent));

    let servers = batch.read(&FOREIGN_TABLES, context, |r| Ok((r.oid("relation")?, r.text("server")?)))?;
    attach(relations, servers, |relation, server| relation.foreign_server = Some(server));

    let owners = batch.read(&SEQUENCES, context, |record| {
        Ok((record.oid("sequence")?, (record.oid("relation")?, record.get("number")?)))
    })?;
    let owners: Vec<(u32, (QualifiedName, String))> = owners
        .into_iter()
        .filter_map(|(sequence, column)| {
            let name = relations.get(&column.0)?.name.clone();
            Some((sequence, (name, context.columns.get(&column)?.clone())))
        })
        .collect();
    attach(relations, owners, |relation, owner| relation.sequence = Some(Sequence { owned_by: Some(owner) }));
    Ok(())
}
