//! A real PgBouncer in transaction mode: each transaction may run in another session.

use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgwitness::connector::{ConnectError, Database};
use tempfile::TempDir;

use super::certificates::write;
use super::failures::closed_port;
use super::{OPEN, open, text, value};
use crate::support;

/// A running pooler with one server connection for everybody; it ends when dropped.
struct Pooler {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Pooler {
    fn start() -> Self {
        let folder = tempfile::Builder::new().permissions(mode(0o755)).tempdir().unwrap();
        let port = closed_port();
        let config = format!(
            "[databases]\napp = host=127.0.0.1 port={0} dbname=postgres user=postgres\n\
             probes = host=127.0.0.1 port={0} dbname=pooler_probes user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 1\n",
            OPEN.port()
        );
        let config = write(folder.path(), "pgbouncer.ini", &config, 0o644);
        let mut command = Command::new("pgbouncer");
        command.arg("-q").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // PgBouncer refuses to run as root.
            command.uid(65534).gid(65534);
        }
        let process = command.spawn().unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => panic!("PgBouncer is not installed; Debian: apt-get install pgbouncer"),
            _ => panic!("{error}"),
        });
        let pooler = Self { process, port, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "PgBouncer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    fn open(&self, more: &str) -> Database {
        open(&format!("postgresql://someone@127.0.0.1:{}/app?{more}", self.port)).unwrap_or_else(|e| panic!("{e}"))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mode(bits: u32) -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

#[test]
fn transaction_mode() {
    let pooler = Pooler::start();
    let database = pooler.open("pgbouncer=true");
    assert_eq!(database.notes(), ["transaction-mode pooler expected (`pgbouncer=true`): no session state is used"]);

    // Many snapshots share the one session behind the pooler: nothing is prepared twice, nothing set stays.
    support::block_on(async {
        for _ in 0..3 {
            let read =
                || database.read_only(async |client| text(client, "select current_setting('lock_timeout')").await);
            let (a, b, c) = tokio::join!(read(), read(), read());
            assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], ["2s", "2s", "2s"]);
        }
        let client = database.client().await.unwrap();
        assert_eq!(text(&client, "select current_setting('lock_timeout')").await.unwrap(), "0");
        let message = "BEGIN; SET LOCAL lock_timeout = 5; SELECT 1 / 0; ROLLBACK";
        let error = client.simple_query(message).await.map_err(|e| ConnectError::query("probing", e)).err().unwrap();
        assert_eq!(error.sqlstate(), Some("22012"));
    });
    assert_eq!(value(&database, "select current_user"), "postgres");
    for _ in 0..2 {
        let schema = support::block_on(database.schema()).unwrap();
        assert!(schema.roles.iter().any(|role| role.name == "postgres"));
    }
}

#[test]
fn an_unannounced_pooler_is_noticed_by_the_age_of_its_session() {
    let pooler = Pooler::start();
    assert_eq!(value(&pooler.open("connect_timeout=5"), "select 1"), "1");
    std::thread::sleep(Duration::from_millis(1500));
    let second = pooler.open("connect_timeout=5");
    assert_eq!(second.notes(), ["a connection pooler answers here: no session state is used"]);
}

const PROBED: &str = "create role pooler_app login; create table public.own (id int primary key, name text not null);
    alter table public.own enable row level security;
    create policy own on public.own to pooler_app using (name = current_setting('app.name', true));
    create table public.open (id int primary key, body text); create table public.shut (id int primary key);
    insert into public.own values (1, 'x'), (2, ''); insert into public.open values (1, 'x'); insert into public.shut values (1);
    grant select, insert, update, delete on public.own, public.open to pooler_app; grant usage on schema public to pooler_app;";

#[test]
fn reads_and_writes_as_others_come_to_the_same_through_a_pooler() {
    let admin = support::connect(&OPEN, "postgres", "postgres");
    support::block_on(admin.batch_execute("create database pooler_probes")).unwrap();
    let inside = support::connect(&OPEN, "postgres", "pooler_probes");
    support::block_on(inside.batch_execute(PROBED)).unwrap();
    let pooler = Pooler::start();
    let audit = |url: &str| {
        let mut command = Command::new(support::program());
        command.args(["audit", "--db-url", url, "--format", "json", "--fail-on", "never", "--allow-partial"]);
        let output = command.arg("--allow-write-probes").stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (report["probes"].clone(), report["trials"].clone(), report["findings"].clone())
    };
    let direct = audit(&OPEN.conn_string("pooler_probes"));
    let url = format!("postgresql://someone@127.0.0.1:{}/probes?pgbouncer=true", pooler.port);
    // The pool has one session for all: what one transaction set is there for the next, as ''.
    for _ in 0..2 {
        assert_eq!(audit(&url), direct);
    }
    assert!(direct.0.to_string().contains("\"result\":\"seen\"") && direct.1.as_array().is_some_and(|t| t.len() > 4));
    let rows = support::block_on(inside.query_one("select count(*)::int from public.own", &[])).unwrap();
    assert_eq!(rows.get::<_, i32>(0), 2);
}
