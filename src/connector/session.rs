//! A database that we are connected to: a pool of sessions that never write.
//!
//! Nothing here relies on session state or on named prepared statements, so that transaction-mode poolers, which give
//! each transaction another session, need no special path: settings are `SET LOCAL`, queries are simple or typed
//! (`Client::query_typed`; its result columns must be of built-in types, or the driver prepares look-ups of its own).

use std::fmt;
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::IsolationLevel;

use super::ConnectError;
use super::conninfo::ConnInfo;
use super::dial::{self, Route};
use super::introspect;
use crate::model::Schema;

/// How our sessions behave.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The longest that a statement may run.
    pub statement_timeout: Duration,
    /// The longest that a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// The longest that we may leave a transaction idle before the server ends it.
    pub idle_in_transaction_session_timeout: Duration,
    /// How we show up in `pg_stat_activity`, unless the user's connection settings say otherwise.
    pub application_name: String,
    /// How many connections we hold at most.
    pub pool_size: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(2),
            idle_in_transaction_session_timeout: Duration::from_secs(60),
            application_name: "pgwitness".to_owned(),
            pool_size: 4,
        }
    }
}

impl SessionOptions {
    /// The statements that set the time limits, for the start of a transaction.
    #[must_use]
    pub fn set_local(&self) -> String {
        format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = {};",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            self.idle_in_transaction_session_timeout.as_millis(),
        )
    }
}

/// A database that let us in.
pub struct Database {
    pool: Pool,
    target: String,
    timeout: Option<Duration>,
    options: SessionOptions,
    notes: Vec<String>,
}

impl Database {
    /// Connects once to find the way, and prepares a pool that goes the same way.
    ///
    /// # Errors
    ///
    /// Any [`ConnectError`] but those of queries.
    pub async fn open(info: &ConnInfo, options: &SessionOptions) -> Result<Self, ConnectError> {
        let started = Instant::now();
        let (route, client) = dial::reach(info, &options.application_name).await?;
        let mut notes = info.notes.clone();
        notes.extend(pooler_note(info, &client, started).await?);
        Ok(Self {
            pool: pool(&route, options)?,
            target: route.target,
            timeout: route.timeout,
            options: options.clone(),
            notes,
        })
    }

    /// Role, server and database, as in `postgres@db.example.com:5432/app`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What the user should know about this connection.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How our sessions behave.
    #[must_use]
    pub const fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// A session from the pool, for callers that send whole transactions as one simple-protocol message, starting with
    /// `BEGIN` and [`SessionOptions::set_local`]. A transaction left open, as by an error before its `ROLLBACK`, is
    /// rolled back before the session is used again.
    ///
    /// # Errors
    ///
    /// When no connection can be had.
    pub async fn client(&self) -> Result<Client, ConnectError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(source) => ConnectError::Connect { target: self.target.clone(), source },
            PoolError::Timeout(_) => {
                ConnectError::Timeout { target: self.target.clone(), after: self.timeout.unwrap_or_default() }
            }
            other => ConnectError::Pool { target: self.target.clone(), message: other.to_string() },
        })
    }

    /// A session in which nothing was set before: a setting that a transaction had to itself reads as '' afterwards, not
    /// as NULL, for as long as the session lives.
    ///
    /// # Errors
    ///
    /// When no connection can be had.
    pub async fn fresh(&self) -> Result<Client, ConnectError> {
        self.pool.retain(|_, _| false);
        self.client().await
    }

    /// Reads the whole schema, in one snapshot.
    ///
    /// # Errors
    ///
    /// As [`introspect::read`]; what a role may not see is a gap in the schema, not an error.
    pub async fn schema(&self) -> Result<Schema, ConnectError> {
        introspect::read(self).await
    }

    /// Does `work` within one read-only snapshot (`REPEATABLE READ READ ONLY`) with an empty `search_path`, and rolls
    /// back, whatever becomes of the work.
    ///
    /// # Errors
    ///
    /// Those of the work, and those of getting and keeping the transaction.
    pub async fn read_only<T>(
        &self,
        work: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, ConnectError>,
    ) -> Result<T, ConnectError> {
        let failed = |source| ConnectError::query("opening a read-only transaction", source);
        let mut client = self.client().await?;
        // Dropped early, the transaction rolls back on its own.
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(failed)?;
        let settings = format!("{} SET LOCAL search_path = ''", self.options.set_local());
        transaction.batch_execute(&settings).await.map_err(failed)?;
        let result = work(transaction.client()).await?;
        transaction.rollback().await.map_err(|source| ConnectError::query("ending the transaction", source))?;
        Ok(result)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("target", &self.target).finish_non_exhaustive()
    }
}

fn pool(route: &Route, options: &SessionOptions) -> Result<Pool, ConnectError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Custom("ROLLBACK".to_owned()) };
    let manager = Manager::from_connect(route.config.clone(), route.wire.clone(), recycling);
    Pool::builder(manager)
        .max_size(options.pool_size)
        .runtime(Runtime::Tokio1)
        .create_timeout(route.timeout)
        .recycle_timeout(route.timeout)
        .build()
        .map_err(|error| ConnectError::Pool { target: route.target.clone(), message: error.to_string() })
}

/// Says so if a pooler stands between us and the server.
async fn pooler_note(
    info: &ConnInfo,
    client: &tokio_postgres::Client,
    started: Instant,
) -> Result<Option<String>, ConnectError> {
    if let Some(reason) = &info.pooler {
        return Ok(Some(format!("transaction-mode pooler expected ({reason}): no session state is used")));
    }
    // A server process that is older than our connection was handed to us by somebody.
    const AGE: &str = "SELECT extract(epoch FROM pg_catalog.clock_timestamp() - backend_start) \
                       FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";
    let age = dial::first_value(client, AGE, "asking how old the server process is").await?;
    let age: f64 = age.and_then(|age| age.parse().ok()).unwrap_or_default();
    let pooled = age > started.elapsed().as_secs_f64() + 1.0;
    Ok(pooled.then(|| "a connection pooler answers here: no session state is used".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Database;

    fn movable<T: Send>(_: impl FnOnce(&'static Database) -> T) {}

    #[test]
    fn reading_can_move_between_threads() {
        movable(|database| database.schema());
        movable(|database| database.client());
    }
}
