//! Views and materialized views: their queries, options, and what they read and call.

use std::collections::HashMap;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{CheckOption, FunctionId, QualifiedName, View, printable};

pub(super) const QUERY: Query = Query::new("views", include_str!("views.sql"));
pub(super) const READS: Query = Query::new("relations that views read", include_str!("view_reads.sql"));
pub(super) const CALLS: Query = Query::new("functions that views call", include_str!("view_calls.sql"));

/// Bits of `pg_relation_is_updatable`: one shifted by the server's number of the command.
const UPDATE: i32 = 1 << 2;
const INSERT: i32 = 1 << 3;
const DELETE: i32 = 1 << 4;

/// Adds their queries to views.
pub(super) fn add(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let mut reads: HashMap<u32, Vec<QualifiedName>> = HashMap::new();
    for (view, relation) in batch.read(&READS, context, |r| Ok((r.oid("relation")?, r.name()?)))? {
        reads.entry(view).or_default().push(relation);
    }
    let mut calls: HashMap<u32, Vec<FunctionId>> = HashMap::new();
    for (view, function) in batch.read(&CALLS, context, call)? {
        calls.entry(view).or_default().push(function);
    }
    let views = batch.read(&QUERY, context, |record| {
        let oid = record.oid("relation")?;
        let name = relations.get(&oid).map(|r| r.name.to_string()).unwrap_or_default();
        Ok((oid, view(record, &name)?))
    })?;
    for (oid, mut view) in views {
        view.reads = sorted(reads.remove(&oid));
        view.calls = sorted(calls.remove(&oid));
        attach(relations, vec![(oid, view)], |relation, view| relation.view = Some(view));
    }
    Ok(())
}

fn sorted<T: Ord>(list: Option<Vec<T>>) -> Vec<T> {
    let mut list = list.unwrap_or_default();
    list.sort();
    list
}

fn call(record: &Record<'_>) -> Result<(u32, FunctionId), ConnectError> {
    let arguments = record.texts("input_types")?.join(", ");
    Ok((record.oid("relation")?, FunctionId { schema: record.text("schema")?, name: record.text("name")?, arguments }))
}

fn view(record: &Record<'_>, name: &str) -> Result<View, ConnectError> {
    let commands: i32 = record.get("commands")?;
    let mut view = View {
        definition: record.printed("definition", name)?,
        security_invoker: false,
        security_barrier: false,
        check_option: None,
        insertable: commands & INSERT != 0,
        updatable: commands & UPDATE != 0,
        deletable: commands & DELETE != 0,
        reads: Vec::new(),
        calls: Vec::new(),
    };
    for option in record.texts("options")? {
        let Some((option, value)) = option.split_once('=') else { continue };
        match option {
            "security_invoker" => view.security_invoker = truth(record, name, value),
            "security_barrier" => view.security_barrier = truth(record, name, value),
            "check_option" if value.eq_ignore_ascii_case("local") => view.check_option = Some(CheckOption::Local),
            "check_option" => view.check_option = Some(CheckOption::Cascaded),
            _ => {}
        }
    }
    Ok(view)
}

/// An option as the server reads it: stored as it was written, in any case, cut short if need be.
fn truth(record: &Record<'_>, name: &str, value: &str) -> bool {
    is_true(value).unwrap_or_else(|| {
        record
            .context()
            .gap(format!("view `{}` has an option that is no boolean: `{}`", printable(name), printable(value)), true);
        false
    })
}

fn is_true(value: &str) -> Option<bool> {
    let value = value.to_ascii_lowercase();
    let short_for = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if short_for("true", 1) || short_for("yes", 1) || short_for("on", 2) || value == "1" {
        Some(true)
    } else if short_for("false", 1) || short_for("no", 1) || short_for("off", 2) || value == "0" {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_as_the_server_reads_them() {
        for yes in ["true", "TRUE", "t", "tr", "on", "ON", "yes", "y", "1"] {
            assert_eq!(is_true(yes), Some(true), "{yes}");
        }
        for no in ["false", "f", "off", "of", "no", "n", "0"] {
            assert_eq!(is_true(no), Some(false), "{no}");
        }
        for neither in ["", "o", "2", "truely"] {
            assert_eq!(is_true(neither), None, "{neither}");
        }
    }
}
