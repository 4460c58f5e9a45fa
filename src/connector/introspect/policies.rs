//! Policies, and which of several functions of one name they call.

use std::collections::HashMap;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{FunctionId, Grantee, Origin, Policy, PolicyCommand};

pub(super) const QUERY: Query = Query::new("policies", include_str!("policies.sql"));
pub(super) const CALLS: Query = Query::new("functions that policies call", include_str!("policy_calls.sql"));

/// Adds policies to their relations.
pub(super) fn add(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let mut calls: HashMap<u32, Vec<FunctionId>> = HashMap::new();
    for (policy, function) in batch.read(&CALLS, context, call)? {
        calls.entry(policy).or_default().push(function);
    }
    let policies = batch.read(&QUERY, context, |record| {
        let (relation, mut policy) = policy(record)?;
        policy.calls = calls.get(&record.oid("oid")?).cloned().unwrap_or_default();
        policy.calls.sort();
        Ok((relation, policy))
    })?;
    attach(relations, policies, |relation, policy| relation.policies.push(policy));
    Ok(())
}

fn call(record: &Record<'_>) -> Result<(u32, FunctionId), ConnectError> {
    let arguments = record.texts("input_types")?.join(", ");
    Ok((record.oid("policy")?, FunctionId { schema: record.text("schema")?, name: record.text("name")?, arguments }))
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
        calls: Vec::new(),
        origin: Origin::Catalog,
    };
    Ok((record.oid("relation")?, policy))
}
