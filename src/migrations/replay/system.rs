//! Rows of the system catalogs and the information schema, as conditions ask for them.

use super::catalog::Id;
use super::catalog::object::{ConstraintKind, TypeKind};
use super::question::Value;
use super::run::Run;
use crate::model::{FunctionKind, RelationKind};
use std::collections::BTreeMap;

/// The columns that are known.
pub(super) type Row = BTreeMap<&'static str, Value>;

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn number(id: Id) -> Value {
    Value::Text(format!("#{}", id.0))
}

impl Run {
    /// The rows of a relation of the system; `None` if it is none that is known.
    pub(super) fn system_rows(&self, schema: Option<&str>, name: &str) -> Option<Vec<Row>> {
        if schema.is_some_and(|s| !super::lookup::is_system(s)) {
            return None;
        }
        let c = &self.catalog;
        let of = |id: Id| {
            c.relations.get(id).map(|r| (c.namespace_name(r.schema).to_owned(), r.name.clone())).unwrap_or_default()
        };
        let is_table = |k: RelationKind| matches!(k, RelationKind::Table | RelationKind::PartitionedTable);
        Some(match name {
            "pg_namespace" => c
                .namespaces
                .iter()
                .map(|(id, n)| Row::from([("oid", number(id)), ("nspname", text(&n.name))]))
                .collect(),
            "schemata" => c.namespaces.iter().map(|(_, n)| Row::from([("schema_name", text(&n.name))])).collect(),
            "pg_class" => c
                .relations
                .iter()
                .map(|(id, r)| {
                    Row::from([
                        ("oid", number(id)),
                        ("relname", text(&r.name)),
                        ("relnamespace", number(r.schema)),
                        ("relrowsecurity", Value::Truth(r.row_security)),
                        ("relkind", text(super::guards::letter(r.kind))),
                    ])
                })
                .chain(c.indexes.iter().map(|(id, i)| {
                    let on = c.relations.get(i.relation);
                    Row::from([
                        ("oid", number(id)),
                        ("relname", text(&i.name)),
                        ("relnamespace", number(on.map(|r| r.schema).unwrap_or_default())),
                        ("relrowsecurity", Value::Truth(false)),
                        ("relkind", text(super::guards::index_letter(on))),
                    ])
                }))
                .collect(),
            "tables" | "pg_tables" => c
                .relations
                .iter()
                .filter(|(_, r)| is_table(r.kind) || name == "tables" && r.kind == RelationKind::View)
                .map(|(_, r)| {
                    let schema = text(c.namespace_name(r.schema));
                    Row::from([
                        ("table_schema", schema.clone()),
                        ("schemaname", schema),
                        ("table_name", text(&r.name)),
                        ("tablename", text(&r.name)),
                        ("rowsecurity", Value::Truth(r.row_security)),
                        ("table_type", text(if is_table(r.kind) { "BASE TABLE" } else { "VIEW" })),
                    ])
                })
                .collect(),
            "columns" => c
                .relations
                .iter()
                .flat_map(|(_, r)| r.columns.iter().filter(|c| !c.dropped).map(move |column| (r, column)))
                .map(|(r, column)| {
                    let mut row = Row::from([
                        ("table_schema", text(c.namespace_name(r.schema))),
                        ("table_name", text(&r.name)),
                        ("column_name", text(&column.name)),
                        ("is_nullable", text(if column.not_null { "NO" } else { "YES" })),
                    ]);
                    row.extend(self.data_type_word(&column.data_type).map(|word| ("data_type", text(word))));
                    row
                })
                .collect(),
            "pg_attribute" => c
                .relations
                .iter()
                .flat_map(|(id, r)| r.columns.iter().map(move |column| (id, column)))
                .map(|(id, column)| {
                    Row::from([
                        ("attrelid", number(id)),
                        ("attname", text(&column.name)),
                        ("attisdropped", Value::Truth(column.dropped)),
                        ("attnotnull", Value::Truth(column.not_null)),
                    ])
                })
                .collect(),
            "pg_policies" | "pg_policy" => c
                .policies
                .iter()
                .map(|(_, p)| {
                    let (schema, table) = of(p.relation);
                    Row::from([
                        ("polname", text(&p.name)),
                        ("policyname", text(&p.name)),
                        ("polrelid", number(p.relation)),
                        ("schemaname", text(schema)),
                        ("tablename", text(table)),
                        ("cmd", text(p.command.to_string())),
                    ])
                })
                .collect(),
            "pg_trigger" | "triggers" => c
                .triggers
                .iter()
                .map(|(_, t)| {
                    let (schema, table) = of(t.relation);
                    Row::from([
                        ("tgname", text(&t.name)),
                        ("trigger_name", text(&t.name)),
                        ("tgrelid", number(t.relation)),
                        ("event_object_schema", text(schema)),
                        ("event_object_table", text(table)),
                        ("tgisinternal", Value::Truth(false)),
                    ])
                })
                .collect(),
            _ => return self.more_system_rows(name),
        })
    }

    fn more_system_rows(&self, name: &str) -> Option<Vec<Row>> {
        let c = &self.catalog;
        let of = |id: Id| {
            c.relations.get(id).map(|r| (c.namespace_name(r.schema).to_owned(), r.name.clone())).unwrap_or_default()
        };
        Some(match name {
            "pg_constraint" | "table_constraints" => c
                .constraints
                .iter()
                .map(|(_, k)| {
                    let (schema, table) = of(k.on);
                    let mut row = Row::from([
                        ("conname", text(&k.name)),
                        ("constraint_name", text(&k.name)),
                        ("conrelid", number(k.on)),
                        ("table_schema", text(schema.clone())),
                        ("constraint_schema", text(schema)),
                        ("table_name", text(table)),
                        ("contype", text(super::guards::constraint_letter(&k.kind))),
                        ("constraint_type", text(super::guards::constraint_word(&k.kind))),
                        ("convalidated", Value::Truth(k.validated)),
                    ]);
                    if let ConstraintKind::ForeignKey(key) = &k.kind {
                        row.insert("confrelid", number(key.relation));
                    }
                    row
                })
                .collect(),
            "pg_type" => c
                .types
                .iter()
                .map(|(id, t)| {
                    let kind = match t.kind {
                        TypeKind::Enum(_) => "e",
                        TypeKind::Domain { .. } => "d",
                        TypeKind::Composite(_) => "c",
                        TypeKind::Range(_) => "r",
                        TypeKind::Multirange(_) => "m",
                        TypeKind::Base => "b",
                    };
                    Row::from([
                        ("oid", number(id)),
                        ("typname", text(&t.name)),
                        ("typnamespace", number(t.schema)),
                        ("typtype", text(kind)),
                    ])
                })
                .chain(c.relations.iter().filter(|(_, r)| r.kind != RelationKind::Sequence).map(|(id, r)| {
                    Row::from([
                        ("oid", number(id)),
                        ("typname", text(&r.name)),
                        ("typnamespace", number(r.schema)),
                        ("typtype", text("c")),
                    ])
                }))
                .collect(),
            "pg_enum" => c
                .types
                .iter()
                .filter_map(|(id, t)| if let TypeKind::Enum(labels) = &t.kind { Some((id, labels)) } else { None })
                .flat_map(|(id, labels)| labels.iter().map(move |label| (id, label)))
                .map(|(id, label)| Row::from([("enumtypid", number(id)), ("enumlabel", text(label))]))
                .collect(),
            "pg_proc" | "routines" => c
                .functions
                .iter()
                .map(|(id, f)| {
                    let schema = c.namespace_name(f.schema);
                    let kind = if f.kind == FunctionKind::Procedure { "PROCEDURE" } else { "FUNCTION" };
                    Row::from([
                        ("oid", number(id)),
                        ("proname", text(&f.name)),
                        ("routine_name", text(&f.name)),
                        ("pronamespace", number(f.schema)),
                        ("routine_schema", text(schema)),
                        ("routine_type", text(kind)),
                        ("prosecdef", Value::Truth(f.security_definer)),
                    ])
                })
                .collect(),
            "pg_publication" => c.publications.iter().map(|(_, p)| Row::from([("pubname", text(&p.name))])).collect(),
            "pg_publication_tables" => c
                .publications
                .iter()
                .filter(|(_, p)| !p.all_tables && p.schemas.is_empty())
                .flat_map(|(_, p)| p.relations.iter().map(move |r| (p, of(r.relation))))
                .map(|(p, (schema, table))| {
                    Row::from([("pubname", text(&p.name)), ("schemaname", text(schema)), ("tablename", text(table))])
                })
                .collect(),
            "pg_extension" => c
                .extensions
                .iter()
                .map(|(_, e)| Row::from([("extname", text(&e.name)), ("extnamespace", number(e.schema))]))
                .collect(),
            "pg_roles" => {
                c.roles.iter().map(|(id, r)| Row::from([("oid", number(id)), ("rolname", text(&r.name))])).collect()
            }
            "pg_indexes" => c
                .indexes
                .iter()
                .map(|(_, i)| {
                    let (schema, table) = of(i.relation);
                    Row::from([("indexname", text(&i.name)), ("schemaname", text(schema)), ("tablename", text(table))])
                })
                .collect(),
            _ => return None,
        })
    }
}
