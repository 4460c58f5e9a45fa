//! Publications, and foreign data.

use super::catalog::names::Space;
use super::catalog::object::{Publication, Published, Server, UserMapping, Wrapper};
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::foreign::{Alteration, Foreign, MappingAction};
use crate::migrations::parse::publication::{self, AlterPublication, CreatePublication, PublicationAction};
use crate::model::RelationKind;

impl Run {
    pub(super) fn create_publication(&mut self, create: &CreatePublication) -> Result {
        self.may_create_in_database()?;
        if create.all_tables {
            self.must_be_superuser("publish all tables")?;
        }
        if self.catalog.names.find(Space::Publication, ROOT, &create.name).is_some() {
            let message = format!("publication `{}` already exists", create.name);
            return reject(state::DUPLICATE_OBJECT, message);
        }
        let mut row = Publication {
            name: create.name.clone(),
            owner: self.user(),
            all_tables: create.all_tables,
            relations: Vec::new(),
            schemas: Vec::new(),
            origin: self.origin,
        };
        self.publish(&mut row, &create.objects)?;
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Publication, ROOT, &create.name, id);
        self.catalog.publications.insert(id, row);
        self.touch(id);
        Ok(())
    }

    /// The children of a table and theirs; partitions are published through their parent.
    fn heirs(&self, id: Id) -> Vec<Id> {
        let mut heirs: Vec<Id> = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for child in self.children(id) {
                let partition = self.catalog.relations.get(child).is_some_and(|r| r.is_partition);
                if !partition && !heirs.contains(&child) {
                    heirs.push(child);
                    open.push(child);
                }
            }
        }
        heirs
    }

    fn publish(&mut self, row: &mut Publication, objects: &[publication::Published]) -> Result {
        for object in objects {
            match object {
                publication::Published::Table { relation, columns, filter, only } => {
                    let id = self.relation(relation)?;
                    self.must_own(id)?;
                    self.only_kinds(id, &[RelationKind::Table, RelationKind::PartitionedTable])?;
                    if row.all_tables {
                        return reject(state::WRONG_STATE, "the publication is for all tables");
                    }
                    if row.relations.iter().any(|p| p.relation == id) {
                        let message = format!("relation `{relation}` is already member of publication `{}`", row.name);
                        return reject(state::DUPLICATE_OBJECT, message);
                    }
                    let heirs = if *only { Vec::new() } else { self.heirs(id) };
                    for id in std::iter::once(id).chain(heirs) {
                        if row.relations.iter().any(|p| p.relation == id) {
                            let message = format!("a child of `{relation}` is already member of the publication");
                            return reject(state::DUPLICATE_OBJECT, message);
                        }
                        let columns = self.places(id, columns)?;
                        let filter = match filter {
                            Some(text) => Some(self.condition(id, &text.text)?),
                            None => None,
                        };
                        self.touch(id);
                        row.relations.push(Published { relation: id, columns, filter });
                    }
                }
                publication::Published::Schema(schema) => {
                    self.must_be_superuser("publish a schema")?;
                    let id = match schema {
                        Some(schema) => self.namespace(schema)?,
                        None => self.creation_namespace(None)?,
                    };
                    if !row.schemas.contains(&id) {
                        row.schemas.push(id);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn alter_publication(&mut self, alter: &AlterPublication) -> Result {
        let id = match self.catalog.names.find(Space::Publication, ROOT, &alter.name) {
            Some(id) => id,
            None => {
                let message = format!("publication `{}` does not exist", alter.name);
                return reject(state::UNDEFINED_OBJECT, message);
            }
        };
        self.must_own(id)?;
        let Some(mut row) = self.catalog.publications.get(id).cloned() else { return Ok(()) };
        self.touch(id);
        match &alter.action {
            PublicationAction::Change(change) => return self.change_publication(&alter.name, change),
            PublicationAction::Options(_) => (),
            PublicationAction::Add(_) | PublicationAction::Set(_) if row.all_tables => {
                let message = format!("publication `{}` is defined as FOR ALL TABLES", alter.name);
                return reject("55000", message);
            }
            PublicationAction::Add(objects) => self.publish(&mut row, objects)?,
            PublicationAction::Set(objects) => {
                row.relations.clear();
                row.schemas.clear();
                self.publish(&mut row, objects)?;
            }
            PublicationAction::Drop(objects) => self.unpublish(&mut row, objects)?,
        }
        row.origin = self.origin;
        self.catalog.publications.insert(id, row);
        Ok(())
    }

    fn unpublish(&mut self, row: &mut Publication, objects: &[publication::Published]) -> Result {
        for object in objects {
            match object {
                publication::Published::Table { relation, only, .. } => {
                    let id = self.relation(relation)?;
                    let heirs = if *only { Vec::new() } else { self.heirs(id) };
                    for id in std::iter::once(id).chain(heirs) {
                        let before = row.relations.len();
                        row.relations.retain(|p| p.relation != id);
                        if before == row.relations.len() {
                            let message = format!("relation `{relation}` or a child is not part of the publication");
                            return reject(state::UNDEFINED_OBJECT, message);
                        }
                        self.touch(id);
                    }
                }
                publication::Published::Schema(Some(schema)) => {
                    let id = self.namespace(schema)?;
                    let before = row.schemas.len();
                    row.schemas.retain(|s| *s != id);
                    if before == row.schemas.len() {
                        return reject(state::UNDEFINED_OBJECT, "the schema is not part of the publication");
                    }
                }
                publication::Published::Schema(None) => (),
            }
        }
        Ok(())
    }

    pub(super) fn foreign(&mut self, statement: &Foreign) -> Result {
        match statement {
            Foreign::CreateWrapper(name, _) => {
                self.must_be_superuser("create a foreign-data wrapper")?;
                if self.catalog.names.find(Space::Wrapper, ROOT, name).is_some() {
                    let message = format!("foreign-data wrapper `{name}` already exists");
                    return reject(state::DUPLICATE_OBJECT, message);
                }
                self.insert_wrapper(name);
                Ok(())
            }
            Foreign::AlterWrapper(name, Alteration::Change(change)) => self.change_wrapper(name, change),
            Foreign::AlterWrapper(..) => Ok(()),
            Foreign::CreateServer { name, if_not_exists, wrapper, options } => {
                if self.catalog.names.find(Space::Server, ROOT, name).is_some() {
                    return match if_not_exists {
                        true => Ok(()),
                        false => reject(state::DUPLICATE_OBJECT, format!("server `{name}` already exists")),
                    };
                }
                let wrapper = self.global(Space::Wrapper, wrapper, "foreign-data wrapper")?;
                self.may_use_wrapper(wrapper)?;
                let options = options.as_ref().map(|o| option_names(&o.text)).unwrap_or_default();
                let row =
                    Server { name: name.clone(), wrapper, owner: self.user(), acl: None, options, origin: self.origin };
                let id = self.catalog.fresh();
                self.catalog.names.add(Space::Server, ROOT, name, id);
                self.catalog.servers.insert(id, row);
                self.touch(id);
                Ok(())
            }
            Foreign::AlterServer(name, Alteration::Change(change)) => self.change_server(name, change),
            Foreign::AlterServer(name, Alteration::Other(text)) => self.alter_server_options(name, &text.text),
            Foreign::UserMapping { what, role, server, .. } => self.user_mapping(*what, role, server),
            Foreign::Import { into, server } => gap(
                format!("which tables `IMPORT FOREIGN SCHEMA` makes in `{into}` only the server `{server}` knows"),
                true,
            ),
        }
    }

    pub(super) fn insert_wrapper(&mut self, name: &str) -> Id {
        let row = Wrapper { name: name.to_owned(), owner: self.user(), acl: None, origin: self.origin };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Wrapper, ROOT, name, id);
        self.catalog.wrappers.insert(id, row);
        self.touch(id);
        id
    }

    fn alter_server_options(&mut self, name: &str, text: &str) -> Result {
        let id = self.global(Space::Server, name, "server")?;
        let Some(inner) = text.find('(').and_then(|at| text.get(at + 1..)) else { return Ok(()) };
        let Some(row) = self.catalog.servers.edit(id) else { return Ok(()) };
        for option in inner.trim_end_matches(')').split(',') {
            let mut words = option.split_whitespace();
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            match first.to_ascii_lowercase().as_str() {
                "set" => (),
                "drop" => row.options.retain(|o| o != second),
                "add" => row.options.push(second.to_owned()),
                _ if !first.is_empty() => row.options.push(first.to_owned()),
                _ => (),
            }
        }
        Ok(())
    }

    fn user_mapping(
        &mut self,
        what: MappingAction,
        role: &crate::migrations::parse::role::RoleSpec,
        server: &str,
    ) -> Result {
        let user = self.grantee(role)?;
        let server = self.global(Space::Server, server, "server")?;
        let found = self.catalog.mappings.using(server, |m| m.server == server && m.user == user).first().copied();
        match (what, found) {
            (MappingAction::Create, None) => {
                let id = self.catalog.fresh();
                self.catalog.mappings.insert(id, UserMapping { server, user, origin: self.origin });
            }
            (MappingAction::Drop, Some(id)) => drop(self.catalog.mappings.remove(id)),
            _ => (),
        }
        self.touch(server);
        Ok(())
    }
}

/// The names of `name 'value', ...`, without the values, which may be secrets.
fn option_names(text: &str) -> Vec<String> {
    let tokens = crate::migrations::lex::tokens(text, 0..text.len());
    let mut names = Vec::new();
    let mut first = true;
    for token in tokens {
        let raw = text.get(token.range()).unwrap_or_default();
        match token.kind {
            crate::migrations::lex::Kind::Punct(b',') => first = true,
            kind if first => {
                names.extend(crate::migrations::names::identifier(kind, raw));
                first = false;
            }
            _ => (),
        }
    }
    names
}
