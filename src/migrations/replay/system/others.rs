//! What is not a relation and hangs on none.

use super::{Names, Row, SYSTEM, Wanted, meant, text};
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::catalog::object::{Publication, TypeKind};
use crate::migrations::replay::extensions;
use crate::migrations::replay::question::{Printed, Value};
use crate::migrations::replay::run::Run;
use crate::model::{FunctionKind, RelationKind, Volatility};

impl Run {
    pub(super) fn other_rows(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        let c = &self.catalog;
        Some(match name {
            "pg_namespace" => {
                let row = |id, n: &crate::migrations::replay::catalog::object::Namespace| {
                    Row::new([("oid", Value::Oid(id)), ("nspname", text(&n.name)), ("nspowner", Value::Oid(n.owner))])
                };
                c.namespaces.iter().map(|(id, n)| row(id, n)).chain([self.toast()]).collect()
            }
            "pg_type" => self.pg_type(wanted),
            "pg_enum" => self.pg_enum(wanted),
            "pg_proc" => self.pg_proc(wanted),
            "pg_roles" | "pg_authid" => {
                let flag = Value::Truth;
                let row = |(id, r): (Id, &crate::model::Role)| {
                    Row::new([
                        ("oid", Value::Oid(id)),
                        ("rolname", text(&r.name)),
                        ("rolsuper", flag(r.superuser)),
                        ("rolbypassrls", flag(r.bypass_rls)),
                        ("rolcanlogin", flag(r.login)),
                        ("rolinherit", flag(r.inherit)),
                        ("rolcreaterole", flag(r.create_role)),
                        ("rolcreatedb", flag(r.create_db)),
                        ("rolreplication", flag(r.replication)),
                    ])
                };
                c.roles.iter().map(row).collect()
            }
            "pg_user" => {
                c.roles.iter().filter(|(_, r)| r.login).map(|(_, r)| Row::new([("usename", text(&r.name))])).collect()
            }
            "pg_auth_members" => c
                .memberships
                .iter()
                .map(|(_, m)| {
                    Row::new([
                        ("roleid", Value::Oid(m.role)),
                        ("member", Value::Oid(m.member)),
                        ("admin_option", Value::Truth(m.admin)),
                    ])
                })
                .collect(),
            _ => return self.global_rows(name, wanted),
        })
    }

    fn global_rows(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        let c = &self.catalog;
        let named =
            |column: &'static str, id: Id, name: &str| Row::new([("oid", Value::Oid(id)), (column, text(name))]);
        Some(match name {
            "pg_extension" => {
                let row = |(id, e): (Id, &crate::migrations::replay::catalog::object::Extension)| {
                    let mut row = named("extname", id, &e.name);
                    row.columns.insert("extnamespace", Value::Oid(e.schema));
                    row
                };
                c.extensions.iter().map(row).collect()
            }
            // Of a server's files only what every platform has is known.
            "pg_available_extensions" => {
                let name = wanted.text("name").filter(|name| extensions::is_known(name))?;
                vec![Row::new([("name", text(name))])]
            }
            "pg_publication" => c
                .publications
                .iter()
                .map(|(id, p)| {
                    let mut row = named("pubname", id, &p.name);
                    row.columns.insert("puballtables", Value::Truth(p.all_tables));
                    row
                })
                .collect(),
            "pg_publication_rel" => {
                let all = c.publications.iter().flat_map(|(id, p)| p.relations.iter().map(move |r| (id, r.relation)));
                all.map(|(id, r)| Row::new([("prpubid", Value::Oid(id)), ("prrelid", Value::Oid(r))])).collect()
            }
            "pg_publication_tables" => c.publications.iter().flat_map(|(_, p)| self.published(p)).collect(),
            "pg_event_trigger" => c.event_triggers.iter().map(|(id, t)| named("evtname", id, &t.name)).collect(),
            "pg_foreign_server" => c.servers.iter().map(|(id, s)| named("srvname", id, &s.name)).collect(),
            "pg_foreign_data_wrapper" => c.wrappers.iter().map(|(id, w)| named("fdwname", id, &w.name)).collect(),
            "pg_language" => {
                let own = ["internal", "c", "sql"].map(|name| Row::perhaps([("lanname", text(name))]));
                c.languages.iter().map(|(id, l)| named("lanname", id, &l.name)).chain(own).collect()
            }
            _ => return None,
        })
    }

    pub(super) fn other_views(&self, name: &str, wanted: &Wanted) -> Option<Vec<Row>> {
        match name {
            "schemata" => {
                let all = self.catalog.namespaces.iter();
                Some(all.map(|(_, n)| Row::new([("schema_name", text(&n.name))])).chain([self.toast()]).collect())
            }
            "routines" => Some(self.routines(wanted)),
            _ => None,
        }
    }

    /// The schema of what does not fit into a row; `pg_temp_1` and its like may be there too.
    fn toast(&self) -> Row {
        let name = Value::System(Names::Relations);
        // Nothing that a statement makes is in it.
        Row::perhaps([("oid", Value::Oid(Id(u32::MAX))), ("nspname", name.clone()), ("schema_name", name)])
    }

    fn pg_type(&self, wanted: &Wanted) -> Vec<Row> {
        let c = &self.catalog;
        let name = wanted.text("typname");
        let row = |id: Id, name: &str, schema: Id, kind: &str| {
            let columns = [("typname", text(name)), ("typnamespace", Value::Oid(schema)), ("typtype", text(kind))];
            let mut row = Row::new(columns);
            row.columns.insert("oid", Value::Oid(id));
            row
        };
        let kind = |kind: &TypeKind| match kind {
            TypeKind::Enum(_) => "e",
            TypeKind::Domain { .. } => "d",
            TypeKind::Composite(_) => "c",
            TypeKind::Range(_) => "r",
            TypeKind::Multirange(_) => "m",
            TypeKind::Base => "b",
        };
        let number = wanted.object("oid");
        let mut rows: Vec<Row> = meant(&c.types, name, number)
            .into_iter()
            .map(|(id, t)| row(id, &t.name, t.schema, kind(&t.kind)))
            .collect();
        let with_rows = meant(&c.relations, name, number).into_iter().filter(|(_, r)| r.kind != RelationKind::Sequence);
        rows.extend(with_rows.map(|(id, r)| row(id, &r.name, r.schema, "c")));
        rows.push(Row::perhaps([("typname", Value::System(Names::Types))]));
        rows
    }

    fn pg_enum(&self, wanted: &Wanted) -> Vec<Row> {
        let c = &self.catalog;
        let types = meant(&c.types, None, wanted.object("enumtypid"));
        let labels = types.into_iter().filter_map(|(id, t)| match &t.kind {
            TypeKind::Enum(labels) => Some(labels.iter().map(move |label| (id, label))),
            _ => None,
        });
        labels
            .flatten()
            .map(|(id, label)| Row::new([("enumtypid", Value::Oid(id)), ("enumlabel", text(label))]))
            .collect()
    }

    /// Schemas whose functions are not all known.
    fn schemas_with_more(&self, wanted: &Wanted) -> Vec<Id> {
        let opaque = self.opaque.iter().filter(|_| wanted.thorough);
        opaque.filter_map(|id| self.catalog.extensions.get(*id)).map(|e| e.schema).collect()
    }

    fn pg_proc(&self, wanted: &Wanted) -> Vec<Row> {
        let kind = |kind: FunctionKind| match kind {
            FunctionKind::Function => "f",
            FunctionKind::Procedure => "p",
            FunctionKind::Aggregate => "a",
            FunctionKind::Window => "w",
        };
        let functions = meant(&self.catalog.functions, wanted.text("proname"), wanted.object("oid"));
        let known = functions.into_iter().map(|(id, f)| {
            let mut settings: Vec<String> = f.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
            settings.extend(f.search_path.iter().map(|path| format!("search_path={path}")));
            Row::new([
                ("oid", Value::Oid(id)),
                ("proname", text(&f.name)),
                ("pronamespace", Value::Oid(f.schema)),
                ("proowner", Value::Oid(f.owner)),
                ("prosrc", Value::Printed(Printed::Source, id)),
                ("pronargs", Value::Whole(f.parameters.iter().filter(|p| p.is_input()).map(|_| 1).sum())),
                ("provolatile", text(volatility(f.volatility))),
                ("prosecdef", Value::Truth(f.security_definer)),
                ("prokind", text(kind(f.kind))),
                ("proconfig", if settings.is_empty() { Value::Null } else { Value::List(settings) }),
            ])
        });
        if wanted.object("oid").is_some() {
            return known.collect();
        }
        let system = SYSTEM.into_iter().filter_map(|schema| self.catalog.namespace(schema));
        let system = system.map(|schema| {
            Row::perhaps([("pronamespace", Value::Oid(schema)), ("proname", Value::System(Names::Functions))])
        });
        let more = self.schemas_with_more(wanted);
        let more = more.into_iter().map(|schema| Row::perhaps([("pronamespace", Value::Oid(schema))]));
        known.chain(system).chain(more).collect()
    }

    fn routines(&self, wanted: &Wanted) -> Vec<Row> {
        let functions = meant(&self.catalog.functions, wanted.text("routine_name"), None);
        let known = functions.into_iter().map(|(_, f)| {
            let kind = match f.kind {
                FunctionKind::Procedure => text("PROCEDURE"),
                FunctionKind::Function => text("FUNCTION"),
                FunctionKind::Aggregate | FunctionKind::Window => Value::Null,
            };
            Row::new([
                ("routine_name", text(&f.name)),
                ("routine_schema", text(self.catalog.namespace_name(f.schema))),
                ("routine_type", kind),
                ("security_type", text(if f.security_definer { "DEFINER" } else { "INVOKER" })),
            ])
        });
        let system = SYSTEM.map(|schema| {
            Row::perhaps([("routine_schema", text(schema)), ("routine_name", Value::System(Names::Functions))])
        });
        let more = self.schemas_with_more(wanted);
        let more = more.into_iter().map(|s| Row::perhaps([("routine_schema", text(self.catalog.namespace_name(s)))]));
        known.chain(system).chain(more).collect()
    }

    /// The tables of a publication; of those for all tables or those of a schema not which parts of a whole are named.
    fn published(&self, publication: &Publication) -> Vec<Row> {
        let row = |certain: bool, relation: Id| {
            let (schema, table) = self.schema_and_name(relation);
            let row = [("pubname", text(&publication.name)), ("schemaname", text(schema)), ("tablename", text(table))];
            Row { certain, ..Row::new(row) }
        };
        let c = &self.catalog;
        let mut rows: Vec<Row> = publication.relations.iter().map(|r| row(true, r.relation)).collect();
        let whole = c.relations.iter().filter(|(_, r)| {
            let here = publication.all_tables || publication.schemas.contains(&r.schema);
            here && matches!(r.kind, RelationKind::Table | RelationKind::PartitionedTable) && !r.unlogged
        });
        rows.extend(whole.map(|(id, r)| row(!r.is_partition && r.kind == RelationKind::Table, id)));
        rows
    }

    pub(super) fn bucket_rows(&self) -> Vec<Row> {
        let row = |b: &crate::model::Bucket| {
            Row::new([("id", text(&b.id)), ("name", text(&b.id)), ("public", Value::Truth(b.public))])
        };
        self.catalog.buckets.iter().map(|(_, b)| row(b)).collect()
    }
}

fn volatility(volatility: Volatility) -> &'static str {
    match volatility {
        Volatility::Immutable => "i",
        Volatility::Stable => "s",
        Volatility::Volatile => "v",
    }
}
