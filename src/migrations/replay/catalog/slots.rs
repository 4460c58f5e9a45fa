//! Rows by id, in the order of their ids: found at once, because ids are small numbers that grow.

use super::Id;

/// Rows by id.
#[derive(Debug, Clone)]
pub(super) struct Slots<T> {
    /// The rows; one that is gone keeps its place, and may come back to it.
    rows: Vec<(Id, Option<T>)>,
    /// One more than the place of each id among the rows; 0 where it has none.
    places: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: Vec::new() }
    }
}

impl<T> Slots<T> {
    fn place(&self, id: Id) -> Option<usize> {
        (*self.places.get(id.0 as usize)? as usize).checked_sub(1)
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(self.place(id)?)?.1.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let place = self.place(id)?;
        self.rows.get_mut(place)?.1.as_mut()
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let place = self.place(id)?;
        self.rows.get_mut(place)?.1.take()
    }

    /// Puts a row in, and gives the one that was there.
    pub(super) fn insert(&mut self, id: Id, row: T) -> Option<T> {
        if let Some(old) = self.place(id).and_then(|place| self.rows.get_mut(place)) {
            return old.1.replace(row);
        }
        // Nearly always the last.
        let place = self.rows.iter().rposition(|(before, _)| *before < id).map_or(0, |before| before + 1);
        self.rows.insert(place, (id, Some(row)));
        let most = self.rows.get(place..).unwrap_or_default().iter().map(|(id, _)| id.0 as usize + 1).max();
        self.places.resize(self.places.len().max(most.unwrap_or_default()), 0);
        for (at, (id, _)) in self.rows.iter().enumerate().skip(place) {
            if let (Some(slot), Ok(at)) = (self.places.get_mut(id.0 as usize), u32::try_from(at + 1)) {
                *slot = at;
            }
        }
        None
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.rows.iter().filter_map(|(id, row)| Some((*id, row.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_ids() {
        let mut slots = Slots::default();
        for id in [5, 9, 7, 2] {
            assert_eq!(slots.insert(Id(id), id), None);
        }
        let all = |slots: &Slots<u32>| slots.iter().map(|(id, row)| (id.0, *row)).collect::<Vec<_>>();
        assert_eq!(all(&slots), [(2, 2), (5, 5), (7, 7), (9, 9)]);
        assert_eq!((slots.remove(Id(7)), slots.remove(Id(7)), slots.get(Id(7))), (Some(7), None, None));
        assert_eq!((slots.remove(Id(8)), slots.get(Id(100))), (None, None));
        assert_eq!(slots.insert(Id(5), 50), Some(5));
        *slots.get_mut(Id(9)).unwrap() = 90;
        assert_eq!(slots.insert(Id(7), 70), None);
        assert_eq!(all(&slots), [(2, 2), (5, 50), (7, 70), (9, 90)]);
    }
}
