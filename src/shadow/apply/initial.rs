//! What is special about running the dump of the database in which a project began.

use crate::migrations::initial;
use tokio_postgres::{Client, Error};

/// Whether what a statement makes is there.
pub(super) fn is_there_already(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| initial::is_there_already(error.code().code(), error.message()))
}

/// Makes the role that an error says does not exist, and gives its name.
pub(super) async fn make_role(admin: &Client, error: &Error) -> Option<String> {
    let name = error.as_db_error()?.message().strip_prefix("role \"")?.strip_suffix("\" does not exist")?.to_owned();
    let sql = format!("create role \"{}\"", name.replace('"', "\"\""));
    admin.batch_execute(&sql).await.ok().map(|()| name)
}
