//! Rows of one kind, and how to take back what was done to them.

use super::Id;
use std::collections::BTreeMap;

/// Rows by id. While it records, every change leaves behind what was there before.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    rows: BTreeMap<Id, T>,
    log: Vec<(Id, Option<T>)>,
    recording: bool,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), log: Vec::new(), recording: false }
    }
}

impl<T: Clone> Rows<T> {
    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(&id)
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.rows.contains_key(&id)
    }

    /// A row to change.
    pub(crate) fn edit(&mut self, id: Id) -> Option<&mut T> {
        let row = self.rows.get_mut(&id)?;
        if self.recording {
            self.log.push((id, Some(row.clone())));
        }
        Some(row)
    }

    pub(crate) fn insert(&mut self, id: Id, row: T) {
        let before = self.rows.insert(id, row);
        if self.recording {
            self.log.push((id, before));
        }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let before = self.rows.remove(&id)?;
        if self.recording {
            self.log.push((id, Some(before.clone())));
        }
        Some(before)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// The ids of the rows that `wanted` takes.
    pub(crate) fn ids(&self, mut wanted: impl FnMut(&T) -> bool) -> Vec<Id> {
        self.rows.iter().filter(|(_, row)| wanted(row)).map(|(id, _)| *id).collect()
    }

    pub(super) fn mark(&mut self) -> usize {
        self.recording = true;
        self.log.len()
    }

    pub(super) fn roll_back(&mut self, to: usize) {
        while self.log.len() > to {
            let Some((id, before)) = self.log.pop() else { return };
            match before {
                Some(row) => self.rows.insert(id, row),
                None => self.rows.remove(&id),
            };
        }
    }

    /// Nothing before now can be taken back any more.
    pub(super) fn settle(&mut self) {
        self.recording = false;
        self.log.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_back_to_any_mark() {
        let mut rows = Rows::default();
        rows.insert(Id(1), "a");
        let first = rows.mark();
        rows.insert(Id(2), "b");
        *rows.edit(Id(1)).unwrap() = "changed";
        let second = rows.mark();
        rows.remove(Id(1));
        rows.roll_back(second);
        assert_eq!(rows.get(Id(1)), Some(&"changed"));
        rows.roll_back(first);
        assert_eq!(rows.iter().collect::<Vec<_>>(), [(Id(1), &"a")]);
    }
}
