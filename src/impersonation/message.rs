//! The message that one read, or several of a persona, go in: statements that the server runs as a single transaction.
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
/// The column that says how many rows a relation has, about.
pub(super) const SIZE: &str = "pgwitness_size";
/// The column that says whether a relation has rows.
pub(super) const HAS_ROWS: &str = "pgwitness_has_rows";
/// The column that says what a role may read.
pub(super) const RIGHTS: &str = "pgwitness_rights";
/// The column that says whether the reads left the session as it was.
pub(super) const UNCHANGED: &str = "pgwitness_unchanged";

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

    /// Starts a transaction that may write, bounded likewise.
    pub(super) fn writing(options: &Options) -> Self {
        Self(format!(
            "set local statement_timeout = {};\nset local lock_timeout = {};\nset local search_path = '';\n",
            options.statement_timeout.as_millis().max(1),
            options.lock_timeout.as_millis().max(1),
        ))
    }

    /// A statement as it is.
    pub(super) fn statement(mut self, sql: &str) -> Self {
        let _ = writeln!(self.0, "{sql};");
        self
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

    /// Counts rows of some pages of a relation, about so many percent of them and always the same, but no more than `limit`.
    pub(super) fn count_sample(mut self, relation: &QualifiedName, percent: f64, limit: u32) -> Self {
        let _ = writeln!(
            self.0,
            "select pg_catalog.count(*) as {SEEN} from \
             (select 1 from {relation} tablesample system ({percent}) repeatable (1) limit {limit}) as bounded;"
        );
        self
    }

    /// Asks how many rows a relation has, as the server's statistics know it.
    pub(super) fn size(mut self, relation: &QualifiedName) -> Self {
        let _ = writeln!(
            self.0,
            "select pg_catalog.sum(greatest(c.reltuples, 0)) as {SIZE} from pg_catalog.pg_class c \
             where c.oid = {0}::pg_catalog.regclass or c.oid in (select inhrelid from pg_catalog.pg_inherits \
             where inhparent = {0}::pg_catalog.regclass);",
            quote_literal(&relation.to_string())
        );
        self
    }

    /// Asks whether any of the relations has a row.
    pub(super) fn has_rows(mut self, relations: &[&QualifiedName]) -> Self {
        let each: Vec<_> = relations.iter().map(|r| format!("exists (select 1 from {r})")).collect();
        let _ = writeln!(self.0, "select {} as {HAS_ROWS};", each.join(" or "));
        self
    }

    /// Asks what `role` may read of the relations, and whether the connected role sees all of their rows: the number
    /// of each with a letter, as [`Right::of`](super::rights::Right::of) reads it. Relations that are not there are
    /// left out.
    pub(super) fn rights(mut self, role: &str, relations: &[&QualifiedName]) -> Self {
        let rows: Vec<_> = relations
            .iter()
            .enumerate()
            .map(|(at, r)| format!("({at},{},{})", quote_literal(&r.schema), quote_literal(&r.name)))
            .collect();
        let _ = writeln!(
            self.0,
            "select pg_catalog.string_agg(asked.place || case \
             when not pg_catalog.has_schema_privilege(who.oid, n.oid, 'USAGE') then 'r' \
             when not pg_catalog.has_any_column_privilege(who.oid, c.oid, 'SELECT') then 'r' \
             when pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
             and pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
             and not pg_catalog.row_security_active(c.oid) then 'a' else 'h' end, ' ') as {RIGHTS} \
             from (values {}) as asked(place, namespace, relation) \
             join pg_catalog.pg_namespace n on n.nspname = asked.namespace \
             join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = asked.relation, \
             pg_catalog.pg_roles who where who.rolname = {};",
            rows.join(","),
            quote_literal(role),
        );
        self
    }

    /// Counts the rows of each relation as [`Self::count`] does. A statement each: the server takes twice as long to plan
    /// all in one, where row security has sub-selects.
    pub(super) fn counts(self, relations: &[&QualifiedName], limit: u32) -> Self {
        relations.iter().fold(self, |message, relation| message.count(relation, limit))
    }

    /// Asks of each relation whether it has a row, in one statement, with a space between each two answers.
    pub(super) fn each_has_rows(mut self, relations: &[&QualifiedName]) -> Self {
        if !relations.is_empty() {
            let each: Vec<_> = relations.iter().map(|r| format!("exists (select 1 from {r})")).collect();
            let each = each.join(", ");
            let _ = writeln!(self.0, "select pg_catalog.array_to_string(array[{each}], ' ') as {HAS_ROWS};");
        }
        self
    }

    /// Asks whether the session is still what [`Self::settings`] and [`Self::role`] made it.
    pub(super) fn unchanged(mut self, settings: &BTreeMap<String, String>, role: &str) -> Self {
        let role = ("role".to_owned(), role.to_owned());
        let all = settings.iter().chain([(&role.0, &role.1)]);
        let each: Vec<_> = all
            .map(|(n, v)| format!("pg_catalog.current_setting({}) = {}", quote_literal(n), quote_literal(v)))
            .collect();
        let _ = writeln!(self.0, "select {} as {UNCHANGED};", each.join(" and "));
        self
    }

    /// The finished text.
    pub(super) fn end(self) -> String {
        self.0 + "begin;\nrollback"
    }
}
