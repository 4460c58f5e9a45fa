//! How a reader can see a finding with their own eyes: psql, curl and supabase-js.
//!
//! The psql scripts roll back. Requests to the Data API cannot, so those that write ask for a row of the reader's own.

use super::Context;
use crate::analyzer::effective::{Effective, Principal, Who};
use crate::finding::Reproduce;
use crate::impersonation::{NOBODY, Persona};
use crate::model::{
    Argument, ArgumentMode, Column, Command, ConstraintKind, Function, FunctionKind, Platform, QualifiedName, Relation,
    quote_ident, quote_literal,
};

impl Context<'_> {
    /// How to see that `principal` can read rows of `relation`.
    #[must_use]
    pub fn reproduce_read(&self, principal: &Principal, relation: &Relation) -> Reproduce {
        let select = format!("select * from {} limit 5;", relation.name);
        let sql = Some(as_principal(principal, &select));
        let Some(api) = self.api(principal, &relation.name) else { return Reproduce { sql, ..Reproduce::default() } };
        let path = percent_encoded(&relation.name.name);
        let curl = api.curl("GET", &format!("{path}?select=*&limit=5"), None);
        let js = format!("await {}.from({}).select('*').limit(5)", api.client, json(&relation.name.name));
        Reproduce { sql, curl: Some(curl), supabase_js: Some(js) }
    }

    /// How to see that `principal` can do `command` to rows of `relation`.
    #[must_use]
    pub fn reproduce(&self, principal: &Principal, relation: &Relation, command: Command) -> Reproduce {
        if command == Command::Select {
            return self.reproduce_read(principal, relation);
        }
        let reads = self.effective.access(&principal.role, relation, Command::Select).is_some();
        let sql = Some(as_principal(principal, &write(relation, command, reads)));
        let Some(api) = self.api(principal, &relation.name) else { return Reproduce { sql, ..Reproduce::default() } };
        let (path, from) = (percent_encoded(&relation.name.name), json(&relation.name.name));
        let client = &api.client;
        let key = key(relation).map_or("id", |c| &c.name);
        let filter = format!("{path}?{}=eq.$A_TEST_ROW", percent_encoded(key));
        let (curl, js) = match command {
            Command::Delete => (
                api.curl("DELETE", &filter, None),
                format!("await {client}.from({from}).delete({{ count: 'exact' }}).eq({}, aTestRow)", json(key)),
            ),
            Command::Update => (
                api.curl("PATCH", &filter, Some("$CHANGES")),
                format!(
                    "await {client}.from({from}).update(changes, {{ count: 'exact' }}).eq({}, aTestRow)",
                    json(key)
                ),
            ),
            _ => {
                (api.curl("POST", &path, Some("$A_TEST_ROW")), format!("await {client}.from({from}).insert(aTestRow)"))
            }
        };
        Reproduce { sql, curl: Some(curl), supabase_js: Some(js) }
    }

    /// How to see that a row can be added to `base` through a view.
    pub(super) fn reproduce_through(&self, principal: &Principal, view: &Relation, base: &Relation) -> String {
        let insert = insert(base).replacen(&base.name.to_string(), &view.name.to_string(), 1);
        as_principal(principal, &insert)
    }

    /// A statement that does `command` to a few rows and changes as little as it can.
    pub(super) fn statement(&self, principal: &Principal, relation: &Relation, command: Command) -> String {
        if command == Command::Select {
            return format!("select * from {} limit 5;", relation.name);
        }
        let reads = self.effective.access(&principal.role, relation, Command::Select).is_some();
        write(relation, command, reads)
    }

    /// How to see what a statement that reads no column reaches.
    pub(super) fn reproduce_blind(&self, principal: &Principal, relation: &Relation, command: Command) -> String {
        as_principal(principal, &write(relation, command, false))
    }

    /// How to see that `principal` can give a row another value in `column`.
    pub(super) fn reproduce_set(&self, principal: &Principal, table: &Relation, column: &str, reads: bool) -> String {
        let value = table.column(column).map_or_else(|| "default".to_owned(), |c| sample(&c.data_type));
        let few =
            if reads { format!(" where ctid in (select ctid from {} limit 1)", table.name) } else { String::new() };
        as_principal(principal, &format!("update {} set {} = {value}{few};", table.name, quote_ident(column)))
    }

    /// How to see that `principal` can call `function`; a request only if the call changes nothing.
    #[must_use]
    pub fn reproduce_call(&self, principal: &Principal, function: &Function, writes: bool) -> Reproduce {
        let inputs: Vec<_> = function.parameters.iter().filter(|a| is_input(a)).collect();
        let nulls: Vec<_> = inputs.iter().map(|a| format!("null::{}", a.data_type)).collect();
        let name = function.id.qualified();
        let call = match function.kind {
            FunctionKind::Procedure => format!("call {name}({});", nulls.join(", ")),
            _ => format!("select * from {name}({});", nulls.join(", ")),
        };
        let sql = Some(as_principal(principal, &call));
        if writes {
            return Reproduce { sql, ..Reproduce::default() };
        }
        let arguments: serde_json::Map<_, _> =
            inputs.iter().filter_map(|a| Some((a.name.clone()?, serde_json::Value::Null))).collect();
        let arguments = serde_json::Value::from(arguments).to_string();
        let (curl, supabase_js) = rpc(&self.effective, principal, &name, &arguments).unzip();
        Reproduce { sql, curl, supabase_js }
    }

    /// How the Data API is asked for `name` as `principal`; `None` where it does not serve it.
    fn api(&self, principal: &Principal, name: &QualifiedName) -> Option<Api> {
        Api::of(&self.effective, principal, name)
    }
}

/// How a function is called with `arguments`, a JSON object, through the Data API as `principal`: by curl and supabase-js.
#[must_use]
pub(crate) fn rpc(
    effective: &Effective<'_>,
    principal: &Principal,
    name: &QualifiedName,
    arguments: &str,
) -> Option<(String, String)> {
    let api = Api::of(effective, principal, name)?;
    let curl = api.curl("POST", &format!("rpc/{}", percent_encoded(&name.name)), Some(&shell_quoted(arguments)));
    Some((curl, format!("await {}.rpc({}, {arguments})", api.client, json(&name.name))))
}

/// The Data API of a project.
struct Api {
    /// The supabase-js client, on the right schema.
    client: String,
    /// The variable that holds the caller's token.
    token: &'static str,
    /// The schema, when it must be named.
    schema: Option<String>,
}

impl Api {
    fn of(effective: &Effective<'_>, principal: &Principal, name: &QualifiedName) -> Option<Self> {
        let served = principal.is_api() && effective.exposure().includes(&name.schema);
        if !served || effective.schema().server.platform != Platform::Supabase {
            return None;
        }
        let schema = Some(name.schema.clone()).filter(|s| s != "public");
        let client = match &schema {
            None => "supabase".to_owned(),
            Some(other) => format!("supabase.schema({})", json(other)),
        };
        let token = if principal.who == Who::Anyone { "$SUPABASE_ANON_KEY" } else { "$USER_JWT" };
        Some(Self { client, token, schema })
    }

    /// A request; `body` stands inside single quotes unless it is a variable.
    fn curl(&self, method: &str, path: &str, body: Option<&str>) -> String {
        let verb = if method == "GET" { String::new() } else { format!(" -X {method}") };
        let header = if method == "GET" { "Accept-Profile" } else { "Content-Profile" };
        let profile = self.schema.as_ref().map(|s| format!(" -H '{header}: {}'", shell_quoted(s))).unwrap_or_default();
        let body = body.map(|b| {
            let quoted = if b.starts_with('$') { format!("\"{b}\"") } else { format!("'{b}'") };
            format!(" -H 'Content-Type: application/json' -d {quoted}")
        });
        format!(
            "curl{verb} \"$SUPABASE_URL/rest/v1/{path}\" -H \"apikey: $SUPABASE_ANON_KEY\" -H \"Authorization: Bearer {}\"{profile}{}",
            self.token,
            body.unwrap_or_default()
        )
    }
}

/// A psql script that runs `statement` as the principal and changes nothing.
#[must_use]
pub(super) fn as_principal(principal: &Principal, statement: &str) -> String {
    let role = quote_ident(&principal.role);
    let persona = Persona::of(principal).into_iter().next();
    let claims = persona.and_then(|p| p.claims).map(|claims| {
        let literal = quote_literal(&claims.to_string());
        format!("select set_config('request.jwt.claims', {literal}, true);\n")
    });
    let claims = claims.unwrap_or_default();
    format!("begin;\nset local role {role};\n{claims}{statement}\nrollback;")
}

/// A statement that writes a few rows and changes as little as it can.
fn write(relation: &Relation, command: Command, reads: bool) -> String {
    let name = &relation.name;
    let few = if reads { format!(" where ctid in (select ctid from {name} limit 5)") } else { String::new() };
    match command {
        Command::Delete => format!("delete from {name}{few};"),
        Command::Update => {
            let plain = relation.columns.iter().find(|c| c.generated.is_none() && c.identity.is_none());
            let column = plain.map_or("ctid".into(), |c| quote_ident(&c.name));
            let value = if reads { column.as_ref() } else { "default" };
            format!("update {name} set {column} = {value}{few};")
        }
        _ => insert(relation),
    }
}

fn insert(relation: &Relation) -> String {
    let needed = |c: &&Column| !c.nullable && c.default.is_none() && c.generated.is_none() && c.identity.is_none();
    let columns: Vec<_> = relation.columns.iter().filter(needed).collect();
    if columns.is_empty() {
        return format!("insert into {} default values;", relation.name);
    }
    let names: Vec<_> = columns.iter().map(|c| quote_ident(&c.name)).collect();
    let values: Vec<_> = columns.iter().map(|c| sample(&c.data_type)).collect();
    format!("insert into {} ({}) values ({});", relation.name, names.join(", "), values.join(", "))
}

/// A value of a type, as SQL.
fn sample(data_type: &str) -> String {
    match data_type {
        "uuid" => quote_literal(NOBODY),
        "boolean" => "false".to_owned(),
        "json" | "jsonb" => "'{}'".to_owned(),
        "date" | "timestamp with time zone" | "timestamp without time zone" => "now()".to_owned(),
        "smallint" | "integer" | "bigint" | "real" | "double precision" => "1".to_owned(),
        t if t.starts_with("numeric") => "1".to_owned(),
        t if t.ends_with("[]") => "'{}'".to_owned(),
        _ => "'x'".to_owned(),
    }
}

fn key(relation: &Relation) -> Option<&Column> {
    let primary = relation.constraints.iter().find(|c| c.kind == ConstraintKind::PrimaryKey);
    primary.and_then(|k| relation.column(k.columns.first()?)).or(relation.columns.first())
}

/// Whether a call has to give the argument.
fn is_input(argument: &Argument) -> bool {
    matches!(argument.mode, ArgumentMode::In | ArgumentMode::InOut) && argument.default.is_none()
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn shell_quoted(text: &str) -> String {
    text.replace('\'', r"'\''")
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
