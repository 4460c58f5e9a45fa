//! Witnesses: a model of the finite problem as a session and rows with values of their real types.

mod assign;
mod invent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evaluate::{Database, Evaluator, Session, Tuple, with_claim};
use super::ground::{Ground, Problem, Source, World};
use super::solve::Solver;
use super::term::{Access, CLAIMS, Id, Json, Row, Terms, Value};
use crate::model::QualifiedName;

/// A session and rows that show what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witness {
    /// The session.
    pub session: Session,
    /// The rows there are, those of the subjects that are stored included. Columns that do not matter are left out.
    pub database: Database,
    /// The subject rows, by row variable.
    pub subjects: Vec<WitnessRow>,
    /// What is not understood and does not matter here, as long as it raises no error.
    pub passed_over: BTreeSet<Arc<str>>,
}

impl Witness {
    /// Whether a condition over its subject rows is TRUE; `None` if that is not known, or raises.
    #[must_use]
    pub fn holds(&self, terms: &Terms, condition: Id) -> Option<bool> {
        let rows: Vec<_> = self.subjects.iter().map(|s| (s.row, &s.columns)).collect();
        Evaluator::new(terms, &self.database, &self.session).holds(condition, &rows).ok()
    }
}

/// A subject row of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRow {
    /// The row variable that it stands for.
    pub row: Row,
    /// Its relation.
    pub relation: QualifiedName,
    /// Its columns, as far as they matter.
    pub columns: Tuple,
    /// Whether it is among the rows there are.
    pub stored: bool,
}

/// The values that a problem's sources have in the solver's model, if they could all be made up; those that could not
/// are left out.
pub(crate) fn of_model(problem: &Shape<'_>, solver: &Solver<'_>) -> Witness {
    let values = assign::values(problem, solver);
    let mut tuples: BTreeMap<usize, Tuple> = BTreeMap::new();
    let mut session = Session::default();
    let mut claims: Option<Json> = None;
    for (source, value) in values {
        match (source, value) {
            (Source::Cell(slot, column), value) => {
                tuples.entry(*slot).or_default().insert(column.clone(), value);
            }
            (Source::Claim(path, access), Some(value)) => {
                let root = claims.unwrap_or_else(|| Json::Object(BTreeMap::new()));
                claims = Some(add_claim(root, path, *access, &value));
            }
            (Source::Setting(name), Some(Value::Text(text))) if &**name != CLAIMS => {
                session.settings.insert(name.clone(), text);
            }
            (Source::Setting(name), Some(_)) if &**name == CLAIMS => {
                claims = Some(claims.unwrap_or_else(|| Json::Object(BTreeMap::new())));
            }
            _ => {}
        }
    }
    session.claims = claims;
    let mut witness = Witness { session, ..Witness::default() };
    for (at, slot) in problem.slots.iter().enumerate() {
        if !solver.value(slot.exists) {
            continue;
        }
        let columns = tuples.remove(&at).unwrap_or_default();
        let relation = (*slot.relation).clone();
        if let Some(row) = slot.subject {
            let (relation, columns) = (relation.clone(), columns.clone());
            witness.subjects.push(WitnessRow { row, relation, columns, stored: slot.stored });
        }
        if slot.stored {
            witness.database.relations.entry(relation).or_default().push(columns);
        }
    }
    witness
}

/// The parts of a problem that reading a model needs, apart from its circuit.
pub(crate) struct Shape<'p> {
    pub(crate) slots: &'p [super::ground::Slot],
    pub(crate) sources: &'p BTreeMap<Source, (super::term::Type, Ground)>,
    pub(crate) calls: &'p [super::ground::Call],
    pub(crate) world: &'p World,
}

impl<'p> Shape<'p> {
    /// The parts of `problem`, and its circuit.
    pub(crate) fn split(problem: &'p mut Problem<'_>, world: &'p World) -> (Self, &'p mut super::ground::Circuit) {
        let Problem { slots, sources, calls, circuit, .. } = problem;
        (Self { slots, sources, calls, world }, circuit)
    }

    /// How many characters a source holds at most, if there is a limit.
    pub(crate) fn width(&self, source: &Source) -> Option<usize> {
        let Source::Cell(slot, column) = source else { return None };
        self.world.width(&self.slots.get(*slot)?.relation, column)
    }
}

fn add_claim(root: Json, path: &[Arc<str>], access: Access, value: &Value) -> Json {
    let json = match (access, value) {
        (Access::Text, Value::Text(text)) => Json::String(text.clone()),
        (Access::Json, Value::Json(json)) => (**json).clone(),
        _ => return root,
    };
    // An object that is there for the sake of what is in it stays.
    if root.follow(path).is_some() && matches!(root.follow(path), Some(Json::Object(_))) {
        return root;
    }
    with_claim(&root, path, json)
}
