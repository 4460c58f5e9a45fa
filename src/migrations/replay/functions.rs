//! Functions, procedures and aggregates.

use super::Object;
use super::bodies::gives_nothing;
use super::builtin;
use super::catalog::Id;
use super::catalog::code::Code;
use super::catalog::names::Space;
use super::catalog::object::{Function, Parameter, TypeKind};
use super::catalog::types::{Base, TypeRef};
use super::roles::canonical;
use super::run::{Result, Run, reject, state};
use super::settings::text_of;
use crate::connector::introspect::masked;
use crate::migrations::Name;
use crate::migrations::parse::function::{AlterFunction, CreateFunction, FunctionAction, FunctionAttributes, Returns};
use crate::migrations::parse::routine::{self, Signature};
use crate::migrations::parse::setting::{Setting, SettingValue};
use crate::migrations::parse::types::TypeName;
use crate::model::{ArgumentMode, FunctionKind, GrantObject, Volatility};

impl Run {
    pub(super) fn create_function(&mut self, create: &CreateFunction) -> Result {
        let schema = self.schema_for_new(create.name.schema.as_deref())?;
        let mut parameters = self.parameters(&create.parameters)?;
        let (returns, returns_set) = self.returned(create, &mut parameters)?;
        let language = create.attributes.language.clone().unwrap_or_else(|| "sql".to_owned());
        if let Ok(id) = self.language(&language) {
            self.may_use_language(id)?;
        }
        if self.language(&language).is_err() && !self.may_be_an_extensions(None) {
            return reject(state::UNDEFINED_OBJECT, format!("language `{language}` does not exist"));
        }
        let kind = match () {
            () if create.procedure => FunctionKind::Procedure,
            () if create.attributes.window => FunctionKind::Window,
            () => FunctionKind::Function,
        };
        let owner = self.user();
        let (text, bound) = create.body.as_ref().map_or(("", false), |b| (b.text.as_str(), b.bound));
        let body = create.body.as_ref().and_then(|b| b.symbol.as_deref()).unwrap_or(text);
        let body = self.code_of_body(body, bound, &create.name.name, &parameters)?;
        if kind == FunctionKind::Function && !returns.as_ref().is_some_and(|t| t.is("void")) && gives_nothing(&body) {
            return reject(
                state::INVALID_FUNCTION,
                "return type mismatch in a function whose last statement gives no row",
            );
        }
        let mut row = Function {
            acl: self.catalog.starting_acl(GrantObject::Functions, owner, Some(schema)),
            parameters,
            returns,
            returns_set,
            body_is_bound: bound,
            extension: self.extension,
            origin: self.origin,
            ..Function::new(schema, &create.name.name, kind, owner, &language, body)
        };
        self.set_attributes(&mut row, &create.attributes);
        if row.leakproof {
            self.must_be_superuser("make a leakproof function")?;
        }
        let id = self.put_function(row, create.or_replace)?;
        self.check_body(id)
    }

    /// Makes a function, or puts it in the place of the one with the same signature.
    pub(super) fn put_function(&mut self, mut row: Function, or_replace: bool) -> Result<Id> {
        let Some(id) = self.function_like(&row) else { return Ok(self.insert_function(row)) };
        let Some(old) = self.catalog.functions.get(id) else { return Ok(id) };
        let name = self.catalog.function_id(id);
        if !or_replace {
            return reject(
                state::DUPLICATE_FUNCTION,
                format!("function `{name}` already exists with same argument types"),
            );
        }
        self.must_own(id)?;
        if old.kind != row.kind {
            return reject(state::WRONG_OBJECT_TYPE, format!("cannot change routine kind of `{name}`"));
        }
        // OUT parameters are part of the type where there are several: it is a record then.
        let is_record = row.returns.as_ref().is_some_and(|t| *t == TypeRef::built_in("record"));
        let changed = (&old.returns, old.returns_set) != (&row.returns, row.returns_set);
        if changed || (is_record && out_types(old) != out_types(&row)) {
            return reject(state::INVALID_FUNCTION, format!("cannot change return type of existing function `{name}`"));
        }
        let inputs = || inputs(&old.parameters).zip(inputs(&row.parameters));
        if inputs().any(|(a, b)| a.name.is_some() && a.name != b.name) {
            return reject(state::INVALID_FUNCTION, format!("cannot change name of input parameter of `{name}`"));
        }
        if inputs().any(|(a, b)| a.default.is_some() && b.default.is_none()) {
            return reject(
                state::INVALID_FUNCTION,
                format!("cannot remove parameter defaults from existing function `{name}`"),
            );
        }
        row.owner = old.owner;
        row.acl.clone_from(&old.acl);
        row.extension = old.extension;
        self.touch(id);
        self.catalog.functions.insert(id, row);
        Ok(id)
    }

    fn insert_function(&mut self, row: Function) -> Id {
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Function, row.schema, &row.name, id);
        self.catalog.functions.insert(id, row);
        let object = Object::Function(self.catalog.function_id(id));
        self.note_made(&object);
        self.touch(id);
        id
    }

    fn function_like(&self, row: &Function) -> Option<Id> {
        self.function_with(row.schema, &row.name, &input_types(row))
    }

    fn function_with(&self, schema: Id, name: &str, types: &[TypeRef]) -> Option<Id> {
        let ids = self.catalog.names.all(Space::Function, schema, name);
        ids.iter().copied().find(|id| self.catalog.functions.get(*id).is_some_and(|f| input_types(f) == types))
    }

    /// Whether that schema has a function already that is the same under that name, be it this one itself.
    pub(super) fn same_function(&self, schema: Id, name: &str, id: Id) -> bool {
        let types = self.catalog.functions.get(id).map(input_types).unwrap_or_default();
        self.function_with(schema, name, &types).is_some()
    }

    fn parameters(&mut self, written: &[routine::Parameter]) -> Result<Vec<Parameter>> {
        let mut parameters = Vec::with_capacity(written.len());
        let mut defaults = false;
        for parameter in written {
            let data_type = self.type_ref(&parameter.data_type)?.bare();
            let is_input = !matches!(parameter.mode, ArgumentMode::Out | ArgumentMode::Table);
            if defaults && is_input && parameter.default.is_none() {
                let message = "input parameters after one with a default value must also have defaults";
                return reject(state::INVALID_FUNCTION, message);
            }
            defaults |= parameter.default.is_some();
            let default = match &parameter.default {
                Some(text) => Some(self.code_without_row(&text.text, Some(&data_type))?),
                None => None,
            };
            parameters.push(Parameter { name: parameter.name.clone(), mode: parameter.mode, data_type, default });
        }
        Ok(parameters)
    }

    /// The result type; the columns of RETURNS TABLE become parameters.
    fn returned(
        &mut self,
        create: &CreateFunction,
        parameters: &mut Vec<Parameter>,
    ) -> Result<(Option<TypeRef>, bool)> {
        match &create.returns {
            Returns::Type(written) => {
                let language = create.attributes.language.as_deref();
                if matches!(language, Some("c" | "internal")) {
                    self.announce_type(written)?;
                }
                Ok((Some(self.type_ref(written)?.bare()), written.set_of))
            }
            Returns::Table(columns) => {
                for (name, written) in columns {
                    let data_type = self.type_ref(written)?.bare();
                    let name = Some(name.clone());
                    parameters.push(Parameter { name, mode: ArgumentMode::Table, data_type, default: None });
                }
                Ok((Some(row_of(parameters)), true))
            }
            Returns::Unsaid => {
                let some = parameters.iter().any(|p| matches!(p.mode, ArgumentMode::Out | ArgumentMode::InOut));
                let returns = match (create.procedure, some) {
                    (true, true) => Some(TypeRef::built_in("record")),
                    (true, false) => None,
                    (false, true) => Some(row_of(parameters)),
                    (false, false) => return reject(state::INVALID_FUNCTION, "function result type must be specified"),
                };
                Ok((returns, false))
            }
        }
    }

    /// The input function of a type that is still to be made announces it.
    fn announce_type(&mut self, written: &TypeName) -> Result {
        if matches!(self.type_or_name(written).base, Base::Unknown(_)) {
            let schema = self.creation_namespace(written.name.schema.as_deref())?;
            self.insert_type(schema, &written.name.name, TypeKind::Base);
        }
        Ok(())
    }

    fn set_attributes(&mut self, row: &mut Function, said: &FunctionAttributes) {
        row.volatility = said.volatility.unwrap_or(row.volatility);
        row.security_definer = said.security_definer.unwrap_or(row.security_definer);
        row.strict = said.strict.unwrap_or(row.strict);
        row.leakproof = said.leakproof.unwrap_or(row.leakproof);
        for setting in &said.settings {
            self.set_in_function(row, setting);
        }
    }

    fn set_in_function(&self, row: &mut Function, setting: &Setting) {
        let Some(name) = &setting.name else {
            row.search_path = None;
            row.settings.clear();
            return;
        };
        let value = match &setting.value {
            SettingValue::To(values) => Some(text_of(name, values)),
            SettingValue::FromCurrent => self.current_setting(name),
            SettingValue::Default => None,
        };
        if name.eq_ignore_ascii_case("search_path") {
            row.search_path = value;
            return;
        }
        row.settings.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        if let Some(value) = value {
            row.settings.push((canonical(name), masked(name, &value)));
        }
    }

    pub(super) fn alter_function(&mut self, alter: &AlterFunction) -> Result {
        let id = self.routine(alter.kind, &alter.signature)?;
        self.must_own(id)?;
        self.touch(id);
        match &alter.action {
            FunctionAction::Change(change) => self.change_function(id, change),
            FunctionAction::DependsOn(_) => Ok(()),
            FunctionAction::Set(attributes) => {
                let Some(mut row) = self.catalog.functions.get(id).cloned() else { return Ok(()) };
                self.set_attributes(&mut row, attributes);
                if row.leakproof {
                    self.must_be_superuser("make a function leakproof")?;
                }
                row.origin = self.origin;
                self.catalog.functions.insert(id, row);
                Ok(())
            }
        }
    }

    pub(super) fn create_aggregate(&mut self, signature: &Signature) -> Result {
        let schema = self.schema_for_new(signature.name.schema.as_deref())?;
        let parameters = self.parameters(signature.arguments.as_deref().unwrap_or_default())?;
        let owner = self.user();
        let body = Code::plain("aggregate_dummy");
        let row = Function {
            acl: self.catalog.starting_acl(GrantObject::Functions, owner, Some(schema)),
            parameters,
            returns: Some(self.aggregate_result()),
            volatility: Volatility::Immutable,
            extension: self.extension,
            origin: self.origin,
            ..Function::new(schema, &signature.name.name, FunctionKind::Aggregate, owner, "internal", body)
        };
        self.put_function(row, true).map(|_| ())
    }

    /// What the aggregate that is being made gives: what its final function does, else the state that it keeps.
    fn aggregate_result(&self) -> TypeRef {
        let text = self.text_here();
        let option = |wanted: &str| {
            text.split(['(', ',', ')']).find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            })
        };
        let named = |text: String| {
            let (schema, name) = text.rsplit_once('.').map_or((None, text.as_str()), |(s, n)| (Some(s.to_owned()), n));
            Name { schema, name: name.trim_matches('"').to_owned() }
        };
        let last = option("finalfunc").and_then(|f| self.functions_named(&named(f)).first().copied());
        let of_last = last.and_then(|id| self.catalog.functions.get(id)?.returns.clone());
        let state = || {
            let written = option("stype")?;
            let (element, array) = written.strip_suffix("[]").map_or((written.as_str(), false), |e| (e, true));
            let element = match element.to_ascii_lowercase().as_str() {
                "int" => "int4".to_owned(),
                "float" => "float8".to_owned(),
                "decimal" => "numeric".to_owned(),
                other => other.to_owned(),
            };
            let built_in = builtin::type_name(&element, None).map(|(name, _)| name);
            let made = || self.find(Space::Type, &named(element.clone())).map(Base::Made);
            let base = built_in.map(Base::BuiltIn).or_else(made)?;
            Some(TypeRef { base, modifiers: None, array })
        };
        of_last.or_else(state).unwrap_or_else(|| TypeRef::built_in("unknown"))
    }
}

pub(super) fn input_types(function: &Function) -> Vec<TypeRef> {
    function.parameters.iter().filter(|p| p.is_input()).map(|p| p.data_type.clone()).collect()
}

fn inputs(parameters: &[Parameter]) -> impl Iterator<Item = &Parameter> {
    parameters.iter().filter(|p| !matches!(p.mode, ArgumentMode::Out | ArgumentMode::Table))
}

fn out_types(function: &Function) -> Vec<(Option<&str>, &TypeRef)> {
    let outs = function.parameters.iter().filter(|p| !matches!(p.mode, ArgumentMode::In | ArgumentMode::Variadic));
    outs.map(|p| (p.name.as_deref(), &p.data_type)).collect()
}

/// What a function returns that has these OUT parameters or columns: the type of the only one, or a record.
fn row_of(parameters: &[Parameter]) -> TypeRef {
    let mut outs = parameters.iter().filter(|p| !matches!(p.mode, ArgumentMode::In | ArgumentMode::Variadic));
    match (outs.next(), outs.next()) {
        (Some(one), None) => one.data_type.clone(),
        _ => TypeRef::built_in("record"),
    }
}
