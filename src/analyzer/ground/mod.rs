//! Grounding: a question over all databases as a finite problem over few rows.
//!
//! Each relation gets as many rows as the question has existential row variables ([`super::bound`]), each with a flag
//! whether it exists, its cells with a flag for NULL. EXISTS becomes a disjunction over them. Where that bound is exact
//! the finite problem has a model if and only if some database is one.

mod axioms;
mod call;
mod circuit;
mod encode;
mod eval;
mod query;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub(crate) use circuit::{Bit, Circuit, Gate, Node, ValueId};
pub(crate) use encode::{Domains, Encoding};

use super::term::{Access, Function, Id, Row, Terms, Type, Value};
use crate::model::QualifiedName;

/// What the schema guarantees of the rows of its relations. Only what the server enforces on all rows belongs here.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// By relation.
    pub relations: BTreeMap<QualifiedName, Facts>,
}

impl World {
    /// Whether nothing is guaranteed beside what the types of columns say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.relations.values().all(|facts| facts.keys.is_empty() && facts.checks.is_empty())
    }

    /// The same without what constraints add.
    #[must_use]
    pub fn of_types(&self) -> Self {
        let bare = |facts: &Facts| Facts { widths: facts.widths.clone(), ..Facts::default() };
        Self { relations: self.relations.iter().map(|(name, facts)| (name.clone(), bare(facts))).collect() }
    }

    /// The same with what holds now and proves nothing, as no witness may go against it; `None` if nothing does. What it is
    /// that a witness would go against is told too.
    #[must_use]
    pub(crate) fn with_present(&self) -> Option<(Self, &'static str)> {
        let computed = self.relations.values().any(|facts| !facts.computed.is_empty());
        let routed = self.relations.values().any(|facts| !facts.routed.is_empty());
        let what = match (computed, routed) {
            (false, false) => return None,
            (true, _) => "what a generated column got by a function, which may have been another one then",
            (false, true) => "which rows the partitions take that there will be",
        };
        let mut world = self.clone();
        for facts in world.relations.values_mut() {
            facts.checks.append(&mut facts.computed);
            facts.checks.append(&mut facts.routed);
        }
        Some((world, what))
    }

    /// How many characters a column holds at most, if there is a limit.
    pub(crate) fn width(&self, relation: &QualifiedName, column: &str) -> Option<usize> {
        self.relations.get(relation)?.widths.get(column).copied()
    }
}

/// What is guaranteed of a relation's rows, beside the NOT NULL that the terms carry.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Columns whose values, if none is NULL, no two rows share.
    pub keys: Vec<Box<[Arc<str>]>>,
    /// CHECK constraints: conditions over a row variable that are not FALSE in any row.
    pub checks: Vec<(Row, Id)>,
    /// Likewise what functions of the application gave to generated columns, if they are what they were: nothing is
    /// proved by it, and no witness goes against it.
    pub computed: Vec<(Row, Id)>,
    /// Likewise that one of the partitions takes the row.
    pub routed: Vec<(Row, Id)>,
    /// How many characters a column of limited length holds at most.
    pub widths: BTreeMap<Arc<str>, usize>,
}

/// A truth value: whether it is TRUE, and whether it is FALSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Truth {
    pub(crate) yes: Bit,
    pub(crate) no: Bit,
}

/// A term over chosen rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ground {
    Bool(Truth),
    Value { null: Bit, value: ValueId },
}

/// Where a value that nothing computes comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// A column of a row.
    Cell(usize, Arc<str>),
    /// A claim.
    Claim(Arc<[Arc<str>]>, Access),
    /// A setting.
    Setting(Arc<str>),
    /// A call, by its place in [`Problem::calls`].
    Call(usize),
    /// An opaque term for chosen rows.
    Opaque(u32, Box<[usize]>),
}

/// A row that may exist.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) relation: Arc<QualifiedName>,
    pub(crate) exists: Bit,
    /// The row variable of a subject row.
    pub(crate) subject: Option<Row>,
    /// Whether sub-selects can find it: a new row is checked before it is stored.
    pub(crate) stored: bool,
}

/// A call with ground arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) function: Arc<Function>,
    pub(crate) args: Vec<Ground>,
    pub(crate) types: Vec<Type>,
    pub(crate) returns: Type,
    pub(crate) result: Ground,
}

/// A subject of a question: a row variable that is free in its conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The row variable.
    pub row: Row,
    /// Whether the row is in its table (the old row), or is about to be (the new row).
    pub stored: bool,
}

/// The finite problem while it is built.
pub(crate) struct Problem<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) circuit: Circuit,
    pub(crate) domains: Domains,
    pub(crate) slots: Vec<Slot>,
    by_relation: BTreeMap<Arc<QualifiedName>, Vec<usize>>,
    memo: FxHashMap<(Id, Box<[usize]>), Ground>,
    pub(crate) sources: BTreeMap<Source, (Type, Ground)>,
    literals: BTreeMap<ValueId, Type>,
    pub(crate) calls: Vec<Call>,
    call_index: HashMap<(Arc<Function>, Type, Vec<Ground>), usize>,
    choices: HashMap<Vec<(Bit, Ground)>, Vec<Bit>>,
    /// How many choices of rows may still be looked at.
    choices_left: usize,
    patterns: HashMap<Id, (Arc<Function>, Vec<Id>)>,
    /// Whether sub-selects inside sub-selects are functions of the columns they read.
    nested_as_functions: bool,
}

/// The rows that row variables stand for.
type Bindings = Vec<(Row, usize)>;

/// How many choices of rows weigh as much as a gate.
const CHOICES: usize = 4;

impl<'a> Problem<'a> {
    /// A problem with the subject rows and so many more rows of each relation.
    pub(crate) fn new(
        terms: &'a Terms,
        subjects: &[Subject],
        rows: &BTreeMap<Arc<QualifiedName>, usize>,
        nested_as_functions: bool,
        most_gates: usize,
    ) -> Self {
        let mut problem = Self {
            terms,
            circuit: Circuit::new(most_gates),
            domains: Domains::new(),
            slots: Vec::new(),
            by_relation: BTreeMap::new(),
            memo: FxHashMap::default(),
            sources: BTreeMap::new(),
            literals: BTreeMap::new(),
            calls: Vec::new(),
            call_index: HashMap::new(),
            choices: HashMap::new(),
            choices_left: most_gates.saturating_mul(CHOICES),
            patterns: HashMap::new(),
            nested_as_functions,
        };
        for subject in subjects {
            let Some(info) = terms.row_info(subject.row) else { continue };
            let relation = info.relation.clone();
            problem.add_slot(Slot { relation, exists: Bit::TRUE, subject: Some(subject.row), stored: subject.stored });
        }
        for (relation, count) in rows {
            for _ in 0..*count {
                let exists = problem.circuit.input();
                problem.add_slot(Slot { relation: relation.clone(), exists, subject: None, stored: true });
            }
        }
        problem
    }

    fn add_slot(&mut self, slot: Slot) {
        let number = self.slots.len();
        if slot.stored {
            self.by_relation.entry(slot.relation.clone()).or_default().push(number);
        }
        self.slots.push(slot);
    }

    /// The rows that the subjects stand for.
    pub(crate) fn subjects(&self) -> Bindings {
        self.slots.iter().enumerate().filter_map(|(at, slot)| Some((slot.subject?, at))).collect()
    }

    /// Whether the problem has outgrown its limits; what was built is then of no use.
    pub(crate) fn is_too_large(&self) -> bool {
        self.circuit.is_full() || self.choices_left == 0
    }

    /// A constant.
    pub(crate) fn literal(&mut self, value: &Value, data_type: &Type) -> ValueId {
        let id = self.circuit.literal(value.clone());
        self.literals.entry(id).or_insert_with(|| data_type.clone());
        id
    }

    /// Something that nothing computes: NULL or not, and any value.
    fn source(&mut self, source: Source, data_type: &Type, never_null: bool) -> Ground {
        if let Some((_, known)) = self.sources.get(&source) {
            return *known;
        }
        let null = if never_null { Bit::FALSE } else { self.circuit.input() };
        let ground = self.fresh(data_type, null);
        self.sources.insert(source, (data_type.clone(), ground));
        ground
    }

    /// Any value of a type, NULL as `null` says.
    fn fresh(&mut self, data_type: &Type, null: Bit) -> Ground {
        if *data_type == Type::Bool {
            let value = self.circuit.input();
            let (yes, no) = (self.circuit.and(&[!null, value]), self.circuit.and(&[!null, !value]));
            return Ground::Bool(Truth { yes, no });
        }
        let value = self.circuit.leaf();
        if let Type::Enum(e) = data_type
            && e.labels.len() <= 64
        {
            let labels = (0..e.labels.len()).filter_map(|at| u32::try_from(at).ok());
            let labels = labels.map(|at| self.literal(&Value::Label(at), data_type)).collect();
            self.domains.insert(value.index(), labels);
        }
        Ground::Value { null, value }
    }

    /// Whether it is NULL.
    pub(crate) fn null(&mut self, ground: Ground) -> Bit {
        match ground {
            Ground::Bool(truth) => self.circuit.and(&[!truth.yes, !truth.no]),
            Ground::Value { null, .. } => null,
        }
    }
}
