//! What hangs on relations: policies, triggers, constraints, indexes.

use super::{Names, Row, SYSTEM, Wanted, meant, text};
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::catalog::code::Code;
use crate::migrations::replay::catalog::object::{ConstraintKind, Policy};
use crate::migrations::replay::question::{Printed, Value};
use crate::migrations::replay::run::Run;
use crate::model::{FiresWhen, PolicyCommand, TriggerEvent, TriggerTiming};

impl Run {
    pub(super) fn part_rows(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        Some(match name {
            "pg_policies" => self.pg_policies(wanted),
            "pg_policy" => self.pg_policy(wanted),
            "pg_trigger" => self.pg_trigger(wanted),
            "pg_constraint" => self.pg_constraint(wanted),
            "pg_indexes" => self.pg_indexes(wanted),
            "pg_index" => self.pg_index(wanted),
            _ => return None,
        })
    }

    pub(super) fn part_views(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        match name {
            "triggers" => Some(self.triggers(wanted)),
            "table_constraints" => Some(self.table_constraints(wanted)),
            "key_column_usage" => Some(self.key_column_usage(wanted)),
            "constraint_column_usage" => Some(self.constraint_column_usage(wanted)),
            _ => None,
        }
    }

    /// Parts that relations which somebody else made may have, under the names of the columns that tell the relation.
    pub(super) fn perhaps_on(
        &self,
        wanted: &Wanted,
        id: &'static str,
        schema: &'static str,
        table: &'static str,
    ) -> Vec<Row> {
        let row = |relation: Id| {
            let (in_schema, name) = self.schema_and_name(relation);
            Row::perhaps([(id, Value::Oid(relation)), (schema, text(in_schema)), (table, text(name))])
        };
        self.made_elsewhere(wanted).into_iter().map(row).collect()
    }

    fn pg_policies(&self, wanted: &Wanted) -> Vec<Row> {
        let (own, table) = (wanted.text("policyname"), wanted.text("tablename"));
        let policies = self.parts_meant(&self.catalog.policies, own, table, None);
        let row = |id: Id, p: &Policy| {
            let (schema, table) = self.schema_and_name(p.relation);
            let mut roles: Vec<String> = p.roles.iter().map(|role| self.policy_role(*role)).collect();
            roles.sort();
            let mut row = Row::new([
                ("schemaname", text(schema)),
                ("tablename", text(table)),
                ("policyname", text(&p.name)),
                ("permissive", text(if p.permissive { "PERMISSIVE" } else { "RESTRICTIVE" })),
                ("roles", Value::List(roles)),
                ("cmd", text(p.command.to_string())),
            ]);
            row.columns.insert("qual", printed(&p.using, Printed::Using, id));
            row.columns.insert("with_check", printed(&p.check, Printed::Check, id));
            row
        };
        let known = policies.into_iter().map(|(id, p)| row(id, p));
        known.chain(self.perhaps_on(wanted, "relation", "schemaname", "tablename")).collect()
    }

    fn policy_role(&self, role: Option<Id>) -> String {
        role.map_or_else(|| "public".to_owned(), |id| self.catalog.role_name(id))
    }

    fn pg_policy(&self, wanted: &Wanted) -> Vec<Row> {
        let policies =
            self.parts_meant(&self.catalog.policies, wanted.text("polname"), None, wanted.object("polrelid"));
        let command = |command: PolicyCommand| match command {
            PolicyCommand::All => "*",
            PolicyCommand::Select => "r",
            PolicyCommand::Insert => "a",
            PolicyCommand::Update => "w",
            PolicyCommand::Delete => "d",
        };
        let row = |id: Id, p: &Policy| {
            Row::new([
                ("oid", Value::Oid(id)),
                ("polname", text(&p.name)),
                ("polrelid", Value::Oid(p.relation)),
                ("polcmd", text(command(p.command))),
                ("polpermissive", Value::Truth(p.permissive)),
                ("polqual", tree(&p.using, Printed::Using, id)),
                ("polwithcheck", tree(&p.check, Printed::Check, id)),
            ])
        };
        let known = policies.into_iter().map(|(id, p)| row(id, p));
        known.chain(self.perhaps_on(wanted, "polrelid", "schema", "table")).collect()
    }

    fn pg_trigger(&self, wanted: &Wanted) -> Vec<Row> {
        let triggers = self.parts_meant(&self.catalog.triggers, wanted.text("tgname"), None, wanted.object("tgrelid"));
        let fires = |fires: FiresWhen| match fires {
            FiresWhen::Origin => "O",
            FiresWhen::Disabled => "D",
            FiresWhen::Replica => "R",
            FiresWhen::Always => "A",
        };
        let known = triggers.into_iter().map(|(id, t)| {
            Row::new([
                ("oid", Value::Oid(id)),
                ("tgname", text(&t.name)),
                ("tgrelid", Value::Oid(t.relation)),
                ("tgfoid", Value::Oid(t.function)),
                ("tgenabled", text(fires(t.fires))),
                ("tgisinternal", Value::Truth(false)),
            ])
        });
        // Foreign keys have triggers of their own.
        let internal = Row::perhaps([("tgname", Value::System(Names::Triggers)), ("tgisinternal", Value::Truth(true))]);
        known.chain([internal]).chain(self.perhaps_on(wanted, "tgrelid", "schema", "table")).collect()
    }

    fn triggers(&self, wanted: &Wanted) -> Vec<Row> {
        let (own, table) = (wanted.text("trigger_name"), wanted.text("event_object_table"));
        let mut rows = Vec::new();
        for (_, t) in self.parts_meant(&self.catalog.triggers, own, table, None) {
            let (schema, table) = self.schema_and_name(t.relation);
            let timing = match t.timing {
                TriggerTiming::Before => "BEFORE",
                TriggerTiming::After => "AFTER",
                TriggerTiming::InsteadOf => "INSTEAD OF",
            };
            for event in &t.events {
                let event = match event {
                    TriggerEvent::Insert => "INSERT",
                    TriggerEvent::Update => "UPDATE",
                    TriggerEvent::Delete => "DELETE",
                    TriggerEvent::Truncate => continue,
                };
                rows.push(Row::new([
                    ("trigger_schema", text(schema.clone())),
                    ("trigger_name", text(&t.name)),
                    ("event_object_schema", text(schema.clone())),
                    ("event_object_table", text(table.clone())),
                    ("event_manipulation", text(event)),
                    ("action_timing", text(timing)),
                    ("action_orientation", text(if t.for_each_row { "ROW" } else { "STATEMENT" })),
                ]));
            }
        }
        rows.extend(self.perhaps_on(wanted, "relation", "event_object_schema", "event_object_table"));
        rows
    }

    fn pg_constraint(&self, wanted: &Wanted) -> Vec<Row> {
        let constraints = match wanted.object("oid") {
            Some(id) => self.catalog.constraints.get(id).map(|row| (id, row)).into_iter().collect(),
            None => {
                self.parts_meant(&self.catalog.constraints, wanted.text("conname"), None, wanted.object("conrelid"))
            }
        };
        let known = constraints.into_iter().map(|(id, k)| {
            let on_relation = self.catalog.relations.get(k.on);
            let mut row = Row::new([
                ("oid", Value::Oid(id)),
                ("conname", text(&k.name)),
                ("contype", text(letter(&k.kind))),
                ("convalidated", Value::Truth(k.validated)),
                ("condeferrable", Value::Truth(k.deferrable)),
            ]);
            if let Some(relation) = on_relation {
                row.columns.insert("conrelid", Value::Oid(k.on));
                row.columns.insert("connamespace", Value::Oid(relation.schema));
            }
            let is_check = matches!(k.kind, ConstraintKind::Check(_));
            let condition = if is_check { Value::Tree(Printed::Condition, id) } else { Value::Null };
            row.columns.insert("conbin", condition);
            row.columns.extend(k.index.map(|index| ("conindid", Value::Oid(index))));
            row.columns.insert("conkey", numbers(&k.columns));
            if let ConstraintKind::ForeignKey(key) = &k.kind {
                row.columns.insert("confrelid", Value::Oid(key.relation));
                row.columns.insert("confkey", numbers(&key.columns));
            }
            row
        });
        if wanted.object("oid").is_some() {
            return known.collect();
        }
        // From 18 on every NOT NULL is one.
        let not_null = Row::perhaps([("conname", Value::System(Names::NotNulls)), ("contype", text("n"))]);
        let not_null = Some(not_null).filter(|_| self.catalog.major >= 18);
        known.chain(not_null).chain(self.perhaps_on(wanted, "conrelid", "schema", "table")).collect()
    }

    fn table_constraints(&self, wanted: &Wanted) -> Vec<Row> {
        let (own, table) = (wanted.text("constraint_name"), wanted.text("table_name"));
        let constraints = self.parts_meant(&self.catalog.constraints, own, table, None);
        let known = constraints.into_iter().filter_map(|(_, k)| {
            let word = match k.kind {
                ConstraintKind::Check(_) => "CHECK",
                ConstraintKind::PrimaryKey => "PRIMARY KEY",
                ConstraintKind::Unique(_) => "UNIQUE",
                ConstraintKind::ForeignKey(_) => "FOREIGN KEY",
                ConstraintKind::Exclusion(_) | ConstraintKind::Trigger => return None,
            };
            self.catalog.relations.get(k.on)?;
            let (schema, table) = self.schema_and_name(k.on);
            Some(Row::new([
                ("constraint_schema", text(schema.clone())),
                ("constraint_name", text(&k.name)),
                ("table_schema", text(schema)),
                ("table_name", text(table)),
                ("constraint_type", text(word)),
            ]))
        });
        // NOT NULL stands among the CHECKs, under names made of numbers.
        let not_null = Row::perhaps([
            ("constraint_name", Value::System(if self.catalog.major >= 18 { Names::NotNulls } else { Names::Checks })),
            ("constraint_type", text("CHECK")),
        ]);
        known.chain([not_null]).chain(self.perhaps_on(wanted, "relation", "table_schema", "table_name")).collect()
    }

    fn pg_indexes(&self, wanted: &Wanted) -> Vec<Row> {
        let (own, table) = (wanted.text("indexname"), wanted.text("tablename"));
        let indexes = self.parts_meant(&self.catalog.indexes, own, table, None);
        let known = indexes.into_iter().map(|(_, i)| {
            let (schema, table) = self.schema_and_name(i.relation);
            Row::new([("indexname", text(&i.name)), ("schemaname", text(schema)), ("tablename", text(table))])
        });
        let system = Row::perhaps([
            ("schemaname", text(SYSTEM.first().copied().unwrap_or_default())),
            ("indexname", Value::System(Names::Relations)),
            ("tablename", Value::System(Names::Relations)),
        ]);
        known.chain([system]).chain(self.perhaps_on(wanted, "relation", "schemaname", "tablename")).collect()
    }

    fn pg_index(&self, wanted: &Wanted) -> Vec<Row> {
        let c = &self.catalog;
        let indexes = match wanted.object("indexrelid") {
            own @ Some(_) => meant(&c.indexes, None, own),
            None => self.parts_meant(&c.indexes, None, None, wanted.object("indrelid")),
        };
        let known = indexes.into_iter().map(|(id, i)| {
            let mut keys = c.constraints.users(id).filter(|(_, k)| k.index == Some(id));
            let primary = keys.any(|(_, k)| matches!(k.kind, ConstraintKind::PrimaryKey));
            Row::new([
                ("indexrelid", Value::Oid(id)),
                ("indrelid", Value::Oid(i.relation)),
                ("indisunique", Value::Truth(i.unique)),
                ("indisprimary", Value::Truth(primary)),
                ("indisvalid", Value::Truth(i.valid)),
            ])
        });
        known.chain(self.perhaps_on(wanted, "indrelid", "schema", "table")).collect()
    }
}

/// The text of an expression, as the server would print it.
fn printed(code: &Option<Code>, what: Printed, of: Id) -> Value {
    code.as_ref().map_or(Value::Null, |_| Value::Printed(what, of))
}

fn tree(code: &Option<Code>, what: Printed, of: Id) -> Value {
    code.as_ref().map_or(Value::Null, |_| Value::Tree(what, of))
}

/// Columns as `attnum` counts them; NULL for none.
fn numbers(columns: &[usize]) -> Value {
    let counted = columns.iter().filter_map(|at| i64::try_from(*at).ok());
    if columns.is_empty() { Value::Null } else { Value::Numbers(counted.map(|at| at + 1).collect()) }
}

fn letter(kind: &ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Check(_) => "c",
        ConstraintKind::PrimaryKey => "p",
        ConstraintKind::Unique(_) => "u",
        ConstraintKind::Exclusion(_) => "x",
        ConstraintKind::ForeignKey(_) => "f",
        ConstraintKind::Trigger => "t",
    }
}
