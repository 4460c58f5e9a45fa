//! Servers and databases for the suites.
//!
//! Each (major, platform) has one server that the whole test binary shares; a test takes a database of its own from it, or
//! a server of its own when it touches what a cluster shares (roles, settings, certificates).
#![allow(dead_code, reason = "each suite uses its own part")]

use pgwitness::shadow::{Binaries, BinariesRequest, Platform, Server, ServerOptions};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use tokio::runtime::Runtime;

/// Every supported major version.
pub(crate) const MAJORS: [u32; 5] = [14, 15, 16, 17, 18];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Runs a future to its end on the suites' runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// The program under test, which is also the servers' guard.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_pgwitness"))
}

/// The pinned build of `major`; where npm has none for this machine, an installed server of that major.
pub(crate) fn binaries(major: u32) -> Binaries {
    static FOUND: Mutex<BTreeMap<u32, Binaries>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap();
    let find = || {
        let note = |text: &str| eprintln!("{text}");
        let pinned = BinariesRequest { major: Some(major), pinned: true, ..BinariesRequest::default() };
        let any = BinariesRequest { pinned: false, ..pinned.clone() };
        Binaries::find(&pinned, &note).or_else(|_| Binaries::find(&any, &note))
    };
    found.entry(major).or_insert_with(|| find().unwrap_or_else(|e| panic!("{e}; help: {:?}", e.help()))).clone()
}

/// Options whose guard is the program under test.
pub(crate) fn options(platform: Platform) -> ServerOptions {
    ServerOptions { platform, guard: Some(program()), ..ServerOptions::default() }
}

/// A server of the test's own; it ends when dropped.
pub(crate) fn server(major: u32, platform: Platform) -> Server {
    server_with(major, options(platform))
}

/// The same with options; start from [`options`].
pub(crate) fn server_with(major: u32, options: ServerOptions) -> Server {
    let binaries = binaries(major);
    block_on(Server::start(&binaries, options)).unwrap_or_else(|e| panic!("{e}; help: {:?}", e.help()))
}

/// The server that all tests share; it ends with the test process.
pub(crate) fn shared(major: u32, platform: Platform) -> Arc<Server> {
    type Slot = Arc<OnceLock<Arc<Server>>>;
    static SERVERS: Mutex<BTreeMap<(u32, Platform), Slot>> = Mutex::new(BTreeMap::new());
    let slot = SERVERS.lock().unwrap().entry((major, platform)).or_default().clone();
    slot.get_or_init(|| Arc::new(server(major, platform))).clone()
}

/// A connection as `user`; its background task ends with the client.
pub(crate) fn connect(server: &Server, user: &str, database: &str) -> tokio_postgres::Client {
    block_on(async {
        let (client, connection) = server.config(user, database).connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    })
}

/// A fresh database on a shared server.
pub(crate) struct TestDatabase {
    /// The server.
    pub(crate) server: Arc<Server>,
    /// The database's name.
    pub(crate) name: String,
    /// The libpq connection string, role `postgres`.
    pub(crate) url: String,
    /// A session as `postgres`.
    pub(crate) client: tokio_postgres::Client,
}

impl TestDatabase {
    /// A new session as any role.
    pub(crate) fn connect_as(&self, user: &str) -> tokio_postgres::Client {
        connect(&self.server, user, &self.name)
    }

    /// Runs statements as `postgres` and fails the test on an error.
    pub(crate) fn execute(&self, sql: &str) {
        block_on(self.client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", explain(&e)));
    }
}

/// A clone of the platform's database on the shared server, with `sql` run in it as `postgres`.
///
/// Roles are shared by the whole cluster: create them in a [`server`] of the test's own, or under names of the test's own.
pub(crate) fn database(major: u32, platform: Platform, sql: &str) -> TestDatabase {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = shared(major, platform);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let strategy = if major >= 15 { "strategy file_copy" } else { "" };
    let admin = connect(&server, server.superuser(), "template1");
    let create = format!("create database {name} template postgres owner postgres {strategy}");
    {
        // A database that is being copied may have no other session.
        static COPY: Mutex<()> = Mutex::new(());
        let _one = COPY.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        block_on(admin.batch_execute(&create)).unwrap_or_else(|e| panic!("{}", explain(&e)));
    }
    let client = connect(&server, "postgres", &name);
    let database = TestDatabase { url: server.conn_string(&name), server, name, client };
    database.execute(sql);
    database
}

/// An error with its SQLSTATE and message, which `tokio_postgres` alone does not show.
pub(crate) fn explain(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(e) => format!("{} ({}) {:?}", e.message(), e.code().code(), e.position()),
        None => error.to_string(),
    }
}
