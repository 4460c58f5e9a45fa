//! Calls of the application's functions: as their bodies where those are understood, else as functions.

use std::collections::BTreeSet;

use super::query::Branch;
use super::{Obstacle, Outcome, Resolver, Rights, obstacle};
use crate::analyzer::decide::{Assumption, Caller};
use crate::analyzer::inline;
use crate::analyzer::term::{Access, CLAIMS, Function, Id, Pick, Row, Term, Type};
use crate::model::{self, ArgumentMode};
use crate::sql;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::Call;

/// How many terms the value of a body may be made of, those that stand several times counted as often.
const MOST_WRITTEN_OUT: u32 = 100_000;

impl Resolver<'_> {
    pub(super) fn user_call(&mut self, call: &Call, data_type: &sql::Type) -> Outcome<Id> {
        let function = call.routine.key.and_then(|key| self.catalog.function(key));
        let Some(function) = function else { return obstacle(call.routine.name.to_string()) };
        self.called = true;
        self.unsettled |= inline::sets_settings(&function.body);
        let args = self.arguments(call, function)?;
        if !self.may_call(function) {
            let returns = self.data_type(data_type);
            return Ok(self.terms.raise(returns));
        }
        if let Some(known) = self.of_storage(function, &args) {
            return Ok(known);
        }
        if function.language == "sql" && !function.strict && self.barred(function).is_some() {
            let returns = self.data_type(data_type);
            return Ok(self.terms.raise(returns));
        }
        let body = self.known_body(function, &args);
        let returns = self.data_type(data_type);
        match body {
            Ok(value) => {
                let value = self.platform(function, value);
                Ok(self.terms.cast(value, &returns))
            }
            Err(Obstacle(reason)) if !self.is_settled(function) => {
                obstacle(format!("{}(), for {reason}", function.id.qualified()))
            }
            Err(Obstacle(reason)) => {
                // Whose rights it has is a part of what it is; why it is not read follows from it.
                let (name, rights) = (function.id.qualified(), self.rights_of(function));
                let changed = if self.is_changed(function) { ", as it is now" } else { "" };
                let name = format!("{name}({}) {rights}{changed}", function.id.arguments);
                let known = Function::unread(&name, &reason, function.strict);
                Ok(self.terms.call(&known, &args, returns))
            }
        }
    }

    /// Whether who is asking may call it at all; the server raises otherwise.
    pub(super) fn may_call(&self, function: &model::Function) -> bool {
        match (&self.user, self.effective) {
            (Rights::Role(role), Some(effective)) => effective.may_execute(role, function).is_some(),
            _ => true,
        }
    }

    /// The functions by which a platform tells who is asking, where their bodies are what the platform's are: the claim,
    /// unless claims are set one by one as older stacks did. A function of that name that reads something else is read
    /// as it is written.
    fn platform(&mut self, function: &model::Function, body: Id) -> Id {
        if function.id.schema != "auth" || !function.id.arguments.is_empty() {
            return body;
        }
        let known = match function.id.name.as_str() {
            "uid" => {
                let sub = self.terms.claim(&["sub"], Access::Text);
                self.terms.cast(sub, &Type::Uuid)
            }
            "jwt" => self.terms.claim(&[], Access::Json),
            "role" => self.terms.claim(&["role"], Access::Text),
            "email" => self.terms.claim(&["email"], Access::Text),
            _ => return body,
        };
        let unset = |term: &Term| match term {
            Term::Setting(name) if name.starts_with("request.jwt.claim") && &**name != CLAIMS => Some(Term::Null),
            _ => None,
        };
        if self.terms.replace(body, &unset) != known {
            return body;
        }
        if body != known {
            self.assumed.insert(Assumption::KnownBody(function.id.clone()));
        }
        known
    }

    /// The platform's functions that take the path of a file apart, where their bodies are the platform's.
    fn of_storage(&mut self, function: &model::Function, args: &[Id]) -> Option<Id> {
        if function.id.schema != "storage" {
            return None;
        }
        let (returned, returns) = match function.id.name.as_str() {
            "foldername" => ("[1:array_length(parts,1)-1]", Type::Array(Type::Text.into())),
            "filename" => ("[array_length(parts,1)]", Type::Text),
            _ => return None,
        };
        let known =
            format!("declarepartstext[];beginselectstring_to_array(name,'/')intoparts;returnparts{returned};end");
        let lines = function.body.lines().map(|line| line.split("--").next().unwrap_or_default());
        let body: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        let body = body.to_ascii_lowercase().replace("_parts", "parts");
        if body.trim_end_matches(';') != known {
            return None;
        }
        let name = format!("storage.{}", function.id.name).into();
        Some(self.terms.call(&Function { name, strict: true, never_null: false }, args, returns))
    }

    /// Whether another model has the function otherwise; of one that both have alike the same is taken.
    fn is_changed(&mut self, function: &model::Function) -> bool {
        let Some(other) = self.also else { return false };
        let same = other.functions.iter().find(|f| f.id == function.id).is_some_and(|f| {
            let plain = |f: &model::Function| model::Function {
                origin: model::Origin::default(),
                acl: model::Acl::default(),
                ..f.clone()
            };
            plain(f) == plain(function)
        });
        if same {
            self.assumed.insert(Assumption::SameFunction(function.id.qualified()));
        }
        !same
    }

    /// One term for each parameter, defaults for those left out.
    pub(super) fn arguments(&mut self, call: &Call, function: &model::Function) -> Outcome<Vec<Id>> {
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

    pub(super) fn default(&mut self, text: &str, data_type: &str) -> Outcome<Id> {
        let path: [String; 0] = [];
        let wanted = sql::Type::parse(data_type);
        let bound = Binder::new(&self.catalog, &path).expression(text, &Scope::default(), Some(&wanted));
        let Ok(bound) = bound else { return obstacle("a default that cannot be read") };
        Ok(self.apart(Vec::new(), |this| this.expression(&bound.tree)))
    }

    /// As whom a function runs.
    pub(super) fn rights_of(&self, function: &model::Function) -> Rights {
        if function.security_definer { Rights::Role(function.owner.clone()) } else { self.user.clone() }
    }

    /// The value of a function's body; of the same call as the same user always the same term.
    fn known_body(&mut self, function: &model::Function, args: &[Id]) -> Outcome<Id> {
        let key = (function.id.clone(), args.to_vec(), self.rights.clone(), self.user.clone());
        if let Some(known) = self.bodies.get(&key) {
            return known.clone();
        }
        let varying = self.varying;
        let value = self.scalar_body(function, args);
        // What is not understood may have another value at each place, unless nothing in it is volatile.
        if value.is_err() || self.varying == varying {
            self.bodies.insert(key, value.clone());
        }
        value
    }

    /// The value of a function's body.
    fn scalar_body(&mut self, function: &model::Function, args: &[Id]) -> Outcome<Id> {
        if function.returns_set {
            return obstacle("its rows");
        }
        let value = self.in_body(function, args.to_vec(), |this, result| match result {
            inline::Outcome::Value(value) => Ok(this.expression(value)),
            inline::Outcome::Row(_) => obstacle("a row for its result"),
            inline::Outcome::Rows(query) => {
                let rows = this.query(query)?;
                let branches = rows.queries(&mut this.terms, Some(0))?;
                Ok(this.terms.scalar(&branches, Pick::Any))
            }
        })?;
        if self.terms.size(value) > MOST_WRITTEN_OUT { obstacle("its size") } else { Ok(value) }
    }

    /// The rows of a set-returning function.
    pub(super) fn set_function(&mut self, call: &Call) -> Outcome<Vec<Branch>> {
        let function = call.routine.key.and_then(|key| self.catalog.function(key));
        let Some(function) = function else { return obstacle(call.routine.name.to_string()) };
        let args = self.arguments(call, function)?;
        let returns = sql::Type::parse(&function.returns);
        let rows = self.in_body(function, args, |this, result| match result {
            inline::Outcome::Rows(query) => {
                let mut rows = this.all_rows(query)?;
                if this.is_checked(&returns) {
                    for column in rows.iter_mut().flat_map(|branch| &mut branch.columns) {
                        *column = this.checked(*column, *column, &returns);
                    }
                }
                Ok(rows)
            }
            inline::Outcome::Value(_) | inline::Outcome::Row(_) => obstacle("a single value"),
        });
        rows.map_err(|e| Obstacle(format!("the rows of {}, for {}", function.id.qualified(), e.0)))
    }

    /// Does something with the result of a body, as whom it runs as and with its steps worked out.
    pub(super) fn in_body<T>(
        &mut self,
        function: &model::Function,
        args: Vec<Id>,
        what: impl FnOnce(&mut Self, &inline::Outcome) -> Outcome<T>,
    ) -> Outcome<T> {
        if !function.settings.is_empty() {
            return obstacle("the settings it makes");
        }
        let body = self.bindings.body(function).map_err(|unread| Obstacle(unread.reason.clone()))?;
        if let Some(namespace) = self.barred(function) {
            return obstacle(format!("the schema {namespace}, which it may not use"));
        }
        self.takes_session_path(function)?;
        let rights = self.rights_of(function);
        // Of what is outside the body depends on its arguments alone, unless it is volatile.
        let rows = if self.is_settled(function) { self.rows_in(&args) } else { self.scope.clone() };
        let scope = std::mem::replace(&mut self.scope, rows);
        let result = self.within(function.id.to_string(), |this| {
            this.as_rights(rights, |this| {
                let outer = this.body.replace(body.clone());
                let result = this.apart(args, |this| {
                    this.measured(|this| {
                        for step in &body.steps {
                            let value = this.expression(step);
                            this.parameters.push(value);
                        }
                        what(this, &body.result)
                    })
                });
                this.body = outer;
                result
            })
        });
        self.scope = scope;
        result
    }

    /// The row variables that stand in terms.
    fn rows_in(&self, args: &[Id]) -> Vec<Row> {
        let rows: BTreeSet<Row> = args.iter().flat_map(|arg| self.terms.free_rows(*arg).to_vec()).collect();
        rows.into_iter().collect()
    }

    /// What a function without a `search_path` of its own names without a schema is the session's to choose: whoever
    /// may run any statement can put a temporary table in its place.
    fn takes_session_path(&mut self, function: &model::Function) -> Outcome<()> {
        if self.bindings.needs_no_path(function) {
            return Ok(());
        }
        if self.caller == Caller::Sql && self.asker.as_ref().is_some_and(|role| self.may_shadow(role)) {
            return obstacle("the search_path, which it leaves to a caller who can make temporary tables");
        }
        self.assumed.insert(Assumption::SearchPath(function.id.clone()));
        Ok(())
    }

    /// Whether sessions of the role run statements of their own and may make temporary tables.
    fn may_shadow(&self, role: &str) -> bool {
        let Some(effective) = self.effective else { return false };
        let by_api = effective.principals().iter().any(|p| p.role == role && p.is_api());
        let database = &self.schema.database;
        let temporary =
            effective.holding(role, &database.owner, &database.acl, model::Privilege::Temporary, &[]).is_some();
        !by_api && temporary
    }
}
