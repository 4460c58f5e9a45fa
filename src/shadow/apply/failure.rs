//! A statement that did not run, and whether access control may miss it.

use super::File;
use super::statement::Part;
use crate::migrations::parse::block::Step;
use crate::migrations::parse::data::Data;
use crate::migrations::parse::setting::{Set, Setting};
use crate::migrations::parse::{self, Statement};
use crate::model;
use std::fmt;

/// A statement that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file, as the user named it.
    pub path: String,
    /// Its bytes in it; `file` is the index into the project's files.
    pub place: model::Statement,
    /// How it begins, on one line.
    pub statement: String,
    /// The SQLSTATE.
    pub code: String,
    /// The server's message, with its detail.
    pub message: String,
    /// The server's hint.
    pub help: Option<String>,
    /// Whether it may have changed who can reach what.
    pub access_control: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.place.line, self.what())
    }
}

/// How much of a statement is shown.
const SHOWN: usize = 60;

impl Failure {
    /// What failed and why, without the place.
    #[must_use]
    pub fn what(&self) -> String {
        format!("`{}` did not run: {} ({})", self.statement, self.message, self.code)
    }

    /// The same with another index of its file.
    #[must_use]
    pub fn in_file(mut self, file: u32) -> Self {
        self.place.file = file;
        self
    }

    /// The failure as a gap of a model whose files are the project's.
    #[must_use]
    pub fn gap(&self) -> model::Gap {
        let (what, access_control) = (self.what(), self.access_control);
        model::Gap { what, access_control, origin: model::Origin::Statement(self.place) }
    }

    /// What the server said of a part.
    pub(super) fn of(file: &File<'_>, part: &Part<'_>, error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            None => Self::new(file.place(), part, "", error.to_string()),
            Some(db) => {
                let mut message = db.message().to_owned();
                for more in [db.detail(), db.where_()].into_iter().flatten() {
                    message = format!("{message}: {}", more.lines().next().unwrap_or_default());
                }
                Self { help: db.hint().map(str::to_owned), ..Self::new(file.place(), part, db.code().code(), message) }
            }
        }
    }

    /// A part that failed with an error of ours or the server's; the file is its index, its path and what of it runs.
    pub(super) fn new((index, path, text): (usize, &str, &str), part: &Part<'_>, code: &str, message: String) -> Self {
        Self {
            path: path.to_owned(),
            place: place(index, part),
            statement: beginning(text.get(part.piece.range.clone()).unwrap_or_default()),
            code: code.to_owned(),
            message,
            help: None,
            access_control: touches_access(&parse::parse(text, &part.piece).statement),
        }
    }
}

fn place(index: usize, part: &Part<'_>) -> model::Statement {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    model::Statement {
        file: small(index),
        start: small(part.piece.range.start),
        end: small(part.piece.range.end),
        line: small(part.piece.line),
        column: small(part.piece.column),
    }
}

/// What is not known where a part ran all the same; the file is its index.
pub(super) fn gap_at(index: usize, part: &Part<'_>, what: String) -> model::Gap {
    model::Gap { what, access_control: true, origin: model::Origin::Statement(place(index, part)) }
}

/// The first words of a statement; strings may be long or secret, and the place tells the rest.
fn beginning(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let before_string = line.split(['\'', '$']).next().unwrap_or_default().trim_end();
    match before_string.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ...", before_string.get(..end).unwrap_or_default()),
        None if before_string.len() < line.len() => format!("{before_string} ..."),
        None => line.trim_end_matches(';').to_owned(),
    }
}

/// Whether a statement that is missing may leave access other than it is; in doubt it may.
fn touches_access(statement: &Statement) -> bool {
    match statement {
        Statement::Comment(_)
        | Statement::CreateIndex(_)
        | Statement::Discard(_)
        | Statement::Transaction(_)
        | Statement::CopyData
        | Statement::CreateExtension(_)
        | Statement::AlterExtension(_)
        | Statement::Other(_) => false,
        Statement::Meta(command) => !["\\restrict", "\\unrestrict", "\\echo"].iter().any(|c| command.starts_with(c)),
        Statement::Set(set) => sets_access(set),
        Statement::Data(data) => writes_access(data),
        Statement::Do(block) => block.steps.iter().any(step_touches),
        Statement::Unknown { may_touch_access_control, .. } => *may_touch_access_control,
        _ => true,
    }
}

/// Settings under which later statements mean something else.
fn sets_access(set: &Set) -> bool {
    match set {
        Set::Setting(_, Setting { name, .. }) => name
            .as_deref()
            .is_none_or(|n| ["search_path", "role", "session_authorization", "row_security"].contains(&n)),
        Set::Role(..) | Set::SessionAuthorization(..) => true,
        Set::Other(_) => false,
    }
}

/// Schemas whose functions change no access: jobs, requests, queues, secrets.
const HARMLESS_CALLS: [&str; 8] = ["cron", "net", "pgmq", "vault", "pg_catalog", "extensions", "graphql", "realtime"];

/// Rows are not access, except those that say which buckets are public; a function may do anything.
fn writes_access(data: &Data) -> bool {
    let of_storage = |name: &crate::migrations::Name| name.schema.as_deref() == Some("storage");
    let harmless = |name: &crate::migrations::Name| match &name.schema {
        Some(schema) => HARMLESS_CALLS.contains(&schema.as_str()),
        None => matches!(data.command.as_str(), "insert" | "update" | "delete" | "copy"),
    };
    data.creates.is_some()
        || data.writes.iter().any(|(_, name)| of_storage(name))
        || data.calls.iter().any(|call| !harmless(&call.name))
}

fn step_touches(step: &Step) -> bool {
    match step {
        Step::Run(parsed) => touches_access(&parsed.statement),
        Step::If(branches, otherwise) => {
            branches.iter().any(|(_, steps)| steps.iter().any(step_touches)) || otherwise.iter().any(step_touches)
        }
        Step::Caught(body, handlers) => {
            body.iter().any(step_touches) || handlers.iter().any(|h| h.steps.iter().any(step_touches))
        }
        Step::Chosen(chosen) => {
            let ways = chosen.branches.iter().map(|(_, branch)| branch).chain([&chosen.otherwise]);
            ways.flat_map(|branch| &branch.steps).chain(&chosen.unchosen).any(step_touches)
        }
        Step::Rounds(rounds) => rounds.iter().any(|round| round.iter().any(step_touches)),
        Step::Rows(rows) => rows.otherwise.iter().any(step_touches),
        Step::Assigned(assigned) => assigned.otherwise.iter().any(step_touches),
        Step::Return | Step::Raise(_) | Step::Asks(_) | Step::Continue | Step::Exit => false,
        Step::Gap { may_touch_access_control, .. } => *may_touch_access_control,
    }
}

#[cfg(test)]
mod tests {
    use super::{beginning, touches_access};
    use crate::migrations::parse::parse_file;

    #[test]
    fn what_access_may_miss() {
        let touches = |sql: &str| touches_access(&parse_file(sql)[0].statement);
        for sql in [
            "create policy p on t",
            "create table t (a int)",
            "update storage.buckets set public = true",
            "select make_policies()",
            "set role x",
            "do $$ begin execute f(); end $$",
            "create function f() returns int language sql as 'select 1'",
            "frobnicate",
        ] {
            assert!(touches(sql), "{sql}");
        }
        for sql in [
            "create index on t (a)",
            "comment on table t is ''",
            "insert into t values (gen_random_uuid())",
            "select cron.schedule('a', 'b', 'c')",
            "set statement_timeout = 0",
            "do $$ begin insert into t values (1); end $$",
        ] {
            assert!(!touches(sql), "{sql}");
        }
    }

    #[test]
    fn shows_no_strings() {
        assert_eq!(beginning("select\n  f( 'secret')"), "select f( ...");
        assert_eq!(beginning("create table t (a int);"), "create table t (a int)");
        assert_eq!(beginning(&format!("select {}", "é".repeat(80))).chars().count(), 64);
    }
}
