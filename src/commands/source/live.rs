//! Models from running databases, and the reads that confirm findings there.

use super::Loaded;
use crate::Error;
use crate::analyzer::effective::Effective;
use crate::cli;
use crate::commands::Run;
use crate::connector::{ConnInfo, Database, Environment, SessionOptions, introspect};
use crate::finding::Finding;
use crate::impersonation::{self, Agreement, Options, Tested};
use crate::model::Schema;
use crate::report::SourceKind;

/// Reads a running database; `named_by` is the setting that led to it.
pub(super) async fn load(args: &cli::Source, run: &Run, env: &Environment, named_by: &str) -> Result<Loaded, Error> {
    let config = run.config.config.database.url.as_deref();
    let info = ConnInfo::resolve(args.db_url.as_deref(), config, env)?;
    run.talk.say(format!("reading {info} (from {named_by})"));
    let (schema, database) = read(&info, &args.reading, run).await?;
    let mut loaded = Loaded::new(schema, SourceKind::Live, database.target().to_owned());
    loaded.notes = database.notes().to_vec();
    loaded.database = Some(database);
    Ok(loaded)
}

/// Connects and reads everything in one snapshot.
pub(super) async fn read(info: &ConnInfo, reading: &cli::Reading, run: &Run) -> Result<(Schema, Database), Error> {
    let _working = run.talk.working_on("reading the database");
    let database = open(info, reading, run).await?;
    let schema = introspect::read(&database).await?;
    Ok((schema, database))
}

pub(super) async fn open(info: &ConnInfo, reading: &cli::Reading, run: &Run) -> Result<Database, Error> {
    let statement_timeout = run.statement_timeout(reading).0;
    let info = info.clone().logging(&run.record.log);
    Ok(Database::open(&info, &SessionOptions { statement_timeout, ..SessionOptions::default() }).await?)
}

/// Reads as the roles that clients act as, and holds what was seen against the findings and the model.
pub(super) async fn probe(
    database: &Database,
    effective: &Effective<'_>,
    findings: &mut [Finding],
    run: &Run,
) -> Result<(Tested, Agreement), Error> {
    let working = run.talk.working_on("reading as the roles that clients act as");
    let progress = |at: impersonation::Progress| working.at(at.done, at.total);
    let options = Options::default();
    let tested = impersonation::run(database, effective, &options, &progress).await?;
    let mut agreement = impersonation::confirm(findings, &tested, effective);
    agreement.recheck(database, effective.schema()).await?;
    Ok((tested, agreement))
}
