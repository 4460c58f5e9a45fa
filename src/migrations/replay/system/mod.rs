//! Rows of the system catalogs and the information schema, as conditions and loops ask for them.
//!
//! One table of catalogs for all who ask. What the system itself has is not listed but stands as rows that may be there, so
//! that a question which could meet it is not answered.

mod keys;
mod others;
mod parts;
mod relations;

use super::catalog::Id;
use super::catalog::rows::{Row as Record, Rows};
use super::question::Value;
use super::run::Run;
use std::collections::BTreeMap;

/// A row, as far as its columns are known.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Whether there is such a row; else only the server knows.
    pub(super) certain: bool,
    pub(super) columns: BTreeMap<&'static str, Value>,
    /// The one column of what a function in FROM gives, by the name that the query gives it.
    pub(super) element: Option<(String, Value)>,
}

impl Row {
    pub(super) fn new<const N: usize>(columns: [(&'static str, Value); N]) -> Self {
        Self { certain: true, columns: BTreeMap::from(columns), element: None }
    }

    pub(super) fn of_element(name: &str, value: Value) -> Self {
        Self { element: Some((name.to_owned(), value)), ..Self::new([]) }
    }

    pub(super) fn get(&self, column: &str) -> Option<&Value> {
        let element = || self.element.as_ref().filter(|(name, _)| name == column).map(|(_, value)| value);
        self.columns.get(column).or_else(element)
    }

    fn perhaps<const N: usize>(columns: [(&'static str, Value); N]) -> Self {
        Self { certain: false, ..Self::new(columns) }
    }
}

/// Columns that a question wants to have one value, so that not all rows have to be made.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) columns: Vec<(String, Value)>,
    /// Whether what somebody else may have made counts too.
    pub(super) thorough: bool,
}

impl Wanted {
    fn text(&self, column: &str) -> Option<&str> {
        self.columns.iter().find_map(|(name, value)| match value {
            Value::Text(text) if name == column => Some(text.as_str()),
            _ => None,
        })
    }

    fn object(&self, column: &str) -> Option<Id> {
        self.columns.iter().filter(|(name, _)| name == column).find_map(|(_, value)| value.object())
    }
}

/// The rows that may be meant, by their number or by their name.
fn meant<'a, T: Record>(rows: &'a Rows<T>, name: Option<&str>, id: Option<Id>) -> Vec<(Id, &'a T)> {
    match (id, name) {
        (Some(id), _) => rows.get(id).map(|row| (id, row)).into_iter().collect(),
        (None, Some(name)) => rows.named(name).collect(),
        (None, None) => rows.iter().collect(),
    }
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// The names that things of the system have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Relations,
    /// Those of the information schema's views too.
    Views,
    Functions,
    Types,
    Triggers,
    Checks,
    NotNulls,
}

impl Names {
    /// Whether something of the system may be called so.
    pub(super) fn may_have(self, name: &str) -> bool {
        let own = name.starts_with("pg_") || name.starts_with("sql_") || name.starts_with("_pg_");
        match self {
            Self::Relations => own,
            Self::Views => own || VIEWS.contains(&name),
            Self::Functions => own || crate::sql::is_builtin_function(name),
            Self::Types => {
                own || name.starts_with('_')
                    || VIEWS.contains(&name)
                    || super::builtin::type_name(name, None).is_some()
                    || ["cardinal_number", "character_data", "sql_identifier", "time_stamp", "yes_or_no"]
                        .contains(&name)
            }
            Self::Triggers => name.starts_with("RI_"),
            Self::Checks => name.starts_with(|c: char| c.is_ascii_digit()),
            Self::NotNulls => name.contains("not_null"),
        }
    }
}

/// Views of the information schema with names that others may well use too.
const VIEWS: [&str; 42] = [
    "applicable_roles",
    "attributes",
    "character_sets",
    "check_constraints",
    "collations",
    "column_options",
    "column_privileges",
    "columns",
    "constraint_column_usage",
    "constraint_table_usage",
    "data_type_privileges",
    "domain_constraints",
    "domains",
    "element_types",
    "enabled_roles",
    "foreign_data_wrappers",
    "foreign_servers",
    "foreign_tables",
    "key_column_usage",
    "parameters",
    "referential_constraints",
    "role_column_grants",
    "role_routine_grants",
    "role_table_grants",
    "role_udt_grants",
    "role_usage_grants",
    "routine_privileges",
    "routines",
    "schemata",
    "sequences",
    "table_constraints",
    "table_privileges",
    "tables",
    "transforms",
    "triggered_update_columns",
    "triggers",
    "udt_privileges",
    "usage_privileges",
    "user_defined_types",
    "user_mappings",
    "view_table_usage",
    "views",
];

/// The schemas of the system.
const SYSTEM: [&str; 2] = ["pg_catalog", "information_schema"];

impl Run {
    /// The rows of a relation of the system that may have the values that are wanted; `None` if it is none that is known.
    pub(super) fn system_rows(&self, schema: Option<&str>, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        match schema {
            Some("information_schema") => self.information_rows(name, wanted),
            Some("storage") if name == "buckets" => Some(self.bucket_rows()),
            None | Some("pg_catalog") if name.starts_with("pg_") => self
                .class_rows(name, wanted)
                .or_else(|| self.part_rows(name, wanted))
                .or_else(|| self.other_rows(name, wanted)),
            _ => None,
        }
    }

    fn information_rows(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        match name {
            "tables" | "views" | "sequences" | "columns" => self.relation_views(name, wanted),
            "triggers" | "table_constraints" | "key_column_usage" | "constraint_column_usage" => {
                self.part_views(name, wanted)
            }
            _ => self.other_views(name, wanted),
        }
    }

    fn schema_and_name(&self, relation: Id) -> (String, String) {
        let row = self.catalog.relations.get(relation);
        row.map(|r| (self.catalog.namespace_name(r.schema).to_owned(), r.name.clone())).unwrap_or_default()
    }

    /// The parts of relations that may be meant, by their own name or by that of their relation.
    fn parts_meant<'a, T: Record>(
        &'a self,
        rows: &'a Rows<T>,
        own: Option<&str>,
        table: Option<&str>,
        relation: Option<Id>,
    ) -> Vec<(Id, &'a T)> {
        let of = |id: Id| rows.parts(id).collect::<Vec<_>>();
        match (own, table, relation) {
            (_, _, Some(relation)) => of(relation),
            (_, Some(table), None) => {
                self.catalog.relations.named(table).flat_map(|(relation, _)| of(relation)).collect()
            }
            (Some(own), None, None) => rows.named(own).collect(),
            (None, None, None) => rows.iter().collect(),
        }
    }

    /// The relations that may be meant.
    fn relations_meant(&self, name: Option<&str>) -> Vec<(Id, &super::catalog::object::Relation)> {
        meant(&self.catalog.relations, name, None)
    }

    /// Relations that somebody else made, of whose parts nobody knows.
    fn made_elsewhere(&self, wanted: &Wanted) -> Vec<Id> {
        if !wanted.thorough {
            return Vec::new();
        }
        self.catalog.relations.iter().filter(|(_, r)| r.unknown).map(|(id, _)| id).collect()
    }
}
