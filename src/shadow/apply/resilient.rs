//! A file run past its errors: a savepoint before each statement, and a list of those that failed.

use super::failure::{Failure, gap_at};
use super::statement::Part;
use super::strict::NOT_IN_TRANSACTION;
use super::{Applied, File, Mode, initial};
use crate::migrations::initial::{repeated, unknown_role};
use crate::migrations::layout::FileRole;
use crate::migrations::split::PieceKind;
use crate::model::Gap;
use crate::shadow::ShadowError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Runs a file. It is tried as a whole first, which is what most files survive and what is quick.
pub(super) async fn run(file: &File<'_>, mode: Mode, applied: &mut Applied) -> Result<(), ShadowError> {
    let cut = file.parts.iter().all(Part::is_statement);
    let apart = file.runs_apart() || file.file.role == FileRole::Initial;
    if cut && !apart {
        if file.text.trim().is_empty() || file.client.batch_execute(file.text).await.is_ok() {
            return Ok(());
        }
        lost(file)?;
        let _ = file.client.batch_execute("rollback").await;
    }
    let mut run = Run::new(file, !apart);
    if run.all().await?.is_err() {
        // A constraint that is checked at the end undid everything: then each statement for itself.
        run = Run::new(file, false);
        let _ = run.all().await?;
    }
    applied.gaps.extend(run.gaps);
    applied.notes.extend(repeated(file.name(), run.repeated));
    match (mode, run.failures.first()) {
        (Mode::Strict, Some(first)) => Err(first.clone().into()),
        _ => {
            applied.failures.extend(run.failures);
            Ok(())
        }
    }
}

/// Without its server a run is over.
fn lost(file: &File<'_>) -> Result<(), ShadowError> {
    if file.client.is_closed() {
        return Err(ShadowError::Connection {
            what: format!("`{}` was not applied", file.name()),
            message: "the server closed the connection".to_owned(),
        });
    }
    Ok(())
}

/// The transaction that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// The one around the file.
    Ours,
    /// One that the file began itself.
    Theirs,
}

struct Run<'a> {
    file: &'a File<'a>,
    /// Whether the statements are one transaction.
    together: bool,
    open: Open,
    failures: Vec<Failure>,
    /// What is not known of a dump.
    gaps: Vec<Gap>,
    /// Statements of a dump that make what is there.
    repeated: usize,
}

impl<'a> Run<'a> {
    fn new(file: &'a File<'a>, together: bool) -> Self {
        Self { file, together, open: Open::Nothing, failures: Vec::new(), gaps: Vec::new(), repeated: 0 }
    }
}

impl Run<'_> {
    /// Runs all parts; the inner error is that of the end of the transaction.
    async fn all(&mut self) -> Result<Result<(), Error>, ShadowError> {
        for part in self.file.parts {
            self.part(part).await?;
            lost(self.file)?;
        }
        let ended = if self.open == Open::Ours { self.command("commit").await } else { Ok(()) };
        self.open = Open::Nothing;
        lost(self.file)?;
        Ok(ended)
    }

    async fn part(&mut self, part: &Part<'_>) -> Result<(), ShadowError> {
        match &part.piece.kind {
            PieceKind::Statement if part.controls_transaction() => self.bound(part).await,
            PieceKind::Statement => self.statement(part).await?,
            PieceKind::Meta => self.fail(part, "42601", "a command of psql, which no server takes".to_owned()),
            PieceKind::Unread(why) => self.fail(part, "42601", why.clone()),
            PieceKind::CopyData => {}
        }
        Ok(())
    }

    fn fail(&mut self, part: &Part<'_>, code: &str, message: String) {
        self.failures.push(Failure::new(self.file.place(), part, code, message));
    }

    async fn command(&self, sql: &str) -> Result<(), Error> {
        self.file.client.batch_execute(sql).await
    }

    /// A statement that begins or ends a transaction, or that sets a savepoint.
    async fn bound(&mut self, part: &Part<'_>) {
        let begins = part.statement.begins(&["begin"]) || part.statement.begins(&["start"]);
        let to_savepoint = part.statement.find("to").is_some();
        match self.file.send(part).await {
            Ok(()) if begins => self.open = Open::Theirs,
            Ok(()) if to_savepoint => {}
            Ok(()) => self.open = Open::Nothing,
            Err(error) => {
                self.failures.push(Failure::of(self.file, part, &error));
                let _ = self.command("rollback").await;
                self.open = Open::Nothing;
            }
        }
    }

    async fn statement(&mut self, part: &Part<'_>) -> Result<(), ShadowError> {
        if self.together && self.open == Open::Nothing && self.command("begin").await.is_ok() {
            self.open = Open::Ours;
        }
        let Err(error) = self.guarded(part).await else { return Ok(()) };
        lost(self.file)?;
        let alone = error.code().is_some_and(|code| NOT_IN_TRANSACTION.contains(code));
        if alone && self.open == Open::Ours && self.command("commit").await.is_ok() {
            self.open = Open::Nothing;
            if let Err(error) = self.file.send(part).await {
                self.judge(part, error).await?;
            }
            return Ok(());
        }
        self.judge(part, error).await
    }

    /// Runs a statement so that its failure undoes nothing else.
    async fn guarded(&self, part: &Part<'_>) -> Result<(), Error> {
        let is_savepoint = ["savepoint", "release"].iter().any(|word| part.statement.begins(&[word]));
        if self.open == Open::Nothing || is_savepoint {
            return self.file.send(part).await;
        }
        self.command("savepoint pgwitness").await?;
        let ran = self.file.send(part).await;
        let end = match ran {
            Ok(()) => "release savepoint pgwitness",
            Err(_) => "rollback to savepoint pgwitness; release savepoint pgwitness",
        };
        self.command(end).await.and(ran)
    }

    /// What a failure means: in a dump some are to be expected, and some can be mended.
    async fn judge(&mut self, part: &Part<'_>, error: Error) -> Result<(), ShadowError> {
        if self.file.file.role == FileRole::Initial {
            if initial::is_there_already(&error) {
                self.repeated += 1;
                return Ok(());
            }
            if error.code() == Some(&SqlState::UNDEFINED_OBJECT)
                && let Some(role) = initial::make_role(self.file.admin, &error).await
            {
                let unknown = unknown_role(&role).map(|what| gap_at(self.file.index, part, what));
                self.gaps.extend(unknown);
                return Box::pin(self.statement(part)).await;
            }
        }
        self.failures.push(Failure::of(self.file, part, &error));
        Ok(())
    }
}
