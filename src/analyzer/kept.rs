//! Answers that are worked out when they are first asked for.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// Answers by question.
#[derive(Debug)]
pub(crate) struct Kept<K, V>(Mutex<FxHashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    /// The answer. Nothing is locked while it is worked out: two may do so at once, to the same end.
    pub(crate) fn get<Q>(&self, key: &Q, work_out: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known().get(key) {
            return value.clone();
        }
        let value = work_out();
        known().insert(key.to_owned(), value.clone());
        value
    }
}
