//! Which object a statement names.

use super::catalog::names::Space;
use super::catalog::object::TypeKind;
use super::catalog::{Address, Id, ROOT};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::object::{ObjectKind, ObjectRef};
use crate::model::RelationKind;

impl Run {
    /// The object that a DROP names; `None` if the model has no place for its kind.
    pub(super) fn target(&mut self, object: &ObjectRef) -> Result<Option<Address>> {
        let found = match object {
            ObjectRef::Named(kind, name) => return self.named_target(*kind, name),
            ObjectRef::Routine(kind, signature) => {
                self.may_look_into(&signature.name)?;
                let known_types = self.find_routine(*kind, signature)?;
                match known_types {
                    Some(id) => Some(id),
                    None if self.functions_named(&signature.name).is_empty()
                        && self.may_be_an_extensions(signature.name.schema.as_deref()) =>
                    {
                        None
                    }
                    None => {
                        let message = format!("function `{}` does not exist", signature.name);
                        return reject(state::UNDEFINED_FUNCTION, message);
                    }
                }
            }
            ObjectRef::Policy(name, relation) => Some(self.part(Space::Policy, "policy", name, relation)?),
            ObjectRef::Trigger(name, relation) => {
                let id = self.part(Space::Trigger, "trigger", name, relation)?;
                if self.catalog.triggers.get(id).is_some_and(|t| t.parent.is_some()) {
                    return reject(state::DEPENDENT_OBJECTS, format!("the trigger `{name}` of the parent requires it"));
                }
                Some(id)
            }
            ObjectRef::Rule(name, relation) => Some(self.part(Space::Rule, "rule", name, relation)?),
            ObjectRef::Other("large object", number) => return self.large_object_target(&number.text),
            _ => None,
        };
        Ok(found.map(Into::into))
    }

    pub(super) fn part(
        &mut self,
        space: Space,
        what: &str,
        name: &str,
        relation: &crate::migrations::Name,
    ) -> Result<Id> {
        self.may_look_into(relation)?;
        let Some(on) = self.find_relation(relation) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{relation}` does not exist"));
        };
        match self.catalog.names.find(space, on, name) {
            Some(id) => Ok(id),
            None => reject(state::UNDEFINED_OBJECT, format!("{what} `{name}` for table `{relation}` does not exist")),
        }
    }

    pub(super) fn named_target(&mut self, kind: ObjectKind, name: &crate::migrations::Name) -> Result<Option<Address>> {
        self.may_look_into(name)?;
        let global = |space| self.catalog.names.find(space, ROOT, &name.name);
        let id = match kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Sequence => return self.relation_target(kind, name),
            ObjectKind::Index => self.index_target(name)?,
            ObjectKind::Type => self.find(Space::Type, name),
            ObjectKind::Domain => self.domain_target(name)?,
            ObjectKind::Schema => global(Space::Namespace),
            ObjectKind::Role => global(Space::Role),
            ObjectKind::Extension => global(Space::Extension),
            ObjectKind::Publication => global(Space::Publication),
            ObjectKind::Subscription => global(Space::Subscription),
            ObjectKind::EventTrigger => global(Space::EventTrigger),
            ObjectKind::ForeignDataWrapper => global(Space::Wrapper),
            ObjectKind::Server => global(Space::Server),
            ObjectKind::Language => global(Space::Language),
            ObjectKind::Database => return gap("dropping a database is not followed", false),
            _ => return Ok(None),
        };
        match id {
            Some(id) => Ok(Some(id.into())),
            None if kind == ObjectKind::Schema => {
                reject(state::UNDEFINED_SCHEMA, format!("schema `{name}` does not exist"))
            }
            None if kind == ObjectKind::Index && self.find_relation(name).is_some() => {
                reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is not an index"))
            }
            None => reject(state::UNDEFINED_OBJECT, format!("`{name}` does not exist")),
        }
    }

    /// The index of a constraint and a partition's part of an index go only with what they are parts of.
    pub(super) fn index_target(&self, name: &crate::migrations::Name) -> Result<Option<Id>> {
        let id = self.find_index(name);
        let part = id.is_some_and(|id| {
            let attached = self.catalog.indexes.get(id).is_some_and(|i| i.parent.is_some());
            attached || !self.catalog.constraints.using(id, |c| c.index == Some(id)).is_empty()
        });
        match part {
            true => reject(state::DEPENDENT_OBJECTS, format!("what index `{name}` is a part of requires it")),
            false => Ok(id),
        }
    }

    pub(super) fn domain_target(&self, name: &crate::migrations::Name) -> Result<Option<Id>> {
        let id = self.find(Space::Type, name);
        match id.and_then(|id| self.catalog.types.get(id)) {
            Some(row) if !matches!(row.kind, TypeKind::Domain { .. }) => {
                reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is not a domain"))
            }
            _ => Ok(id),
        }
    }

    pub(super) fn relation_target(
        &mut self,
        kind: ObjectKind,
        name: &crate::migrations::Name,
    ) -> Result<Option<Address>> {
        let Some(id) = self.find_relation(name) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{name}` does not exist"));
        };
        let own = self.catalog.relations.get(id).map(|r| r.kind);
        let unknown = self.catalog.relations.get(id).is_some_and(|r| r.unknown);
        let fits = match kind {
            ObjectKind::View => own == Some(RelationKind::View),
            ObjectKind::MaterializedView => own == Some(RelationKind::MaterializedView),
            ObjectKind::ForeignTable => own == Some(RelationKind::ForeignTable),
            ObjectKind::Sequence => own == Some(RelationKind::Sequence),
            _ => matches!(own, Some(RelationKind::Table | RelationKind::PartitionedTable)),
        };
        if !fits && !unknown {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is of another kind"));
        }
        Ok(Some(id.into()))
    }
}
