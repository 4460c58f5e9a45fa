//! Bodies of functions, which the server looks at when it is told to make the function.
//!
//! What it refuses in one it refuses with the function. In SQL it binds queries and statements on rows; others it only
//! parses. In PL/pgSQL it binds nothing before it runs, but the types of variables must be there.

use super::catalog::Id;
use super::catalog::object::{Function, Parameter, TypeKind};
use super::catalog::types::{Base, TypeRef};
use super::rows::Gives;
use super::run::{Result, Run, reject, state};
use super::session;
use crate::migrations::parse::{self, Statement, variables};
use crate::migrations::split::{self, PieceKind};
use crate::model::{ArgumentMode, FunctionKind, Origin};
use crate::sql::bind::{Binder, Scope};
use crate::sql::{ErrorKind, Type};

impl Run {
    /// Refuses a function whose body the server would refuse.
    pub(super) fn check_body(&mut self, id: Id) -> Result {
        let Some(function) = self.catalog.functions.get(id) else { return Ok(()) };
        let polymorphic = |p: &Parameter| {
            self.catalog.type_name(&p.data_type).starts_with(['a', '"'])
                && self.catalog.type_name(&p.data_type).trim_matches('"').starts_with("any")
        };
        let is_text = !function.body_is_bound && function.extension.is_none();
        let of_files = matches!(self.origin, Origin::Statement(_));
        if !is_text || !of_files || !self.checks_bodies() || function.parameters.iter().any(polymorphic) {
            return Ok(());
        }
        let check = match function.language.as_str() {
            "sql" => Self::check_statements,
            "plpgsql" if self.strict > 0 => Self::check_variables,
            _ => return Ok(()),
        };
        let function = function.clone();
        let before = self.session.now.clone();
        if let Some(path) = &function.search_path {
            self.session.now.search_path = session::path(path);
        }
        let outcome = check(self, &function);
        self.session.now = before;
        outcome
    }

    /// Whether the session asks for it; dumps do not.
    fn checks_bodies(&self) -> bool {
        let off = ["off", "false", "no", "0", "f"];
        !self.session.now.settings.get("check_function_bodies").is_some_and(|v| off.contains(&v.as_str()))
    }

    fn check_statements(&mut self, function: &Function) -> Result {
        let text = function.body.text.clone();
        let scope = self.scope_of_body(function);
        let mut last = Gives::Nothing;
        for piece in split::split(&text).iter().filter(|piece| piece.kind == PieceKind::Statement) {
            let statement = text.get(piece.range.clone()).unwrap_or_default();
            last = match parse::parse(&text, piece).statement {
                Statement::Data(data) => self.check_rows(&data, statement, Some(&scope))?,
                _ => Gives::Nothing,
            };
        }
        let nothing = function.returns.as_ref().is_none_or(|t| self.catalog.type_name(t) == "void");
        match last {
            _ if nothing || function.kind == FunctionKind::Procedure => Ok(()),
            Gives::Rows(columns) => self.check_result(function, &columns.unwrap_or_default()),
            Gives::Nothing => {
                let name = &function.name;
                let message = format!("the last statement of function `{name}` must give what the function returns");
                reject(state::INVALID_FUNCTION, message)
            }
        }
    }

    /// Refuses a body whose last query gives something else than the function returns.
    fn check_result(&self, function: &Function, columns: &[Type]) -> Result {
        let outs = |p: &&Parameter| !matches!(p.mode, ArgumentMode::In | ArgumentMode::Variadic);
        let outs: Vec<&TypeRef> = function.parameters.iter().filter(outs).map(|p| &p.data_type).collect();
        let wanted = match &function.returns {
            _ if !outs.is_empty() => outs,
            Some(one) if self.is_scalar(one) => vec![one],
            _ => return Ok(()),
        };
        // A row may come as one value.
        if columns.is_empty() || columns.len() == 1 && wanted.len() > 1 {
            return Ok(());
        }
        let fits = |(given, wanted): (&Type, &&TypeRef)| self.becomes(given, wanted);
        match columns.len() == wanted.len() && columns.iter().zip(&wanted).all(fits) {
            true => Ok(()),
            false => {
                let message = format!("function `{}` does not return what its last query gives", function.name);
                reject(state::INVALID_FUNCTION, message)
            }
        }
    }

    fn is_scalar(&self, data_type: &TypeRef) -> bool {
        let composite = |id| self.catalog.types.get(id).is_none_or(|t| matches!(t.kind, TypeKind::Composite(_)));
        match &data_type.base {
            _ if data_type.array => true,
            Base::Made(id) => !composite(*id),
            Base::BuiltIn(name) => !["record", "trigger", "event_trigger"].contains(&name.as_str()),
            _ => false,
        }
    }

    /// Whether an assignment makes the one of the other.
    fn becomes(&self, given: &Type, wanted: &TypeRef) -> bool {
        let Some(wanted) = self.catalog.sql_type(wanted) else { return true };
        let scope = Scope::default().parameter(None, given.clone());
        let bound = Binder::new(&self.catalog, &[]).expression("$1", &scope, Some(&wanted));
        !matches!(bound, Err(error) if error.kind == ErrorKind::Mismatch)
    }

    fn check_variables(&mut self, function: &Function) -> Result {
        self.check_declared(&variables::declared(&function.body.text))
    }

    /// Refuses variables whose type there is not.
    pub(super) fn check_declared(&mut self, declared: &[variables::Declared]) -> Result {
        for (_, written) in declared {
            let lower = written.to_ascii_lowercase();
            match lower.rsplit_once('%') {
                Some((_, "rowtype")) => self.check_row(written.get(..lower.len() - "%rowtype".len()))?,
                // `table.column%TYPE`; one word is another variable.
                Some(_) => {
                    self.check_row(written.rsplit_once('%').and_then(|(of, _)| of.rsplit_once('.')).map(|p| p.0))?
                }
                None => {
                    let path = self.path_names();
                    if let Err(error) = Binder::new(&self.catalog, &path).data_type(written) {
                        self.unbound(&error, written, None)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn check_row(&mut self, relation: Option<&str>) -> Result {
        match relation.and_then(super::guards::spelled) {
            Some(name) => self.relation(&name).map(drop),
            None => Ok(()),
        }
    }

    fn scope_of_body(&self, function: &Function) -> Scope {
        let mut scope = Scope::default().function(&function.name);
        let inputs = |p: &&Parameter| p.is_input() || p.mode == ArgumentMode::InOut;
        for parameter in function.parameters.iter().filter(inputs) {
            let data_type = self.catalog.sql_type(&parameter.data_type).unwrap_or_else(|| Type::named("unknown"));
            scope = scope.parameter(parameter.name.as_deref(), data_type);
        }
        scope
    }
}
