//! Everything that a run says to servers, kept where somebody wants to see it (`--log-sql`).
//!
//! It is taken from what is written to the connections (see [`super::wire`]), so that no code can forget to tell of a
//! statement.

use std::sync::{Arc, Mutex};

/// What was said, shared by everything that connects; by default nothing is kept.
#[derive(Debug, Clone, Default)]
pub struct Log(Option<Arc<Mutex<Kept>>>);

#[derive(Debug, Default)]
struct Kept {
    sessions: usize,
    /// The session of the last line.
    last: usize,
    text: String,
}

/// A session in a log.
#[derive(Debug, Clone)]
pub(super) struct Line {
    log: Log,
    session: usize,
}

impl Log {
    /// One that keeps what is said.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// Everything in the order in which it was sent: statements with a semicolon after each, rows of COPY as psql reads
    /// them, and a comment wherever another session has its turn.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = self.0.as_ref().and_then(|kept| kept.lock().ok());
        kept.map(|kept| kept.text.clone()).unwrap_or_default()
    }

    /// Takes note of what is no statement of this process.
    pub(crate) fn remark(&self, text: &str) {
        self.with(|kept| kept.text.push_str(&format!("-- {}\n", text.replace('\n', " "))));
    }

    /// A session that begins, where sessions are kept.
    pub(super) fn session(&self, target: &str) -> Option<Line> {
        self.0.as_ref()?;
        let mut session = 0;
        self.with(|kept| {
            kept.sessions += 1;
            kept.last = kept.sessions;
            session = kept.sessions;
            kept.text.push_str(&format!("-- session {session}: {}\n", target.replace('\n', " ")));
        });
        Some(Line { log: self.clone(), session })
    }

    fn with(&self, act: impl FnOnce(&mut Kept)) {
        if let Some(Ok(mut kept)) = self.0.as_ref().map(|kept| kept.lock()) {
            act(&mut kept);
        }
    }
}

impl Line {
    /// A statement, or several in one message, that is sent now.
    pub(super) fn statement(&self, sql: &str) {
        self.add(&format!("{};\n", sql.trim_end().trim_end_matches(';')));
    }

    /// Rows that are sent to a COPY.
    pub(super) fn rows(&self, rows: &str) {
        self.add(rows);
    }

    fn add(&self, text: &str) {
        self.log.with(|kept| {
            if kept.last != self.session {
                kept.last = self.session;
                kept.text.push_str(&format!("-- session {}\n", self.session));
            }
            kept.text.push_str(text);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn statements_are_kept_where_they_are_wanted() {
        let (kept, not) = (Log::kept(), Log::default());
        assert!(not.session("me@here/db").is_none());
        let (one, two) = (kept.session("me@here/db").unwrap(), kept.clone().session("me@here/db").unwrap());
        one.statement("select 1");
        two.statement("select 2; ");
        two.statement("select 3;");
        one.rows("\\.\n");
        let text = "-- session 1: me@here/db\n-- session 2: me@here/db\n-- session 1\nselect 1;\n-- session 2\nselect 2;\n\
                    select 3;\n-- session 1\n\\.\n";
        assert_eq!((kept.text().as_str(), not.text().as_str()), (text, ""));
    }
}
