//! Rows of one kind, which of them rest on what, and how to take back what was done to them.

use super::Id;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// A row, and the objects that it names; owners and the roles of access control lists apart.
pub(crate) trait Row: Clone {
    /// Its own name, for kinds that are looked for by it wherever they are.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What it is a part of: the relation of a policy, the schema of a relation.
    fn part_of(&self) -> Option<Id>;

    /// Calls `each` with every other object that it names, with some perhaps twice.
    fn rests_on(&self, each: &mut dyn FnMut(Id));
}

/// Rows by id. While it records, every change leaves behind what was there before.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    rows: BTreeMap<Id, T>,
    ties: Ties,
    /// The row that was last given away to be changed; it has no ties.
    lent: Option<Id>,
    log: Vec<(Id, Option<T>)>,
    recording: bool,
}

/// The rows by what they name, so that nobody has to look at all of them.
#[derive(Debug, Clone, Default)]
struct Ties {
    parts: FxHashMap<Id, BTreeSet<Id>>,
    users: FxHashMap<Id, BTreeSet<Id>>,
    names: FxHashMap<String, BTreeSet<Id>>,
}

impl Ties {
    fn add(&mut self, id: Id, row: &impl Row) {
        if let Some(name) = row.name() {
            match self.names.get_mut(name) {
                Some(ids) => drop(ids.insert(id)),
                None => drop(self.names.insert(name.to_owned(), BTreeSet::from([id]))),
            }
        }
        if let Some(whole) = row.part_of() {
            self.parts.entry(whole).or_default().insert(id);
        }
        row.rests_on(&mut |other| {
            self.users.entry(other).or_default().insert(id);
        });
    }

    fn remove(&mut self, id: Id, row: &impl Row) {
        if let Some(name) = row.name() {
            cut(&mut self.names, name, id);
        }
        if let Some(whole) = row.part_of() {
            cut(&mut self.parts, &whole, id);
        }
        row.rests_on(&mut |other| cut(&mut self.users, &other, id));
    }
}

fn cut<K, Q>(ties: &mut FxHashMap<K, BTreeSet<Id>>, from: &Q, id: Id)
where
    K: std::borrow::Borrow<Q> + Eq + std::hash::Hash,
    Q: Eq + std::hash::Hash + ?Sized,
{
    if let Some(ids) = ties.get_mut(from) {
        ids.remove(&id);
        if ids.is_empty() {
            ties.remove(from);
        }
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), ties: Ties::default(), lent: None, log: Vec::new(), recording: false }
    }
}

impl<T: Row> Rows<T> {
    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(&id)
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.rows.contains_key(&id)
    }

    /// A row to change.
    pub(crate) fn edit(&mut self, id: Id) -> Option<&mut T> {
        self.take_back();
        let row = self.rows.get_mut(&id)?;
        self.ties.remove(id, row);
        self.lent = Some(id);
        if self.recording {
            self.log.push((id, Some(row.clone())));
        }
        Some(row)
    }

    pub(crate) fn insert(&mut self, id: Id, row: T) {
        let before = self.replace(id, Some(row));
        if self.recording {
            self.log.push((id, before));
        }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let before = self.replace(id, None)?;
        if self.recording {
            self.log.push((id, Some(before.clone())));
        }
        Some(before)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// The ids of the rows that `wanted` takes; for what [`Rows::of`] and [`Rows::using`] cannot tell.
    pub(crate) fn ids(&self, wanted: impl Fn(&T) -> bool) -> Vec<Id> {
        self.rows.iter().filter(|(_, row)| wanted(row)).map(|(id, _)| *id).collect()
    }

    /// The rows that are parts of `whole`.
    pub(crate) fn parts(&self, whole: Id) -> impl Iterator<Item = (Id, &T)> {
        self.tied(self.ties.parts.get(&whole)).filter(move |(_, row)| row.part_of() == Some(whole))
    }

    /// The ids of the parts of `whole` that `wanted` takes.
    pub(crate) fn of(&self, whole: Id, wanted: impl Fn(&T) -> bool) -> Vec<Id> {
        let found = self.parts(whole).filter(|(_, row)| wanted(row)).map(|(id, _)| id).collect();
        debug_assert_eq!(found, self.ids(|row| row.part_of() == Some(whole) && wanted(row)), "the ties are whole");
        found
    }

    /// The rows that name `other` as what they rest on, and perhaps one that no longer does.
    pub(crate) fn users(&self, other: Id) -> impl Iterator<Item = (Id, &T)> {
        self.tied(self.ties.users.get(&other))
    }

    /// The ids of the rows that `wanted` takes; it takes only such as name `other`.
    pub(crate) fn using(&self, other: Id, wanted: impl Fn(&T) -> bool) -> Vec<Id> {
        let found = self.users(other).filter(|(_, row)| wanted(row)).map(|(id, _)| id).collect();
        debug_assert_eq!(found, self.ids(wanted), "the ties are whole");
        found
    }

    /// The rows of that name, whatever they are parts of.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = (Id, &T)> {
        self.tied(self.ties.names.get(name)).filter(move |(_, row)| row.name() == Some(name))
    }

    fn tied(&self, ties: Option<&BTreeSet<Id>>) -> impl Iterator<Item = (Id, &T)> {
        let mut ids: Vec<Id> = ties.into_iter().flatten().copied().collect();
        if let Some(lent) = self.lent
            && let Err(at) = ids.binary_search(&lent)
        {
            ids.insert(at, lent);
        }
        ids.into_iter().filter_map(|id| Some((id, self.rows.get(&id)?)))
    }

    /// Ties the row that was changed last.
    fn take_back(&mut self) {
        if let Some((id, row)) = self.lent.take().and_then(|id| Some((id, self.rows.get(&id)?))) {
            self.ties.add(id, row);
        }
    }

    /// Puts a row, or none, into the place of what was there.
    fn replace(&mut self, id: Id, row: Option<T>) -> Option<T> {
        self.take_back();
        if let Some(before) = self.rows.get(&id) {
            self.ties.remove(id, before);
        }
        match row {
            Some(row) => {
                self.ties.add(id, &row);
                self.rows.insert(id, row)
            }
            None => self.rows.remove(&id),
        }
    }

    pub(super) fn mark(&mut self) -> usize {
        self.recording = true;
        self.log.len()
    }

    pub(super) fn roll_back(&mut self, to: usize) {
        while self.log.len() > to {
            let Some((id, before)) = self.log.pop() else { return };
            self.replace(id, before);
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

    /// What it is a part of, and what it rests on.
    #[derive(Debug, Clone, PartialEq)]
    struct Part(u32, u32);

    impl Row for Part {
        fn part_of(&self) -> Option<Id> {
            Some(Id(self.0))
        }

        fn rests_on(&self, each: &mut dyn FnMut(Id)) {
            each(Id(self.1));
        }
    }

    fn tied(rows: &Rows<Part>) -> [Vec<Id>; 4] {
        let using = |other: u32| rows.using(Id(other), |row| row.1 == other);
        [rows.of(Id(10), |_| true), rows.of(Id(11), |_| true), using(20), using(21)]
    }

    #[test]
    fn takes_back_to_any_mark_with_the_ties() {
        let mut rows = Rows::default();
        rows.insert(Id(1), Part(10, 20));
        let first = rows.mark();
        let before = tied(&rows);
        rows.insert(Id(2), Part(10, 20));
        rows.edit(Id(1)).unwrap().0 = 11;
        let second = rows.mark();
        let between = tied(&rows);
        assert_eq!(between, [vec![Id(2)], vec![Id(1)], vec![Id(1), Id(2)], vec![]]);
        rows.remove(Id(1));
        rows.insert(Id(2), Part(11, 21));
        assert_eq!(tied(&rows), [vec![], vec![Id(2)], vec![], vec![Id(2)]]);
        rows.roll_back(second);
        assert_eq!(tied(&rows), between);
        rows.roll_back(first);
        assert_eq!((tied(&rows), rows.iter().collect::<Vec<_>>()), (before, vec![(Id(1), &Part(10, 20))]));
    }

    #[test]
    fn a_row_that_is_still_lent_is_found() {
        let mut rows = Rows::default();
        rows.insert(Id(1), Part(10, 20));
        rows.insert(Id(2), Part(10, 20));
        *rows.edit(Id(1)).unwrap() = Part(11, 21);
        assert_eq!(tied(&rows), [vec![Id(2)], vec![Id(1)], vec![Id(2)], vec![Id(1)]]);
    }
}
