//! Extensions: what they make, as far as it is known.

use super::catalog::names::Space;
use super::catalog::object::{Extension, TypeKind};
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, reject, state};
use crate::migrations::lex;
use crate::migrations::parse::kind::{AlterExtension, CreateExtension, ExtensionAction};
use crate::migrations::parse::object::ObjectRef;
use crate::shadow;
use std::collections::BTreeSet;

/// Extensions that make nothing that statements name.
const BARE: [&str; 10] = [
    "plpgsql",
    "pg_prewarm",
    "auto_explain",
    "tsm_system_rows",
    "tsm_system_time",
    "btree_gin",
    "btree_gist",
    "hypopg",
    "index_advisor",
    "plpgsql_check",
];

/// Types that columns have though the other members of their extension are not known.
const TYPES: [(&str, &[&str]); 6] = [
    ("citext", &["citext"]),
    ("hstore", &["hstore"]),
    ("ltree", &["ltree", "lquery", "ltxtquery"]),
    ("cube", &["cube"]),
    ("isn", &["isbn", "isbn13", "issn", "upc", "ean13"]),
    ("postgis", &["geometry", "geography", "box2d", "box3d"]),
];

/// Foreign-data wrappers by the extension that makes them.
const WRAPPERS: [(&str, &str); 3] =
    [("postgres_fdw", "postgres_fdw"), ("file_fdw", "file_fdw"), ("dblink", "dblink_fdw")];

/// Extensions that whoever may create in the database may create (`trusted` in their control files).
const TRUSTED: [&str; 21] = [
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dict_int",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "plpgsql",
    "seg",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
];

/// Whether a server of the kind that is meant has it.
pub(super) fn is_known(name: &str) -> bool {
    BARE.contains(&name)
        || TYPES.iter().any(|(e, _)| *e == name)
        || shadow::stand_in(name).is_some()
        || members(name, 0).is_some()
}

/// What an extension makes, in SQL with the schema `extensions` for its own.
fn members(name: &str, major: u32) -> Option<&'static str> {
    Some(match name {
        "pgcrypto" => include_str!("extensions/pgcrypto.sql"),
        "uuid-ossp" => include_str!("extensions/uuid-ossp.sql"),
        "moddatetime" => include_str!("extensions/moddatetime.sql"),
        "unaccent" => include_str!("extensions/unaccent.sql"),
        "postgres_fdw" => include_str!("extensions/postgres_fdw.sql"),
        "pg_trgm" => include_str!("extensions/pg_trgm.sql"),
        "pg_stat_statements" if major < 17 => concat!(
            include_str!("extensions/pg_stat_statements.sql"),
            include_str!("extensions/pg_stat_statements_until_16.sql")
        ),
        "pg_stat_statements" => concat!(
            include_str!("extensions/pg_stat_statements.sql"),
            include_str!("extensions/pg_stat_statements_since_17.sql")
        ),
        _ => return None,
    })
}

impl Run {
    pub(super) fn create_extension(&mut self, create: &CreateExtension) -> Result {
        if self.catalog.names.find(Space::Extension, ROOT, &create.name).is_some() {
            return match create.if_not_exists {
                true => Ok(()),
                false => reject(state::DUPLICATE_OBJECT, format!("extension `{}` already exists", create.name)),
            };
        }
        match TRUSTED.contains(&create.name.as_str()) {
            true => self.may_create_in_database()?,
            false => self.must_be_superuser("create this extension")?,
        }
        let stand_in = shadow::stand_in(&create.name);
        let schema = match (stand_in.and_then(|s| s.0), &create.schema) {
            (Some(own), _) if self.catalog.namespace(own).is_none() => {
                self.insert_namespace(own, self.catalog.superuser)
            }
            (Some(own), _) => self.namespace(own)?,
            (None, Some(schema)) => self.namespace(schema)?,
            // One with a schema of its own needs none to be selected.
            (None, None) => self.creation_namespace(None).or_else(|_| self.namespace("public"))?,
        };
        let row = Extension {
            name: create.name.clone(),
            schema,
            // The platform makes what it provides itself.
            owner: if stand_in.is_some() { self.catalog.superuser } else { self.user() },
            version: create.version.clone().unwrap_or_default(),
            origin: self.origin,
        };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Extension, ROOT, &create.name, id);
        self.catalog.extensions.insert(id, row);
        self.touch(id);
        let sql = stand_in.map(|s| s.1).or_else(|| members(&create.name, self.catalog.major));
        match sql {
            Some(sql) => self.make_members(id, schema, sql),
            None if BARE.contains(&create.name.as_str()) => (),
            None => {
                self.opaque.insert(id);
                for (_, wrapper) in WRAPPERS.iter().filter(|(e, _)| *e == create.name) {
                    self.insert_wrapper(wrapper);
                }
                let before = self.extension.replace(id);
                for name in TYPES.iter().filter(|(e, _)| *e == create.name).flat_map(|(_, types)| *types) {
                    self.insert_type(schema, name, TypeKind::Base);
                }
                self.extension = before;
            }
        }
        Ok(())
    }

    /// Provides extensions whose own schema a file names: they are often switched on in the dashboard, and no migration
    /// creates them.
    pub(super) fn provide_mentioned(&mut self, text: &str) {
        let names = ["pg_cron", "pg_net", "pgmq", "supabase_functions", "pg_tle", "supabase-dbdev", "pgsodium"];
        let schemas: Vec<&str> = names.iter().filter_map(|name| shadow::stand_in(name)?.0).collect();
        let words: BTreeSet<&str> = words_before_dots(text).filter(|word| schemas.contains(word)).collect();
        let mut tokens = None;
        for name in names {
            let Some(schema) = shadow::stand_in(name).and_then(|s| s.0) else { continue };
            if self.catalog.namespace(schema).is_some() || !words.contains(schema) {
                continue;
            }
            // A comment names nothing. Tokens are taken of the few texts that a glance has found.
            let all = tokens.get_or_insert_with(|| lex::tokens(text, 0..text.len()));
            if !shadow::names_schema(text, all, schema) {
                continue;
            }
            if let ("supabase_functions", Some((_, sql))) = (name, shadow::stand_in(name)) {
                self.provide_webhooks(sql);
                continue;
            }
            let create = CreateExtension {
                name: name.to_owned(),
                if_not_exists: true,
                schema: None,
                version: None,
                cascade: false,
            };
            if let Err(super::run::Refusal::Rejected { message, .. }) = self.create_extension(&create) {
                self.gap(format!("the extension `{name}` was not made: {message}"), false);
            }
        }
    }

    /// Database webhooks are a part of the platform that is no extension.
    fn provide_webhooks(&mut self, sql: &str) {
        let before = self.session.clone();
        let superuser = self.catalog.superuser;
        self.session.set(false, |state, _| state.role = Some(superuser));
        for parsed in crate::migrations::parse::parse_file(sql) {
            let done = self.execute(&parsed.statement);
            if let Err(super::run::Refusal::Rejected { message, .. }) = done {
                self.gap(format!("a part of the platform was not made: {message}"), false);
            }
        }
        self.session = before;
    }

    /// Runs the SQL of an extension; its objects belong to it.
    fn make_members(&mut self, extension: Id, schema: Id, sql: &str) {
        let place = crate::model::quote_ident(self.catalog.namespace_name(schema)).into_owned();
        let sql = sql.replace("extensions.", &format!("{place}."));
        let before = (self.extension.replace(extension), self.session.clone());
        let owner = self.catalog.extensions.get(extension).map(|e| e.owner);
        self.session.set(false, |state, _| state.role = owner);
        for parsed in crate::migrations::parse::parse_file(&sql) {
            let done = self.execute(&parsed.statement);
            if let Err(super::run::Refusal::Rejected { message, .. }) = done {
                self.gap(format!("a part of an extension was not made: {message}"), false);
            }
        }
        (self.extension, self.session) = before;
    }

    /// Whether something that is missed may come from an extension whose members are not known.
    pub(super) fn may_be_an_extensions(&self, schema: Option<&str>) -> bool {
        self.opaque.iter().any(|id| {
            let Some(row) = self.catalog.extensions.get(*id) else { return false };
            schema.is_none_or(|schema| self.catalog.namespace_name(row.schema) == schema)
        })
    }

    pub(super) fn alter_extension(&mut self, alter: &AlterExtension) -> Result {
        let id = self.global(Space::Extension, &alter.name, "extension")?;
        self.changed(id);
        match &alter.action {
            ExtensionAction::Update(version) => {
                if let (Some(row), Some(version)) = (self.catalog.extensions.edit(id), version) {
                    row.version.clone_from(version);
                }
            }
            ExtensionAction::Schema(schema) => {
                let schema = self.namespace(schema)?;
                self.move_extension(id, schema);
            }
            ExtensionAction::Member(on, object) => self.set_member(id, *on, object)?,
        }
        Ok(())
    }

    fn move_extension(&mut self, id: Id, schema: Id) {
        let Some(row) = self.catalog.extensions.edit(id) else { return };
        let from = std::mem::replace(&mut row.schema, schema);
        for function in self.catalog.functions.using(id, |f| f.extension == Some(id) && f.schema == from) {
            if let Some(row) = self.catalog.functions.edit(function) {
                row.schema = schema;
                let name = row.name.clone();
                self.catalog.names.remove(Space::Function, from, &name, function);
                self.catalog.names.add(Space::Function, schema, &name, function);
            }
        }
        for data_type in self.catalog.types.using(id, |t| t.extension == Some(id) && t.schema == from) {
            if let Some(row) = self.catalog.types.edit(data_type) {
                row.schema = schema;
                let name = row.name.clone();
                self.catalog.names.remove(Space::Type, from, &name, data_type);
                self.catalog.names.add(Space::Type, schema, &name, data_type);
            }
        }
        for relation in self.catalog.relations.using(id, |r| r.extension == Some(id) && r.schema == from) {
            if let Some(row) = self.catalog.relations.edit(relation) {
                row.schema = schema;
                let name = row.name.clone();
                self.catalog.names.remove(Space::Relation, from, &name, relation);
                self.catalog.names.add(Space::Relation, schema, &name, relation);
            }
        }
    }

    fn set_member(&mut self, id: Id, on: bool, object: &ObjectRef) -> Result {
        let extension = on.then_some(id);
        match object {
            ObjectRef::Named(_, name) => {
                if let Some(relation) = self.find_relation(name)
                    && let Some(row) = self.catalog.relations.edit(relation)
                {
                    row.extension = extension;
                } else if let Some(data_type) = self.find(Space::Type, name)
                    && let Some(row) = self.catalog.types.edit(data_type)
                {
                    row.extension = extension;
                }
            }
            ObjectRef::Routine(kind, signature) => {
                let function = self.routine(*kind, signature)?;
                if let Some(row) = self.catalog.functions.edit(function) {
                    row.extension = extension;
                }
            }
            _ => (),
        }
        Ok(())
    }
}

/// The words of a text with a dot behind them, and none before.
fn words_before_dots(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let last_word = move |(at, piece): (usize, &'_ str)| {
        let (inner, quoted) = piece.strip_suffix('"').map_or((piece, false), |inner| (inner, true));
        let rest = inner.trim_end_matches(is_word);
        let begins = if quoted { rest.ends_with('"') } else { !rest.ends_with('"') && (at == 0 || !rest.is_empty()) };
        begins.then_some(rest.len()..inner.len())
    };
    let before = text.rsplit_once('.').map(|(before, _)| before);
    let pieces = before.into_iter().flat_map(|before| before.split('.').enumerate());
    pieces.filter_map(move |(at, piece)| piece.get(last_word((at, piece))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_words_before_dots() {
        let text = "select cron.schedule(); perform \"net\".http_post(); call my_pgmq.send(a.pgsodium.b, x.\"tle\") -- end.words";
        let words: BTreeSet<_> = words_before_dots(text).collect();
        let words: Vec<_> = words.into_iter().collect();
        assert_eq!(words, ["a", "cron", "end", "my_pgmq", "net", "x"]);
        assert!(words_before_dots("cron").chain(words_before_dots("")).next().is_none());
    }
}
