//! Definitions as the server prints them: with the names of what the search path does not find in full, the others alone.

use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::catalog::code::Code;
use crate::migrations::replay::catalog::names::Space;
use crate::migrations::replay::catalog::object::{ConstraintKind, Function};
use crate::migrations::replay::catalog::types::{Base, TypeRef, with_modifiers};
use crate::migrations::replay::run::Run;
use crate::migrations::replay::session;
use crate::model::{ArgumentMode, FunctionKind, QualifiedName, Volatility, quote_ident, quote_literal};
use crate::sql::Key;
use crate::sql::print::Names;

/// A text of an object, printed when somebody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::migrations::replay) enum Printed {
    /// The USING of a policy.
    Using,
    /// The WITH CHECK of a policy.
    Check,
    /// The condition of a CHECK.
    Condition,
    /// The body of a function.
    Source,
}

/// Names as the current search path has them printed.
struct Seen<'a>(&'a Run);

impl Seen<'_> {
    fn alone(&self, name: QualifiedName, seen: bool) -> QualifiedName {
        if seen { QualifiedName::new("", name.name) } else { name }
    }

    /// The first object of that name in the schemas of the path.
    fn first(&self, space: Space, name: &str) -> Option<Id> {
        self.0.path().iter().find_map(|schema| self.0.catalog.names.find(space, *schema, name))
    }
}

impl Names for Seen<'_> {
    fn relation(&self, key: Key) -> Option<QualifiedName> {
        let name = self.0.catalog.relation(key)?;
        let seen = self.first(Space::Relation, &name.name).is_some_and(|id| u64::from(id.0) == key.0);
        // What is called as something of the system is found there first.
        let seen = seen && !name.name.starts_with("pg_");
        Some(self.alone(name, seen))
    }

    fn column(&self, relation: Key, column: Key) -> Option<String> {
        Names::column(&self.0.catalog, relation, column)
    }

    fn function(&self, key: Key) -> Option<QualifiedName> {
        let name = Names::function(&self.0.catalog, key)?;
        let path = self.0.path();
        let first =
            path.iter().copied().find(|s| !self.0.catalog.names.all(Space::Function, *s, &name.name).is_empty());
        let seen = first.is_some_and(|schema| self.0.catalog.namespace_name(schema) == name.schema);
        let seen = seen && !crate::sql::is_builtin_function(&name.name);
        Some(self.alone(name, seen))
    }

    fn data_type(&self, name: &QualifiedName) -> Option<QualifiedName> {
        let name = Names::data_type(&self.0.catalog, name)?;
        let first = self.first(Space::Type, &name.name).or_else(|| self.first(Space::Relation, &name.name));
        let seen = first.is_some_and(|id| self.0.catalog.qualified(id) == name);
        Some(self.alone(name, seen))
    }

    fn major(&self) -> u32 {
        self.0.catalog.major
    }
}

impl Run {
    fn seen(&self, code: &Code) -> String {
        self.catalog.text_with(code, &Seen(self))
    }

    fn seen_type(&self, of: &TypeRef) -> String {
        let (Base::Made(id) | Base::Row(id)) = &of.base else { return self.catalog.type_name(of) };
        let name = self.catalog.qualified(*id);
        let name = Names::data_type(&Seen(self), &name).unwrap_or(name);
        let array = if of.array { "[]" } else { "" };
        format!("{}{array}", with_modifiers(&name.to_string(), of.modifiers.as_deref()))
    }

    /// The text; `None` if the object has none.
    pub(super) fn printed(&self, what: Printed, of: Id) -> Option<String> {
        let c = &self.catalog;
        let policy = || c.policies.get(of);
        match what {
            Printed::Using => policy()?.using.as_ref().map(|code| self.seen(code)),
            Printed::Check => policy()?.check.as_ref().map(|code| self.seen(code)),
            Printed::Condition => match &c.constraints.get(of)?.kind {
                ConstraintKind::Check(code) => Some(self.seen(code)),
                _ => None,
            },
            Printed::Source => {
                c.functions.get(of).filter(|f| !f.body_is_bound && f.extension.is_none()).map(|f| f.body.text.clone())
            }
        }
    }

    /// `pg_get_constraintdef`
    pub(super) fn constraint_definition(&self, id: Id) -> Option<String> {
        self.catalog.constraints.get(id).map(|row| self.catalog.definition_with(row, &Seen(self)))
    }

    /// `pg_get_functiondef`, but for what the model does not keep: costs and the like.
    pub(super) fn function_definition(&self, id: Id) -> Option<String> {
        let row = self.catalog.functions.get(id)?;
        if !matches!(row.kind, FunctionKind::Function | FunctionKind::Procedure) || row.extension.is_some() {
            return None;
        }
        let (word, tag) = match row.kind {
            FunctionKind::Procedure => ("PROCEDURE", "$procedure"),
            _ => ("FUNCTION", "$function"),
        };
        let name = self.catalog.function_id(id).qualified();
        let mut text = format!("CREATE OR REPLACE {word} {name}({})\n", self.listed_parameters(row));
        if row.kind == FunctionKind::Function {
            text.push_str(&format!(" RETURNS {}\n", self.seen_result(row)));
        }
        text.push_str(&format!(" LANGUAGE {}\n{}", quote_ident(&row.language), properties(row)));
        if row.body_is_bound {
            text.push_str(&self.catalog.body(&row.body, &row.name));
            text.push('\n');
            return Some(text);
        }
        let (mut quote, body) = (tag.to_owned(), &row.body.text);
        while body.contains(&quote) {
            quote.push('x');
        }
        text.push_str(&format!("AS {quote}${body}{quote}$\n"));
        Some(text)
    }

    fn listed_parameters(&self, row: &Function) -> String {
        let parameters = row.parameters.iter().filter(|p| p.mode != ArgumentMode::Table).map(|p| {
            let mode = match p.mode {
                ArgumentMode::Out => "OUT ",
                ArgumentMode::InOut => "INOUT ",
                ArgumentMode::Variadic => "VARIADIC ",
                _ if row.kind == FunctionKind::Procedure => "IN ",
                _ => "",
            };
            let name = p.name.as_ref().map(|name| format!("{} ", quote_ident(name))).unwrap_or_default();
            let default = p.default.as_ref().map(|code| format!(" DEFAULT {}", self.seen(code))).unwrap_or_default();
            format!("{mode}{name}{}{default}", self.seen_type(&p.data_type))
        });
        parameters.collect::<Vec<_>>().join(", ")
    }

    fn seen_result(&self, row: &Function) -> String {
        let columns = row.parameters.iter().filter(|p| p.mode == ArgumentMode::Table).map(|p| {
            let name = p.name.as_ref().map(|name| format!("{} ", quote_ident(name))).unwrap_or_default();
            format!("{name}{}", self.seen_type(&p.data_type))
        });
        let columns: Vec<_> = columns.collect();
        if !columns.is_empty() {
            return format!("TABLE({})", columns.join(", "));
        }
        let set = if row.returns_set { "SETOF " } else { "" };
        let of = row.returns.as_ref().map_or_else(|| "void".to_owned(), |t| self.seen_type(t));
        format!("{set}{of}")
    }
}

/// The lines between LANGUAGE and AS.
fn properties(row: &Function) -> String {
    let mut text = String::new();
    match row.volatility {
        Volatility::Immutable => text.push_str(" IMMUTABLE"),
        Volatility::Stable => text.push_str(" STABLE"),
        Volatility::Volatile => (),
    }
    for (has, word) in
        [(row.strict, " STRICT"), (row.security_definer, " SECURITY DEFINER"), (row.leakproof, " LEAKPROOF")]
    {
        text.push_str(if has { word } else { "" });
    }
    if !text.is_empty() {
        text.push('\n');
    }
    if let Some(path) = &row.search_path {
        let schemas: Vec<_> = session::path(path).iter().map(|schema| quote_literal(schema)).collect();
        let schemas = if schemas.is_empty() { "''".to_owned() } else { schemas.join(", ") };
        text.push_str(&format!(" SET search_path TO {schemas}\n"));
    }
    for (name, value) in &row.settings {
        text.push_str(&format!(" SET {} TO {}\n", quote_setting(name), quote_literal(value)));
    }
    text
}

/// The name of a setting, which may have dots.
fn quote_setting(name: &str) -> String {
    name.split('.').map(quote_ident).collect::<Vec<_>>().join(".")
}
