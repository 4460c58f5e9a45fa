//! Relations and their columns.

use super::{Names, Row, SYSTEM, Wanted, meant, text};
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::catalog::object::{Relation, TypeKind};
use crate::migrations::replay::catalog::types::{Base, TypeRef};
use crate::migrations::replay::question::Value;
use crate::migrations::replay::run::Run;
use crate::model::RelationKind;

fn is_table(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::PartitionedTable)
}

fn letter(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table => "r",
        RelationKind::PartitionedTable => "p",
        RelationKind::View => "v",
        RelationKind::MaterializedView => "m",
        RelationKind::ForeignTable => "f",
        RelationKind::Sequence => "S",
    }
}

impl Run {
    pub(super) fn class_rows(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        Some(match name {
            "pg_class" => self.pg_class(wanted),
            "pg_attribute" => self.pg_attribute(wanted),
            "pg_tables" => self.relations_as(wanted, "tablename", Names::Relations, |run, r| {
                let mut row = Row::new([("tablename", text(&r.name)), ("rowsecurity", Value::Truth(r.row_security))]);
                row.columns.insert("tableowner", text(run.catalog.role_name(r.owner)));
                is_table(r.kind).then_some(row)
            }),
            "pg_views" => self.relations_as(wanted, "viewname", Names::Views, |_, r| {
                (r.kind == RelationKind::View).then(|| Row::new([("viewname", text(&r.name))]))
            }),
            "pg_matviews" => self.relations_as(wanted, "matviewname", Names::Relations, |_, r| {
                (r.kind == RelationKind::MaterializedView).then(|| Row::new([("matviewname", text(&r.name))]))
            }),
            "pg_sequences" => self.relations_as(wanted, "sequencename", Names::Relations, |_, r| {
                (r.kind == RelationKind::Sequence).then(|| Row::new([("sequencename", text(&r.name))]))
            }),
            _ => return None,
        })
    }

    pub(super) fn relation_views(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        let listed = match name {
            "columns" => return Some(self.columns(wanted)),
            "tables" => self.relations_as(wanted, "table_name", Names::Views, |_, r| {
                let kind = match r.kind {
                    RelationKind::View => "VIEW",
                    RelationKind::ForeignTable => "FOREIGN",
                    kind if is_table(kind) => "BASE TABLE",
                    _ => return None,
                };
                Some(Row::new([("table_name", text(&r.name)), ("table_type", text(kind))]))
            }),
            "views" => self.relations_as(wanted, "table_name", Names::Views, |_, r| {
                (r.kind == RelationKind::View).then(|| Row::new([("table_name", text(&r.name))]))
            }),
            "sequences" => self.relations_as(wanted, "sequence_name", Names::Relations, |_, r| {
                (r.kind == RelationKind::Sequence).then(|| Row::new([("sequence_name", text(&r.name))]))
            }),
            _ => return None,
        };
        let schema = if name == "sequences" { "sequence_schema" } else { "table_schema" };
        let under = |mut row: Row| {
            let found = row.columns.remove("schemaname");
            row.columns.extend(found.map(|found| (schema, found)));
            row
        };
        Some(listed.into_iter().map(under).collect())
    }

    /// Relations with their schemas, and what the system may have beside them.
    fn relations_as(
        &self,
        wanted: &Wanted,
        column: &'static str,
        names: Names,
        row: impl Fn(&Self, &Relation) -> Option<Row>,
    ) -> Vec<Row> {
        let relations = self.relations_meant(wanted.text(column));
        let known = relations.into_iter().filter_map(|(_, r)| {
            let mut row = row(self, r)?;
            row.columns.insert("schemaname", text(self.catalog.namespace_name(r.schema)));
            Some(row)
        });
        let of_system =
            SYSTEM.map(|schema| Row::perhaps([("schemaname", text(schema)), (column, Value::System(names))]));
        known.chain(of_system).collect()
    }

    fn pg_class(&self, wanted: &Wanted) -> Vec<Row> {
        let c = &self.catalog;
        let (name, id) = (wanted.text("relname"), wanted.object("oid"));
        let class = |id: Id, name: &str, schema: Id, kind: &str| {
            Row::new([
                ("oid", Value::Oid(id)),
                ("relname", text(name)),
                ("relnamespace", Value::Oid(schema)),
                ("relkind", text(kind)),
                ("relrowsecurity", Value::Truth(false)),
                ("relforcerowsecurity", Value::Truth(false)),
                ("relispartition", Value::Truth(false)),
            ])
        };
        let mut rows = Vec::new();
        for (id, r) in meant(&c.relations, name, id) {
            let mut row = class(id, &r.name, r.schema, letter(r.kind));
            row.columns.insert("relowner", Value::Oid(r.owner));
            row.columns.insert("relrowsecurity", Value::Truth(r.row_security));
            row.columns.insert("relforcerowsecurity", Value::Truth(r.force_row_security));
            row.columns.insert("relispartition", Value::Truth(r.is_partition));
            rows.push(row);
        }
        for (id, i) in meant(&c.indexes, name, id) {
            let table = c.relations.get(i.relation);
            let (schema, whole) = table.map(|r| (r.schema, r.kind)).unwrap_or((Id(0), RelationKind::Table));
            rows.push(class(id, &i.name, schema, if whole == RelationKind::PartitionedTable { "I" } else { "i" }));
        }
        let composite = meant(&c.types, name, id).into_iter().filter(|(_, t)| matches!(t.kind, TypeKind::Composite(_)));
        rows.extend(composite.map(|(id, t)| class(id, &t.name, t.schema, "c")));
        let schemas = SYSTEM.into_iter().filter_map(|schema| c.namespace(schema));
        rows.extend(schemas.map(|schema| {
            Row::perhaps([("relnamespace", Value::Oid(schema)), ("relname", Value::System(Names::Views))])
        }));
        rows
    }

    fn pg_attribute(&self, wanted: &Wanted) -> Vec<Row> {
        let relations = match wanted.object("attrelid") {
            Some(id) => self.catalog.relations.get(id).map(|r| (id, r)).into_iter().collect(),
            None => self.relations_meant(None),
        };
        let mut rows = Vec::new();
        for (id, r) in &relations {
            rows.extend(r.columns.iter().zip(1_i64..).map(|(column, number)| {
                Row::new([
                    ("attrelid", Value::Oid(*id)),
                    ("attname", text(&column.name)),
                    ("attnum", Value::Whole(number)),
                    ("attisdropped", Value::Truth(column.dropped)),
                    ("attnotnull", Value::Truth(column.not_null)),
                ])
            }));
            rows.extend((wanted.thorough && r.unknown).then(|| Row::perhaps([("attrelid", Value::Oid(*id))])));
        }
        if wanted.object("attrelid").is_none() {
            rows.push(Row::perhaps([]));
        }
        rows
    }

    fn columns(&self, wanted: &Wanted) -> Vec<Row> {
        let mut rows = Vec::new();
        for (_, r) in self.relations_meant(wanted.text("table_name")) {
            let of = |columns: &mut Row| {
                columns.columns.insert("table_schema", text(self.catalog.namespace_name(r.schema)));
                columns.columns.insert("table_name", text(&r.name));
            };
            if matches!(r.kind, RelationKind::Sequence | RelationKind::MaterializedView) {
                continue;
            }
            for (column, number) in r.columns.iter().zip(1_i64..).filter(|(c, _)| !c.dropped) {
                let mut row = Row::new([
                    ("column_name", text(&column.name)),
                    ("ordinal_position", Value::Whole(number)),
                    ("is_nullable", text(if column.not_null { "NO" } else { "YES" })),
                    ("is_identity", text(if column.identity.is_some() { "YES" } else { "NO" })),
                ]);
                row.columns.extend(data_type_word(&column.data_type).map(|word| ("data_type", text(word))));
                row.columns.extend(column.default.is_none().then_some(("column_default", Value::Null)));
                of(&mut row);
                rows.push(row);
            }
            if wanted.thorough && r.unknown {
                let mut row = Row::perhaps([]);
                of(&mut row);
                rows.push(row);
            }
        }
        rows.extend(
            SYSTEM.map(|s| Row::perhaps([("table_schema", text(s)), ("table_name", Value::System(Names::Views))])),
        );
        rows
    }
}

/// `information_schema.columns.data_type`.
fn data_type_word(data_type: &TypeRef) -> Option<String> {
    Some(match (&data_type.base, data_type.array) {
        (_, true) => "ARRAY".into(),
        (Base::BuiltIn(name), false) => name.clone(),
        (Base::Made(_) | Base::Row(_), false) => "USER-DEFINED".into(),
        (Base::Unknown(_), false) => return None,
    })
}
