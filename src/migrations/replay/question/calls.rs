//! Functions that questions to the system catalogs call.

use super::{Asker, Sight, Value};
use crate::migrations::parse::object::ObjectRef;
use crate::migrations::parse::{self, Statement, constant};
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::run::Run;
use crate::model::{ArgumentMode, quote_ident, quote_literal};
use crate::sql::ast::Call;

impl Asker<'_> {
    pub(super) fn call(&self, call: &Call, sight: &Sight) -> Option<Value> {
        let plain = !call.star && !call.variadic && !call.distinct && call.filter.is_none() && call.over.is_none();
        if !plain || call.name.schema().is_some_and(|schema| schema != "pg_catalog") {
            return None;
        }
        let name = call.name.last();
        let values: Option<Vec<Value>> = call.arguments.iter().map(|a| self.value(&a.value, sight)).collect();
        let values = values?;
        match (name, values.as_slice()) {
            // As `||`, but for NULL, which is nothing.
            ("concat", all) => {
                let texts = all.iter().filter(|v| **v != Value::Null).cloned().map(Value::into_text);
                Some(Value::Text(texts.collect::<Option<String>>()?))
            }
            ("current_schema", []) => Some(self.current_schema()),
            // Only the platform says what its database is called.
            ("current_database", []) if self.run.provides_extensions => {
                self.run.catalog.database.iter().next().map(|(_, database)| Value::Text(database.name.clone()))
            }
            (_, values) if values.contains(&Value::Null) => {
                // All the others give NULL for NULL; what is called must be known for that.
                (name != "format").then_some(Value::Null).filter(|_| is_strict(name))
            }
            ("format" | "quote_ident" | "quote_literal" | "replace", values) => self.call_with(name, values),
            (_, values) => {
                let number = |value: &Value| value.object().map_or_else(|| value.clone(), Value::Oid);
                self.call_with(name, &values.iter().map(number).collect::<Vec<_>>())
            }
        }
    }

    pub(super) fn current_schema(&self) -> Value {
        let temporary = self.run.catalog.namespace(crate::migrations::replay::lookup::TEMPORARY);
        let first = self.run.path().iter().copied().find(|id| Some(*id) != temporary);
        first.map_or(Value::Null, |id| Value::Text(self.run.catalog.namespace_name(id).to_owned()))
    }

    fn call_with(&self, name: &str, values: &[Value]) -> Option<Value> {
        let whole = |length: usize| i64::try_from(length).ok().map(Value::Whole);
        match (name, values) {
            ("length" | "char_length" | "character_length", [Value::Text(text)]) => whole(text.chars().count()),
            ("array_length", [Value::List(list), Value::Whole(1)]) => match list.len() {
                0 => Some(Value::Null),
                length => whole(length),
            },
            ("cardinality", [Value::List(list)]) => whole(list.len()),
            ("position" | "strpos", [Value::Text(text), Value::Text(part)]) => match text.find(part.as_str()) {
                Some(at) => whole(text.get(..at)?.chars().count() + 1),
                None => whole(0),
            },
            ("pg_get_functiondef", [Value::Oid(id)]) => self.run.function_definition(*id).map(Value::Text),
            ("pg_get_constraintdef", [Value::Oid(id)]) => self.run.constraint_definition(*id).map(Value::Text),
            ("pg_get_expr", [Value::Tree(what, id), Value::Oid(_)]) => self.run.printed(*what, *id).map(Value::Text),
            ("lower", [Value::Text(text)]) => Some(Value::Text(text.to_lowercase())),
            ("upper", [Value::Text(text)]) => Some(Value::Text(text.to_uppercase())),
            ("starts_with", [Value::Text(text), Value::Text(start)]) => Some(Value::Truth(text.starts_with(start))),
            ("replace", [Value::Text(text), Value::Text(from), Value::Text(to)]) if !from.is_empty() => {
                Some(Value::Text(text.replace(from, to)))
            }
            ("quote_ident", [Value::Text(text)]) => Some(Value::Text(quote_ident(text).into_owned())),
            ("quote_literal", [Value::Text(text)]) => Some(Value::Text(quote_literal(text))),
            ("format", [Value::Text(pattern), rest @ ..]) => {
                let arguments = rest.iter().cloned().map(Value::into_text).collect::<Option<Vec<_>>>()?;
                constant::format(pattern, &arguments).map(Value::Text)
            }
            ("pg_get_function_identity_arguments", [Value::Oid(id)]) => {
                self.run.identity_arguments(*id).map(Value::Text)
            }
            ("pg_get_userbyid", [Value::Oid(id)]) => Some(Value::Text(self.run.catalog.role_name(*id))),
            (
                "to_regclass" | "to_regnamespace" | "to_regrole" | "to_regtype" | "to_regproc" | "to_regprocedure",
                [value],
            ) => self.cast(value.clone(), name.strip_prefix("to_")?, false),
            _ => None,
        }
    }
}

/// Functions that give NULL when an argument is.
fn is_strict(name: &str) -> bool {
    name.starts_with("to_reg")
        || [
            "length",
            "char_length",
            "array_length",
            "cardinality",
            "lower",
            "upper",
            "starts_with",
            "replace",
            "position",
            "strpos",
            "pg_get_functiondef",
            "pg_get_constraintdef",
            "pg_get_expr",
            "quote_ident",
            "quote_literal",
            "pg_get_function_identity_arguments",
            "pg_get_userbyid",
        ]
        .contains(&name)
}

impl Run {
    /// An object with its schema, as a statement can name it.
    pub(super) fn full_name(&self, id: Id) -> Option<String> {
        let c = &self.catalog;
        Some(match () {
            () if c.relations.has(id) || c.types.has(id) || c.indexes.has(id) => c.qualified(id).to_string(),
            () if c.functions.has(id) => {
                let function = c.function_id(id);
                format!("{}({})", function.qualified(), function.arguments)
            }
            () if c.roles.has(id) => quote_ident(&c.role_name(id)).into_owned(),
            () if c.namespaces.has(id) => quote_ident(c.namespace_name(id)).into_owned(),
            () => return None,
        })
    }

    /// `pg_get_function_identity_arguments`, with every type in full.
    fn identity_arguments(&self, id: Id) -> Option<String> {
        let parameters = self.catalog.functions.get(id)?.parameters.iter();
        let arguments = parameters.filter(|p| p.mode != ArgumentMode::Table).map(|p| {
            let mode = match p.mode {
                ArgumentMode::Out => "OUT ",
                ArgumentMode::InOut => "INOUT ",
                ArgumentMode::Variadic => "VARIADIC ",
                _ => "",
            };
            let name = p.name.as_ref().map(|name| format!("{} ", quote_ident(name))).unwrap_or_default();
            format!("{mode}{name}{}", self.catalog.type_name(&p.data_type))
        });
        Some(arguments.collect::<Vec<_>>().join(", "))
    }

    /// The routine that a text names, with its arguments or alone.
    pub(super) fn routine_spelled(&self, text: &str) -> Option<Option<Id>> {
        let parsed = parse::parse_file(&format!("drop routine {text}")).into_iter().next()?;
        let Statement::Drop(drop) = parsed.statement else { return None };
        let Some(ObjectRef::Routine(kind, signature)) = drop.objects.first() else { return None };
        let name = &signature.name;
        if crate::sql::is_builtin_function(&name.name) && name.schema.as_deref().is_none_or(|s| s == "pg_catalog") {
            return None;
        }
        self.find_routine(*kind, signature).ok()
    }
}
