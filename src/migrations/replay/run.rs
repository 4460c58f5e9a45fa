//! A run: the catalog, the session, and what is noted on the way.

use super::catalog::{self, Address, Catalog, Id};
use super::session::Session;
use super::{Object, Ran, Rejected};
use crate::model::{self, Gap, Origin};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a statement has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Postgres refuses it.
    Rejected { sqlstate: &'static str, message: String },
    /// We cannot tell what it does.
    Gap { what: String, access_control: bool },
    /// It was noted already: it is about an object that somebody else made.
    Noted,
}

pub(super) type Result<T = ()> = std::result::Result<T, Refusal>;

pub(super) fn reject<T>(sqlstate: &'static str, message: impl Into<String>) -> Result<T> {
    Err(Refusal::Rejected { sqlstate, message: message.into() })
}

pub(super) fn gap<T>(what: impl Into<String>, access_control: bool) -> Result<T> {
    Err(Refusal::Gap { what: what.into(), access_control })
}

/// SQLSTATEs (manual, appendix "PostgreSQL Error Codes").
pub(super) mod state {
    pub(crate) const UNDEFINED_TABLE: &str = "42P01";
    pub(crate) const UNDEFINED_COLUMN: &str = "42703";
    pub(crate) const UNDEFINED_FUNCTION: &str = "42883";
    pub(crate) const UNDEFINED_OBJECT: &str = "42704";
    pub(crate) const UNDEFINED_SCHEMA: &str = "3F000";
    pub(crate) const DUPLICATE_TABLE: &str = "42P07";
    pub(crate) const DUPLICATE_COLUMN: &str = "42701";
    pub(crate) const DUPLICATE_FUNCTION: &str = "42723";
    pub(crate) const DUPLICATE_OBJECT: &str = "42710";
    pub(crate) const DUPLICATE_SCHEMA: &str = "42P06";
    pub(crate) const AMBIGUOUS_FUNCTION: &str = "42725";
    pub(crate) const WRONG_OBJECT_TYPE: &str = "42809";
    pub(crate) const INVALID_DEFINITION: &str = "42P16";
    pub(crate) const INVALID_FUNCTION: &str = "42P13";
    pub(crate) const INVALID_OBJECT_DEFINITION: &str = "42P17";
    pub(crate) const DEPENDENT_OBJECTS: &str = "2BP01";
    pub(crate) const INVALID_FOREIGN_KEY: &str = "42830";
    pub(crate) const INSUFFICIENT_PRIVILEGE: &str = "42501";
    pub(crate) const INVALID_PARAMETER: &str = "22023";
    pub(crate) const OUT_OF_RANGE: &str = "22003";
    pub(crate) const INVALID_SCHEMA_DEFINITION: &str = "42P15";
    pub(crate) const INVALID_TEXT: &str = "22P02";
    pub(crate) const RAISED: &str = "P0001";
    pub(crate) const NO_DATA_FOUND: &str = "P0002";
    pub(crate) const RESERVED_NAME: &str = "42939";
    pub(crate) const DATATYPE_MISMATCH: &str = "42804";
    pub(crate) const SYNTAX: &str = "42601";
    pub(crate) const NOT_SUPPORTED: &str = "0A000";
    pub(crate) const INVALID_GRANT: &str = "0LP01";
    pub(crate) const UNDEFINED_DATABASE: &str = "3D000";
    pub(crate) const WRONG_STATE: &str = "55000";
    pub(crate) const UNIQUE_VIOLATION: &str = "23505";
}

/// A state of the catalog to come back to, with what is noted of objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    catalog: catalog::Mark,
    /// How much was noted of which statement last touched what.
    noted: usize,
    /// The statements that had run, and what the one that runs had touched.
    ran: usize,
    touched: usize,
}

/// An object's last statement and its name then, before another statement touched it.
type Noted = (Address, Option<(model::Statement, Arc<Object>)>);

/// The run of some files.
pub(super) struct Run {
    pub(super) catalog: Catalog,
    pub(super) session: Session,
    /// The statement that runs; `Catalog` while the platform is made.
    pub(super) origin: Origin,
    touched: Vec<Arc<Object>>,
    last: FxHashMap<Address, (model::Statement, Arc<Object>)>,
    /// What stood there before, while a mark is open.
    last_before: Vec<Noted>,
    pub(super) ran: Vec<Ran>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) gaps: BTreeSet<Gap>,
    pub(super) notes: Vec<String>,
    pub(super) unknown: BTreeMap<Object, model::Statement>,
    /// Names of what statements dropped: what is missed later is no unknown.
    pub(super) dropped: BTreeSet<Object>,
    /// How many marks are open.
    marks: usize,
    /// Rounds of loops that the block ran so far.
    pub(super) rounds: usize,
    /// The file that runs.
    pub(super) file: super::file::Place,
    /// Whether the file may take something back.
    pub(super) watches_transactions: bool,
    /// The open transaction and its savepoints.
    pub(super) open: Vec<(Option<String>, Mark, Session)>,
    /// The extension whose objects are being made.
    pub(super) extension: Option<Id>,
    /// Extensions whose members are not known.
    pub(super) opaque: BTreeSet<Id>,
    /// Collations that were made, by schema and name; whether equal values are the same bytes under each.
    pub(super) collations: BTreeMap<(String, String), bool>,
    /// While above 0, an object that nothing makes is an error, which somebody handles.
    pub(super) strict: usize,
    /// The variables of the blocks that run, one in another, as far as they are known.
    pub(super) variables: Vec<Option<BTreeSet<String>>>,
    /// How many calls of functions are being followed, one in another.
    pub(super) calls: usize,
    /// Whether the platform has extensions that no statement makes.
    pub(super) provides_extensions: bool,
    /// The columns that the rows which follow a COPY of buckets have.
    pub(super) copied_columns: Option<Vec<String>>,
    /// The search path as it was found last.
    pub(super) known_path: Cell<Option<super::path::Path>>,
    /// Short expressions that were read.
    pub(super) texts: super::texts::Texts,
    /// The role that is a superuser only while the files run.
    lent: Option<Id>,
}

impl Run {
    pub(super) fn new(catalog: Catalog, session: Session) -> Self {
        Self {
            catalog,
            session,
            origin: Origin::Catalog,
            touched: Vec::new(),
            last: FxHashMap::default(),
            last_before: Vec::new(),
            ran: Vec::new(),
            rejected: Vec::new(),
            gaps: BTreeSet::new(),
            notes: Vec::new(),
            unknown: BTreeMap::new(),
            dropped: BTreeSet::new(),
            marks: 0,
            rounds: 0,
            file: super::file::Place::default(),
            watches_transactions: false,
            open: Vec::new(),
            extension: None,
            opaque: BTreeSet::new(),
            collations: BTreeMap::new(),
            strict: 0,
            variables: Vec::new(),
            calls: 0,
            provides_extensions: false,
            copied_columns: None,
            known_path: Cell::new(None),
            texts: super::texts::Texts::default(),
            lent: None,
        }
    }

    pub(super) fn user(&self) -> Id {
        self.session.user()
    }

    /// Notes that the statement makes, changes or drops an object; to be said while it has its name.
    pub(super) fn touch(&mut self, address: impl Into<Address>) {
        let Origin::Statement(statement) = self.origin else { return };
        let address = address.into();
        let last = self.last.get(&address);
        let known = last.filter(|(_, known)| self.catalog.is_called(address, known));
        if known.is_some_and(|(last, _)| *last == statement) {
            return;
        }
        let object = match known {
            Some((_, known)) => Arc::clone(known),
            None => match self.catalog.describe(address) {
                Some(object) => Arc::new(object),
                None => return,
            },
        };
        self.touched.push(Arc::clone(&object));
        let before = self.last.insert(address, (statement, object));
        if self.marks > 0 {
            self.last_before.push((address, before));
        }
    }

    /// Notes that the statement changes an object of a kind that is changed in many places, and where that is.
    pub(super) fn changed(&mut self, id: Id) {
        self.touch(id);
        let (origin, c) = (self.origin, &mut self.catalog);
        let place = None
            .or_else(|| c.triggers.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.rules.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.constraints.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.indexes.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.event_triggers.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.roles.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.publications.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.extensions.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.languages.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.wrappers.edit(id).map(|r| &mut r.origin))
            .or_else(|| c.servers.edit(id).map(|r| &mut r.origin));
        if let Some(place) = place {
            *place = origin;
        }
    }

    /// Ends a statement.
    pub(super) fn finish(&mut self, outcome: Result, touches_access: bool) {
        match outcome {
            Ok(()) | Err(Refusal::Noted) => (),
            Err(Refusal::Gap { what, access_control }) => self.gap(what, access_control),
            Err(Refusal::Rejected { sqlstate, message }) => self.reject(sqlstate, message, touches_access),
        }
        if let Origin::Statement(place) = self.origin {
            let touched = each_once(std::mem::take(&mut self.touched));
            self.ran.push(Ran { place, touched });
        }
    }

    pub(super) fn gap(&mut self, what: impl Into<String>, access_control: bool) {
        self.gaps.insert(Gap { what: what.into(), access_control, origin: self.origin });
    }

    /// Notes that Postgres would stop here; the result is then a guess at what its author meant.
    pub(super) fn reject(&mut self, sqlstate: &'static str, message: impl Into<String>, touches_access: bool) {
        let message = message.into();
        if let Origin::Statement(place) = self.origin {
            self.rejected.push(Rejected { place, sqlstate, message: message.clone() });
        }
        self.gap(format!("Postgres would refuse this statement ({sqlstate}): {message}"), touches_access);
    }

    /// Notes an object that statements speak of though none makes it; once.
    pub(super) fn note_unknown(&mut self, object: Object, sqlstate: &'static str, message: String) {
        let Origin::Statement(place) = self.origin else { return };
        if self.unknown.contains_key(&object) {
            return;
        }
        self.unknown.insert(object, place);
        self.rejected.push(Rejected { place, sqlstate, message: message.clone() });
        self.gap(
            format!("{message}: no statement before makes it, so what stands behind it is not known; if it was made elsewhere, name a dump of that before the migrations"),
            true,
        );
    }

    /// Makes a role a superuser until [`Run::take_superuser`].
    pub(super) fn lend_superuser(&mut self, role: Id) {
        if let Some(row) = self.catalog.roles.edit(role).filter(|r| !r.superuser) {
            row.superuser = true;
            self.lent = Some(role);
        }
    }

    pub(super) fn take_superuser(&mut self) {
        if let Some(row) = self.lent.take().and_then(|role| self.catalog.roles.edit(role)) {
            row.superuser = false;
        }
    }

    pub(super) fn mark(&mut self) -> Mark {
        self.marks += 1;
        let (noted, ran, touched) = (self.last_before.len(), self.ran.len(), self.touched.len());
        Mark { catalog: self.catalog.mark(), noted, ran, touched }
    }

    pub(super) fn release(&mut self) {
        self.marks = self.marks.saturating_sub(1);
        if self.marks == 0 {
            self.catalog.settle();
            self.last_before.clear();
        }
    }

    /// Takes back what was done since, and that it touched anything.
    pub(super) fn roll_back(&mut self, to: Mark) {
        self.catalog.roll_back(to.catalog);
        let before = self.last_before.get(to.noted..).unwrap_or_default();
        for (address, noted) in before.iter().rev() {
            match noted {
                Some(noted) => drop(self.last.insert(*address, noted.clone())),
                None => drop(self.last.remove(address)),
            }
        }
        self.last_before.truncate(to.noted);
        let undone = self.ran.get_mut(to.ran..).unwrap_or_default();
        self.touched.truncate(if undone.is_empty() { to.touched } else { 0 });
        undone.iter_mut().for_each(|ran| ran.touched.clear());
    }

    /// The statement that last touched each object, under its last name.
    pub(super) fn last_touched(&self) -> FxHashMap<Arc<Object>, model::Statement> {
        let now = |(address, (statement, object)): (&Address, &(model::Statement, Arc<Object>))| {
            let other = Some(*address).filter(|address| !self.catalog.is_called(*address, object));
            let now = other.and_then(|address| self.catalog.describe(address)).map(Arc::new);
            (now.unwrap_or_else(|| Arc::clone(object)), *statement)
        };
        let mut last = FxHashMap::with_capacity_and_hasher(self.last.len(), FxBuildHasher);
        for (object, statement) in self.last.iter().map(now) {
            last.entry(object).and_modify(|known| *known = statement.max(*known)).or_insert(statement);
        }
        last
    }
}

/// Each object once: several addresses may be parts of one.
fn each_once(mut touched: Vec<Arc<Object>>) -> Vec<Arc<Object>> {
    const FEW: usize = 12;
    if touched.len() <= FEW {
        let mut at = 0;
        while let Some((object, before)) = touched.get(..=at).and_then(<[_]>::split_last) {
            if before.contains(object) {
                touched.remove(at);
            } else {
                at += 1;
            }
        }
    } else {
        let mut seen = FxHashSet::default();
        touched.retain(|object| seen.insert(Arc::clone(object)));
    }
    touched
}
