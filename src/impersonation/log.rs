//! The statements that a run sends to a server, kept where somebody wants to see them (`--log-sql`).

use std::sync::{Arc, Mutex};

/// Where statements are kept, shared by everything that runs some; by default nothing is.
#[derive(Debug, Clone, Default)]
pub struct Log(Option<Arc<Mutex<Vec<String>>>>);

impl Log {
    /// One that keeps them.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// Takes note of statements that are sent now.
    pub fn note(&self, sql: &str) {
        if let Some(Ok(mut lines)) = self.0.as_ref().map(|kept| kept.lock()) {
            lines.push(sql.to_owned());
        }
    }

    /// The statements in the order in which they were sent, a semicolon after each.
    #[must_use]
    pub fn text(&self) -> String {
        let Some(Ok(lines)) = self.0.as_ref().map(|kept| kept.lock()) else { return String::new() };
        lines.iter().map(|sql| format!("{};\n", sql.trim_end().trim_end_matches(';'))).collect()
    }
}

/// What is kept of a run is no bound of it.
impl PartialEq for Log {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Log {}

#[cfg(test)]
mod tests {
    use super::Log;

    #[test]
    fn statements_are_kept_where_they_are_wanted() {
        let (kept, not) = (Log::kept(), Log::default());
        [&kept, &not, &kept.clone()].iter().for_each(|log| log.note("select 1"));
        assert_eq!((kept.text().as_str(), not.text().as_str()), ("select 1;\nselect 1;\n", ""));
    }
}
