//! How many statements a second the tester tries as everybody, beside pg_prove running the same matrix as a pgTAP suite.
//!
//! `cargo bench --bench trials`. The rows, personas and statements are those of `migrations-fixtures/sound-saas`. pg_prove
//! and psql are taken from PATH (Debian: `libtap-parser-sourcehandler-pgtap-perl`, `postgresql-client`), pgTAP is the SQL
//! file that `PGWITNESS_PGTAP` names (Debian: `postgresql-15-pgtap` holds `pgtap--*.sql`). Without these only the tester is
//! measured.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its result")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use pgwitness::access;
use pgwitness::analyzer::effective::Effective;
use pgwitness::connector::{ConnInfo, Database, SessionOptions};
use pgwitness::impersonation::guest::guests;
use pgwitness::impersonation::trial::{self, Bounds, Setting};
use pgwitness::impersonation::{pgtap, seed};
use pgwitness::shadow::{Binaries, BinariesRequest, Platform, Server, ServerOptions, apply};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> Result<()> {
    let binaries = Binaries::find(&BinariesRequest::default(), &|note: &str| eprintln!("{note}"))?;
    let guard = Some(PathBuf::from(env!("CARGO_BIN_EXE_pgwitness")));
    let options = ServerOptions { platform: Platform::SUPABASE, guard, ..ServerOptions::default() };
    let server = Server::start(&binaries, options).await?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures/sound-saas");
    apply(&server, "postgres", &fixture, false).await?;

    let info = ConnInfo::for_socket(server.socket_dir(), server.port(), server.superuser(), "postgres");
    let database = Database::open(&info, &SessionOptions::default()).await?;
    let schema = database.schema().await?;
    let effective = Effective::new(&schema, None);
    let client = database.client().await?;
    let started = Instant::now();
    let seeded = seed::seed(&client, &effective).await?;
    println!("{} tables got rows in {:.2?}", seeded.rows.len(), started.elapsed());
    drop(client);
    let text = std::fs::read_to_string(fixture.join("policies/access.toml"))?;
    let rules = access::parse_texts([("policies/access.toml", text.as_str())]).map_err(|e| format!("{e:?}"))?;
    let intent = rules.resolve(&effective).map_err(|e| format!("{e:?}"))?;
    let untrusted = effective.principals().iter().filter(|p| p.is_untrusted());
    let guests: Vec<_> = untrusted.flat_map(|principal| guests(&effective, &seeded, principal)).collect();
    let setting = Setting { effective: &effective, seeded: &seeded, intent: &intent, verdicts: &[], guests: &guests };
    let mut trials = Vec::new();
    for round in 1..=3 {
        let started = Instant::now();
        trials = trial::run(&database, &setting, &Bounds::default(), &|_| ()).await?.trials;
        let took = started.elapsed();
        let rate = trials.len() as f64 / took.as_secs_f64();
        println!("round {round}: {} statements tried and judged in {took:.2?}: {rate:.0} a second", trials.len());
    }
    let client = database.client().await?;
    let rows = pgtap::rows(&client, &setting).await?;
    let suite = pgtap::suite(&setting, &rows, &trials, &[]);
    prove(&server, &client, &suite).await
}

/// The suite by pg_prove, where that can be had.
async fn prove(server: &Server, client: &tokio_postgres::Client, suite: &str) -> Result<()> {
    let Some(pgtap) = std::env::var_os("PGWITNESS_PGTAP") else {
        println!("pg_prove was not measured: PGWITNESS_PGTAP names no pgtap--*.sql");
        return Ok(());
    };
    let script: String = std::fs::read_to_string(pgtap)?
        .lines()
        .filter(|l| !l.starts_with('\\'))
        .fold(String::new(), |text, line| text + line + "\n");
    client.batch_execute(&format!("set search_path = extensions, public; {script}; reset search_path")).await?;
    let assertions = suite.matches("\nselect is(").count();
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("pgwitness.test.sql");
    std::fs::write(&file, suite.replace("create extension if not exists pgtap with schema extensions;\n", ""))?;
    let started = Instant::now();
    let mut command = Command::new("pg_prove");
    command.arg("--host").arg(server.socket_dir()).arg("--port").arg(server.port().to_string());
    let status = command.args(["--username", server.superuser(), "--dbname", "postgres"]).arg(&file).status();
    let took = started.elapsed();
    match status {
        Ok(status) => {
            let rate = assertions as f64 / took.as_secs_f64();
            println!("pg_prove: {assertions} assertions in {took:.2?}: {rate:.0} a second ({status})");
        }
        Err(error) => println!("pg_prove was not measured: {error}"),
    }
    Ok(())
}
