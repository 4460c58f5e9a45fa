//! The catalog as a model, under the names that hold at the end.

mod code;
mod constraint;
mod function;
mod partition;
mod relation;
mod updatable;

use super::catalog::acl::{Acl, Kind};
use super::catalog::object::{Published, TypeKind};
use super::catalog::{Catalog, Id};
use super::lookup::{TEMPORARY, is_system};
use crate::model::{self, Grantee, Schema, Server};
use crate::parallel;

impl Catalog {
    /// The model of all that is there, in no order yet.
    pub(super) fn to_schema(&self, server: Server) -> Schema {
        let database = self.database.iter().next().map(|(_, d)| model::Database {
            name: d.name.clone(),
            owner: self.role_name(d.owner),
            acl: self.acl(d.acl.as_ref(), Kind::Database, d.owner),
        });
        let database = database.unwrap_or_else(|| model::Database {
            name: String::new(),
            owner: String::new(),
            acl: model::Acl::default(),
        });
        let mut schema = Schema::new(server, database);
        self.cluster(&mut schema);
        self.namespaces_and_defaults(&mut schema);
        let visible = |schema: Id| {
            let name = self.namespace_name(schema);
            !is_system(name) && name != TEMPORARY
        };
        // Their texts are what takes long to print.
        let relations: Vec<_> = self.relations.iter().filter(|(_, r)| visible(r.schema)).collect();
        schema.relations = parallel::each(&relations, 16, |(id, r)| self.relation(*id, r));
        let functions: Vec<_> = self.functions.iter().filter(|(_, f)| visible(f.schema)).collect();
        schema.functions = parallel::each(&functions, 32, |(_, f)| self.function(f));
        let types = self.types.iter().filter(|(_, t)| visible(t.schema));
        schema.types = types.map(|(id, t)| self.data_type(id, t)).collect();
        self.others(&mut schema);
        schema
    }

    fn cluster(&self, schema: &mut Schema) {
        schema.roles = self.roles.iter().map(|(_, r)| r.clone()).collect();
        let membership = |m: &super::catalog::object::Membership| model::Membership {
            member: self.role_name(m.member),
            role: self.role_name(m.role),
            grantor: self.role_name(m.grantor),
            admin: m.admin,
            // Before 16 the member's own INHERIT decides, and SET ROLE is always allowed.
            inherit: if self.major >= 16 { m.inherit } else { self.roles.get(m.member).is_none_or(|r| r.inherit) },
            set: self.major < 16 || m.set,
            origin: m.origin,
        };
        schema.memberships = self.memberships.iter().map(|(_, m)| membership(m)).collect();
        let setting = |s: &super::catalog::object::Setting| model::Setting {
            role: s.role.map(|r| self.role_name(r)),
            this_database: s.this_database,
            name: s.name.clone(),
            value: s.value.clone(),
            origin: s.origin,
        };
        schema.settings = self.settings.iter().map(|(_, s)| setting(s)).collect();
    }

    fn namespaces_and_defaults(&self, schema: &mut Schema) {
        let shown = |id: Id, name: &str| name != TEMPORARY && Some(id) != self.system;
        let namespaces = self.namespaces.iter().filter(|(id, n)| shown(*id, &n.name));
        schema.namespaces = namespaces
            .map(|(_, n)| model::Namespace {
                name: n.name.clone(),
                owner: self.role_name(n.owner),
                acl: self.acl(n.acl.as_ref(), Kind::Schema, n.owner),
                origin: n.origin,
            })
            .collect();
        schema.default_privileges = self
            .defaults
            .iter()
            .map(|(_, d)| model::DefaultPrivileges {
                role: self.role_name(d.role),
                schema: d.schema.map(|s| self.namespace_name(s).to_owned()),
                object: d.object,
                acl: self.grants(&d.acl),
                origin: d.origin,
            })
            .collect();
    }

    fn data_type(&self, id: Id, row: &super::catalog::object::Type) -> model::Type {
        let kind = match &row.kind {
            TypeKind::Enum(labels) => model::TypeKind::Enum(labels.clone()),
            TypeKind::Domain { base, not_null } => model::TypeKind::Domain {
                base: self.type_name(base),
                not_null: *not_null,
                checks: self.domain_checks(id),
            },
            TypeKind::Composite(_) => model::TypeKind::Composite,
            TypeKind::Range(_) | TypeKind::Multirange(_) => model::TypeKind::Range,
            TypeKind::Base => model::TypeKind::Base,
        };
        // The grants on a multirange are those of its range type.
        let of = match row.kind {
            TypeKind::Multirange(range) => self.types.get(range).unwrap_or(row),
            _ => row,
        };
        model::Type {
            name: self.qualified(id),
            owner: self.role_name(row.owner),
            kind,
            acl: self.acl(if self.major >= 18 { of.acl.as_ref() } else { row.acl.as_ref() }, Kind::Type, row.owner),
            extension: self.extension_name(row.extension),
            origin: row.origin,
        }
    }

    pub(super) fn extension_name(&self, id: Option<Id>) -> Option<String> {
        id.and_then(|id| self.extensions.get(id)).map(|e| e.name.clone())
    }

    fn others(&self, schema: &mut Schema) {
        schema.languages = self
            .languages
            .iter()
            .map(|(_, l)| model::Language {
                name: l.name.clone(),
                owner: self.role_name(l.owner),
                trusted: l.trusted,
                acl: self.acl(l.acl.as_ref(), Kind::Language, l.owner),
                origin: l.origin,
            })
            .collect();
        schema.extensions = self
            .extensions
            .iter()
            .map(|(_, e)| model::Extension {
                name: e.name.clone(),
                schema: self.namespace_name(e.schema).to_owned(),
                owner: self.role_name(e.owner),
                version: e.version.clone(),
                available: None,
                origin: e.origin,
            })
            .collect();
        schema.event_triggers = self
            .event_triggers
            .iter()
            .map(|(_, t)| model::EventTrigger {
                name: t.name.clone(),
                event: t.event.clone(),
                owner: self.role_name(t.owner),
                function: self.function_id(t.function),
                tags: t.tags.clone(),
                fires: t.fires,
                origin: t.origin,
            })
            .collect();
        schema.publications = self.publications.iter().map(|(_, p)| self.publication(p)).collect();
        self.rare(schema);
        self.foreign_data(schema);
        schema.buckets = self.buckets.iter().map(|(_, b)| b.clone()).collect();
    }

    fn publication(&self, row: &super::catalog::object::Publication) -> model::Publication {
        let published = |p: &Published| model::PublishedRelation {
            relation: self.qualified(p.relation),
            columns: self.column_names(p.relation, &p.columns),
            filter: p.filter.as_ref().map(|code| self.text(code)),
        };
        let mut relations: Vec<_> = row.relations.iter().map(published).collect();
        relations.sort();
        let mut schemas: Vec<_> = row.schemas.iter().map(|s| self.namespace_name(*s).to_owned()).collect();
        schemas.sort();
        model::Publication {
            name: row.name.clone(),
            owner: self.role_name(row.owner),
            all_tables: row.all_tables,
            relations,
            schemas,
            origin: row.origin,
        }
    }

    fn rare(&self, schema: &mut Schema) {
        let subscription = |s: &super::catalog::object::Subscription| {
            let mut publications = s.publications.clone();
            publications.sort();
            model::Subscription {
                name: s.name.clone(),
                owner: self.role_name(s.owner),
                enabled: s.enabled,
                publications,
                run_as_owner: s.run_as_owner,
                password_required: s.password_required,
                origin: s.origin,
            }
        };
        schema.subscriptions = self.subscriptions.iter().map(|(_, s)| subscription(s)).collect();
        let parameter = |p: &super::catalog::object::GrantedParameter| model::Parameter {
            name: p.name.clone(),
            acl: self.acl(p.acl.as_ref(), Kind::Parameter, self.superuser),
            origin: p.origin,
        };
        schema.parameters = self.parameters.iter().map(|(_, p)| parameter(p)).collect();
        // They have no names, so that those with the same grants are counted together.
        for (_, row) in self.large_objects.iter() {
            let (owner, acl) = (self.role_name(row.owner), self.acl(row.acl.as_ref(), Kind::LargeObject, row.owner));
            match schema.large_objects.iter_mut().find(|group| group.owner == owner && same(&group.acl, &acl)) {
                Some(group) => group.count += 1,
                None => schema.large_objects.push(model::LargeObjects { owner, acl, count: 1 }),
            }
        }
    }

    fn foreign_data(&self, schema: &mut Schema) {
        schema.foreign_data_wrappers = self
            .wrappers
            .iter()
            .map(|(_, w)| model::ForeignDataWrapper {
                name: w.name.clone(),
                owner: self.role_name(w.owner),
                acl: self.acl(w.acl.as_ref(), Kind::Wrapper, w.owner),
                origin: w.origin,
            })
            .collect();
        let server = |s: &super::catalog::object::Server| {
            let mut options = s.options.clone();
            options.sort();
            model::ForeignServer {
                name: s.name.clone(),
                wrapper: self.wrappers.get(s.wrapper).map(|w| w.name.clone()).unwrap_or_default(),
                owner: self.role_name(s.owner),
                acl: self.acl(s.acl.as_ref(), Kind::Server, s.owner),
                options,
                origin: s.origin,
            }
        };
        schema.foreign_servers = self.servers.iter().map(|(_, s)| server(s)).collect();
        schema.user_mappings = self
            .mappings
            .iter()
            .map(|(_, m)| model::UserMapping {
                server: self.servers.get(m.server).map(|s| s.name.clone()).unwrap_or_default(),
                user: self.grantee(m.user),
                origin: m.origin,
            })
            .collect();
    }

    pub(super) fn grantee(&self, role: Option<Id>) -> Grantee {
        role.map_or(Grantee::Public, |id| Grantee::Role(self.role_name(id)))
    }

    /// The grants of an object, those by default too.
    pub(super) fn acl(&self, acl: Option<&Acl>, kind: Kind, owner: Id) -> model::Acl {
        match acl {
            Some(acl) => self.grants(acl),
            None => self.grants(&Acl::of_nothing_said(kind, owner, self.major)),
        }
    }

    fn grants(&self, acl: &Acl) -> model::Acl {
        let grant = |i: &super::catalog::acl::Item| model::Grant {
            grantee: self.grantee(i.grantee),
            grantor: self.role_name(i.grantor),
            privileges: i.privileges,
            grantable: i.grantable,
            origin: i.origin,
        };
        let mut grants: Vec<model::Grant> = acl.0.iter().map(grant).collect();
        grants.sort();
        model::Acl(grants)
    }
}

/// Whether two lists say the same, wherever they were said.
fn same(a: &model::Acl, b: &model::Acl) -> bool {
    let plain = |acl: &model::Acl| {
        let grants = acl.0.iter().map(|g| (g.grantee.clone(), g.grantor.clone(), g.privileges, g.grantable));
        grants.collect::<Vec<_>>()
    };
    plain(a) == plain(b)
}
