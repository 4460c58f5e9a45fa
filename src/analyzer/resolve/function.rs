//! Calls of the application's functions: as their body where it is one SELECT or RETURN, else as functions.

use super::query::Branch;
use super::{Outcome, Resolver, Rights, obstacle};
use crate::analyzer::term::{Access, Function, Id, Pick, Type};
use crate::model::{self, ArgumentMode, Volatility};
use crate::sql;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::Call;

impl Resolver<'_> {
    pub(super) fn user_call(&mut self, call: &Call, data_type: &sql::Type) -> Outcome<Id> {
        let function = call.routine.key.and_then(|key| self.catalog.function(key));
        let Some(function) = function else { return obstacle(call.routine.name.to_string()) };
        if let Some(known) = self.platform(function) {
            return Ok(known);
        }
        let args = self.arguments(call, function)?;
        let body = self.scalar_body(function, &args);
        let returns = self.data_type(data_type);
        match body {
            Ok(value) => {
                let value = self.terms.cast(value, &returns);
                Ok(self.strictly(function, &args, value))
            }
            Err(super::Obstacle(reason)) if function.volatility == Volatility::Volatile => {
                obstacle(format!("{}(), for {reason}", function.id.qualified()))
            }
            Err(_) => {
                let name =
                    format!("{}({}) as {:?}", function.id.qualified(), function.id.arguments, self.rights_of(function));
                let known = Function { name: name.into(), strict: function.strict, never_null: false };
                Ok(self.terms.call(&known, &args, returns))
            }
        }
    }

    /// NULL for a NULL argument of a strict function.
    fn strictly(&mut self, function: &model::Function, args: &[Id], value: Id) -> Id {
        if !function.strict {
            return value;
        }
        let nulls: Vec<_> = args.iter().map(|a| self.terms.is_null(*a)).collect();
        let any = self.terms.or(&nulls);
        let null = self.terms.null(self.terms.type_of(value).clone());
        self.terms.case(&[(any, null)], value)
    }

    /// The functions by which a platform tells who is asking.
    fn platform(&mut self, function: &model::Function) -> Option<Id> {
        // A function of that name that reads something else is read as it is written.
        let is_known = function.id.schema == "auth" && function.id.arguments.is_empty();
        if !is_known || !function.body.contains("request.jwt.claim") {
            return None;
        }
        Some(match function.id.name.as_str() {
            "uid" => {
                let sub = self.terms.claim(&["sub"], Access::Text);
                self.terms.cast(sub, &Type::Uuid)
            }
            "jwt" => self.terms.claim(&[], Access::Json),
            "role" => self.terms.claim(&["role"], Access::Text),
            "email" => self.terms.claim(&["email"], Access::Text),
            _ => return None,
        })
    }

    /// One term for each parameter, defaults for those left out.
    fn arguments(&mut self, call: &Call, function: &model::Function) -> Outcome<Vec<Id>> {
        if call.variadic || call.routine.variadic {
            return obstacle("VARIADIC");
        }
        let given = self.each(&call.arguments);
        let inputs = function
            .parameters
            .iter()
            .filter(|p| matches!(p.mode, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic));
        let mut args = Vec::new();
        for (at, parameter) in inputs.enumerate() {
            let place = call.places.iter().position(|p| *p == at);
            args.push(match (place.and_then(|p| given.get(p)), &parameter.default) {
                (Some(id), _) => *id,
                (None, Some(default)) => self.default(default, &parameter.data_type)?,
                (None, None) => return obstacle("an argument that is not given"),
            });
        }
        Ok(args)
    }

    fn default(&mut self, text: &str, data_type: &str) -> Outcome<Id> {
        let path: [String; 0] = [];
        let wanted = sql::Type::parse(data_type);
        let bound = Binder::new(&self.catalog, &path).expression(text, &Scope::default(), Some(&wanted));
        let Ok(bound) = bound else { return obstacle("a default that cannot be read") };
        Ok(self.apart(Vec::new(), |this| this.expression(&bound.tree)))
    }

    fn rights_of(&self, function: &model::Function) -> Rights {
        if function.security_definer { Rights::Role(function.owner.clone()) } else { self.rights.clone() }
    }

    /// The value of a function's body.
    fn scalar_body(&mut self, function: &model::Function, args: &[Id]) -> Outcome<Id> {
        if function.returns_set || !function.settings.is_empty() {
            return obstacle("its result or its settings");
        }
        let path = search_path(function);
        let rights = self.rights_of(function);
        self.within(function.id.to_string(), |this| {
            let binder = Binder::new(&this.catalog, &path);
            match function.language.as_str() {
                "sql" => {
                    let bound = binder.query(select_of(&function.body), &scope_of(function));
                    let bound = bound.map_err(|e| super::Obstacle(format!("its body ({})", e.what)))?;
                    this.as_rights(rights, |this| {
                        this.apart(args.to_vec(), |this| {
                            let branches = this.query(&bound.tree)?.queries(&mut this.terms, Some(0))?;
                            Ok(this.terms.scalar(&branches, Pick::Any))
                        })
                    })
                }
                "plpgsql" => {
                    let Some(text) = returned(&function.body) else {
                        return obstacle("its body of several statements");
                    };
                    let wanted = sql::Type::parse(&function.returns);
                    let bound = binder.expression(text, &scope_of(function).program(), Some(&wanted));
                    let bound = bound.map_err(|e| super::Obstacle(format!("its body ({})", e.what)))?;
                    this.as_rights(rights, |this| this.apart(args.to_vec(), |this| Ok(this.expression(&bound.tree))))
                }
                language => obstacle(format!("its language {language}")),
            }
        })
    }

    /// The rows of a set-returning function.
    pub(super) fn set_function(&mut self, call: &Call) -> Outcome<Vec<Branch>> {
        let function = call.routine.key.and_then(|key| self.catalog.function(key));
        let Some(function) = function else { return obstacle(call.routine.name.to_string()) };
        if function.language != "sql" || function.strict || !function.settings.is_empty() {
            return obstacle(format!("the rows of {}", function.id.qualified()));
        }
        let args = self.arguments(call, function)?;
        let path = search_path(function);
        let rights = self.rights_of(function);
        self.within(function.id.to_string(), |this| {
            let bound = Binder::new(&this.catalog, &path).query(select_of(&function.body), &scope_of(function));
            let Ok(bound) = bound else { return obstacle(format!("the rows of {}", function.id.qualified())) };
            this.as_rights(rights, |this| this.apart(args, |this| this.all_rows(&bound.tree)))
        })
    }
}

fn select_of(body: &str) -> &str {
    body.trim().trim_end_matches(';').trim_end()
}

/// The parameters by name and place.
fn scope_of(function: &model::Function) -> Scope {
    let inputs = function
        .parameters
        .iter()
        .filter(|p| matches!(p.mode, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic));
    let scope = Scope::default().function(&function.id.name);
    inputs.fold(scope, |scope, p| scope.parameter(p.name.as_deref(), sql::Type::parse(&p.data_type)))
}

/// The function's own `search_path`, else what sessions usually have.
fn search_path(function: &model::Function) -> Vec<String> {
    let text = function.search_path.as_deref().unwrap_or("public, extensions");
    let names = text.split(',').map(|n| n.trim().trim_matches(['"', '\'']).to_owned());
    names.filter(|n| !n.is_empty() && n != "$user" && n != "pg_temp").collect()
}

/// The expression of a PL/pgSQL body that is one RETURN.
fn returned(body: &str) -> Option<&str> {
    let word = |text: &str, word: &str| {
        let (head, tail) = text.split_at_checked(word.len())?;
        let ends = tail.starts_with(|c: char| !c.is_alphanumeric() && c != '_') || tail.is_empty();
        (head.eq_ignore_ascii_case(word) && ends).then_some(head.len())
    };
    let body = body.trim();
    let inner = body.get(word(body, "begin")?..)?.trim();
    let inner = inner.trim_end_matches(';').trim_end();
    let inner =
        inner.get(..inner.len().checked_sub(3)?).filter(|_| inner.to_ascii_lowercase().ends_with("end"))?.trim();
    let statement = inner.get(word(inner, "return")?..)?.trim();
    let expression = statement.strip_suffix(';')?;
    // Anything that could hide a second statement is left to a reader of the whole language.
    let is_plain = !expression.contains([';', '$']) && !expression.contains("--") && !expression.contains("/*");
    let is_query = word(expression, "query").is_some() || word(expression, "next").is_some();
    (is_plain && !is_query).then_some(expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_return_is_read_and_nothing_else() {
        assert_eq!(returned("\nBEGIN\n  RETURN a = 1;\nEND;\n"), Some("a = 1"));
        assert_eq!(returned("begin return (select true); end"), Some("(select true)"));
        for other in [
            "begin return 1; return 2; end",
            "declare x int; begin return x; end",
            "begin return query select 1; end",
            "begin return 1 -- ; \n; end",
        ] {
            assert_eq!(returned(other), None, "{other}");
        }
    }
}
