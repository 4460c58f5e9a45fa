//! What sort of type a type is.

use super::Context;
use crate::sql::builtin;
use crate::sql::catalog::UserType;
use crate::sql::tree::{Body, Expr, Node, SourceKind};
use crate::sql::types::Type;

/// Sorts of types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sort {
    Base,
    Domain(Type),
    Enum,
    Composite,
    Range(Option<Type>),
    MultiRange(Option<Type>),
    Pseudo,
}

impl Context<'_> {
    pub(super) fn sort(&self, of: &Type) -> Sort {
        if of.is_array() {
            return if of.is("record[]") { Sort::Pseudo } else { Sort::Base };
        }
        if let Some(facts) = builtin::type_facts(of.name()) {
            return match facts.kind {
                'p' => Sort::Pseudo,
                'r' => Sort::Range(facts.subtype.clone()),
                'm' => Sort::MultiRange(facts.subtype.clone()),
                'd' => Sort::Domain(Type::named("text")),
                _ => Sort::Base,
            };
        }
        let Some(name) = of.qualified() else {
            // The row types of `pg_catalog`.
            return Sort::Composite;
        };
        if name.schema == "information_schema" {
            return information_schema(&name.name);
        }
        match self.catalog.data_type(&name.schema, &name.name) {
            Some(UserType::Enum(_)) => Sort::Enum,
            Some(UserType::Domain(base)) => Sort::Domain(base),
            Some(UserType::Composite(_)) => Sort::Composite,
            Some(UserType::Range(subtype)) => Sort::Range(subtype),
            Some(UserType::Base) => Sort::Base,
            None if self.catalog.relation(&name.schema, &name.name).is_some() => Sort::Composite,
            None => Sort::Base,
        }
    }

    /// The type under all domains, with the domain's own modifier.
    pub(super) fn base_type(&self, of: &Type) -> Type {
        let mut base = of.clone();
        for _ in 0..32 {
            match self.sort(&base) {
                Sort::Domain(under) => base = under,
                _ => break,
            }
        }
        base
    }

    pub(super) fn is_composite(&self, of: &Type) -> bool {
        of.is("record") || self.sort(&self.base_type(of)) == Sort::Composite
    }

    /// `pg_type.typcategory`
    pub(super) fn category(&self, of: &Type) -> char {
        if of.is_array() {
            return 'A';
        }
        if let Some(facts) = builtin::type_facts(of.name()) {
            return facts.category;
        }
        match self.sort(of) {
            Sort::Domain(base) => self.category(&self.base_type(&base)),
            Sort::Enum => 'E',
            Sort::Composite => 'C',
            Sort::Range(_) | Sort::MultiRange(_) => 'R',
            Sort::Pseudo => 'P',
            Sort::Base => {
                if of.qualified().is_some_and(|n| n.name == "citext") {
                    'S'
                } else {
                    'U'
                }
            }
        }
    }

    /// `pg_type.typispreferred`
    pub(super) fn preferred(&self, of: &Type) -> bool {
        builtin::type_facts(of.name()).is_some_and(|f| f.preferred)
    }

    /// Whether a type is the preferred one of a category.
    pub(super) fn preferred_in(&self, category: char, of: &Type) -> bool {
        self.preferred(of) && self.category(of) == category
    }

    /// The columns of a row, if they are known.
    pub(super) fn row_columns(&self, row: &Expr) -> Option<Vec<(String, Type)>> {
        if row.data_type.is("record") {
            return match &row.node {
                Node::WholeRow { up, source } => {
                    let level = self.levels.len().checked_sub(1 + up)?;
                    let source = self.levels.get(level)?.sources.get(*source)?;
                    Some(source.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect())
                }
                Node::Call(call) if !call.routine.columns.is_empty() => Some(call.routine.columns.clone()),
                Node::Column(column) => {
                    let level = self.levels.len().checked_sub(1 + column.up)?;
                    let source = self.levels.get(level)?.sources.get(column.source)?;
                    called_columns(&source.kind, column.column?)
                }
                Node::Row(items) => Some(
                    items.iter().enumerate().map(|(at, e)| (format!("f{}", at + 1), e.data_type.clone())).collect(),
                ),
                _ => None,
            };
        }
        self.composite_columns(&self.base_type(&row.data_type))
    }

    /// The columns of a named composite type.
    pub(super) fn composite_columns(&self, of: &Type) -> Option<Vec<(String, Type)>> {
        if of.is_array() || of.is("record") || builtin::type_facts(of.name()).is_some() {
            return None;
        }
        let name = of.qualified();
        let (schema, name) = name.as_ref().map_or(("pg_catalog", of.name()), |n| (n.schema.as_str(), n.name.as_str()));
        if schema != "pg_catalog"
            && let Some(UserType::Composite(Some(columns))) = self.catalog.data_type(schema, name)
        {
            return Some(columns);
        }
        let table = self.find_table(Some(schema), name)?;
        Some(table.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect())
    }
}

/// The columns of what a sub-select's column calls: `(select f() as c) s`.
fn called_columns(source: &SourceKind, column: usize) -> Option<Vec<(String, Type)>> {
    let SourceKind::Query(query) = source else { return None };
    let Body::Select(select) = &query.body else { return None };
    match &select.targets.get(column)?.value.node {
        Node::Call(call) if !call.routine.columns.is_empty() => Some(call.routine.columns.clone()),
        _ => None,
    }
}

/// The domains of the SQL standard's own schema.
fn information_schema(name: &str) -> Sort {
    let base = match name {
        "cardinal_number" => "integer",
        "sql_identifier" => "name",
        "time_stamp" => "timestamp with time zone",
        "character_data" | "yes_or_no" => "character varying",
        _ => return Sort::Composite,
    };
    Sort::Domain(Type::named(base))
}
