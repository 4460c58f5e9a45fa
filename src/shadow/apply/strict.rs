//! A file run as its tool runs it: the first error ends the run.

use super::statement::Part;
use super::{File, platform};
use crate::shadow::ShadowError;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// Errors of statements that cannot run in the transaction of a whole file.
pub(super) const NOT_IN_TRANSACTION: [SqlState; 2] =
    [SqlState::ACTIVE_SQL_TRANSACTION, SqlState::UNSAFE_NEW_ENUM_VALUE_USAGE];

/// Sends a file as one message, which Postgres runs as one transaction, or statement by statement where that cannot be.
pub(super) async fn run(file: &File<'_>) -> Result<(), ShadowError> {
    if file.text.trim().is_empty() {
        return Ok(());
    }
    // Only the server can say what is wrong with a text that cannot be cut into statements.
    let cut = file.parts.iter().all(Part::is_statement);
    if !(cut && file.runs_apart()) {
        let Err(error) = file.client.batch_execute(file.text).await else { return Ok(()) };
        if !(cut && error.code().is_some_and(|code| NOT_IN_TRANSACTION.contains(code))) {
            return Err(locate(file, cut, &error).await);
        }
        let _ = file.client.batch_execute("rollback").await;
    }
    for part in file.parts {
        let run = file.send(part).await;
        run.map_err(|e| error_at(&e, file, part.statement.range.start))?;
    }
    Ok(())
}

/// Finds the statement of an error that carries no position: the failed message has left nothing behind, so its statements
/// can be tried again one by one in a transaction that is rolled back.
async fn locate(file: &File<'_>, cut: bool, error: &tokio_postgres::Error) -> ShadowError {
    let known = error.as_db_error().is_some_and(|e| matches!(e.position(), Some(ErrorPosition::Original(_))));
    if known || !cut {
        return platform::sql_error(error, file.name(), file.text);
    }
    let mut found = None;
    if file.client.batch_execute("rollback; begin").await.is_ok() {
        for part in file.parts {
            if let Err(again) = file.send(part).await {
                found = (again.code() == error.code()).then_some(part.statement.range.start);
                break;
            }
        }
        let _ = file.client.batch_execute("rollback").await;
    }
    match found {
        Some(start) => error_at(error, file, start),
        None => platform::sql_error(error, file.name(), file.text),
    }
}

/// An error of the statement that starts at byte `start` of the file.
fn error_at(error: &tokio_postgres::Error, file: &File<'_>, start: usize) -> ShadowError {
    let within = match error.as_db_error().and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) => {
            platform::byte_of(file.text.get(start..).unwrap_or_default(), *position)
        }
        _ => 0,
    };
    platform::sql_error_in(error, file.name(), Some(platform::line_of(file.text, start + within)))
}
