//! The state before the first file: an empty server, and what the platform made on it.

use super::catalog::{Catalog, Id};
use super::run::{Refusal, Run};
use super::seed;
use super::session::{Session, path};
use crate::migrations::parse;
use crate::shadow::Platform;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A run that is about to begin with the project's first file, as `login` on a plain server.
pub(super) fn start(platform: Platform, major: u32, login: Option<&str>) -> Run {
    let mut catalog = platform_catalog(platform, major);
    let login = login.filter(|_| platform == Platform::Postgres);
    let user = match login {
        Some(login) => owner(&mut catalog, login),
        None => catalog.role("postgres").unwrap_or(catalog.superuser),
    };
    // The settings that the role's sessions start with; those of migrations come too late for theirs.
    let own = catalog.settings.iter().find(|(_, s)| s.role == Some(user) && s.name == "search_path");
    let search_path = own.map_or_else(|| path("\"$user\", public"), |(_, s)| path(&s.value));
    let mut run = Run::new(catalog, Session::new(user, search_path));
    run.provides_extensions = platform != Platform::Postgres;
    // The platform lets `postgres` do some things that only a superuser may.
    run.lend_superuser(user);
    run
}

/// A role that may do everything and owns the database, besides the server's first.
fn owner(catalog: &mut Catalog, login: &str) -> Id {
    if let Some(known) = catalog.role(login) {
        return known;
    }
    let mut run = Run::new(std::mem::take(catalog), Session::new(Id::default(), Vec::new()));
    let id = run.insert_role(login);
    *catalog = run.catalog;
    if let Some(role) = catalog.roles.edit(id) {
        (role.superuser, role.login) = (true, true);
    }
    let database = catalog.database.ids(|_| true);
    database.into_iter().for_each(|one| {
        if let Some(database) = catalog.database.edit(one) {
            database.owner = id;
        }
    });
    id
}

/// The platform's objects, which are the same in every run.
fn platform_catalog(platform: Platform, major: u32) -> Catalog {
    static MADE: Mutex<BTreeMap<(Platform, u32), Catalog>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry((platform, major)).or_insert_with(|| bootstrapped(platform, major)).clone()
}

fn bootstrapped(platform: Platform, major: u32) -> Catalog {
    let catalog = seed::empty(major, platform.superuser());
    let superuser = catalog.superuser;
    let mut run = Run::new(catalog, Session::new(superuser, path("\"$user\", public")));
    for (_, sql) in platform.bootstrap(major).unwrap_or_default() {
        for parsed in parse::parse_file(sql) {
            let done = run.execute(&parsed.statement);
            run.note_platform(done);
        }
    }
    run.catalog
}

impl Run {
    /// Our own SQL holds nothing that Postgres would refuse, as tests on real servers see to; what is not understood of it
    /// is a gap of every run.
    fn note_platform(&mut self, done: super::run::Result) {
        if let Err(Refusal::Rejected { message, .. } | Refusal::Gap { what: message, .. }) = done {
            self.gap(format!("the platform: {message}"), true);
        }
    }
}
