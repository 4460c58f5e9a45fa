//! Which columns constraints use, as the information schema tells it.

use super::{Names, Row, SYSTEM, Wanted, text};
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::catalog::object::{Constraint, ConstraintKind};
use crate::migrations::replay::question::Value;
use crate::migrations::replay::run::Run;

impl Run {
    /// `key_column_usage`: the columns of primary keys, unique constraints and foreign keys.
    pub(super) fn key_column_usage(&self, wanted: &Wanted) -> Vec<Row> {
        let keys = self.constraints_meant(wanted, wanted.text("table_name")).into_iter().filter(|k| is_key(&k.kind));
        let mut rows = Vec::new();
        for key in keys {
            rows.extend(key.columns.iter().zip(1_i64..).map(|(column, position)| {
                let mut row = self.used(key, key.on, *column);
                row.columns.insert("ordinal_position", Value::Whole(position));
                row
            }));
        }
        rows.extend(self.perhaps_on(wanted, "relation", "table_schema", "table_name"));
        rows.push(of_system());
        rows
    }

    /// `constraint_column_usage`: the columns that a constraint rests on, those of the other table for a foreign key.
    pub(super) fn constraint_column_usage(&self, wanted: &Wanted) -> Vec<Row> {
        // `table_name` is that of the columns, not of the constraint.
        let constraints = self.constraints_meant(wanted, None).into_iter();
        let mut rows: Vec<Row> = constraints
            .flat_map(|k| {
                let (on, columns) = match &k.kind {
                    ConstraintKind::ForeignKey(key) => (key.relation, &key.columns),
                    _ => (k.on, &k.columns),
                };
                columns.iter().map(move |column| self.used(k, on, *column))
            })
            .collect();
        // What somebody else made may refer to any table.
        rows.extend((!self.made_elsewhere(wanted).is_empty()).then(|| Row::perhaps([])));
        rows.push(of_system());
        rows
    }

    fn constraints_meant(&self, wanted: &Wanted, table: Option<&str>) -> Vec<&Constraint> {
        let meant = self.parts_meant(&self.catalog.constraints, wanted.text("constraint_name"), table, None);
        meant.into_iter().map(|(_, k)| k).filter(|k| self.catalog.relations.get(k.on).is_some()).collect()
    }

    /// A column that a constraint uses; these views show it to those who have the rights of the owner.
    fn used(&self, constraint: &Constraint, relation: Id, column: usize) -> Row {
        let (schema, table) = self.schema_and_name(relation);
        let (of_schema, _) = self.schema_and_name(constraint.on);
        let table_row = self.catalog.relations.get(relation);
        let name = table_row.and_then(|r| r.columns.get(column)).map(|c| c.name.clone()).unwrap_or_default();
        let mut row = Row::new([
            ("constraint_schema", text(of_schema)),
            ("constraint_name", text(&constraint.name)),
            ("table_schema", text(schema)),
            ("table_name", text(table)),
            ("column_name", text(name)),
        ]);
        row.certain = table_row.is_some_and(|r| self.has_rights_of(self.user(), r.owner));
        row
    }
}

/// The catalog's own keys, for those who own it.
fn of_system() -> Row {
    let schema = SYSTEM.first().copied().unwrap_or_default();
    let (schema, name) = (text(schema), Value::System(Names::Relations));
    Row::perhaps([("table_schema", schema.clone()), ("constraint_schema", schema), ("table_name", name)])
}

fn is_key(kind: &ConstraintKind) -> bool {
    matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) | ConstraintKind::ForeignKey(_))
}
