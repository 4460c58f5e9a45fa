//! Which statement made a difference: of those that the other state does not have, the last that touched the object.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::source::{Loaded, places};
use crate::diff::{Difference, normal_text};
use crate::finding::{Location, ObjectKind, ObjectRef};
use crate::migrations::replay::Replayed;
use crate::model::{Origin, Statement};

/// The statements of the later state, and which of them are new.
pub(super) struct Causes<'a> {
    replayed: Option<&'a Replayed>,
    files: Vec<&'a str>,
    new: BTreeSet<Statement>,
}

impl<'a> Causes<'a> {
    /// Compares the statements by their text: files that were renamed or put in another order have nothing new.
    pub(super) fn new(before: &Loaded, after: &'a Loaded) -> Self {
        let mut there: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (_, text) in statements(before) {
            *there.entry(text).or_default() += 1;
        }
        let mut new = BTreeSet::new();
        for (place, text) in statements(after) {
            match there.get_mut(&text).filter(|n| **n > 0) {
                Some(left) => *left -= 1,
                None => drop(new.insert(place)),
            }
        }
        let files = after.schema.files.iter().map(|f| f.path.as_str()).collect();
        Self { replayed: after.replayed.as_ref(), files, new }
    }

    /// The place of the statement that did it, if it is known.
    pub(super) fn of(&self, difference: &Difference) -> Vec<Location> {
        let mut places: Vec<_> = difference.causes.iter().filter_map(statement).collect();
        places.sort_unstable();
        let told = places.iter().rev().find(|place| self.is_new(place)).copied();
        // Who became a member of a role reaches what the role reaches, of which no statement speaks.
        let roles: Vec<_> =
            difference.principals.iter().map(|role| ObjectRef::global(ObjectKind::Role, role)).collect();
        let place = told.or_else(|| self.touching(&difference.subjects)).or_else(|| self.touching(&roles));
        let place = place.or_else(|| places.last().copied());
        let location = place.and_then(|span| {
            let file = *self.files.get(span.file as usize)?;
            Some(Location { file: file.to_owned(), span })
        });
        location.into_iter().collect()
    }

    /// A statement within a block is new where the block is.
    fn is_new(&self, place: &Statement) -> bool {
        self.new.contains(place)
            || self.new.iter().any(|new| new.file == place.file && new.start <= place.start && place.end <= new.end)
    }

    /// The last new statement that touched one of the objects, or else the relation that it is part of.
    fn touching(&self, subjects: &[ObjectRef]) -> Option<Statement> {
        let replayed = self.replayed?;
        let whole = subjects.iter().filter(|o| o.part.is_some());
        let whole: Vec<_> = whole.map(|o| ObjectRef { kind: ObjectKind::Relation, part: None, ..o.clone() }).collect();
        [subjects, &whole].into_iter().find_map(|wanted| {
            let ran = replayed.statements.iter().rev().filter(|ran| self.new.contains(&ran.place));
            ran.into_iter()
                .find(|ran| {
                    ran.touched.iter().filter_map(|touched| places::object(touched)).any(|o| wanted.contains(&o))
                })
                .map(|ran| ran.place)
        })
    }
}

fn statement(origin: &Origin) -> Option<Statement> {
    match origin {
        Origin::Statement(place) => Some(*place),
        Origin::Catalog => None,
    }
}

/// Every statement that ran, with what its text says.
fn statements(loaded: &Loaded) -> Vec<(Statement, Vec<String>)> {
    let Some(replayed) = &loaded.replayed else { return Vec::new() };
    let text = |place: &Statement| {
        let file = loaded.schema.files.get(place.file as usize)?;
        let text = loaded.texts.get(&file.path)?;
        text.get(place.start as usize..place.end as usize).map(normal_text)
    };
    replayed.statements.iter().filter_map(|ran| Some((ran.place, text(&ran.place)?))).collect()
}
