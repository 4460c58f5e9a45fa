//! Finding routines by the names and arguments that statements give them.

use super::Object;
use super::catalog::Id;
use super::catalog::code::Code;
use super::catalog::names::Space;
use super::catalog::object::{Function, Namespace};
use super::catalog::types::TypeRef;
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::Name;
use crate::migrations::parse::grant::RoutineKind;
use crate::migrations::parse::routine::Signature;
use crate::model::{ArgumentMode, FunctionId, FunctionKind, Origin};

impl Run {
    /// The routine that a signature means.
    pub(super) fn routine(&mut self, kind: RoutineKind, signature: &Signature) -> Result<Id> {
        self.may_look_into(&signature.name)?;
        match self.find_routine(kind, signature)? {
            Some(id) => Ok(id),
            None => self.missing_routine(signature),
        }
    }

    pub(super) fn find_routine(&self, kind: RoutineKind, signature: &Signature) -> Result<Option<Id>> {
        let fits = |k: FunctionKind| match kind {
            RoutineKind::Function => k != FunctionKind::Procedure,
            RoutineKind::Procedure => k == FunctionKind::Procedure,
            RoutineKind::Routine => true,
            RoutineKind::Aggregate => k == FunctionKind::Aggregate,
        };
        let named: Vec<Id> = self
            .functions_named(&signature.name)
            .into_iter()
            .filter(|id| self.catalog.functions.get(*id).is_some_and(|f| fits(f.kind)))
            .collect();
        let Some(arguments) = &signature.arguments else {
            return match named.as_slice() {
                [] => Ok(None),
                [one] => Ok(Some(*one)),
                _ => reject(state::AMBIGUOUS_FUNCTION, format!("function name `{}` is not unique", signature.name)),
            };
        };
        let mut all = Vec::with_capacity(arguments.len());
        for argument in arguments {
            all.push((argument.mode, self.type_or_name(&argument.data_type).bare()));
        }
        let types = |with_out: bool| {
            let wanted =
                all.iter().filter(|(mode, _)| with_out || !matches!(mode, ArgumentMode::Out | ArgumentMode::Table));
            wanted.map(|(_, t)| t.clone()).collect::<Vec<_>>()
        };
        let find = |named: &[Id], types: &[TypeRef], outs: bool| {
            named.iter().copied().find(|id| {
                self.catalog.functions.get(*id).is_some_and(|f| {
                    let own: Vec<TypeRef> =
                        f.parameters.iter().filter(|p| outs || p.is_input()).map(|p| p.data_type.clone()).collect();
                    own == types
                })
            })
        };
        // A procedure may be named with its OUT arguments as if they were IN.
        let found = find(&named, &types(false), false).or_else(|| find(&named, &types(true), true));
        if found.is_none() && find(&self.functions_named(&signature.name), &types(false), false).is_some() {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{}` is of another kind", signature.name));
        }
        Ok(found)
    }

    /// All routines of a name, those of earlier schemas first.
    pub(super) fn functions_named(&self, name: &Name) -> Vec<Id> {
        let schemas = match &name.schema {
            Some(schema) => self.catalog.namespace(schema).into_iter().collect(),
            None => self.path(),
        };
        let of = |schema: Id| self.catalog.names.all(Space::Function, schema, &name.name).to_vec();
        schemas.iter().copied().flat_map(of).collect()
    }

    pub(super) fn missing_routine<T>(&mut self, signature: &Signature) -> Result<T> {
        let mut types = Vec::new();
        for argument in signature.arguments.iter().flatten().filter(|a| !matches!(a.mode, ArgumentMode::Out)) {
            types.push(argument.data_type.to_string());
        }
        let (name, arguments) = (&signature.name, types.join(", "));
        let message = format!("function `{name}({arguments})` does not exist");
        let schema = name.schema.clone().unwrap_or_else(|| "public".to_owned());
        if name.schema.as_deref() == Some("pg_catalog") || super::builtin::is_function(&name.name) {
            return gap(format!("what is done to the built-in function `{name}` is not followed"), true);
        }
        let object = Object::Function(FunctionId { schema, name: name.name.clone(), arguments });
        if self.may_be_an_extensions(name.schema.as_deref()) {
            return gap(format!("{message}, unless an extension makes it whose members are not known"), true);
        }
        if self.strict == 0 && !self.dropped.contains(&object) {
            self.note_unknown(object, state::UNDEFINED_FUNCTION, message);
            return Err(super::run::Refusal::Noted);
        }
        reject(state::UNDEFINED_FUNCTION, message)
    }

    /// The function of a trigger, which takes no arguments.
    pub(super) fn trigger_function(&mut self, name: &Name) -> Result<Id> {
        let of_system = name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if of_system && (OWN_TRIGGERS.contains(&name.name.as_str()) || name.name.starts_with("RI_FKey_")) {
            return Ok(self.own_trigger_function(&name.name));
        }
        let signature = Signature { name: name.clone(), arguments: Some(Vec::new()) };
        self.routine(RoutineKind::Function, &signature)
    }

    /// A trigger function of the server itself, which the catalog holds from its first use on.
    fn own_trigger_function(&mut self, name: &str) -> Id {
        let superuser = self.catalog.superuser;
        let schema = match self.catalog.system.filter(|id| self.catalog.namespaces.has(*id)) {
            Some(schema) => schema,
            None => {
                let schema = self.catalog.fresh();
                let row = Namespace {
                    name: "pg_catalog".to_owned(),
                    owner: superuser,
                    acl: None,
                    extension: None,
                    origin: Origin::Catalog,
                };
                self.catalog.namespaces.insert(schema, row);
                *self.catalog.system.insert(schema)
            }
        };
        if let Some(id) = self.catalog.functions.of(schema, |f| f.name == name).first() {
            return *id;
        }
        let id = self.catalog.fresh();
        let (kind, body) = (FunctionKind::Function, Code::plain(name));
        let returns = Some(TypeRef::built_in("trigger"));
        let row = Function { returns, ..Function::new(schema, name, kind, superuser, "internal", body) };
        self.catalog.functions.insert(id, row);
        id
    }
}

/// Trigger functions of `pg_catalog`; those of foreign keys apart.
const OWN_TRIGGERS: [&str; 4] = [
    "suppress_redundant_updates_trigger",
    "tsvector_update_trigger",
    "tsvector_update_trigger_column",
    "unique_key_recheck",
];
