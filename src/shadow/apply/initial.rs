//! What is special about a dump of the database in which a project began.
//!
//! A dump of a hosted project repeats what the platform has already made, and names roles that only the whole cluster's
//! dump would make.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// Commands of psql in a dump that are about psql itself.
pub(super) fn is_harmless(command: &str) -> bool {
    ["\\restrict", "\\unrestrict", "\\connect", "\\encoding"].iter().any(|c| command.starts_with(c))
}

/// Whether what a statement makes is there: pg_dump makes nothing twice, so the platform made it.
pub(super) fn is_there_already(error: &Error) -> bool {
    let there = [
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_FUNCTION,
        SqlState::DUPLICATE_COLUMN,
        SqlState::INVALID_TABLE_DEFINITION,
    ];
    error.code().is_some_and(|code| there.contains(code))
}

/// Makes the role that an error says does not exist, and gives its name.
pub(super) async fn make_role(admin: &Client, error: &Error) -> Option<String> {
    let name = error.as_db_error()?.message().strip_prefix("role \"")?.strip_suffix("\" does not exist")?.to_owned();
    let sql = format!("create role \"{}\"", name.replace('"', "\"\""));
    admin.batch_execute(&sql).await.ok().map(|()| name)
}
