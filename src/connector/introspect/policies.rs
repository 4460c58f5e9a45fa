//! Policies.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{Grantee, Origin, Policy, PolicyCommand};

pub(super) const QUERY: Query = Query::new("policies", include_str!("policies.sql"));

/// Adds policies to their relations.
pub(super) fn add(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let policies = batch.read(&QUERY, context, policy)?;
    attach(relations, policies, |relation, policy| relation.policies.push(policy));
    Ok(())
}

fn policy(record: &Record<'_>) -> Result<(u32, Policy), ConnectError> {
    let name = record.text("name")?;
    let roles: Vec<u32> = record.get("roles")?;
    let grantee = |oid| if oid == 0 { Grantee::Public } else { Grantee::Role(record.context().role(oid)) };
    let mut roles: Vec<Grantee> = roles.into_iter().map(grantee).collect();
    roles.sort();
    let policy = Policy {
        permissive: record.flag("permissive")?,
        command: match record.letter("command")? {
            'r' => PolicyCommand::Select,
            'a' => PolicyCommand::Insert,
            'w' => PolicyCommand::Update,
            'd' => PolicyCommand::Delete,
            _ => PolicyCommand::All,
        },
        roles,
        using: record.printed_if("has_using", "using", &name)?,
        check: record.printed_if("has_check", "check", &name)?,
        name,
        origin: Origin::Catalog,
    };
    Ok((record.oid("relation")?, policy))
}
