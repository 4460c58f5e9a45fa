//! Functions and procedures.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::PG_PROC;
use super::secret::masked;
use crate::connector::ConnectError;
use crate::model::{Argument, ArgumentMode, Function, FunctionId, FunctionKind, Origin, Volatility};

pub(super) const QUERY: Query = Query::new("functions", include_str!("functions.sql"));

pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Function>, ConnectError> {
    batch.read(&QUERY, context, function)
}

fn function(record: &Record<'_>) -> Result<Function, ConnectError> {
    let (schema, name) = (record.text("schema")?, record.text("name")?);
    let parameters = parameters(record)?;
    let kind = match record.letter("kind")? {
        'p' => FunctionKind::Procedure,
        'a' => FunctionKind::Aggregate,
        'w' => FunctionKind::Window,
        _ => FunctionKind::Function,
    };
    let returns = record.text("returns")?;
    let body_is_bound = record.flag("body_is_bound")?;
    let (search_path, settings) = settings(record)?;
    Ok(Function {
        kind,
        owner: record.role("owner")?,
        acl: record.acl()?,
        returns: if kind == FunctionKind::Procedure && returns == "void" { String::new() } else { returns },
        returns_set: record.flag("returns_set")?,
        language: record.text("language")?,
        body: if body_is_bound { record.printed("bound_body", &name)? } else { record.text("source")? },
        body_is_bound,
        security_definer: record.flag("security_definer")?,
        search_path,
        settings,
        volatility: match record.letter("volatility")? {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        leakproof: record.flag("leakproof")?,
        strict: record.flag("strict")?,
        extension: record.context().extensions.get(&(PG_PROC, record.oid("oid")?)).cloned(),
        id: FunctionId { schema, name, arguments: input_types(&parameters) },
        parameters,
        origin: Origin::Catalog,
    })
}

/// Parameters; without modes all are IN, without names none has one.
fn parameters(record: &Record<'_>) -> Result<Vec<Argument>, ConnectError> {
    let mut modes = record.texts("modes")?.into_iter();
    let mut names = record.texts("names")?.into_iter();
    let mut defaults = record.maybe_texts("defaults")?.into_iter();
    let parameter = |data_type| Argument {
        name: names.next().filter(|name| !name.is_empty()),
        mode: match modes.next().as_deref() {
            Some("o") => ArgumentMode::Out,
            Some("b") => ArgumentMode::InOut,
            Some("v") => ArgumentMode::Variadic,
            Some("t") => ArgumentMode::Table,
            _ => ArgumentMode::In,
        },
        data_type,
        default: defaults.next().flatten(),
    };
    Ok(record.texts("types")?.into_iter().map(parameter).collect())
}

fn input_types(parameters: &[Argument]) -> String {
    let is_input = |p: &&Argument| !matches!(p.mode, ArgumentMode::Out | ArgumentMode::Table);
    let types: Vec<&str> = parameters.iter().filter(is_input).map(|p| p.data_type.as_str()).collect();
    types.join(", ")
}

/// The `search_path`, and the other settings.
fn settings(record: &Record<'_>) -> Result<(Option<String>, Vec<String>), ConnectError> {
    let (mut search_path, mut settings) = (None, Vec::new());
    for config in record.texts("config")? {
        match config.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("search_path") => search_path = Some(value.to_owned()),
            Some((name, value)) => settings.push(format!("{name}={}", masked(name, value))),
            None => settings.push(config),
        }
    }
    settings.sort();
    Ok((search_path, settings))
}
