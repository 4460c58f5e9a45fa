//! The facts of `pg_catalog` and `information_schema`, compiled in: types, functions, operators, casts, relations.
//!
//! Read off real servers of every supported major by the suite `sql::builtin`, which fails when they are stale. A fact
//! carries the majors that have it.

mod read;

use super::catalog::{Routine, RoutineParameter};
use super::tree::Operator;
use super::types::Type;
use crate::model::{FunctionKind, QualifiedName, Volatility};
use rustc_hash::FxHashMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// First and last major that has a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Majors(u32, u32);

impl Majors {
    pub(crate) fn contain(self, major: u32) -> bool {
        // An unknown later major is most like the last known one.
        let major = major.clamp(14, 18);
        (self.0..=self.1).contains(&major)
    }
}

/// A type of `pg_catalog`.
#[derive(Debug)]
pub(crate) struct BuiltinType {
    /// Its name as `format_type` prints it.
    pub(crate) data_type: Type,
    /// `pg_type.typcategory`
    pub(crate) category: char,
    /// `pg_type.typispreferred`
    pub(crate) preferred: bool,
    /// `pg_type.typtype`
    pub(crate) kind: char,
    /// The type that a range or multirange ranges over.
    pub(crate) subtype: Option<Type>,
    pub(crate) majors: Majors,
}

/// A parameter of a function.
#[derive(Debug)]
pub(crate) struct BuiltinParameter {
    pub(crate) name: Option<&'static str>,
    pub(crate) data_type: Type,
}

/// A function of `pg_catalog`.
#[derive(Debug)]
pub(crate) struct BuiltinFunction {
    pub(crate) name: &'static str,
    pub(crate) parameters: Vec<BuiltinParameter>,
    pub(crate) variadic: bool,
    pub(crate) result: Type,
    pub(crate) returns_set: bool,
    pub(crate) kind: FunctionKind,
    pub(crate) volatility: Volatility,
    pub(crate) strict: bool,
    pub(crate) defaults: usize,
    pub(crate) columns: Vec<(&'static str, Type)>,
    pub(crate) majors: Majors,
    /// As the binder wants it, once it has wanted it.
    routine: OnceLock<Arc<Routine>>,
}

impl BuiltinFunction {
    /// As the binder wants it.
    pub(crate) fn routine(&self) -> Arc<Routine> {
        Arc::clone(self.routine.get_or_init(|| Arc::new(self.make_routine())))
    }

    fn make_routine(&self) -> Routine {
        let required = self.parameters.len().saturating_sub(self.defaults);
        let parameters = self.parameters.iter().enumerate().map(|(at, p)| RoutineParameter {
            name: p.name.map(str::to_owned),
            data_type: p.data_type.clone(),
            has_default: at >= required,
        });
        Routine {
            key: None,
            name: QualifiedName::new("pg_catalog", self.name),
            parameters: parameters.collect(),
            variadic: self.variadic,
            result: self.result.clone(),
            returns_set: self.returns_set,
            columns: self.columns.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect(),
            kind: self.kind,
            volatility: self.volatility,
            strict: self.strict,
        }
    }
}

/// An operator of `pg_catalog`.
#[derive(Debug)]
pub(crate) struct BuiltinOperator {
    symbol: &'static str,
    /// The left type; none of a prefix operator.
    pub(crate) left: Option<Type>,
    pub(crate) right: Type,
    pub(crate) result: Type,
    /// The function behind it.
    pub(crate) function: &'static str,
    pub(crate) majors: Majors,
    /// As the binder wants it, once it has wanted it.
    resolved: OnceLock<Arc<Operator>>,
}

impl BuiltinOperator {
    /// As the binder wants it, with the types as declared.
    pub(crate) fn resolved(&self) -> Arc<Operator> {
        let resolved = self.resolved.get_or_init(|| {
            Arc::new(Operator {
                schema: "pg_catalog".to_owned(),
                symbol: self.symbol.to_owned(),
                left: self.left.clone(),
                right: self.right.clone(),
                result: self.result.clone(),
                function: self.function.to_owned(),
            })
        });
        Arc::clone(resolved)
    }
}

/// A cast between types of `pg_catalog`.
#[derive(Debug)]
pub(crate) struct BuiltinCast {
    /// `i`mplicit, `a`ssignment or `e`xplicit.
    pub(crate) context: char,
    /// `f`unction, `b`inary-coercible or by `i`nput and output.
    pub(crate) method: char,
    /// The function.
    pub(crate) function: &'static str,
    pub(crate) majors: Majors,
}

/// A column of a system relation.
#[derive(Debug)]
pub(crate) struct BuiltinColumn {
    pub(crate) name: &'static str,
    pub(crate) data_type: Type,
    pub(crate) majors: Majors,
}

/// All facts.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// By `pg_type.typname`.
    pub(crate) types: FxHashMap<&'static str, BuiltinType>,
    /// `pg_type.typname` by the name that `format_type` prints.
    pub(crate) internal: FxHashMap<&'static str, &'static str>,
    pub(crate) functions: FxHashMap<&'static str, Vec<BuiltinFunction>>,
    pub(crate) operators: FxHashMap<&'static str, Vec<BuiltinOperator>>,
    pub(crate) casts: FxHashMap<(Type, Type), Vec<BuiltinCast>>,
    /// By schema and name.
    pub(crate) relations: FxHashMap<(&'static str, &'static str), Vec<BuiltinColumn>>,
}

static FACTS: LazyLock<Facts> = LazyLock::new(Facts::read);

/// All facts.
pub(crate) fn facts() -> &'static Facts {
    &FACTS
}

/// The facts of a type by its canonical name.
pub(crate) fn type_facts(name: &str) -> Option<&'static BuiltinType> {
    let facts = facts();
    facts.types.get(facts.internal.get(name)?)
}

/// The type of `pg_catalog` with that name in `pg_type`, arrays (`_text`) too.
pub(crate) fn type_named(internal: &str, major: u32) -> Option<Type> {
    let facts = facts();
    if let Some(found) = facts.types.get(internal) {
        return found.majors.contain(major).then(|| found.data_type.clone());
    }
    let element = facts.types.get(internal.strip_prefix('_')?)?;
    (element.kind != 'p').then(|| element.data_type.array())
}
