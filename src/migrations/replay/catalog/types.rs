//! Types as columns and parameters have them.

use super::Id;

/// A type with its modifier; arrays of arrays are arrays to Postgres.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TypeRef {
    pub(crate) base: Base,
    /// What stands in parentheses.
    pub(crate) modifiers: Option<String>,
    pub(crate) array: bool,
}

/// What a type is without modifier and brackets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Base {
    /// One of `pg_catalog`, by the name that `format_type` prints.
    BuiltIn(String),
    /// A type of the catalog.
    Made(Id),
    /// The row type of a relation.
    Row(Id),
    /// One that nothing makes, by the name as written.
    Unknown(String),
}

impl TypeRef {
    pub(crate) fn built_in(name: &str) -> Self {
        Self { base: Base::BuiltIn(name.to_owned()), modifiers: None, array: false }
    }

    /// The type or relation of the catalog that it is made of.
    pub(crate) fn id(&self) -> Option<Id> {
        match self.base {
            Base::Made(id) | Base::Row(id) => Some(id),
            _ => None,
        }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        !self.array && matches!(&self.base, Base::BuiltIn(built_in) if built_in == name)
    }

    /// The same without modifier, as parameters have it.
    pub(crate) fn bare(&self) -> Self {
        Self { modifiers: None, ..self.clone() }
    }
}

/// `format_type()`'s text of a built-in type with a modifier: that of a time stamp stands before its zone.
pub(crate) fn with_modifiers(name: &str, modifiers: Option<&str>) -> String {
    let Some(modifiers) = modifiers else { return name.to_owned() };
    // The fields of an interval.
    if modifiers.starts_with(' ') {
        return format!("{name}{modifiers}");
    }
    let modifiers: String = modifiers.chars().filter(|c| !c.is_whitespace()).collect();
    match name.split_once(' ') {
        Some((word @ ("timestamp" | "time"), zone)) => format!("{word}({modifiers}) {zone}"),
        // A scale that is not written is 0.
        _ if name == "numeric" && !modifiers.contains(',') => format!("{name}({modifiers},0)"),
        _ => format!("{name}({modifiers})"),
    }
}
