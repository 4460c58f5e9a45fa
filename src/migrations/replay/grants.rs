//! GRANT and REVOKE of privileges.

use super::catalog::acl::{Acl, Kind};
use super::catalog::names::Space;
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::grant::{AllKind, GrantTarget, PrivilegeGrant, PrivilegeItem, RoutineKind};
use crate::model::{FunctionKind, Privilege, PrivilegeSet, RelationKind};

/// An object with an access control list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Relation(Id),
    Column(Id, usize),
    Function(Id),
    Namespace(Id),
    Type(Id),
    Database(Id),
    Language(Id),
    Wrapper(Id),
    Server(Id),
    LargeObject(Id),
    Parameter(Id),
}

impl Run {
    pub(super) fn grant(&mut self, grant: &PrivilegeGrant) -> Result {
        if let Some(role) = &grant.granted_by
            && self.role(role)? != self.user()
        {
            return reject(state::NOT_SUPPORTED, "grantor must be current user");
        }
        match &grant.target {
            GrantTarget::Relations(names) => {
                self.grant_on(grant, names, |run, name| Ok(vec![Listed::Relation(run.relation(name)?)]))
            }
            GrantTarget::Sequences(names) => self.grant_on(grant, names, |run, name| {
                let id = run.relation(name)?;
                match run.catalog.relations.get(id) {
                    Some(r) if r.kind == RelationKind::Sequence || r.unknown => Ok(vec![Listed::Relation(id)]),
                    _ => reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is no sequence")),
                }
            }),
            GrantTarget::Routines(kind, signatures) => self.grant_on(grant, signatures, |run, signature| {
                Ok(vec![Listed::Function(run.routine(*kind, signature)?)])
            }),
            GrantTarget::Schemas(names) => {
                self.grant_on(grant, names, |run, name| Ok(vec![Listed::Namespace(run.namespace(name)?)]))
            }
            GrantTarget::Types(names) => {
                self.grant_on(grant, names, |run, name| Ok(vec![Listed::Type(run.made_type(name)?)]))
            }
            GrantTarget::AllIn(kind, schemas) => self.grant_on(grant, schemas, |run, schema| {
                let schema = run.namespace(schema)?;
                Ok(run.all_in(*kind, schema))
            }),
            GrantTarget::Databases(names) => self.grant_on(grant, names, |run, name| Ok(run.database_named(name))),
            GrantTarget::Languages(names) => self.grant_on(grant, names, |run, name| {
                run.global(Space::Language, name, "language").map(|id| vec![Listed::Language(id)])
            }),
            GrantTarget::ForeignDataWrappers(names) => self.grant_on(grant, names, |run, name| {
                run.global(Space::Wrapper, name, "foreign-data wrapper").map(|id| vec![Listed::Wrapper(id)])
            }),
            GrantTarget::ForeignServers(names) => self.grant_on(grant, names, |run, name| {
                run.global(Space::Server, name, "server").map(|id| vec![Listed::Server(id)])
            }),
            GrantTarget::Parameters(names) => self.grant_on_parameters(grant, names),
            GrantTarget::Tablespaces(_) => gap("grants on tablespaces are not judged", false),
            GrantTarget::LargeObjects(numbers) => self.grant_on(grant, numbers, |run, number| {
                run.large_object(number).map(|id| vec![Listed::LargeObject(id)])
            }),
        }
    }

    /// Finds all objects first: a grant on many has an effect on all of them or on none.
    pub(super) fn grant_on<N>(
        &mut self,
        grant: &PrivilegeGrant,
        names: &[N],
        find: impl Fn(&mut Self, &N) -> Result<Vec<Listed>>,
    ) -> Result {
        let grantees = grant.grantees.iter().map(|g| self.grantee(g)).collect::<Result<Vec<_>>>()?;
        let mut objects = Vec::with_capacity(names.len());
        for name in names {
            objects.extend(find(self, name)?);
        }
        for object in objects {
            for item in &grant.privileges {
                self.grant_item(grant, item, object, &grantees)?;
            }
        }
        Ok(())
    }

    fn grant_item(
        &mut self,
        grant: &PrivilegeGrant,
        item: &PrivilegeItem,
        object: Listed,
        grantees: &[Option<Id>],
    ) -> Result {
        if let (Listed::Relation(relation), false) = (object, item.columns.is_empty()) {
            for place in self.places(relation, &item.columns)? {
                self.grant_one(grant, item, Listed::Column(relation, place), grantees, false)?;
            }
            return Ok(());
        }
        self.grant_one(grant, item, object, grantees, self.is_sequence(object))?;
        let Listed::Relation(relation) = object else { return Ok(()) };
        if !grant.revoke {
            return Ok(());
        }
        // What is revoked of the relation is revoked of its columns too.
        let columns = self.catalog.relations.get(relation).map(|r| r.columns.as_slice()).unwrap_or_default();
        let listed: Vec<usize> =
            columns.iter().enumerate().filter(|(_, c)| c.acl.is_some()).map(|(place, _)| place).collect();
        for place in listed {
            self.grant_one(grant, item, Listed::Column(relation, place), grantees, true)?;
        }
        Ok(())
    }

    /// A sequence that is granted on as a table takes what it can.
    fn is_sequence(&self, object: Listed) -> bool {
        let Listed::Relation(id) = object else { return false };
        self.catalog.relations.get(id).is_some_and(|r| r.kind == RelationKind::Sequence || r.unknown)
    }

    fn grant_one(
        &mut self,
        grant: &PrivilegeGrant,
        item: &PrivilegeItem,
        object: Listed,
        grantees: &[Option<Id>],
        lenient: bool,
    ) -> Result {
        let Some((kind, owner, acl)) = self.listed(object) else { return Ok(()) };
        let all = kind.all(self.catalog.major);
        let privileges = match item.privilege {
            None => all,
            Some(privilege) => {
                let one = PrivilegeSet::from_iter([privilege]);
                if privilege == Privilege::Maintain && self.catalog.major < 17 {
                    return reject(state::SYNTAX, "unrecognized privilege type `maintain`");
                }
                if !lenient && !all.contains(privilege) {
                    return reject("0LP01", format!("invalid privilege type {privilege} for this kind of object"));
                }
                one.intersection(all)
            }
        };
        if grant.grant_option && !grant.revoke && !privileges.is_empty() && grantees.contains(&None) {
            return reject(state::INVALID_GRANT, "grant options can only be granted to roles");
        }
        let mut acl = acl.cloned().unwrap_or_else(|| Acl::of_nothing_said(kind, owner, self.catalog.major));
        let grantor = self.grantor(owner, &acl, privileges);
        let (user, origin) = (self.user(), self.origin);
        let mut allowed = privileges;
        if grantor != owner {
            allowed = privileges.intersection(acl.grantable_by(grantor));
            if allowed.is_empty() && !privileges.is_empty() && acl.held_by(Some(user)).is_empty() {
                return reject(state::INSUFFICIENT_PRIVILEGE, "permission denied: the role may not grant this");
            }
        }
        for grantee in grantees {
            if grant.revoke {
                let done = acl.revoke(*grantee, grantor, allowed, grant.option_only, grant.cascade, owner);
                if done.is_err() {
                    return reject(state::DEPENDENT_OBJECTS, "dependent privileges exist");
                }
            } else {
                acl.grant(*grantee, grantor, allowed, grant.grant_option, origin);
            }
        }
        self.set_acl(object, acl);
        Ok(())
    }

    /// Who is noted as the grantor when the current role grants.
    pub(super) fn grantor(&self, owner: Id, acl: &Acl, privileges: PrivilegeSet) -> Id {
        let user = self.user();
        if self.has_rights_of(user, owner) {
            return owner;
        }
        let holders = acl.0.iter().filter_map(|i| i.grantee).filter(|role| self.has_rights_of(user, *role));
        let best = holders.max_by_key(|role| {
            let shared = acl.grantable_by(*role).intersection(privileges).iter().count();
            (shared, *role == user)
        });
        best.unwrap_or(user)
    }

    /// Kind, owner and list of an object.
    pub(super) fn listed(&self, object: Listed) -> Option<(Kind, Id, Option<&Acl>)> {
        let c = &self.catalog;
        Some(match object {
            Listed::Relation(id) => {
                let row = c.relations.get(id)?;
                let kind = if row.kind == RelationKind::Sequence { Kind::Sequence } else { Kind::Relation };
                (kind, row.owner, row.acl.as_ref())
            }
            Listed::Column(id, place) => {
                let row = c.relations.get(id)?;
                (Kind::Column, row.owner, row.columns.get(place)?.acl.as_ref())
            }
            Listed::Function(id) => c.functions.get(id).map(|f| (Kind::Function, f.owner, f.acl.as_ref()))?,
            Listed::Namespace(id) => c.namespaces.get(id).map(|n| (Kind::Schema, n.owner, n.acl.as_ref()))?,
            Listed::Type(id) => c.types.get(id).map(|t| (Kind::Type, t.owner, t.acl.as_ref()))?,
            Listed::Database(id) => c.database.get(id).map(|d| (Kind::Database, d.owner, d.acl.as_ref()))?,
            Listed::Language(id) => c.languages.get(id).map(|l| (Kind::Language, l.owner, l.acl.as_ref()))?,
            Listed::Wrapper(id) => c.wrappers.get(id).map(|w| (Kind::Wrapper, w.owner, w.acl.as_ref()))?,
            Listed::Server(id) => c.servers.get(id).map(|s| (Kind::Server, s.owner, s.acl.as_ref()))?,
            Listed::LargeObject(id) => c.large_objects.get(id).map(|o| (Kind::LargeObject, o.owner, o.acl.as_ref()))?,
            Listed::Parameter(id) => c.parameters.get(id).map(|p| (Kind::Parameter, c.superuser, p.acl.as_ref()))?,
        })
    }

    pub(super) fn set_acl(&mut self, object: Listed, acl: Acl) {
        let c = &mut self.catalog;
        let acl = Some(acl);
        let id = match object {
            Listed::Relation(id) => c.relations.edit(id).map(|r| r.acl = acl).map(|()| id),
            Listed::Column(id, place) => {
                let column = c.relations.edit(id).and_then(|r| r.columns.get_mut(place));
                column.map(|column| column.acl = acl.filter(|a| !a.0.is_empty())).map(|()| id)
            }
            Listed::Function(id) => c.functions.edit(id).map(|f| f.acl = acl).map(|()| id),
            Listed::Namespace(id) => c.namespaces.edit(id).map(|n| n.acl = acl).map(|()| id),
            Listed::Type(id) => c.types.edit(id).map(|t| t.acl = acl).map(|()| id),
            Listed::Database(id) => c.database.edit(id).map(|d| d.acl = acl).map(|()| id),
            Listed::Language(id) => c.languages.edit(id).map(|l| l.acl = acl).map(|()| id),
            Listed::Wrapper(id) => c.wrappers.edit(id).map(|w| w.acl = acl).map(|()| id),
            Listed::Server(id) => c.servers.edit(id).map(|s| s.acl = acl).map(|()| id),
            Listed::LargeObject(id) => c.large_objects.edit(id).map(|o| o.acl = acl).map(|()| id),
            Listed::Parameter(id) => c.parameters.edit(id).map(|p| p.acl = acl).map(|()| id),
        };
        if let Some(id) = id {
            self.touch(id);
        }
    }

    fn all_in(&self, kind: AllKind, schema: Id) -> Vec<Listed> {
        let c = &self.catalog;
        let relations = |sequences: bool| {
            let ids = c.relations.of(schema, |r| (r.kind == RelationKind::Sequence) == sequences);
            ids.into_iter().map(Listed::Relation).collect()
        };
        match kind {
            AllKind::Tables => relations(false),
            AllKind::Sequences => relations(true),
            AllKind::Routines(word) => {
                let wanted = |kind: FunctionKind| match word {
                    RoutineKind::Procedure => kind == FunctionKind::Procedure,
                    RoutineKind::Routine => true,
                    _ => kind != FunctionKind::Procedure,
                };
                let ids = c.functions.of(schema, |f| wanted(f.kind));
                ids.into_iter().map(Listed::Function).collect()
            }
        }
    }

    /// The database, if it is ours that is named; grants on others are of no interest.
    fn database_named(&self, name: &str) -> Vec<Listed> {
        let ids = self.catalog.database.ids(|d| d.name == name);
        ids.into_iter().map(Listed::Database).collect()
    }

    /// An object that is in no schema.
    pub(super) fn global(&self, space: Space, name: &str, what: &str) -> Result<Id> {
        match self.catalog.names.find(space, ROOT, name) {
            Some(id) => Ok(id),
            None => reject(state::UNDEFINED_OBJECT, format!("{what} `{name}` does not exist")),
        }
    }
}
