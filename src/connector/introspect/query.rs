//! A query of one .sql file, cut to the server's version.
//!
//! A line that ends with a condition belongs to some servers only: `--@ 16..` to PostgreSQL 16 and newer, `--@ ..15`
//! to 15 and older, `--@ name` and `--@ no name` to those where a feature was found or not.

use std::collections::BTreeSet;

/// A query and what it reads.
#[derive(Debug)]
pub(super) struct Query {
    /// What it reads, in the plural; names it in errors and gaps.
    pub(super) what: &'static str,
    sql: &'static str,
}

/// What the conditions of lines are decided by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server<'a> {
    /// The major version.
    pub(super) major: u32,
    /// Features found.
    pub(super) features: &'a [String],
}

impl Server<'_> {
    fn meets(self, condition: &str) -> bool {
        let has = |name: &str| self.features.iter().any(|f| f == name);
        let version = |text: &str| text.parse::<u32>().ok();
        if let Some(newest) = condition.strip_prefix("..").and_then(version) {
            self.major <= newest
        } else if let Some(oldest) = condition.strip_suffix("..").and_then(version) {
            self.major >= oldest
        } else {
            condition.strip_prefix("no ").map_or_else(|| has(condition), |name| !has(name))
        }
    }
}

impl Query {
    pub(super) const fn new(what: &'static str, sql: &'static str) -> Self {
        Self { what, sql }
    }

    /// The statement for `server`, without comments that stand on lines of their own.
    pub(super) fn sql_for(&self, server: Server<'_>) -> String {
        let mut sql = String::with_capacity(self.sql.len());
        for line in self.sql.lines().filter(|line| !line.trim_start().starts_with("--")) {
            let (text, condition) = line.split_once("--@ ").map_or((line, None), |(t, c)| (t.trim_end(), Some(c)));
            if condition.is_none_or(|c| server.meets(c.trim())) {
                sql.push_str(text);
                sql.push('\n');
            }
        }
        sql
    }
}

/// The names of the catalogs that a statement reads. A name in quotes, as in `'pg_catalog.pg_class'::regclass`, is
/// only looked up.
pub(super) fn catalogs(sql: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut before = "";
    for part in sql.split("pg_catalog.") {
        let end = part.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(part.len());
        if let Some(name) = part.get(..end).filter(|n| n.starts_with("pg_") && !before.ends_with('\'')) {
            names.insert(name);
        }
        before = part;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "-- why\nselect a, --@ 16..\n false as a, --@ ..15\n b --@ b\n null as b --@ no b\nfrom t\n";

    #[test]
    fn lines_follow_version_and_features() {
        let query = Query::new("things", SQL);
        let new = query.sql_for(Server { major: 16, features: &["b".to_owned()] });
        assert_eq!(new, "select a,\n b\nfrom t\n");
        let old = query.sql_for(Server { major: 15, features: &[] });
        assert_eq!(old, " false as a,\n null as b\nfrom t\n");
    }

    #[test]
    fn catalogs_that_are_read_are_named() {
        let sql = "select 'pg_catalog.pg_proc'::regclass from pg_catalog.pg_class c join pg_catalog.pg_am";
        assert_eq!(catalogs(sql).into_iter().collect::<Vec<_>>(), ["pg_am", "pg_class"]);
    }
}
