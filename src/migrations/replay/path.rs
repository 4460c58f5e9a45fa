//! The search path as the current role sees it, found anew only when something that it rests on has changed.

use super::catalog::Id;
use super::lookup::TEMPORARY;
use super::run::Run;
use super::session::{Shared, State};
use std::sync::Arc;

/// What was found last, and of what.
#[derive(Debug)]
pub(super) struct Path {
    session: Shared<State>,
    catalog: [u32; 4],
    unknown: usize,
    schemas: Arc<[Id]>,
    names: Arc<[String]>,
}

impl Run {
    /// The namespaces in which names without a schema are looked up, `pg_catalog` apart.
    pub(super) fn path(&self) -> Arc<[Id]> {
        self.on_path(|path| Arc::clone(&path.schemas))
    }

    /// The search path in names; `pg_temp` is always looked into.
    pub(super) fn path_names(&self) -> Arc<[String]> {
        self.on_path(|path| Arc::clone(&path.names))
    }

    fn on_path<T>(&self, take: impl FnOnce(&Path) -> T) -> T {
        let c = &self.catalog;
        // Who is who, who has whose rights, and the privileges on schemas.
        let catalog = [c.namespaces.state(), c.roles.state(), c.memberships.state(), c.database.state()];
        let holds = |path: &Path| {
            path.session.is(&self.session.now) && path.catalog == catalog && path.unknown == self.unknown.len()
        };
        let known = self.known_path.take();
        let path = match known {
            Some(path) if holds(&path) => path,
            _ => self.find_path(catalog),
        };
        let found = take(&path);
        self.known_path.set(Some(path));
        found
    }

    fn find_path(&self, catalog: [u32; 4]) -> Path {
        let c = &self.catalog;
        let user = c.role_name(self.user());
        let named = self.session.now.search_path.iter().map(|s| if s == "$user" { user.as_str() } else { s.as_str() });
        let seen = named.filter_map(|name| c.namespace(name)).filter(|schema| self.sees(*schema));
        let schemas: Arc<[Id]> = c.namespace(TEMPORARY).into_iter().chain(seen).collect();
        let names = schemas.iter().map(|id| c.namespace_name(*id)).filter(|name| *name != TEMPORARY);
        let names = names.map(str::to_owned).collect();
        Path { session: self.session.now.clone(), catalog, unknown: self.unknown.len(), schemas, names }
    }
}
