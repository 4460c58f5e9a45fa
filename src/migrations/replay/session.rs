//! What a session remembers between statements: who it is and where it looks for names.

use super::catalog::Id;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The role after SET SESSION AUTHORIZATION.
    pub(super) session_user: Id,
    /// The role after SET ROLE.
    pub(super) role: Option<Id>,
    pub(super) search_path: Vec<String>,
    /// Other settings that were made.
    pub(super) settings: BTreeMap<String, String>,
}

/// A value that costs nothing to keep a copy of: every statement keeps one of the session, few change it.
#[derive(Debug, Clone)]
pub(super) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Whether nothing has made it another value than `other`, for all that can be told at once.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

/// A session with its transaction.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) now: Shared<State>,
    /// What it starts with, and comes back to with RESET and DISCARD ALL.
    start: Shared<State>,
    /// What holds after the transaction, when SET LOCAL made that something else.
    after: Option<Shared<State>>,
    /// Whether a transaction is open, so that SET LOCAL has an effect.
    pub(super) in_transaction: bool,
}

impl Session {
    pub(super) fn new(user: Id, search_path: Vec<String>) -> Self {
        let start = State { session_user: user, role: None, search_path, settings: BTreeMap::new() };
        let start = Shared(Arc::new(start));
        Self { now: start.clone(), start, after: None, in_transaction: false }
    }

    /// The role whose rights count and who owns what is made.
    pub(super) fn user(&self) -> Id {
        self.now.role.unwrap_or(self.now.session_user)
    }

    /// Changes the state, for the rest of the transaction only if `local`.
    pub(super) fn set(&mut self, local: bool, change: impl Fn(&mut State, &State)) {
        if local && !self.in_transaction {
            return;
        }
        match (&mut self.after, local) {
            (None, true) => self.after = Some(self.now.clone()),
            (Some(after), false) => change(after, &self.start),
            _ => (),
        }
        change(&mut self.now, &self.start);
    }

    /// The end of a transaction; what SET LOCAL made ends with it.
    pub(super) fn end_transaction(&mut self) {
        if let Some(after) = self.after.take() {
            self.now = after;
        }
        self.in_transaction = false;
    }

    /// DISCARD ALL, or a new session of the same user.
    pub(super) fn discard(&mut self) {
        self.now = self.start.clone();
        self.after = None;
        self.in_transaction = false;
    }
}

/// The schemas of a `search_path` as a setting has it: names with commas between them, quoted or not.
pub(super) fn path(value: &str) -> Vec<String> {
    let mut schemas = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (quoted.get(..end).unwrap_or_default().to_owned(), quoted.get(end + 1..).unwrap_or_default())
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                (name.trim().to_ascii_lowercase(), after)
            }
        };
        if !name.is_empty() {
            schemas.push(name);
        }
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    schemas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_search_path() {
        assert_eq!(path("\"$user\", public,Ext"), ["$user", "public", "ext"]);
        assert_eq!(path("\"\""), [""; 0]);
        assert_eq!(path(""), [""; 0]);
    }

    #[test]
    fn what_is_local_ends_with_the_transaction() {
        let mut session = Session::new(Id(1), vec!["public".into()]);
        session.in_transaction = true;
        session.set(true, |state, _| state.role = Some(Id(2)));
        session.set(false, |state, _| state.search_path = vec!["a".into()]);
        assert_eq!(session.user(), Id(2));
        session.end_transaction();
        assert_eq!((session.user(), session.now.search_path.as_slice()), (Id(1), ["a".to_owned()].as_slice()));
        session.set(true, |state, _| state.role = Some(Id(2)));
        assert_eq!(session.user(), Id(1), "outside of a transaction SET LOCAL does nothing");
    }
}
