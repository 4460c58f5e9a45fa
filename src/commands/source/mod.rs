//! Where a model comes from: a running database, migrations on a throw-away server, a snapshot, the example.

mod choice;
mod live;
mod snapshot;

use std::collections::BTreeMap;

use super::Run;
use crate::Error;
use crate::analyzer::effective::Exposure;
use crate::checks::Context;
use crate::cli;
use crate::connector::{Database, Environment};
use crate::finding::Finding;
use crate::impersonation::{Agreement, Tested};
use crate::model::Schema;
use crate::report::{Source, SourceKind};
use choice::Choice;

/// A model and what it was read from.
pub(super) struct Loaded {
    pub(super) schema: Schema,
    /// The texts of the files that were applied, for snippets.
    pub(super) texts: BTreeMap<String, String>,
    kind: SourceKind,
    description: String,
    files: Vec<String>,
    notes: Vec<String>,
    /// The database that the model was read from, where it can be asked more.
    database: Option<Database>,
}

/// Reads the model that the command line, the configuration or the environment names.
pub(super) async fn load(args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let env = Environment::from_process();
    let mut loaded = match Choice::of(args, &run.config, &env, &run.here)? {
        Choice::Snapshot(file) => snapshot::load(&file)?,
        Choice::Database { named_by } => live::load(args, run, &env, &named_by).await?,
        other => return Err(Error::Internal(format!("{other:?} is not built yet"))),
    };
    if let Some(platform) = run.platform(&args.reading) {
        loaded.schema.server.platform = platform;
    }
    Ok(loaded)
}

impl Loaded {
    fn new(schema: Schema, kind: SourceKind, description: String) -> Self {
        let files = schema.files.iter().map(|f| f.path.clone()).collect();
        Self { schema, texts: BTreeMap::new(), kind, description, files, notes: Vec::new(), database: None }
    }

    /// What the report says about the source.
    pub(super) fn describe(&self, cx: &Context<'_>) -> Source {
        let exposed_schemas = match cx.effective.exposure() {
            Exposure::Known(list) | Exposure::Assumed(list) => Some(list.clone()),
            Exposure::Sql => None,
        };
        Source {
            kind: self.kind,
            description: self.description.clone(),
            server_version: self.schema.server.version.clone(),
            platform: self.schema.server.platform,
            exposed_schemas,
            files: self.files.clone(),
            notes: self.notes.clone(),
        }
    }

    /// Reads as the roles that clients act as, where there is a server to read from; `None` where there is none.
    pub(super) async fn probe(
        &self,
        cx: &Context<'_>,
        findings: &mut [Finding],
        run: &Run,
    ) -> Result<Option<(Tested, Agreement)>, Error> {
        match &self.database {
            Some(database) => live::probe(database, &cx.effective, findings, run).await.map(Some),
            None => Ok(None),
        }
    }
}
