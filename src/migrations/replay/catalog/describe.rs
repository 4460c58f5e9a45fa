//! The names of objects as they are now.

use super::object::Function;
use super::types::{Base, TypeRef, with_modifiers};
use super::{Address, Catalog, Id};
use crate::migrations::replay::Object;
use crate::model::{FunctionId, QualifiedName};

impl Catalog {
    /// The name of a relation, index or type.
    pub(crate) fn qualified(&self, id: Id) -> QualifiedName {
        let relation = self.relations.get(id).map(|r| (r.schema, r.name.as_str()));
        let of_type = || self.types.get(id).map(|t| (t.schema, t.name.as_str()));
        let of_index = || {
            let index = self.indexes.get(id)?;
            Some((self.relations.get(index.relation)?.schema, index.name.as_str()))
        };
        let (schema, name) = relation.or_else(of_type).or_else(of_index).unwrap_or_default();
        QualifiedName::new(self.namespace_name(schema), name)
    }

    /// As `format_type` prints it under an empty search path.
    pub(crate) fn type_name(&self, data_type: &TypeRef) -> String {
        let modifiers = data_type.modifiers.as_deref();
        let mut name = match &data_type.base {
            Base::BuiltIn(name) | Base::Unknown(name) => with_modifiers(name, modifiers),
            Base::Made(id) | Base::Row(id) => with_modifiers(&self.qualified(*id).to_string(), modifiers),
        };
        if data_type.array {
            name.push_str("[]");
        }
        name
    }

    pub(crate) fn function_id(&self, id: Id) -> FunctionId {
        match self.functions.get(id) {
            Some(function) => self.id_of(function),
            None => FunctionId { schema: String::new(), name: String::new(), arguments: String::new() },
        }
    }

    pub(crate) fn id_of(&self, function: &Function) -> FunctionId {
        let inputs = function.parameters.iter().filter(|p| p.is_input());
        let types: Vec<String> = inputs.map(|p| self.type_name(&p.data_type)).collect();
        FunctionId {
            schema: self.namespace_name(function.schema).to_owned(),
            name: function.name.clone(),
            arguments: types.join(", "),
        }
    }

    /// The name of a column by its place.
    pub(crate) fn column_name(&self, relation: Id, place: usize) -> String {
        let column = self.relations.get(relation).and_then(|r| r.columns.get(place));
        column.map(|c| c.name.clone()).unwrap_or_default()
    }

    pub(crate) fn column_names(&self, relation: Id, places: &[usize]) -> Vec<String> {
        places.iter().map(|place| self.column_name(relation, *place)).collect()
    }

    /// Whether [`Catalog::describe`] would give this; of some kinds it does not tell.
    pub(crate) fn is_called(&self, address: Address, object: &Object) -> bool {
        let is = |relation: Id, name: &QualifiedName| {
            let row = self.relations.get(relation);
            row.is_some_and(|r| r.name == name.name && self.namespace_name(r.schema) == name.schema)
        };
        let part = |own: &str, name: &str, relation, of| own == name && is(relation, of);
        let id = address.id;
        match object {
            Object::Relation(name) => address.column == 0 && is(id, name),
            Object::Column(name, column) => {
                let place = address.column.checked_sub(1);
                let row = self.relations.get(id).zip(place).and_then(|(r, place)| r.columns.get(place));
                row.is_some_and(|c| c.name == *column) && is(id, name)
            }
            Object::Policy(of, name) => self.policies.get(id).is_some_and(|p| part(&p.name, name, p.relation, of)),
            Object::Trigger(of, name) => self.triggers.get(id).is_some_and(|t| part(&t.name, name, t.relation, of)),
            Object::Constraint(of, name) => self.constraints.get(id).is_some_and(|c| part(&c.name, name, c.on, of)),
            Object::Index(of, name) => self.indexes.get(id).is_some_and(|i| part(&i.name, name, i.relation, of)),
            _ => false,
        }
    }

    /// What a user calls an object, if it exists.
    pub(crate) fn describe(&self, address: Address) -> Option<Object> {
        let id = address.id;
        if let Some(relation) = self.relations.get(id) {
            let name = self.qualified(id);
            return Some(match address.column.checked_sub(1).and_then(|place| relation.columns.get(place)) {
                Some(column) => Object::Column(name, column.name.clone()),
                None => Object::Relation(name),
            });
        }
        self.describe_part(id).or_else(|| self.describe_other(id))
    }

    fn describe_part(&self, id: Id) -> Option<Object> {
        let on = |relation| self.qualified(relation);
        if let Some(policy) = self.policies.get(id) {
            return Some(Object::Policy(on(policy.relation), policy.name.clone()));
        }
        if let Some(trigger) = self.triggers.get(id) {
            return Some(Object::Trigger(on(trigger.relation), trigger.name.clone()));
        }
        if let Some(constraint) = self.constraints.get(id) {
            return Some(Object::Constraint(on(constraint.on), constraint.name.clone()));
        }
        if let Some(index) = self.indexes.get(id) {
            return Some(Object::Index(on(index.relation), index.name.clone()));
        }
        self.rules.get(id).map(|rule| Object::Rule(on(rule.relation), rule.name.clone()))
    }

    fn describe_other(&self, id: Id) -> Option<Object> {
        Some(match () {
            () if self.functions.has(id) => Object::Function(self.function_id(id)),
            () if self.types.has(id) => Object::Type(self.qualified(id)),
            () if self.namespaces.has(id) => Object::Schema(self.namespace_name(id).to_owned()),
            () if self.roles.has(id) => Object::Role(self.role_name(id)),
            () if self.database.has(id) => Object::Database,
            () => return self.describe_global(id),
        })
    }

    fn describe_global(&self, id: Id) -> Option<Object> {
        let extension = self.extensions.get(id).map(|e| Object::Extension(e.name.clone()));
        let publication = || self.publications.get(id).map(|p| Object::Publication(p.name.clone()));
        let subscription = || self.subscriptions.get(id).map(|s| Object::Subscription(s.name.clone()));
        let trigger = || self.event_triggers.get(id).map(|t| Object::EventTrigger(t.name.clone()));
        let language = || self.languages.get(id).map(|l| Object::Language(l.name.clone()));
        let wrapper = || self.wrappers.get(id).map(|w| Object::ForeignDataWrapper(w.name.clone()));
        let server = || self.servers.get(id).map(|s| Object::ForeignServer(s.name.clone()));
        let default = || self.defaults.get(id).map(|d| Object::DefaultPrivileges(self.role_name(d.role)));
        let bucket = || self.buckets.get(id).map(|b| Object::Bucket(b.id.clone()));
        let setting = || {
            let setting = self.settings.get(id)?;
            Some(Object::Setting(setting.role.map(|r| self.role_name(r)), setting.name.clone()))
        };
        let found =
            extension.or_else(publication).or_else(subscription).or_else(trigger).or_else(language).or_else(wrapper);
        found.or_else(server).or_else(default).or_else(bucket).or_else(setting)
    }
}
