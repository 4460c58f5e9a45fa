//! Files: each a session's work, one transaction where the tool makes it one.

use super::run::{Refusal, Result, Run};
use super::statement::touches_access;
use crate::migrations::initial;
use crate::migrations::layout::{FileRole, MigrationFile};
use crate::migrations::parse::setting::Transaction;
use crate::migrations::parse::{Parsed, Statement};
use crate::model::{self, Origin};
use std::cell::Cell;
use std::ops::Range;

/// The file that runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    file: u32,
    /// Whether it is a dump of the database in which the project began.
    pub(super) is_initial: bool,
    /// Its statements that make what the platform has made already.
    repeated: usize,
    /// Whether its table of storage buckets has other columns than the platform's.
    pub(super) has_other_buckets: bool,
    text: String,
    /// Where its lines begin.
    starts: Vec<usize>,
    /// The last byte that was asked for, and its column: a file may be one line.
    last: Cell<(usize, usize)>,
}

impl Run {
    /// Runs a file, in a transaction unless the tool runs it without.
    pub(super) fn file(&mut self, number: usize, file: &MigrationFile, text: String, statements: &[Parsed]) {
        self.session.in_transaction = file.transaction;
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        if self.provides_extensions {
            self.provide_mentioned(&text);
        }
        let is_initial = file.role == FileRole::Initial;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.file = Place {
            file: number,
            is_initial,
            repeated: 0,
            has_other_buckets: false,
            text,
            starts,
            last: Cell::default(),
        };
        self.watches_transactions = may_roll_back(statements);
        for parsed in statements {
            self.origin = Origin::Statement(self.span(&parsed.range));
            let outcome = self.whole(&parsed.statement);
            let outcome = self.unless_repeated(outcome, &parsed.statement);
            self.finish(outcome, touches_access(&parsed.statement));
            if matches!(parsed.statement, Statement::CopyData) {
                // The rows belong to the statement before them.
                let rows = self.ran.pop();
                if let (Some(copy), Some(rows)) = (self.ran.last_mut(), rows) {
                    copy.touched.extend(rows.touched);
                }
            }
        }
        self.notes.extend(initial::repeated(&file.path, self.file.repeated));
        // A transaction that nobody ends is not kept.
        self.abort();
        self.discard("all");
        self.origin = Origin::Catalog;
    }

    /// What a dump makes that the platform has made already stays as that is.
    fn unless_repeated(&mut self, outcome: Result, statement: &Statement) -> Result {
        match outcome {
            Err(Refusal::Rejected { sqlstate, message })
                if self.file.is_initial && initial::is_there_already(sqlstate, &message) =>
            {
                self.file.repeated += 1;
                if let Statement::CreateTable(create) = statement {
                    self.note_bucket_columns(create);
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Runs all of a statement, or nothing of it.
    fn whole(&mut self, statement: &Statement) -> Result {
        if matches!(statement, Statement::Transaction(_)) {
            return self.execute(statement);
        }
        let (mark, session) = (self.mark(), self.session.clone());
        let outcome = match statement {
            Statement::Data(data) => self.refused_rows(data, false).and_then(|()| self.execute(statement)),
            _ => self.execute(statement),
        };
        if matches!(outcome, Err(Refusal::Rejected { .. })) {
            self.roll_back(mark);
            self.session = session;
        }
        self.release();
        if outcome.is_ok() && fires_event_triggers(statement) {
            self.note_event_triggers();
        }
        outcome
    }

    /// A statement's place in the file that runs.
    pub(super) fn span(&self, range: &Range<usize>) -> model::Statement {
        let file = &self.file;
        let line = file.starts.partition_point(|start| *start <= range.start);
        let start = line.checked_sub(1).and_then(|l| file.starts.get(l)).copied().unwrap_or(0);
        let (known, column) = file.last.get();
        let is_before = column > 0 && start <= known && known <= range.start;
        let (from, column) = if is_before { (known, column) } else { (start, 1) };
        let between = file.text.get(from..range.start).unwrap_or_default();
        let column = column + between.chars().filter(|c| *c != '\u{feff}').count();
        file.last.set((range.start, column));
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        model::Statement {
            file: file.file,
            start: small(range.start),
            end: small(range.end),
            line: small(line),
            column: small(column),
        }
    }

    /// The text of the statement that runs.
    pub(super) fn text_here(&self) -> String {
        let Origin::Statement(place) = self.origin else { return String::new() };
        let range = place.start as usize..place.end as usize;
        self.file.text.get(range).unwrap_or_default().to_owned()
    }
}

/// Whether a file may take back what it did, so that its changes have to be recorded.
fn may_roll_back(statements: &[Parsed]) -> bool {
    let (mut begins, mut commits) = (0_usize, 0_usize);
    for parsed in statements {
        match &parsed.statement {
            Statement::Transaction(Transaction::Rollback | Transaction::RollbackTo(_)) => return true,
            Statement::Transaction(Transaction::Begin) => begins += 1,
            Statement::Transaction(Transaction::Commit) => commits += 1,
            _ => (),
        }
    }
    begins > commits
}

/// Whether a statement is one that event triggers fire for: none on rows, sessions or things of all databases.
fn fires_event_triggers(statement: &Statement) -> bool {
    use Statement as S;
    !matches!(
        statement,
        S::Data(_)
            | S::Set(_)
            | S::Discard(_)
            | S::Transaction(_)
            | S::Meta(_)
            | S::CopyData
            | S::Other(_)
            | S::Role(_)
            | S::RoleSetting(_)
            | S::Membership(_)
            | S::CreateEventTrigger(_)
            | S::AlterEventTrigger(_)
            | S::AlterSystem(_)
    )
}
