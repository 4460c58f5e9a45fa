//! `schema`: the JSON Schemas of the files that we read and write, from the types themselves.

use schemars::schema_for;

use crate::cli::{SchemaKind, SchemaOf};
use crate::{Error, ExitCode};

pub(super) fn run(args: &SchemaOf) -> Result<ExitCode, Error> {
    let schema = match args.of {
        SchemaKind::Config => schema_for!(crate::config::Config),
        SchemaKind::Report => schema_for!(crate::report::Report),
        SchemaKind::Snapshot => schema_for!(crate::model::Schema),
        SchemaKind::Rules => schema_for!(crate::access::RuleFile),
    };
    super::output::to_stdout(&super::as_json(&schema)?)?;
    Ok(ExitCode::Clean)
}
