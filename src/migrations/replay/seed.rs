//! The start: a model of an empty server put into the catalog.

use super::catalog::acl::{Acl, Item, Kind};
use super::catalog::names::Space;
use super::catalog::object::{Database, Extension, Language, Membership, Namespace};
use super::catalog::{Catalog, Id, ROOT};
use crate::migrations::base;
use crate::model::{self, Grantee, Schema};

/// The catalog of the database `postgres` on a server where nobody has made anything.
pub(super) fn empty(major: u32, superuser: &str) -> Catalog {
    let schema = base::empty(major, superuser, "postgres");
    let mut catalog = Catalog::new(major);
    roles(&mut catalog, &schema, superuser);
    let owner = catalog.role(&schema.database.owner).unwrap_or(catalog.superuser);
    let acl = said(&catalog, &schema.database.acl, Kind::Database, owner);
    let id = catalog.fresh();
    catalog.database.insert(id, Database { name: schema.database.name.clone(), owner, acl });
    for namespace in &schema.namespaces {
        let id = catalog.fresh();
        let owner = catalog.role(&namespace.owner).unwrap_or(catalog.superuser);
        let acl = said(&catalog, &namespace.acl, Kind::Schema, owner);
        let row = Namespace { name: namespace.name.clone(), owner, acl, extension: None, origin: namespace.origin };
        catalog.namespaces.insert(id, row);
        catalog.names.add(Space::Namespace, ROOT, &namespace.name, id);
    }
    languages_and_extensions(&mut catalog, &schema);
    catalog
}

fn roles(catalog: &mut Catalog, schema: &Schema, superuser: &str) {
    for role in &schema.roles {
        let id = catalog.fresh();
        catalog.roles.insert(id, role.clone());
        catalog.names.add(Space::Role, ROOT, &role.name, id);
    }
    catalog.superuser = catalog.role(superuser).unwrap_or_default();
    for membership in &schema.memberships {
        let found = [&membership.role, &membership.member, &membership.grantor].map(|name| catalog.role(name));
        let [Some(role), Some(member), Some(grantor)] = found else { continue };
        let id = catalog.fresh();
        let model::Membership { admin, inherit, set, origin, .. } = membership;
        let row = Membership { role, member, grantor, admin: *admin, inherit: *inherit, set: *set, origin: *origin };
        catalog.memberships.insert(id, row);
    }
}

fn languages_and_extensions(catalog: &mut Catalog, schema: &Schema) {
    for language in &schema.languages {
        let id = catalog.fresh();
        let owner = catalog.role(&language.owner).unwrap_or(catalog.superuser);
        let acl = said(catalog, &language.acl, Kind::Language, owner);
        let row =
            Language { name: language.name.clone(), owner, trusted: language.trusted, acl, origin: language.origin };
        catalog.languages.insert(id, row);
        catalog.names.add(Space::Language, ROOT, &language.name, id);
    }
    for extension in &schema.extensions {
        let id = catalog.fresh();
        let row = Extension {
            name: extension.name.clone(),
            schema: catalog.namespace(&extension.schema).unwrap_or_default(),
            owner: catalog.role(&extension.owner).unwrap_or(catalog.superuser),
            version: extension.version.clone(),
            origin: extension.origin,
        };
        catalog.extensions.insert(id, row);
        catalog.names.add(Space::Extension, ROOT, &extension.name, id);
    }
}

/// A list with ids; `None` when it is what an object has while nobody has said anything.
fn said(catalog: &Catalog, acl: &model::Acl, kind: Kind, owner: Id) -> Option<Acl> {
    let item = |grant: &model::Grant| {
        let grantee = match &grant.grantee {
            Grantee::Public => None,
            Grantee::Role(name) => Some(catalog.role(name)?),
        };
        let grantor = catalog.role(&grant.grantor)?;
        let (privileges, grantable, origin) = (grant.privileges, grant.grantable, grant.origin);
        Some(Item { grantee, grantor, privileges, grantable, origin })
    };
    let list = Acl(acl.0.iter().filter_map(item).collect());
    (!list.same(&Acl::of_nothing_said(kind, owner, catalog.major))).then_some(list)
}
