//! The one message that a read is: several statements that the server runs as a single transaction.
//!
//! A message without BEGIN is an implicit transaction block (manual, "Multiple Statements in a Simple Query"): an
//! error ends it at once, so that no failed transaction can stay behind on a connection, not even when nobody waits
//! for the answer. The `begin; rollback` at the end makes an explicit block of it, and rolls it back.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Options;
use crate::model::{QualifiedName, quote_ident, quote_literal};

/// The column that a count of visible rows comes back in.
pub(super) const SEEN: &str = "pgwitness_seen";
/// The column that says whether a relation has rows.
pub(super) const HAS_ROWS: &str = "pgwitness_has_rows";
/// The column that says whether the role holds the privileges for a read.
pub(super) const HOLDS: &str = "pgwitness_holds";

/// A message under construction.
#[derive(Debug)]
pub(super) struct Message(String);

impl Message {
    /// Starts a read-only transaction with one snapshot and the bounds of the run.
    pub(super) fn new(options: &Options) -> Self {
        Self(format!(
            "set transaction isolation level repeatable read, read only;\n\
             set local statement_timeout = {};\nset local lock_timeout = {};\n\
             set local search_path = '';\n",
            options.statement_timeout.as_millis().max(1),
            options.lock_timeout.as_millis().max(1),
        ))
    }

    /// Prepares the session as a client's would be.
    pub(super) fn settings(mut self, settings: &BTreeMap<String, String>) -> Self {
        let each: Vec<_> = settings
            .iter()
            .map(|(n, v)| format!("pg_catalog.set_config({}, {}, true)", quote_literal(n), quote_literal(v)))
            .collect();
        if !each.is_empty() {
            self.0.push_str(&format!("select {};\n", each.join(", ")));
        }
        self
    }

    /// Goes on as `role`.
    pub(super) fn role(mut self, role: &str) -> Self {
        let _ = writeln!(self.0, "set local role {};", quote_ident(role));
        self
    }

    /// Goes on as the role that is connected.
    pub(super) fn no_role(mut self) -> Self {
        self.0.push_str("set local role none;\n");
        self
    }

    /// From here on, a read that row security would filter is filtered, or (`false`) is an error.
    pub(super) fn row_security(mut self, filters: bool) -> Self {
        let _ = writeln!(self.0, "set local row_security = {};", if filters { "on" } else { "off" });
        self
    }

    /// Counts the rows of a relation, but no more than `limit`.
    ///
    /// Naming no column, it asks for the SELECT privilege on any one of them.
    pub(super) fn count(mut self, relation: &QualifiedName, limit: u32) -> Self {
        let _ = writeln!(
            self.0,
            "select pg_catalog.count(*) as {SEEN} from (select 1 from {relation} limit {limit}) as bounded;"
        );
        self
    }

    /// Asks whether any of the relations has a row.
    pub(super) fn has_rows(mut self, relations: &[&QualifiedName]) -> Self {
        let each: Vec<_> = relations.iter().map(|r| format!("exists (select 1 from {r})")).collect();
        let _ = writeln!(self.0, "select {} as {HAS_ROWS};", each.join(" or "));
        self
    }

    /// Asks whether `role` holds what a read of the relation itself needs; no row if the relation is not there.
    pub(super) fn holds(mut self, role: &str, relation: &QualifiedName) -> Self {
        let _ = writeln!(
            self.0,
            "select pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') \
             and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT') as {HOLDS} \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.pg_roles r \
             where n.nspname = {} and c.relname = {} and r.rolname = {};",
            quote_literal(&relation.schema),
            quote_literal(&relation.name),
            quote_literal(role),
        );
        self
    }

    /// The finished text.
    pub(super) fn end(self) -> String {
        self.0 + "begin;\nrollback"
    }
}
