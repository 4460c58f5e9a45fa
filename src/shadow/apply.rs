//! Runs migration files on a server of our own, as the platform would.

use super::platform::Platform;
use super::server::Server;
use super::standin::StandIns;
use super::statement::{self, Statement};
use super::{ShadowError, platform};
use crate::migrations::layout::{self, MigrationFile, Project, Wanted};
use std::path::Path;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Client, NoTls};

/// Runs the migrations at `path` in `database` as the role `postgres`, and then the seeds if `seed` is set; see
/// [`apply_project`].
///
/// # Errors
/// [`ShadowError::Layout`] when the files cannot be had, and those of [`apply_project`].
pub async fn apply(server: &Server, database: &str, path: &Path, seed: bool) -> Result<Vec<String>, ShadowError> {
    let wanted = Wanted { seed, supabase: server.platform() != Platform::Postgres, layout: None };
    apply_project(server, database, &layout::find(path, wanted)?).await
}

/// Runs the files of a project in `database` as the role `postgres`. Gives remarks: names that the project's tool would
/// skip, stand-ins, and so on.
///
/// On Supabase `postgres` is a superuser while the files run, because the platform lets it do some things that only a
/// superuser may, and none afterwards.
///
/// # Errors
/// [`ShadowError::Sql`] with file and line of the first statement that fails.
pub async fn apply_project(server: &Server, database: &str, project: &Project) -> Result<Vec<String>, ShadowError> {
    let mut notes = remarks(project);
    let admin = connect(server, server.superuser(), database).await?;
    set_superuser(server, &admin, true).await?;
    let run = run_all(server, database, &admin, &project.files, &mut notes).await;
    set_superuser(server, &admin, false).await?;
    run.map(|()| notes)
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

async fn set_superuser(server: &Server, admin: &Client, on: bool) -> Result<(), ShadowError> {
    if server.platform() == Platform::Postgres {
        return Ok(());
    }
    let sql = if on { "alter role postgres superuser" } else { "alter role postgres nosuperuser" };
    admin.batch_execute(sql).await.map_err(|e| ShadowError::connection("cannot change the role postgres", &e))
}

async fn run_all(
    server: &Server,
    database: &str,
    admin: &Client,
    files: &[MigrationFile],
    notes: &mut Vec<String>,
) -> Result<(), ShadowError> {
    let client = connect(server, "postgres", database).await?;
    let mut standins = match server.platform() {
        Platform::Postgres => None,
        Platform::Supabase { .. } => Some(StandIns::new(admin).await?),
    };
    for file in files {
        // What does not run is blank, so that lines stay where they are.
        let sql = file.sql();
        let text = match &mut standins {
            Some(standins) => standins.prepare(&sql, notes).await?,
            None => sql,
        };
        run_file(&client, &file.path, &text, file.transaction).await?;
        for reset in ["rollback", "discard all"] {
            client.batch_execute(reset).await.map_err(|e| platform::sql_error(&e, &file.path, &text))?;
        }
    }
    Ok(())
}

/// Sends a file as one message, which Postgres runs as one transaction, or statement by statement where that cannot be.
async fn run_file(client: &Client, name: &str, text: &str, transaction: bool) -> Result<(), ShadowError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let statements = statement::statements(text);
    let apart = statements
        .as_deref()
        .is_some_and(|all| !transaction || all.iter().any(|s| runs_alone(s) || controls_transaction(s)));
    if !apart {
        let Err(error) = client.batch_execute(text).await else { return Ok(()) };
        let again = [SqlState::ACTIVE_SQL_TRANSACTION, SqlState::UNSAFE_NEW_ENUM_VALUE_USAGE];
        match (&statements, error.code()) {
            (Some(_), Some(code)) if again.contains(code) => (),
            _ => return Err(locate(client, name, text, statements.as_deref(), &error).await),
        }
        let _ = client.batch_execute("rollback").await;
    }
    for statement in statements.iter().flatten() {
        let sql = text.get(statement.range.clone()).unwrap_or_default();
        let run = client.batch_execute(sql).await;
        run.map_err(|e| sql_error_at(&e, name, text, statement.range.start))?;
    }
    Ok(())
}

/// Statements that refuse to run beside others in one message.
fn runs_alone(statement: &Statement<'_>) -> bool {
    let concurrently = statement.find("concurrently").is_some() && statement.find("index").is_some();
    concurrently
        || ["vacuum"].iter().any(|word| statement.begins(&[word]))
        || statement.begins(&["alter", "system"])
        || statement.begins(&["create", "database"])
}

/// Finds the statement of an error that carries no position: the failed message has left nothing behind, so its statements
/// can be tried again one by one in a transaction that is rolled back.
async fn locate(
    client: &Client,
    name: &str,
    text: &str,
    statements: Option<&[Statement<'_>]>,
    error: &tokio_postgres::Error,
) -> ShadowError {
    let known = error.as_db_error().is_some_and(|e| matches!(e.position(), Some(ErrorPosition::Original(_))));
    let Some(statements) = statements.filter(|_| !known) else {
        return platform::sql_error(error, name, text);
    };
    let mut found = None;
    if client.batch_execute("rollback; begin").await.is_ok() {
        for statement in statements {
            let sql = text.get(statement.range.clone()).unwrap_or_default();
            if let Err(again) = client.batch_execute(sql).await {
                found = (again.code() == error.code()).then_some(statement.range.start);
                break;
            }
        }
        let _ = client.batch_execute("rollback").await;
    }
    match found {
        Some(start) => sql_error_at(error, name, text, start),
        None => platform::sql_error(error, name, text),
    }
}

/// A file with transactions of its own may have committed some before it fails, so that nothing could be tried again.
fn controls_transaction(statement: &Statement<'_>) -> bool {
    ["begin", "start", "commit", "end", "rollback", "abort"].iter().any(|word| statement.begins(&[word]))
}

/// An error of the statement that starts at byte `start` of the file.
fn sql_error_at(error: &tokio_postgres::Error, name: &str, text: &str, start: usize) -> ShadowError {
    let within = match error.as_db_error().and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) => platform::byte_of(text.get(start..).unwrap_or_default(), *position),
        _ => 0,
    };
    platform::sql_error_in(error, name, Some(platform::line_of(text, start + within)))
}
