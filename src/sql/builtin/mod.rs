//! The facts of `pg_catalog` and `information_schema`, compiled in: types, functions, operators, casts, relations.
//!
//! Read off real servers of every supported major by the suite `sql::builtin`, which fails when they are stale. A fact
//! carries the majors that have it.

mod read;

use super::types::Type;
use crate::model::{FunctionKind, Volatility};
use std::collections::HashMap;
use std::sync::LazyLock;

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
}

/// An operator of `pg_catalog`.
#[derive(Debug)]
pub(crate) struct BuiltinOperator {
    /// The left type; none of a prefix operator.
    pub(crate) left: Option<Type>,
    pub(crate) right: Type,
    pub(crate) result: Type,
    /// The function behind it.
    pub(crate) function: &'static str,
    pub(crate) majors: Majors,
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
    pub(crate) types: HashMap<&'static str, BuiltinType>,
    /// `pg_type.typname` by the name that `format_type` prints.
    pub(crate) internal: HashMap<&'static str, &'static str>,
    pub(crate) functions: HashMap<&'static str, Vec<BuiltinFunction>>,
    pub(crate) operators: HashMap<&'static str, Vec<BuiltinOperator>>,
    pub(crate) casts: HashMap<(Type, Type), Vec<BuiltinCast>>,
    /// By schema and name.
    pub(crate) relations: HashMap<(&'static str, &'static str), Vec<BuiltinColumn>>,
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
