//! Answers to what guards ask the system catalogs.

use super::catalog::Id;
use super::catalog::names::Space;
use super::catalog::object::{ConstraintKind, Relation, TypeKind};
use super::run::Run;
use crate::migrations::Name;
use crate::migrations::parse::guard::{Existence, Guard, Question};
use crate::migrations::parse::object::ObjectRef;
use crate::migrations::parse::{self, Statement};
use crate::model::{FunctionKind, RelationKind};

/// A value of a row, as far as it is known: `None` if the column is none that we know.
type Value = Option<String>;

/// Whether a row, told by its columns, is one that is asked for.
type Fits<'a> = dyn Fn(&dyn Fn(&str) -> Value) -> Option<bool> + 'a;

impl Run {
    /// Whether a condition holds; `None` if only the server knows.
    pub(super) fn ask(&mut self, guard: &Guard) -> Option<bool> {
        let asked = match guard.asks.as_ref() {
            Some(Question::Exists(existence)) => self.exists(existence).map(|found| found != existence.negated),
            Some(Question::Missing { negated, kind, name }) => {
                self.named_object(kind, name).map(|found| found == *negated)
            }
            None => None,
        };
        asked.or_else(|| self.holds(&guard.text.text))
    }

    /// Whether `to_regclass('name')` and the like find something.
    fn named_object(&mut self, kind: &str, name: &str) -> Option<bool> {
        Some(match kind {
            "regclass" => {
                let name = spelled(name)?;
                self.find(Space::Relation, &name).is_some()
            }
            "regrole" => self.catalog.role(&spelled(name)?.name).is_some(),
            "regtype" => {
                let name = spelled(name)?;
                super::builtin::type_name(&name.name, None).is_some() || self.find(Space::Type, &name).is_some()
            }
            "regprocedure" | "regproc" => {
                let parsed = parse::parse_file(&format!("drop routine {name}")).into_iter().next()?;
                let Statement::Drop(drop) = parsed.statement else { return None };
                let Some(ObjectRef::Routine(kind, signature)) = drop.objects.first() else { return None };
                self.find_routine(*kind, signature).ok()?.is_some()
            }
            _ => return None,
        })
    }

    fn exists(&self, asked: &Existence) -> Option<bool> {
        let c = &self.catalog;
        let all = |get: &dyn Fn(&str) -> Value| -> Option<bool> {
            for (column, value) in &asked.equals {
                if get(column)? != value.as_str() {
                    return Some(false);
                }
            }
            Some(true)
        };
        macro_rules! any {
            ($rows:expr, $row:pat => { $($column:pat => $value:expr),* $(,)? }) => {{
                let mut found = false;
                for $row in $rows {
                    found |= all(&|column| match column { $($column => $value,)* _ => None })?;
                    if found { break; }
                }
                // No row at all: the columns must be known all the same.
                Some(found)
            }};
        }
        let text = |s: &str| -> Value { Some(s.to_owned()) };
        let schema = |id: Id| c.namespaces.get(id).map(|n| n.name.clone());
        let table = |id: Id| c.relations.get(id).map(|r| r.name.clone());
        let schema_of = |id: Id| c.relations.get(id).and_then(|r| schema(r.schema));
        let tables = || c.relations.iter().filter(|(_, r)| is_table(r));
        match asked.relation.name.as_str() {
            "pg_policies" => any!(c.policies.iter(), (_, p) => {
                "policyname" => text(&p.name), "tablename" => table(p.relation), "schemaname" => schema_of(p.relation),
                "cmd" => Some(p.command.to_string()),
            }),
            "pg_policy" => any!(c.policies.iter(), (_, p) => {
                "polname" => text(&p.name), "polrelid" => self.as_asked(asked, "polrelid", p.relation),
            }),
            "pg_tables" => any!(tables(), (_, r) => {
                "tablename" => text(&r.name), "schemaname" => schema(r.schema),
                "rowsecurity" => Some(r.row_security.to_string()),
            }),
            "tables" => {
                any!(c.relations.iter().filter(|(_, r)| is_table(r) || r.kind == RelationKind::View), (_, r) => {
                    "table_name" => text(&r.name), "table_schema" => schema(r.schema),
                    "table_type" => text(if is_table(r) { "BASE TABLE" } else { "VIEW" }),
                })
            }
            "views" | "pg_views" => {
                any!(c.relations.iter().filter(|(_, r)| r.kind == RelationKind::View), (_, r) => {
                    "table_name" | "viewname" => text(&r.name), "table_schema" | "schemaname" => schema(r.schema),
                })
            }
            "pg_matviews" => {
                any!(c.relations.iter().filter(|(_, r)| r.kind == RelationKind::MaterializedView), (_, r) => {
                    "matviewname" => text(&r.name), "schemaname" => schema(r.schema),
                })
            }
            "sequences" | "pg_sequences" => {
                any!(c.relations.iter().filter(|(_, r)| r.kind == RelationKind::Sequence), (_, r) => {
                    "sequencename" | "sequence_name" => text(&r.name),
                    "sequence_schema" | "schemaname" => schema(r.schema),
                })
            }
            "columns" => {
                let columns = c
                    .relations
                    .iter()
                    .flat_map(|(_, r)| r.columns.iter().filter(|c| !c.dropped).map(move |column| (r, column)));
                any!(columns, (r, column) => {
                    "column_name" => text(&column.name), "table_name" => text(&r.name), "table_schema" => schema(r.schema),
                    "is_nullable" => text(if column.not_null { "NO" } else { "YES" }),
                    "data_type" => self.data_type_word(&column.data_type),
                })
            }
            "pg_class" => {
                let relation = any!(c.relations.iter(), (_, r) => {
                    "relname" => text(&r.name), "relkind" => text(letter(r.kind)),
                    "relrowsecurity" => Some(r.row_security.to_string()),
                    "relnamespace" => schema(r.schema), "oid" => None,
                })?;
                let index = any!(c.indexes.iter(), (_, i) => {
                    "relname" => text(&i.name), "relkind" => text(index_letter(c.relations.get(i.relation))),
                    "relrowsecurity" => text("false"),
                    "relnamespace" => c.relations.get(i.relation).and_then(|r| schema(r.schema)), "oid" => None,
                })?;
                Some(relation || index)
            }
            _ => self.exists_other(asked, &all),
        }
    }

    fn exists_other(&self, asked: &Existence, all: &Fits<'_>) -> Option<bool> {
        let c = &self.catalog;
        macro_rules! any {
            ($rows:expr, $row:pat => { $($column:pat => $value:expr),* $(,)? }) => {{
                let mut found = false;
                for $row in $rows {
                    found |= all(&|column| match column { $($column => $value,)* _ => None })?;
                    if found { break; }
                }
                Some(found)
            }};
        }
        let text = |s: &str| -> Value { Some(s.to_owned()) };
        let schema = |id: Id| c.namespaces.get(id).map(|n| n.name.clone());
        let table = |id: Id| c.relations.get(id).map(|r| r.name.clone());
        let schema_of = |id: Id| c.relations.get(id).and_then(|r| schema(r.schema));
        match asked.relation.name.as_str() {
            "pg_type" => {
                let rows = c.relations.iter().filter(|(_, r)| r.kind != RelationKind::Sequence);
                let of_rows = any!(rows, (_, r) => {
                    "typname" => text(&r.name), "typnamespace" => schema(r.schema), "typtype" => text("c"),
                })?;
                let made = any!(c.types.iter(), (_, t) => {
                "typname" => text(&t.name), "typnamespace" => schema(t.schema),
                "typtype" => text(match t.kind { TypeKind::Enum(_) => "e", TypeKind::Domain { .. } => "d",
                    TypeKind::Composite(_) => "c", TypeKind::Range(_) => "r", TypeKind::Multirange(_) => "m",
                    TypeKind::Base => "b" }),
                })?;
                Some(of_rows || made)
            }
            "pg_enum" => {
                let labels = c.types.iter().filter_map(|(id, t)| match &t.kind {
                    TypeKind::Enum(labels) => Some(labels.iter().map(move |label| (id, t, label))),
                    _ => None,
                });
                any!(labels.flatten(), (_, t, label) => {
                    "enumlabel" => text(label),
                    "enumtypid" => {
                        let written = asked.equals.iter().find(|(c, _)| c == "enumtypid").map(|(_, v)| v.as_str());
                        let same = written.and_then(spelled).is_some_and(|n| n.name == t.name);
                        text(if same { written.unwrap_or_default() } else { "" })
                    },
                })
            }
            "pg_roles" | "pg_authid" | "pg_user" => any!(c.roles.iter(), (_, r) => {
                "rolname" | "usename" => text(&r.name), "rolsuper" => Some(r.superuser.to_string()),
            }),
            "pg_namespace" | "schemata" => any!(c.namespaces.iter(), (_, n) => {
                "nspname" | "schema_name" => text(&n.name),
            }),
            "pg_extension" => any!(c.extensions.iter(), (_, e) => { "extname" => text(&e.name) }),
            "pg_available_extensions" => {
                let name = asked.equals.iter().find(|(column, _)| column == "name").map(|(_, value)| value)?;
                (asked.equals.len() == 1 && super::extensions::is_known(name)).then_some(true)
            }
            "pg_proc" => any!(c.functions.iter(), (_, f) => {
                "proname" => text(&f.name), "pronamespace" => schema(f.schema),
                "prosecdef" => Some(f.security_definer.to_string()),
            }),
            "routines" => any!(c.functions.iter(), (_, f) => {
                "routine_name" => text(&f.name), "routine_schema" => schema(f.schema),
                "routine_type" => text(if f.kind == FunctionKind::Procedure { "PROCEDURE" } else { "FUNCTION" }),
            }),
            "pg_publication" => any!(c.publications.iter(), (_, p) => {
                "pubname" => text(&p.name), "puballtables" => Some(p.all_tables.to_string()),
            }),
            "pg_publication_tables" => {
                let published =
                    c.publications.iter().flat_map(|(_, p)| p.relations.iter().map(move |r| (p, r.relation)));
                any!(published, (p, relation) => {
                    "pubname" => text(&p.name), "tablename" => table(relation), "schemaname" => schema_of(relation),
                })
            }
            "pg_publication_rel" => {
                let published =
                    c.publications.iter().flat_map(|(_, p)| p.relations.iter().map(move |r| (p, r.relation)));
                any!(published, (_, relation) => { "prrelid" => self.as_asked(asked, "prrelid", relation) })
            }
            "pg_constraint" => any!(c.constraints.iter(), (_, k) => {
                "conname" => text(&k.name), "conrelid" => self.as_asked(asked, "conrelid", k.on),
                "contype" => text(constraint_letter(&k.kind)),
            }),
            "table_constraints" => any!(c.constraints.iter(), (_, k) => {
                "constraint_name" => text(&k.name), "table_name" => table(k.on),
                "table_schema" | "constraint_schema" => schema_of(k.on),
                "constraint_type" => text(constraint_word(&k.kind)),
            }),
            "pg_indexes" => any!(c.indexes.iter(), (_, i) => {
                "indexname" => text(&i.name), "tablename" => table(i.relation), "schemaname" => schema_of(i.relation),
            }),
            "pg_trigger" => any!(c.triggers.iter(), (_, t) => {
                "tgname" => text(&t.name), "tgrelid" => self.as_asked(asked, "tgrelid", t.relation),
            }),
            "triggers" => any!(c.triggers.iter(), (_, t) => {
                "trigger_name" => text(&t.name), "event_object_table" => table(t.relation),
                "event_object_schema" | "trigger_schema" => schema_of(t.relation),
            }),
            "pg_event_trigger" => any!(c.event_triggers.iter(), (_, t) => { "evtname" => text(&t.name) }),
            "pg_foreign_server" => any!(c.servers.iter(), (_, s) => { "srvname" => text(&s.name) }),
            "pg_foreign_data_wrapper" => any!(c.wrappers.iter(), (_, w) => { "fdwname" => text(&w.name) }),
            "pg_language" => any!(c.languages.iter(), (_, l) => { "lanname" => text(&l.name) }),
            "pg_attribute" => {
                let columns = c.relations.iter().flat_map(|(id, r)| r.columns.iter().map(move |column| (id, column)));
                any!(columns.filter(|(_, c)| !c.dropped), (id, column) => {
                    "attname" => text(&column.name), "attrelid" => self.as_asked(asked, "attrelid", id),
                    "attisdropped" => text("false"),
                })
            }
            "buckets" if asked.relation.schema.as_deref() == Some("storage") => any!(c.buckets.iter(), (_, b) => {
                "id" | "name" => text(&b.id), "public" => Some(b.public.to_string()),
            }),
            _ => None,
        }
    }

    /// A relation as the question spells it, if it is the one meant.
    fn as_asked(&self, asked: &Existence, column: &str, relation: Id) -> Value {
        let written = asked.equals.iter().find(|(c, _)| c == column).map(|(_, value)| value.as_str())?;
        let meant = spelled(written).and_then(|name| self.find_relation(&name));
        Some(if meant == Some(relation) { written.to_owned() } else { String::new() })
    }

    /// `information_schema.columns.data_type`.
    pub(super) fn data_type_word(&self, data_type: &super::catalog::types::TypeRef) -> Value {
        use super::catalog::types::Base;
        Some(match (&data_type.base, data_type.array) {
            (_, true) => "ARRAY".into(),
            (Base::BuiltIn(name), false) => name.clone(),
            (Base::Made(_) | Base::Row(_), false) => "USER-DEFINED".into(),
            (Base::Unknown(_), false) => return None,
        })
    }
}

fn is_table(r: &Relation) -> bool {
    matches!(r.kind, RelationKind::Table | RelationKind::PartitionedTable)
}

/// `pg_class.relkind` of an index of this relation.
pub(super) fn index_letter(on: Option<&super::catalog::object::Relation>) -> &'static str {
    if on.is_some_and(|r| r.kind == RelationKind::PartitionedTable) { "I" } else { "i" }
}

pub(super) fn letter(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table => "r",
        RelationKind::PartitionedTable => "p",
        RelationKind::View => "v",
        RelationKind::MaterializedView => "m",
        RelationKind::ForeignTable => "f",
        RelationKind::Sequence => "S",
    }
}

pub(super) fn constraint_letter(kind: &ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Check(_) => "c",
        ConstraintKind::PrimaryKey => "p",
        ConstraintKind::Unique(_) => "u",
        ConstraintKind::Exclusion(_) => "x",
        ConstraintKind::ForeignKey(_) => "f",
        ConstraintKind::Trigger => "t",
    }
}

pub(super) fn constraint_word(kind: &ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Check(_) => "CHECK",
        ConstraintKind::PrimaryKey => "PRIMARY KEY",
        ConstraintKind::Unique(_) => "UNIQUE",
        ConstraintKind::ForeignKey(_) => "FOREIGN KEY",
        _ => "",
    }
}

/// A name as a cast to regclass reads it.
pub(super) fn spelled(text: &str) -> Option<Name> {
    let tokens = crate::migrations::lex::tokens(text, 0..text.len());
    let source = crate::migrations::parse::cursor::Source { text, made_at: None };
    let mut cursor = crate::migrations::parse::cursor::Cursor::new(&source, &tokens);
    cursor.name().ok().filter(|_| cursor.at_end())
}
