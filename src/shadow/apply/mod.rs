//! Runs the files of a project in a database, as the platform would: strictly, or past every statement that fails.

mod copy;
mod failure;
mod initial;
mod resilient;
pub(crate) mod statement;
mod strict;
mod target;

pub use failure::Failure;
pub use target::Target;

use super::ShadowError;
use super::platform::{self, Platform};
use super::scratch::{Cluster, created};
use super::server::Server;
use super::standin::{StandIns, blank};
use crate::migrations::layout::{self, FileRole, MigrationFile, Project, Wanted};
use crate::migrations::parse;
use crate::model::Gap;
pub(crate) use statement::names_schema;
use statement::{Part, parts};
use std::path::Path;
use tokio_postgres::{Client, NoTls};

/// What becomes of a run when a statement fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The run ends with the first error, as the project's own tool would end.
    #[default]
    Strict,
    /// What failed is undone and listed, and the run goes on with the next statement.
    Resilient,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// What a user should know: names that the project's tool would skip, what was left out, and so on; [`Applied::stood_in`] comes on top.
    pub notes: Vec<String>,
    /// The statements met.
    pub total: usize,
    /// Those of them that did not run, in order; empty after a strict run.
    pub failures: Vec<Failure>,
    /// What is not known though every statement ran; places are those of the project's files.
    pub gaps: Vec<Gap>,
    /// Extensions for which stand-ins were made, by name.
    pub stand_ins: Vec<String>,
    /// Extensions that the project asks for and that nothing stands in for.
    pub absent: Vec<String>,
    /// Indexes of kinds that only the extension itself has, which were left out: no access depends on one.
    pub indexes_left_out: usize,
}

impl Applied {
    /// The statements that ran.
    #[must_use]
    pub fn applied(&self) -> usize {
        self.total.saturating_sub(self.failures.len())
    }

    /// The share of statements that ran, in percent, rounded down so that only a whole run is 100.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.applied() * 100).checked_div(self.total).unwrap_or(100)
    }

    /// Which extensions only have stand-ins, for a user to know.
    #[must_use]
    pub fn stood_in(&self) -> Option<String> {
        let names: Vec<_> = self.stand_ins.iter().map(|name| format!("`{name}`")).collect();
        let made = "not available here, so that stand-ins without their behaviour were made";
        (!names.is_empty()).then(|| format!("{made}: {}", names.join(", ")))
    }

    /// Counts what is to run of a file, before anything is left out of it: as many as a replay counts.
    fn met(&mut self, text: &str) {
        self.total += parts(text).len();
    }
}

/// Runs the migrations at `path` strictly in `database` as the role `postgres`, and then the seeds if `seed` is set; see
/// [`run`].
///
/// # Errors
/// [`ShadowError::Layout`] when the files cannot be had, and those of [`run`].
pub async fn apply(server: &Server, database: &str, path: &Path, seed: bool) -> Result<Vec<String>, ShadowError> {
    let wanted = Wanted { seed, supabase: server.platform() != Platform::Postgres, layout: None };
    let project = layout::find(path, wanted)?;
    run(server.at(database), &project, Mode::Strict).await.map(|applied| applied.notes)
}

/// Runs the files of a project in the target as the role that owns what its users make.
///
/// On Supabase `postgres` is a superuser while the files run, because the platform lets it do some things that only a
/// superuser may, and none afterwards.
///
/// # Errors
/// [`ShadowError::Sql`] with file and line of the first statement that fails, if the run is strict, and
/// [`ShadowError::Connection`] when the server is lost.
pub async fn run(target: Target<'_>, project: &Project, mode: Mode) -> Result<Applied, ShadowError> {
    let mut applied = Applied { notes: remarks(project), ..Applied::default() };
    let admin = target.admin().await?;
    let before = match target.cluster() {
        Some(cluster) => cluster.state(&admin).await,
        None => None,
    };
    target.raise(&admin, true).await?;
    let run = run_all(target, &admin, &project.files, mode, &mut applied).await;
    target.raise(&admin, false).await?;
    if let Some(cluster) = target.cluster() {
        for role in cluster.unknown(&admin).await {
            applied.notes.push(format!("warning: the role `{role}` is new on the given server and stays there"));
        }
        if cluster.state(&admin).await != before {
            applied.notes.push("warning: roles that the given server had before are not as they were".to_owned());
        }
    }
    run.map(|()| applied)
}

/// Makes the stand-ins that `sql` needs in the target, and runs nothing of it; gives remarks.
///
/// # Errors
/// [`ShadowError::Connection`] when the server is lost.
pub async fn provide(target: Target<'_>, sql: &str) -> Result<Vec<String>, ShadowError> {
    let (admin, mut applied) = (target.admin().await?, Applied::default());
    StandIns::new(&admin).await?.prepare(sql, &mut applied).await?;
    Ok(applied.notes)
}

/// Remarks of one kind before the rest is only counted.
const ALIKE: usize = 3;

/// What a user should know of the files beside the gaps; whole folders of one kind are counted.
pub(crate) fn remarks(project: &Project) -> Vec<String> {
    let telling: Vec<_> = project.warnings.iter().filter(|w| w.kind.is_telling() && !w.kind.is_gap()).collect();
    let mut notes = Vec::new();
    for alike in telling.chunk_by(|a, b| a.kind == b.kind) {
        notes.extend(alike.iter().take(ALIKE).map(|w| w.message.clone()));
        if alike.len() > ALIKE {
            notes.push(format!("and so are {} more files", alike.len() - ALIKE));
        }
    }
    notes
}

/// Opens a session over the Unix socket.
pub(crate) async fn connect(server: &Server, user: &str, database: &str) -> Result<Client, ShadowError> {
    let connected = server.config(user, database).connect(NoTls).await;
    let (client, connection) =
        connected.map_err(|e| ShadowError::connection(format!("cannot connect to our own server as `{user}`"), &e))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Between files a session is as new; no statement may run for ever.
const FRESH: [&str; 3] = ["rollback", "discard all", "set statement_timeout = '5min'"];

async fn run_all(
    target: Target<'_>,
    admin: &Client,
    files: &[MigrationFile],
    mode: Mode,
    applied: &mut Applied,
) -> Result<(), ShadowError> {
    let client = target.runner().await?;
    let mut standins = match target.platform() {
        Platform::Postgres => None,
        Platform::Supabase { .. } => Some(StandIns::new(admin).await?),
    };
    for (index, file) in files.iter().enumerate() {
        begin(target, &client, file).await?;
        let mut text = to_send(file);
        applied.met(&text);
        if let Some(standins) = &mut standins {
            text = standins.prepare(&text, applied).await?;
        }
        let mut roles = Vec::new();
        if let Some(cluster) = target.cluster() {
            text = keep_out(cluster, (index, file), text, mode, applied)?;
            roles = cluster.absent(admin, roles_made(&text)).await;
        }
        let parts = parts(&text);
        let file = File { client: &client, admin, index, file, text: &text, parts: &parts };
        match mode {
            Mode::Strict if file.file.role != FileRole::Initial => strict::run(&file).await?,
            _ => resilient::run(&file, mode, applied).await?,
        }
        if let Some(cluster) = target.cluster() {
            cluster.mark(admin, &roles).await;
        }
    }
    if let Some(standins) = &mut standins {
        standins.finish().await;
    }
    if applied.indexes_left_out > 0 {
        let left_out = applied.indexes_left_out;
        applied.notes.push(format!("{left_out} indexes of kinds that this server lacks were left out"));
    }
    Ok(())
}

/// A session as new, for a file.
async fn begin(target: Target<'_>, client: &Client, file: &MigrationFile) -> Result<(), ShadowError> {
    for fresh in FRESH {
        client.batch_execute(fresh).await.map_err(|e| platform::sql_error(&e, &file.path, ""))?;
    }
    target.enter(client).await
}

/// What a server gets of a file. What does not run is blank, so that lines stay where they are.
fn to_send(file: &MigrationFile) -> String {
    let mut text = file.sql();
    // The server takes no byte order mark; as many blanks keep every byte in its place.
    if text.starts_with('\u{feff}') {
        text.replace_range(..'\u{feff}'.len_utf8(), "   ");
    }
    text
}

/// The roles that a text makes.
fn roles_made(text: &str) -> Vec<String> {
    parts(text).iter().flat_map(|part| created(&parse::parse(text, &part.piece).statement)).collect()
}

/// Leaves out what would change a server that is not ours.
fn keep_out(
    cluster: &Cluster,
    (index, file): (usize, &MigrationFile),
    text: String,
    mode: Mode,
    applied: &mut Applied,
) -> Result<String, ShadowError> {
    let mut kept = text.clone();
    for part in parts(&text) {
        let Some(why) = cluster.refuses(&parse::parse(&text, &part.piece).statement) else {
            continue;
        };
        let failure = Failure::new((index, &file.path, &text), &part, "pgwitness", why);
        if mode == Mode::Strict {
            return Err(failure.into());
        }
        applied.failures.push(failure);
        blank(&mut kept, &part.piece.range);
    }
    Ok(kept)
}

/// A file that is about to run, with what it runs in.
struct File<'a> {
    client: &'a Client,
    admin: &'a Client,
    /// Its place among the project's files.
    index: usize,
    file: &'a MigrationFile,
    /// What of it runs, every byte in its place.
    text: &'a str,
    parts: &'a [Part<'a>],
}

impl File<'_> {
    fn name(&self) -> &str {
        &self.file.path
    }

    /// Its index, its path and what of it runs.
    fn place(&self) -> (usize, &str, &str) {
        (self.index, self.name(), self.text)
    }

    fn sql(&self, part: &Part<'_>) -> &str {
        self.text.get(part.statement.range.clone()).unwrap_or_default()
    }

    /// Whether its statements must be sent one by one, each a transaction unless the file says otherwise.
    fn runs_apart(&self) -> bool {
        let alone = |part: &Part<'_>| part.runs_alone() || part.controls_transaction() || part.rows.is_some();
        !self.file.transaction || self.parts.iter().any(alone)
    }

    /// Runs one part.
    async fn send(&self, part: &Part<'_>) -> Result<(), tokio_postgres::Error> {
        match &part.rows {
            Some(rows) => copy::run(self.client, self.sql(part), self.text.get(rows.clone()).unwrap_or_default()).await,
            None => self.client.batch_execute(self.sql(part)).await,
        }
    }
}
