//! Personas and tests that a project declares: who asks, what is done, and what is to come of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::intent::Place;

/// `[[persona]]`: a session that tests run as.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table [[persona]]")]
pub(super) struct PersonaTable {
    /// What tests call it by `as`.
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    /// The role that it acts as.
    #[schemars(with = "String")]
    pub(super) role: Spanned<String>,
    /// Which of the users that rows are made for it is, from 1 to 4: 1 and 2 share a tenant, 3 is in another, 4 in both.
    /// `$user`, `$other` and `$tenant` are seen from it; the first by default.
    #[serde(default)]
    #[schemars(with = "Option<u8>")]
    pub(super) user: Option<Spanned<u8>>,
    /// The claims of its token, as they come: `$user`, `$other` and `$tenant` in texts stand for ids of rows. Without them
    /// it has those that the platform gives such a user.
    #[serde(default)]
    pub(super) claims: Option<Map<String, Value>>,
    /// Settings of its session, such as `app.tenant_id` or `request.headers`; texts as in `claims`.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
}

/// `[[test]]`: one statement of a persona, and what must come of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table [[test]]")]
pub(super) struct TestTable {
    /// What it shows, for whoever reads the result.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// The persona: one that is declared, or a standing one such as `anon` or `user 1`.
    #[serde(rename = "as")]
    #[schemars(with = "String")]
    pub(super) who: Spanned<String>,
    /// The statement; `$user`, `$other` and `$tenant` stand for ids of rows, as texts.
    #[serde(rename = "do")]
    #[schemars(with = "String")]
    pub(super) statement: Spanned<String>,
    /// The method of the request that it is part of: what policies and functions read as `request.method`. GET and HEAD
    /// may change nothing, as with PostgREST. Only for personas of the Data API.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) method: Option<Spanned<String>>,
    /// The path of the request, such as `/notes` or `/rpc/archive`.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// Headers of the request; texts as in claims of personas.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Cookies of the request, likewise.
    #[serde(default)]
    pub(super) cookies: BTreeMap<String, String>,
    /// How many rows come back or are changed.
    #[serde(default)]
    pub(super) rows: Option<u64>,
    /// The first value of the first row, as a number: of `select count(*)`.
    #[serde(default)]
    pub(super) count: Option<i64>,
    /// The SQLSTATE of the error that it ends in, or part of its message.
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// A session that a project declares.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredPersona {
    /// Its name.
    pub name: String,
    /// The role that it acts as.
    pub role: String,
    /// Which of the users that rows are made for it is, from 0.
    pub user: usize,
    /// The claims of its token, if they are not the platform's.
    pub claims: Option<Map<String, Value>>,
    /// Settings of its session.
    pub settings: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// A statement that a project expects something of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredTest {
    /// What it shows.
    pub name: Option<String>,
    /// The name of the persona.
    pub who: String,
    /// The statement.
    pub statement: String,
    /// The request that it is part of, if it says anything of one.
    pub request: Option<DeclaredRequest>,
    /// What must come of it.
    pub expects: Expects,
    /// Where it stands.
    pub place: Place,
}

/// A request to the Data API that a statement is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredRequest {
    /// The method, in capitals.
    pub method: String,
    /// The path.
    pub path: String,
    /// Headers by their names in small letters, as PostgREST has them.
    pub headers: BTreeMap<String, String>,
    /// Cookies.
    pub cookies: BTreeMap<String, String>,
}

/// What must come of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expects {
    /// So many rows come back or are changed.
    Rows(u64),
    /// The first value is this number.
    Count(i64),
    /// It ends in this error: a SQLSTATE, or part of a message.
    Error(String),
}

/// In words.
impl std::fmt::Display for Expects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(1) => f.write_str("1 row"),
            Self::Rows(rows) => write!(f, "{rows} rows"),
            Self::Count(count) => write!(f, "a count of {count}"),
            Self::Error(error) => write!(f, "the error `{error}`"),
        }
    }
}

/// The methods that PostgREST answers.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];

impl TestTable {
    /// The request that it says something of. Without a method it is that of the statement's command.
    pub(super) fn request(&self) -> Option<DeclaredRequest> {
        let says = self.method.is_some() || self.path.is_some();
        if !says && self.headers.is_empty() && self.cookies.is_empty() {
            return None;
        }
        let word = self.statement.get_ref().split_whitespace().next().unwrap_or_default().to_lowercase();
        let of_command = match word.as_str() {
            "select" => "GET",
            "update" => "PATCH",
            "delete" => "DELETE",
            _ => "POST",
        };
        let method = self.method.as_ref().map_or(of_command, |method| method.get_ref().as_str());
        let small = |(name, value): (&String, &String)| (name.to_lowercase(), value.clone());
        Some(DeclaredRequest {
            method: method.to_uppercase(),
            path: self.path.clone().unwrap_or_else(|| "/".to_owned()),
            headers: self.headers.iter().map(small).collect(),
            cookies: self.cookies.clone(),
        })
    }

    /// What it expects, if that is one thing.
    pub(super) fn expects(&self) -> Option<Expects> {
        let all =
            [self.rows.map(Expects::Rows), self.count.map(Expects::Count), self.error.clone().map(Expects::Error)];
        let mut given = all.into_iter().flatten();
        given.next().filter(|_| given.next().is_none())
    }
}
