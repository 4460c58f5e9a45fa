//! Which object has which name.

use super::Id;
use rustc_hash::FxHashMap;

/// Names of what may not be called the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Space {
    Role,
    Namespace,
    /// Relations, indexes and composite types, in a namespace.
    Relation,
    /// Types other than row types, in a namespace.
    Type,
    /// Routines, in a namespace: several may have one name.
    Function,
    /// Constraints, on a relation or domain.
    Constraint,
    /// Constraints again, by the namespace of what they are on: names are chosen that nobody there has.
    ConstraintName,
    Policy,
    Trigger,
    Rule,
    Language,
    Extension,
    EventTrigger,
    Publication,
    Subscription,
    Parameter,
    Wrapper,
    Server,
    Bucket,
}

/// A space, and what holds its names.
type Place = (Space, Id);

/// Names by space and by what holds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    names: FxHashMap<Place, FxHashMap<String, Vec<Id>>>,
    log: Vec<(Place, String, Vec<Id>)>,
    recording: bool,
}

impl Names {
    pub(crate) fn all(&self, space: Space, parent: Id, name: &str) -> &[Id] {
        self.names.get(&(space, parent)).and_then(|names| names.get(name)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn find(&self, space: Space, parent: Id, name: &str) -> Option<Id> {
        self.all(space, parent, name).first().copied()
    }

    fn change(&mut self, place: Place, name: &str, change: impl FnOnce(&mut Vec<Id>)) {
        let names = self.names.entry(place).or_default();
        if self.recording {
            self.log.push((place, name.to_owned(), names.get(name).cloned().unwrap_or_default()));
        }
        match names.get_mut(name) {
            Some(ids) => {
                change(ids);
                if ids.is_empty() {
                    names.remove(name);
                }
            }
            None => {
                let mut ids = Vec::new();
                change(&mut ids);
                if !ids.is_empty() {
                    names.insert(name.to_owned(), ids);
                }
            }
        }
    }

    pub(crate) fn add(&mut self, space: Space, parent: Id, name: &str, id: Id) {
        self.change((space, parent), name, |ids| ids.push(id));
    }

    pub(crate) fn remove(&mut self, space: Space, parent: Id, name: &str, id: Id) {
        self.change((space, parent), name, |ids| ids.retain(|other| *other != id));
    }

    pub(super) fn mark(&mut self) -> usize {
        self.recording = true;
        self.log.len()
    }

    pub(super) fn roll_back(&mut self, to: usize) {
        while self.log.len() > to {
            let Some((place, name, before)) = self.log.pop() else { return };
            let names = self.names.entry(place).or_default();
            match before.is_empty() {
                true => names.remove(&name),
                false => names.insert(name, before),
            };
        }
    }

    pub(super) fn settle(&mut self) {
        self.recording = false;
        self.log.clear();
    }
}
