//! Views, sequences and schemas.

use super::Object;
use super::alter::set_options;
use super::catalog::Id;
use super::catalog::object::View;
use super::catalog::types::{Base, TypeRef};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::kind::CreateSchema;
use crate::migrations::parse::role::RoleSpec;
use crate::migrations::parse::sequence::{CreateSequence, SequenceOption};
use crate::migrations::parse::view::CreateView;
use crate::migrations::parse::{Parsed, Statement};
use crate::model::{GrantObject, RelationKind, quote_ident};

impl Run {
    pub(super) fn create_view(&mut self, create: &CreateView) -> Result {
        let schema = match create.temporary {
            true => self.temporary_namespace(),
            false => self.schema_for_new(create.name.schema.as_deref())?,
        };
        self.known_options(&create.options)?;
        let kind = if create.materialized { RelationKind::MaterializedView } else { RelationKind::View };
        let old = self.catalog.names.find(super::catalog::names::Space::Relation, schema, &create.name.name);
        if old.is_some() && create.if_not_exists {
            return Ok(());
        }
        let (query, columns) = self.columns_of_query(&query_of(create), &create.columns)?;
        if create.materialized && !create.no_data {
            self.may_read(&query)?;
        }
        let mut view = View { query, options: Vec::new(), check_option: create.check_option };
        set_options(&mut view, &create.options);
        if let Some(id) = old {
            if !create.or_replace || !self.catalog.relations.has(id) {
                return reject(state::DUPLICATE_TABLE, format!("relation `{}` already exists", create.name));
            }
            self.must_own(id)?;
            let Some(row) = self.catalog.relations.get(id) else { return Ok(()) };
            if row.kind != kind {
                return reject(state::WRONG_OBJECT_TYPE, format!("`{}` is not a view", create.name));
            }
            let kept = row.columns.iter().filter(|c| !c.dropped);
            if columns.len() < kept.clone().count() && !columns.is_empty() {
                return reject(state::INVALID_DEFINITION, "cannot drop columns from view");
            }
            for (old, new) in kept.zip(&columns) {
                if old.name != new.name {
                    let message = format!("cannot change name of view column `{}` to `{}`", old.name, new.name);
                    return reject(state::INVALID_DEFINITION, message);
                }
                let unknown = |t: &TypeRef| t.is("unknown") || matches!(t.base, Base::Unknown(_));
                let (was, is) = (&old.data_type, &new.data_type);
                if was.bare() != is.bare() && !unknown(was) && !unknown(is) {
                    let message = format!("cannot change data type of view column `{}`", old.name);
                    return reject(state::INVALID_DEFINITION, message);
                }
            }
            return self.replace_view(id, view, columns);
        }
        self.free_name(schema, &create.name.name, true)?;
        let mut row = self.new_relation(schema, &create.name.name, kind);
        row.acl = self.catalog.starting_acl(GrantObject::Tables, row.owner, Some(schema));
        row.columns = columns;
        row.view = Some(view);
        let id = self.insert_relation(row);
        let object = Object::Relation(self.catalog.qualified(id));
        self.note_made(&object);
        self.touch(id);
        Ok(())
    }

    /// Options of views that this server has.
    pub(super) fn known_options(&self, options: &[(String, Option<String>)]) -> Result {
        if self.catalog.major < 15 && options.iter().any(|(name, _)| name == "security_invoker") {
            return reject(state::INVALID_PARAMETER, "unrecognized parameter `security_invoker`");
        }
        Ok(())
    }

    /// Owner, grants and column grants stay; options that are not repeated go.
    fn replace_view(
        &mut self,
        id: super::catalog::Id,
        view: View,
        columns: Vec<super::catalog::object::Column>,
    ) -> Result {
        let origin = self.origin;
        if let Some(row) = self.catalog.relations.edit(id) {
            let old = std::mem::take(&mut row.columns);
            row.columns = columns;
            for (new, old) in row.columns.iter_mut().zip(old) {
                new.acl = old.acl;
                new.default = old.default;
            }
            row.view = Some(view);
            row.origin = origin;
        }
        self.touch(id);
        Ok(())
    }

    pub(super) fn create_sequence(&mut self, create: &CreateSequence) -> Result {
        let schema = match create.temporary {
            true => self.temporary_namespace(),
            false => self.schema_for_new(create.name.schema.as_deref())?,
        };
        if create.unlogged && self.catalog.major < 15 {
            return reject(state::NOT_SUPPORTED, "unlogged sequences are not supported");
        }
        let taken = self.free_name(schema, &create.name.name, false);
        if taken.is_err() {
            return if create.if_not_exists { Ok(()) } else { taken };
        }
        let mut row = self.new_relation(schema, &create.name.name, RelationKind::Sequence);
        row.acl = self.catalog.starting_acl(GrantObject::Sequences, row.owner, Some(schema));
        row.unlogged = create.unlogged;
        let id = self.insert_relation(row);
        self.touch(id);
        for option in &create.options {
            if let SequenceOption::OwnedBy(owner) = option {
                self.own_sequence(id, owner.as_ref())?;
            }
        }
        Ok(())
    }

    pub(super) fn create_schema(&mut self, create: &CreateSchema) -> Result {
        if create.if_not_exists && !create.elements.is_empty() {
            return reject(state::NOT_SUPPORTED, "`CREATE SCHEMA IF NOT EXISTS` cannot include schema elements");
        }
        let owner = match &create.authorization {
            Some(role) => self.role(role)?,
            None => self.user(),
        };
        let name = match (&create.name, &create.authorization) {
            (Some(name), _) => name.clone(),
            (None, Some(RoleSpec::Name(name))) => name.clone(),
            (None, _) => self.catalog.role_name(owner),
        };
        self.may_create_in_database()?;
        self.may_give_to(owner, None)?;
        if self.catalog.namespace(&name).is_some() {
            return match create.if_not_exists {
                true => Ok(()),
                false => reject(state::DUPLICATE_SCHEMA, format!("schema `{name}` already exists")),
            };
        }
        if name.starts_with("pg_") {
            return reject(state::RESERVED_NAME, format!("schema name `{name}` is reserved"));
        }
        let id = self.insert_namespace(&name, owner);
        let acl = self.catalog.starting_acl(GrantObject::Schemas, owner, None);
        if let Some(row) = self.catalog.namespaces.edit(id) {
            row.acl = acl;
        }
        self.note_made(&Object::Schema(name.clone()));
        self.touch(id);
        self.schema_elements(&name, owner, &create.elements)
    }

    /// What is made together with a schema: in it, by its owner.
    fn schema_elements(&mut self, name: &str, owner: Id, elements: &[Parsed]) -> Result {
        if elements.is_empty() {
            return Ok(());
        }
        let made = |element: &Parsed| match &element.statement {
            Statement::CreateTable(create) => create.name.schema.clone(),
            Statement::CreateView(create) => create.name.schema.clone(),
            Statement::CreateSequence(create) => create.name.schema.clone(),
            Statement::CreateIndex(create) => create.relation.schema.clone(),
            Statement::CreateTrigger(create) => create.relation.schema.clone(),
            _ => None,
        };
        if let Some(other) = elements.iter().filter_map(made).find(|other| other != name) {
            let message = format!("the schema of an element is `{other}`, that which is made `{name}`");
            return reject(state::INVALID_SCHEMA_DEFINITION, message);
        }
        let outer = self.session.now.clone();
        self.session.now.role = Some(owner);
        self.session.now.search_path.insert(0, name.to_owned());
        let done = elements.iter().try_for_each(|element| self.inner(element));
        self.session.now = outer;
        done
    }
}

/// The query of a view; RECURSIVE is short for a query of WITH that has the view's own name.
fn query_of(create: &CreateView) -> String {
    if !create.recursive {
        return create.query.text.clone();
    }
    let name = quote_ident(&create.name.name);
    let columns: Vec<_> = create.columns.iter().map(|c| quote_ident(c)).collect();
    let columns = columns.join(", ");
    format!("with recursive {name} ({columns}) as ({}) select {columns} from {name}", create.query.text)
}
