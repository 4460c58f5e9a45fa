//! How the time of an audit grows with the database, and how much of it is the server's own.
//!
//! `cargo bench --bench audit [RELATIONS...]` (default: 100 1000 10000). Each database has that many relations with
//! four policies each, one of them with a membership sub-select. The server's share is what it says itself that it
//! spent on planning and running our queries (`pg_stat_statements`): of the model's, and of a whole run of the program as
//! it goes by default, with its reads as each role. Growth shows in what a relation costs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its result")]

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comfy_table::Table;
use pgwitness::checks::{self, Context};
use pgwitness::connector::introspect::introspect;
use pgwitness::finding::Findings;
use pgwitness::shadow::{Binaries, BinariesRequest, Platform, Server, ServerOptions};
use tokio_postgres::{Client, NoTls};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What one audit took.
struct Timing {
    relations: u64,
    reading: Duration,
    server: Duration,
    deciding: Duration,
    findings: usize,
    /// The whole program with its report, without and with the reads as each role.
    program: Duration,
    program_with_reads: Duration,
    /// What the server spent on the latter.
    server_with_reads: Duration,
}

fn main() -> Result<()> {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 1_000, 10_000] } else { sizes };
    tokio::runtime::Runtime::new()?.block_on(run(&sizes))
}

async fn run(sizes: &[u64]) -> Result<()> {
    let binaries = Binaries::find(&BinariesRequest::default(), &|note: &str| eprintln!("{note}"))?;
    let options = ServerOptions {
        platform: Platform::Supabase { expose_new_tables: true },
        settings: vec![
            ("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned()),
            ("pg_stat_statements.track_planning".to_owned(), "on".to_owned()),
            ("max_locks_per_transaction".to_owned(), "4096".to_owned()),
        ],
        guard: Some(PathBuf::from(env!("CARGO_BIN_EXE_pgwitness"))),
        ..ServerOptions::default()
    };
    let server = Server::start(&binaries, options).await?;
    let mut timings = Vec::new();
    for &relations in sizes {
        timings.push(measure(&server, relations).await?);
    }
    println!("postgres {}, {} policies a relation", binaries.major(), 4);
    println!("{}", table(&timings));
    Ok(())
}

async fn measure(server: &Server, relations: u64) -> Result<Timing> {
    let name = format!("bench_{relations}");
    let admin = connect(server, "template1").await?;
    admin.batch_execute(&format!("create database {name} template postgres")).await?;
    let client = connect(server, &name).await?;
    generate(&client, relations).await?;
    client.batch_execute("create extension if not exists pg_stat_statements; analyze").await?;
    let client = connect(server, &name).await?;
    client.batch_execute("set search_path = public, extensions; select pg_stat_statements_reset()").await?;

    let started = Instant::now();
    client.batch_execute("begin isolation level repeatable read read only; set local search_path = ''").await?;
    let schema = introspect(&client).await?;
    client.batch_execute("rollback").await?;
    let reading = started.elapsed();

    let of_that = spent(&client).await?;

    let started = Instant::now();
    let cx = Context::new(&schema, None);
    let mut out = Findings::new(&schema.files);
    checks::run_all(&cx, &mut out);
    let (findings, _) = out.finish();
    let deciding = started.elapsed();
    let url = server.conn_string(&name);
    let without = program(&url, &["--no-probes"])?;
    client.batch_execute("select pg_stat_statements_reset()").await?;
    let with_reads = program(&url, &[])?;
    Ok(Timing {
        relations,
        reading,
        server: of_that,
        deciding,
        findings: findings.len(),
        program: without,
        program_with_reads: with_reads,
        server_with_reads: spent(&client).await?,
    })
}

/// What the server says that it spent on planning and running statements in this database.
async fn spent(client: &Client) -> Result<Duration> {
    let sql = "select coalesce(1000 * sum(total_exec_time + total_plan_time), 0)::bigint from pg_stat_statements s
        join pg_database d on d.oid = s.dbid where d.datname = current_database()";
    let micros: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(Duration::from_micros(u64::try_from(micros)?))
}

/// The time of a whole run of the program on that database.
fn program(url: &str, arguments: &[&str]) -> Result<Duration> {
    let started = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgwitness"));
    command.args(["audit", "--quiet", "--fail-on", "never", "--format", "json", "--db-url", url]).args(arguments);
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(started.elapsed()) } else { Err(format!("the audit ended with {status}").into()) }
}

async fn connect(server: &Server, database: &str) -> Result<Client> {
    let (client, connection) = server.config(server.superuser(), database).connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Sound relations: owner and team policies, a membership sub-select, one restrictive floor.
async fn generate(client: &Client, relations: u64) -> Result<()> {
    client
        .batch_execute(
            "create table public.members (team_id bigint, user_id uuid, primary key (team_id, user_id));
             alter table public.members enable row level security;
             create policy own on public.members for select to authenticated using (user_id = (select auth.uid()))",
        )
        .await?;
    for from in (0..relations).step_by(500) {
        let to = (from + 500).min(relations) - 1;
        let sql = format!(
            "do $do$ begin for n in {from}..{to} loop
                execute format('create table public.t%s (id bigint primary key, owner_id uuid not null, team_id bigint, title text not null default %L, done boolean)', n, '');
                execute format('alter table public.t%s enable row level security', n);
                execute format('revoke truncate, references, trigger on public.t%s from anon, authenticated', n);
                execute format('create policy read_own on public.t%s for select to authenticated using (owner_id = (select auth.uid()))', n);
                execute format('create policy read_team on public.t%s for select to authenticated using (exists (select 1 from public.members m where m.team_id = t%s.team_id and m.user_id = (select auth.uid())))', n, n);
                execute format('create policy write_own on public.t%s for update to authenticated using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()))', n);
                execute format('create policy floor on public.t%s as restrictive to authenticated using ((select auth.uid()) is not null)', n);
            end loop; end $do$"
        );
        client.batch_execute(&sql).await?;
    }
    Ok(())
}

fn table(timings: &[Timing]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "relations",
        "read",
        "of that the server",
        "decide",
        "whole",
        "a relation",
        "program",
        "with reads",
        "of that the server",
        "a relation",
        "findings",
    ]);
    for t in timings {
        let whole = t.reading + t.deciding;
        let share = |part: Duration, all: Duration| {
            format!("{:.0} ms ({:.0}%)", ms(part), 100.0 * part.as_secs_f64() / all.as_secs_f64())
        };
        table.add_row([
            t.relations.to_string(),
            format!("{:.0} ms", ms(t.reading)),
            share(t.server, t.reading),
            format!("{:.0} ms", ms(t.deciding)),
            format!("{:.0} ms", ms(whole)),
            format!("{:.0} µs", 1000.0 * ms(whole) / t.relations as f64),
            format!("{:.0} ms", ms(t.program)),
            format!("{:.0} ms", ms(t.program_with_reads)),
            share(t.server_with_reads, t.program_with_reads),
            format!("{:.0} µs", 1000.0 * ms(t.program_with_reads) / t.relations as f64),
            t.findings.to_string(),
        ]);
    }
    table
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
