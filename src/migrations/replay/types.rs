//! Types: as statements name them, and those that statements make.

use super::Object;
use super::builtin;
use super::catalog::names::Space;
use super::catalog::object::{Constraint, ConstraintKind, Type, TypeKind};
use super::catalog::types::{Base, TypeRef};
use super::catalog::{Catalog, Id};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::Name;
use crate::migrations::parse::column::{ColumnItem, ConstraintBody};
use crate::migrations::parse::kind::{AlterType, CreateType, TypeAction, TypeBody};
use crate::migrations::parse::types::TypeName;
use crate::model::{GrantObject, QualifiedName};

impl Run {
    /// The type that a statement names. One that no statement makes is kept under its name.
    pub(super) fn type_ref(&mut self, name: &TypeName) -> Result<TypeRef> {
        self.may_look_into(&name.name)?;
        if name.of_column {
            return self.type_of_column(&name.name);
        }
        match self.known_type(name) {
            Some(known) => {
                if let Some(id) = known.id().filter(|id| self.catalog.types.has(*id)) {
                    self.may_use_type(id)?;
                }
                Ok(known)
            }
            None => {
                let base = self.unknown_type(&name.name)?;
                Ok(TypeRef { base, modifiers: name.modifiers.clone(), array: name.dimensions > 0 })
            }
        }
    }

    /// The type if there is one; of several names for a type that nothing makes each is one of its own.
    pub(super) fn type_or_name(&self, name: &TypeName) -> TypeRef {
        self.known_type(name).unwrap_or_else(|| TypeRef {
            base: Base::Unknown(name.name.to_string()),
            modifiers: None,
            array: name.dimensions > 0,
        })
    }

    fn known_type(&self, name: &TypeName) -> Option<TypeRef> {
        let array = name.dimensions > 0;
        let modifiers = name.modifiers.clone();
        if name.name.schema.is_none()
            && let Some((built_in, modifiers)) = builtin::type_name(&name.spelling(), modifiers.as_deref())
        {
            return Some(TypeRef { base: Base::BuiltIn(built_in), modifiers, array });
        }
        if let Some(element) = name.name.name.strip_prefix('_')
            && name.name.schema.is_none()
            && let Some((built_in, _)) = builtin::type_name(element, None)
        {
            return Some(TypeRef { base: Base::BuiltIn(built_in), modifiers: None, array: true });
        }
        self.find_type(&name.name).map(|base| TypeRef { base, modifiers, array })
    }

    fn find_type(&self, name: &Name) -> Option<Base> {
        let namespaces = match &name.schema {
            Some(schema) => self.catalog.namespace(schema).into_iter().collect(),
            None => self.path(),
        };
        namespaces.iter().copied().find_map(|ns| {
            if let Some(id) = self.catalog.names.find(Space::Type, ns, &name.name) {
                return Some(Base::Made(id));
            }
            let id = self.catalog.names.find(Space::Relation, ns, &name.name)?;
            self.catalog.relations.has(id).then_some(Base::Row(id))
        })
    }

    fn unknown_type(&mut self, name: &Name) -> Result<Base> {
        let message = format!("type `{name}` does not exist");
        let schema = match &name.schema {
            Some(schema) => schema.clone(),
            None => self.creation_namespace(None).map(|id| self.catalog.namespace_name(id).to_owned())?,
        };
        let object = Object::Type(QualifiedName::new(&schema, &name.name));
        if self.strict > 0 || self.dropped.contains(&object) {
            return reject(state::UNDEFINED_OBJECT, message);
        }
        if !self.may_be_an_extensions(name.schema.as_deref()) {
            self.note_unknown(object, state::UNDEFINED_OBJECT, message);
        }
        Ok(Base::Unknown(name.to_string()))
    }

    fn type_of_column(&mut self, name: &Name) -> Result<TypeRef> {
        let relation = name.schema.clone().unwrap_or_default();
        let found = self.find_relation(&Name::plain(relation.clone()));
        let anywhere = || self.catalog.relations.ids(|r| r.name == relation).first().copied();
        let Some(id) = found.or_else(anywhere) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{relation}` does not exist"));
        };
        let place = self.place(id, &name.name)?;
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
        Ok(column.map_or_else(|| TypeRef::built_in("unknown"), |c| c.data_type.bare()))
    }

    /// A type that a statement made.
    pub(super) fn made_type(&mut self, name: &Name) -> Result<Id> {
        self.may_look_into(name)?;
        if let Some(id) = self.find(Space::Type, name) {
            return Ok(id);
        }
        if name.schema.is_none() && builtin::type_name(&name.name, None).is_some() {
            return gap(format!("what is done to the built-in type `{name}` is not followed"), true);
        }
        reject(state::UNDEFINED_OBJECT, format!("type `{name}` does not exist"))
    }

    pub(super) fn create_type(&mut self, create: &CreateType) -> Result {
        let schema = self.schema_for_new(create.name.schema.as_deref())?;
        let name = &create.name.name;
        if let Some(id) = self.catalog.names.find(Space::Type, schema, name) {
            // A type that was announced is now made.
            let announced = self.catalog.types.get(id).is_some_and(|t| matches!(t.kind, TypeKind::Base));
            if !(announced && matches!(create.body, TypeBody::Base(_))) {
                return reject(state::DUPLICATE_OBJECT, format!("type `{name}` already exists"));
            }
            return Ok(());
        }
        if self.catalog.names.find(Space::Relation, schema, name).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("type `{name}` already exists"));
        }
        let kind = match &create.body {
            TypeBody::Enum(labels) => TypeKind::Enum(labels.clone()),
            TypeBody::Composite(fields) => {
                let fields = fields.iter().map(|(name, data_type)| Ok((name.clone(), self.type_ref(data_type)?)));
                TypeKind::Composite(fields.collect::<Result<_>>()?)
            }
            TypeBody::Range(options) => return self.create_range(schema, name, &options.text),
            TypeBody::Base(_) | TypeBody::Shell => TypeKind::Base,
            TypeBody::Domain(base, items) => return self.create_domain(schema, name, base, items),
        };
        self.insert_type(schema, name, kind);
        Ok(())
    }

    pub(super) fn insert_type(&mut self, schema: Id, name: &str, kind: TypeKind) -> Id {
        let owner = self.user();
        let row = Type {
            schema,
            name: name.to_owned(),
            owner,
            kind,
            acl: self.catalog.starting_acl(GrantObject::Types, owner, Some(schema)),
            extension: self.extension,
            origin: self.origin,
        };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Type, schema, name, id);
        self.catalog.types.insert(id, row);
        self.touch(id);
        id
    }

    fn create_range(&mut self, schema: Id, name: &str, options: &str) -> Result {
        let option = |wanted: &str| {
            options.split(',').find_map(|o| {
                let (key, value) = o.split_once('=')?;
                key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
            })
        };
        let subtype = option("subtype").map(|s| TypeRef::built_in(&s));
        let id = self.insert_type(schema, name, TypeKind::Range(subtype));
        let multirange = option("multirange_type_name").unwrap_or_else(|| match name.rfind("range") {
            Some(at) => {
                let (before, after) = name.split_at(at);
                format!("{before}multi{after}")
            }
            None => format!("{name}_multirange"),
        });
        let multirange = multirange.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
        self.insert_type(schema, &multirange, TypeKind::Multirange(id));
        Ok(())
    }

    fn create_domain(&mut self, schema: Id, name: &str, base: &TypeName, items: &[ColumnItem]) -> Result {
        let base = self.type_ref(base)?;
        let (mut not_null, mut checks) = (false, Vec::new());
        for item in items {
            match item {
                ColumnItem::Nullable(nullable, _) => not_null = !nullable,
                ColumnItem::Constraint(constraint) => match &constraint.kind {
                    ConstraintBody::Check(text) => checks.push((constraint.name.clone(), text.text.clone())),
                    ConstraintBody::NotNull(_) => not_null = true,
                    _ => (),
                },
                _ => (),
            }
        }
        let id = self.insert_type(schema, name, TypeKind::Domain { base, not_null });
        for (name, text) in checks {
            self.add_domain_check(id, name, &text, true)?;
        }
        Ok(())
    }

    fn add_domain_check(&mut self, domain: Id, name: Option<String>, text: &str, validated: bool) -> Result {
        let Some(row) = self.catalog.types.get(domain) else { return Ok(()) };
        let (own, schema) = (row.name.clone(), row.schema);
        let TypeKind::Domain { base, .. } = &row.kind else { return Ok(()) };
        let base = base.clone();
        let code = self.code_of_domain(text, &base)?;
        let name = name.unwrap_or_else(|| self.constraint_name(schema, &own, None, "check"));
        if self.catalog.names.find(Space::Constraint, domain, &name).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("constraint `{name}` for domain `{own}` already exists"));
        }
        let row = Constraint::new(domain, name, ConstraintKind::Check(code), Vec::new(), self.origin);
        self.insert_constraint(Constraint { validated, ..row });
        self.touch(domain);
        Ok(())
    }

    pub(super) fn alter_type(&mut self, alter: &AlterType) -> Result {
        let id = match self.made_type(&alter.name) {
            Ok(id) => id,
            Err(refusal) => match self.find_relation(&alter.name) {
                // ALTER TYPE also works on row types, where it says the same as ALTER TABLE.
                Some(_) => return gap("ALTER TYPE of a table's row type is not followed", false),
                None => return Err(refusal),
            },
        };
        self.must_own(id)?;
        self.touch(id);
        match &alter.action {
            TypeAction::Change(change) => self.change_type(id, change)?,
            TypeAction::AddValue(label, if_not_exists, place) => {
                self.add_label(id, label, *if_not_exists, place.as_ref())?;
            }
            TypeAction::RenameValue(from, to) => self.rename_label(id, from, to)?,
            TypeAction::RenameAttribute(from, to) => {
                if let Some(TypeKind::Composite(fields)) = self.catalog.types.edit(id).map(|t| &mut t.kind)
                    && let Some(field) = fields.iter_mut().find(|(name, _)| name == from)
                {
                    field.0.clone_from(to);
                }
            }
            TypeAction::AddConstraint(constraint) => match &constraint.kind {
                ConstraintBody::Check(text) => {
                    self.add_domain_check(id, constraint.name.clone(), &text.text, !constraint.not_valid)?;
                }
                ConstraintBody::NotNull(_) => self.domain_not_null(id, true),
                _ => (),
            },
            TypeAction::Other(text) => self.alter_type_other(id, &text.text)?,
        }
        let origin = self.origin;
        if let Some(row) = self.catalog.types.edit(id) {
            row.origin = origin;
        }
        self.touch(id);
        Ok(())
    }

    pub(super) fn domain_not_null(&mut self, id: Id, on: bool) {
        if let Some(TypeKind::Domain { not_null, .. }) = self.catalog.types.edit(id).map(|t| &mut t.kind) {
            *not_null = on;
        }
    }

    fn add_label(&mut self, id: Id, label: &str, if_not_exists: bool, place: Option<&(bool, String)>) -> Result {
        let Some(TypeKind::Enum(labels)) = self.catalog.types.edit(id).map(|t| &mut t.kind) else {
            return reject(state::WRONG_OBJECT_TYPE, "the type is no enum");
        };
        if labels.iter().any(|l| l == label) {
            return match if_not_exists {
                true => Ok(()),
                false => reject(state::DUPLICATE_OBJECT, format!("enum label `{label}` already exists")),
            };
        }
        let at = match place {
            None => labels.len(),
            Some((before, other)) => match labels.iter().position(|l| l == other) {
                Some(at) => at + usize::from(!before),
                None => {
                    return reject(state::INVALID_PARAMETER, format!("`{other}` is not an existing enum label"));
                }
            },
        };
        labels.insert(at, label.to_owned());
        Ok(())
    }

    fn rename_label(&mut self, id: Id, from: &str, to: &str) -> Result {
        if let Some(TypeKind::Enum(labels)) = self.catalog.types.edit(id).map(|t| &mut t.kind)
            && let Some(label) = labels.iter_mut().find(|l| *l == from)
        {
            to.clone_into(label);
            return Ok(());
        }
        reject(state::INVALID_PARAMETER, format!("`{from}` is not an existing enum label"))
    }

    /// A domain's `DROP CONSTRAINT` and the like, and the fields of composite types.
    pub(super) fn alter_type_other(&mut self, id: Id, text: &str) -> Result {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["set", "not", "null", ..] => self.domain_not_null(id, true),
            ["drop", "not", "null", ..] => self.domain_not_null(id, false),
            ["set" | "drop", "default", ..] => (),
            ["drop", "constraint", "if", "exists", name, ..] | ["drop", "constraint", name, ..] => {
                match self.constraint_named(id, name.trim_matches('"')) {
                    Some(constraint) => self.remove_constraint(constraint),
                    None if words.contains(&"exists") => (),
                    None => return self.missing_constraint(id, name),
                }
            }
            ["validate", "constraint", name, ..] => {
                if let Some(constraint) = self.constraint_named(id, name)
                    && let Some(row) = self.catalog.constraints.edit(constraint)
                {
                    row.validated = true;
                }
            }
            ["rename", "constraint", from, "to", to, ..] => {
                if let Some(constraint) = self.constraint_named(id, from) {
                    self.rename_constraint_row(constraint, to);
                }
            }
            _ if self.catalog.types.get(id).is_some_and(|t| matches!(t.kind, TypeKind::Composite(_))) => {
                return gap("changes of a composite type's fields are not followed", false);
            }
            _ => (),
        }
        Ok(())
    }
}

impl Catalog {
    /// Whether a type is made of another: a domain over it, a composite with a field of it.
    pub(super) fn type_rests_on(&self, data_type: &Type, id: Id) -> bool {
        match &data_type.kind {
            TypeKind::Domain { base, .. } | TypeKind::Range(Some(base)) => base.id() == Some(id),
            TypeKind::Composite(fields) => fields.iter().any(|(_, t)| t.id() == Some(id)),
            TypeKind::Multirange(range) => *range == id,
            _ => false,
        }
    }
}
