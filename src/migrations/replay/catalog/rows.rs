//! Rows of one kind, which of them rest on what, and how to take back what was done to them.

use super::Id;
use super::slots::Slots;
use rustc_hash::FxHashMap;

/// A row, and the objects that it names; owners and the roles of access control lists apart.
pub(crate) trait Row: Clone {
    /// Its own name, for kinds that are looked for by it wherever they are.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What it is a part of: the relation of a policy, the schema of a relation.
    fn part_of(&self) -> Option<Id>;

    /// Drops what was made of it: it is about to change.
    fn changes(&mut self) {}

    /// Calls `each` with every other object that it names, with some perhaps twice.
    fn rests_on(&self, each: &mut dyn FnMut(Id));
}

/// Rows by id. While it records, every change leaves behind what was there before.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    rows: Slots<T>,
    ties: Ties,
    /// The row that was last given away to be changed, and its ties before; those it has now are made when it is back.
    lent: Option<Id>,
    before: Knots,
    now: Knots,
    log: Vec<(Id, Option<T>)>,
    /// How much was logged when the last state to come back to was marked.
    marked: usize,
    recording: bool,
    /// How often a row was changed, put in or taken out.
    changes: u32,
}

/// The rows by what they name, so that nobody has to look at all of them.
#[derive(Debug, Clone, Default)]
struct Ties {
    parts: FxHashMap<Id, Ids>,
    users: FxHashMap<Id, Ids>,
    names: FxHashMap<String, Ids>,
}

/// What ties a row; its buffers are used again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Knots {
    named: bool,
    name: String,
    part_of: Option<Id>,
    rests_on: Vec<Id>,
}

impl Knots {
    fn read(&mut self, row: &impl Row) {
        self.name.clear();
        self.rests_on.clear();
        let name = row.name();
        self.named = name.is_some();
        self.name.push_str(name.unwrap_or_default());
        self.part_of = row.part_of();
        row.rests_on(&mut |other| self.rests_on.push(other));
    }

    fn read_if_any(&mut self, row: Option<&impl Row>) {
        match row {
            Some(row) => self.read(row),
            None => {
                self.name.clear();
                self.rests_on.clear();
                (self.named, self.part_of) = (false, None);
            }
        }
    }
}

/// Ids in order, each once; new ones come at the end.
type Ids = Vec<Id>;

fn tie(ids: &mut Ids, id: Id) {
    if ids.last().is_none_or(|last| *last < id) {
        ids.push(id);
    } else if let Err(at) = ids.binary_search(&id) {
        ids.insert(at, id);
    }
}

impl Ties {
    /// Ties a row as it is now, which was tied as `old` says.
    fn change(&mut self, id: Id, old: &Knots, new: &Knots) {
        if (old.named, &old.name) != (new.named, &new.name) {
            if old.named {
                cut(&mut self.names, old.name.as_str(), id);
            }
            if new.named {
                match self.names.get_mut(&new.name) {
                    Some(ids) => tie(ids, id),
                    None => drop(self.names.insert(new.name.clone(), vec![id])),
                }
            }
        }
        if old.part_of != new.part_of {
            if let Some(whole) = &old.part_of {
                cut(&mut self.parts, whole, id);
            }
            if let Some(whole) = new.part_of {
                tie(self.parts.entry(whole).or_default(), id);
            }
        }
        if old.rests_on != new.rests_on {
            old.rests_on.iter().filter(|o| !new.rests_on.contains(o)).for_each(|o| cut(&mut self.users, o, id));
            for other in new.rests_on.iter().filter(|o| !old.rests_on.contains(o)) {
                tie(self.users.entry(*other).or_default(), id);
            }
        }
    }
}

fn cut<K, Q>(ties: &mut FxHashMap<K, Ids>, from: &Q, id: Id)
where
    K: std::borrow::Borrow<Q> + Eq + std::hash::Hash,
    Q: Eq + std::hash::Hash + ?Sized,
{
    if let Some(ids) = ties.get_mut(from) {
        if let Ok(at) = ids.binary_search(&id) {
            ids.remove(at);
        }
        if ids.is_empty() {
            ties.remove(from);
        }
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            rows: Slots::default(),
            ties: Ties::default(),
            lent: None,
            before: Knots::default(),
            now: Knots::default(),
            log: Vec::new(),
            marked: 0,
            recording: false,
            changes: 0,
        }
    }
}

impl<T: Row> Rows<T> {
    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(id)
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.rows.get(id).is_some()
    }

    /// A row to change.
    pub(crate) fn edit(&mut self, id: Id) -> Option<&mut T> {
        self.take_back();
        let row = self.rows.get_mut(id)?;
        self.before.read(row);
        self.lent = Some(id);
        // What was there at the last mark is enough; a statement changes few rows, the same one often.
        let since = self.log.get(self.marked..).unwrap_or_default();
        let is_logged = || since.iter().rev().take(8).any(|(logged, _)| *logged == id);
        if self.recording && !is_logged() {
            self.log.push((id, Some(row.clone())));
        }
        self.changes = self.changes.wrapping_add(1);
        row.changes();
        Some(row)
    }

    /// A number that is another one after every change.
    pub(crate) fn state(&self) -> u32 {
        self.changes
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
        self.rows.iter()
    }

    /// The ids of the rows that `wanted` takes; for what [`Rows::of`] and [`Rows::using`] cannot tell.
    pub(crate) fn ids(&self, wanted: impl Fn(&T) -> bool) -> Vec<Id> {
        self.rows.iter().filter(|(_, row)| wanted(row)).map(|(id, _)| id).collect()
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

    fn tied(&self, ties: Option<&Ids>) -> impl Iterator<Item = (Id, &T)> {
        let mut ids: Vec<Id> = ties.into_iter().flatten().copied().collect();
        if let Some(lent) = self.lent
            && let Err(at) = ids.binary_search(&lent)
        {
            ids.insert(at, lent);
        }
        ids.into_iter().filter_map(|id| Some((id, self.rows.get(id)?)))
    }

    /// Ties the row that was changed last; most changes leave its ties alone.
    fn take_back(&mut self) {
        let Some(id) = self.lent.take() else { return };
        let Some(row) = self.rows.get(id) else { return };
        self.now.read(row);
        self.ties.change(id, &self.before, &self.now);
    }

    /// Puts a row, or none, into the place of what was there.
    fn replace(&mut self, id: Id, row: Option<T>) -> Option<T> {
        self.take_back();
        self.changes = self.changes.wrapping_add(1);
        self.before.read_if_any(self.rows.get(id));
        self.now.read_if_any(row.as_ref());
        self.ties.change(id, &self.before, &self.now);
        match row {
            Some(mut row) => {
                row.changes();
                self.rows.insert(id, row)
            }
            None => self.rows.remove(id),
        }
    }

    pub(super) fn mark(&mut self) -> usize {
        self.recording = true;
        self.marked = self.log.len();
        self.marked
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
        self.marked = 0;
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
    fn a_row_that_changes_often_is_kept_once_a_mark() {
        let mut rows = Rows::default();
        rows.insert(Id(1), Part(10, 20));
        let first = rows.mark();
        rows.edit(Id(1)).unwrap().0 = 11;
        rows.edit(Id(1)).unwrap().0 = 12;
        assert_eq!(rows.log.len(), 1);
        let second = rows.mark();
        rows.edit(Id(1)).unwrap().0 = 13;
        assert_eq!(rows.log.len(), 2);
        rows.roll_back(second);
        assert_eq!(rows.get(Id(1)), Some(&Part(12, 20)));
        rows.edit(Id(1)).unwrap().0 = 14;
        rows.roll_back(second);
        assert_eq!(rows.get(Id(1)), Some(&Part(12, 20)));
        rows.roll_back(first);
        assert_eq!(rows.get(Id(1)), Some(&Part(10, 20)));
        rows.edit(Id(1)).unwrap().0 = 15;
        rows.roll_back(first);
        assert_eq!(rows.get(Id(1)), Some(&Part(10, 20)));
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
