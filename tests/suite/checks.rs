//! Every check on real servers: its bad example fires it, its good one is silent, and its fix silences it; and the
//! noise that others make and we must not.
//!
//! Each example runs in a transaction that rolls back, so that roles, which a cluster shares, do not outlive it.

mod confirmed;
mod examples;
mod fixtures;
mod noise;
mod offline;
mod severity;

use std::collections::BTreeSet;

use pgwitness::checks::{Context, run_all};
use pgwitness::connector::introspect::introspect;
use pgwitness::finding::{Finding, Findings, Severity};
use pgwitness::model::Schema;
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::Client;

use crate::support::{block_on, connect, explain, server};

/// A transaction on the platform's database that examples run in.
struct Stage {
    client: Client,
    _server: Server,
    platform: Platform,
}

impl Stage {
    fn new(major: u32, platform: Platform) -> Self {
        let server = server(major, platform);
        let client = connect(&server, server.superuser(), "postgres");
        Self { client, _server: server, platform }
    }

    fn execute(&self, sql: &str) {
        block_on(self.client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}\n{sql}", explain(&e)));
    }

    /// Opens the transaction and runs `sql` as `postgres`, to whom the platform lends what its owner needs.
    fn begin(&self, sql: &str) {
        self.execute("begin");
        self.run(sql);
    }

    fn run(&self, sql: &str) {
        if self.platform == Platform::Postgres {
            return self.execute(&format!("set local search_path = public; {sql}"));
        }
        self.execute("alter role postgres superuser; set local session authorization postgres");
        self.execute(&format!("set local search_path = public, extensions; {sql}"));
        self.execute("reset session authorization; alter role postgres nosuperuser");
    }

    fn rollback(&self) {
        self.execute("rollback");
    }

    fn schema(&self) -> Schema {
        block_on(introspect(&self.client)).unwrap_or_else(|e| panic!("{e}"))
    }

    /// What the audit finds at this point.
    fn audit(&self) -> Vec<Finding> {
        audit(&self.schema())
    }

    /// What it finds after `sql`.
    fn findings(&self, sql: &str) -> Vec<Finding> {
        self.begin(sql);
        let findings = self.audit();
        self.rollback();
        findings
    }
}

fn audit(schema: &Schema) -> Vec<Finding> {
    let mut out = Findings::new(&schema.files);
    run_all(&Context::new(schema, None), &mut out);
    out.finish().0
}

/// Findings that are not in `before`, or weigh more now.
fn beyond<'f>(findings: &'f [Finding], before: &[Finding]) -> Vec<&'f Finding> {
    let known: BTreeSet<_> = before.iter().map(|f| (&f.fingerprint, f.severity)).collect();
    findings.iter().filter(|f| !known.contains(&(&f.fingerprint, f.severity))).collect()
}

fn brief<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> String {
    let line = |f: &Finding| format!("  {} {} {}: {}", f.severity.word(), f.check, f.object, f.message);
    findings.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn of_check<'f>(findings: &[&'f Finding], check: &str) -> Vec<&'f Finding> {
    findings.iter().copied().filter(|f| f.check == check).collect()
}

fn serious<'f>(findings: &[&'f Finding], but: &str) -> Vec<&'f Finding> {
    findings.iter().copied().filter(|f| f.check != but && f.severity >= Severity::High).collect()
}
