//! COPY by its own protocol: what goes out must be what a SELECT shows, and what comes in is a write like others.

use futures_util::{SinkExt, TryStreamExt, pin_mut};
use tokio_postgres::error::DbError;

use super::attempt::Attempt;
use super::session::{Answer, Session};
use crate::connector::ConnectError;

impl Session<'_> {
    /// The rows that a `COPY .. TO STDOUT` gives after some statements.
    pub(super) async fn copy_out(&self, before: &str, copy: &str) -> Result<Result<usize, DbError>, ConnectError> {
        if let Err(error) = self.send(before).await? {
            return Ok(Err(error));
        }
        let rows = async {
            let stream = self.client().copy_out(copy).await?;
            pin_mut!(stream);
            let mut rows = 0;
            while let Some(chunk) = stream.try_next().await? {
                rows += chunk.iter().filter(|byte| **byte == b'\n').count();
            }
            Ok(rows)
        };
        self.refused(rows.await)
    }

    /// Copies lines in after some statements, and asks something of what is there then.
    pub(super) async fn copy_in(&self, before: &str, ask: &str, copy: &Attempt) -> Result<Answer, ConnectError> {
        if let Err(error) = self.send(before.trim_end_matches("; ")).await? {
            return Ok(Err(error));
        }
        let sent = async {
            let sink = self.client().copy_in(&copy.sql).await?;
            pin_mut!(sink);
            sink.send(std::io::Cursor::new(copy.lines.as_bytes().to_vec())).await?;
            sink.finish().await.map(|_| ())
        };
        match sent.await {
            Ok(()) => self.then(ask).await,
            // The session may be lost by it, and has no other use.
            Err(error) => match error.as_db_error() {
                Some(db) => Ok(Err(db.clone())),
                None => Err(ConnectError::query("copying as another role", error)),
            },
        }
    }

    fn refused<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<Result<T, DbError>, ConnectError> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(error) => match error.as_db_error() {
                Some(db) if !self.client().is_closed() => Ok(Err(db.clone())),
                _ => Err(ConnectError::query("copying as another role", error)),
            },
        }
    }
}

/// A row as COPY reads it.
pub(super) fn line<'v>(values: impl Iterator<Item = Option<&'v str>>) -> String {
    let escaped = |value: Option<&str>| match value {
        None => "\\N".to_owned(),
        Some(text) => text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"),
    };
    let cells: Vec<_> = values.map(escaped).collect();
    format!("{}\n", cells.join("\t"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_is_what_copy_reads() {
        assert_eq!(super::line([Some("a\tb\\"), None].into_iter()), "a\\tb\\\\\t\\N\n");
    }
}
