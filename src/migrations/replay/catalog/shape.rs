//! A relation as the binder sees it, kept until something changes in it: every policy and CHECK asks for it again.

use crate::sql::Table;
use crate::sql::bind::Scope;
use std::sync::{Mutex, PoisonError};

/// What was made of a row; a copy of the row begins without.
#[derive(Debug, Default)]
pub(crate) struct Shape(Mutex<Option<Box<Made>>>);

/// A relation and its row.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// The state of what the row only names, when this was made.
    pub(super) of: (u32, u32),
    pub(crate) table: Table,
    /// The row, as texts about the relation see it.
    pub(crate) row: Scope,
}

impl Clone for Shape {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Shape {
    /// What is kept of this state, or what `make` makes.
    pub(super) fn get<T>(
        &self,
        of: (u32, u32),
        make: impl FnOnce() -> Option<Made>,
        take: impl FnOnce(&Made) -> T,
    ) -> Option<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|made| made.of != of) {
            *kept = make().map(Box::new);
        }
        kept.as_deref().map(take)
    }

    pub(super) fn forget(&mut self) {
        *self.0.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
