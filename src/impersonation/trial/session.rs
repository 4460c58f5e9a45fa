//! One session of trials: a transaction that is rolled back in the end, and a savepoint that each trial goes back to.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tokio_postgres::error::DbError;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Bounds, Setting};
use crate::connector::ConnectError;
use crate::impersonation::guest::Guest;
use crate::impersonation::unanswered::{Patience, bounded, is_no_answer};
use crate::model::{Command, Relation, Schema, quote_ident, quote_literal};

/// The login role of PostgREST.
const AUTHENTICATOR: &str = "authenticator";

/// What the server said.
pub(in crate::impersonation) type Answer = Result<Vec<SimpleQueryMessage>, DbError>;

/// A session in a transaction of trials.
pub(in crate::impersonation) struct Session<'s> {
    client: &'s Client,
    statement: Duration,
    lock: Duration,
    patience: Patience,
}

/// What comes of a statement of a guest's, as a request makes it.
pub(in crate::impersonation) async fn answer_of(
    session: &Session<'_>,
    setting: &Setting<'_, '_>,
    guest: &Guest,
    statement: &str,
) -> Result<Answer, ConnectError> {
    let names = super::run::setting_names(setting.guests);
    let path = if guest.persona.is_api {
        "set local search_path = public, extensions; "
    } else {
        "set local search_path = public; "
    };
    let role = quote_ident(&guest.persona.role);
    session.send(&format!("{}{path}set local role {role}; {statement}", claims(guest, &names))).await
}

impl<'s> Session<'s> {
    /// Opens the transaction.
    pub(in crate::impersonation) async fn open(client: &'s Client, bounds: &Bounds) -> Result<Self, ConnectError> {
        let (statement, lock) = (bounds.statement_timeout, bounds.lock_timeout);
        let session = Self { client, statement, lock, patience: Patience::default() };
        let begin = format!("begin; {}set local search_path = ''; savepoint trial", bounded(statement, lock, 1));
        session.batch(&begin).await?;
        Ok(session)
    }

    /// Rolls everything back.
    pub(in crate::impersonation) async fn close(self) -> Result<(), ConnectError> {
        self.batch("rollback").await
    }

    async fn batch(&self, sql: &str) -> Result<(), ConnectError> {
        self.client.batch_execute(sql).await.map_err(|e| ConnectError::query("trying what roles can do", e))
    }

    pub(super) fn client(&self) -> &Client {
        self.client
    }

    /// Runs statements after those that were run last, without going back.
    pub(super) async fn then(&self, sql: &str) -> Result<Answer, ConnectError> {
        match self.client.simple_query(sql).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(error) => match error.as_db_error() {
                Some(db) if !self.client.is_closed() => Ok(Err(db.clone())),
                _ => Err(ConnectError::query("trying what roles can do", error)),
            },
        }
    }

    /// Waits for nothing for long: there is a second time.
    pub(super) fn be_hasty(&self) {
        self.patience.be_hasty();
    }

    /// Something else is to be tried: what was slow before says nothing of it.
    pub(in crate::impersonation) fn renew(&self) {
        self.patience.renew();
    }

    /// Runs statements from the savepoint on; what they did stays until the next. Where that gives no answer, once more with
    /// more time.
    pub(in crate::impersonation) async fn send(&self, sql: &str) -> Result<Answer, ConnectError> {
        loop {
            let times = self.patience.times();
            let slower = if times > 1 { bounded(self.statement, self.lock, times) } else { String::new() };
            let answer = self.then(&format!("rollback to savepoint trial; {slower}{sql}")).await?;
            match &answer {
                Err(error) if is_no_answer(error.code().code()) && self.patience.goes_on() => {}
                _ => return Ok(answer),
            }
        }
    }
}

/// The statements that make a session a guest's request, without its role.
pub(in crate::impersonation) fn claims(guest: &Guest, names: &[String]) -> String {
    let mut settings: BTreeMap<String, String> = names.iter().map(|name| (name.clone(), String::new())).collect();
    settings.extend(guest.persona.settings());
    settings.extend(guest.settings.clone());
    set(&settings)
}

/// What a request asks the Data API for.
#[derive(Debug, Clone, Copy)]
pub(in crate::impersonation) struct Target<'t> {
    /// The schema that it names.
    pub(in crate::impersonation) namespace: &'t str,
    /// The path below it.
    pub(in crate::impersonation) path: &'t str,
    /// The method.
    pub(in crate::impersonation) method: &'t str,
}

/// What a request for a relation sets beside the claims, and the role.
pub(super) fn request(schema: &Schema, guest: &Guest, relation: &Relation, command: Command) -> String {
    let method = match command {
        Command::Select => "GET",
        Command::Insert => "POST",
        Command::Update => "PATCH",
        Command::Delete => "DELETE",
    };
    let path = format!("/{}", relation.name.name);
    request_for(schema, guest, Target { namespace: &relation.name.schema, path: &path, method })
}

/// The same for any target; `pgrst.db_pre_request` runs as the role.
pub(in crate::impersonation) fn request_for(schema: &Schema, guest: &Guest, target: Target<'_>) -> String {
    let mut out = String::new();
    if guest.persona.is_api {
        let request = [
            ("request.method".to_owned(), target.method.to_owned()),
            ("request.path".to_owned(), target.path.to_owned()),
            ("search_path".to_owned(), path(schema, target.namespace)),
        ];
        out.push_str(&set(&BTreeMap::from(request)));
    }
    let _ = write!(out, "set local role {}; ", quote_ident(&guest.persona.role));
    if let Some(function) = schema.setting_of(AUTHENTICATOR, "pgrst.db_pre_request").filter(|_| guest.persona.is_api) {
        let name: Vec<_> = function.trim_end_matches("()").split('.').map(quote_ident).collect();
        let _ = write!(out, "select {}(); ", name.join("."));
    }
    if ["GET", "HEAD"].contains(&target.method) && guest.persona.is_api {
        out.push_str("set local transaction_read_only = on; ");
    }
    out
}

/// PostgREST's search path: the schema of the request, then `public` and what else is configured.
fn path(schema: &Schema, namespace: &str) -> String {
    let extra = schema.setting_of(AUTHENTICATOR, "pgrst.db_extra_search_path").unwrap_or("public, extensions");
    let mut all = vec![namespace];
    all.extend(extra.split(',').map(str::trim).filter(|s| !s.is_empty() && *s != namespace));
    all.into_iter().map(quote_ident).collect::<Vec<_>>().join(", ")
}

/// The statement that makes settings for the rest of a transaction.
pub(in crate::impersonation) fn set(settings: &BTreeMap<String, String>) -> String {
    let each: Vec<_> = settings
        .iter()
        .map(|(n, v)| format!("pg_catalog.set_config({}, {}, true)", quote_literal(n), quote_literal(v)))
        .collect();
    if each.is_empty() { String::new() } else { format!("select {}; ", each.join(", ")) }
}
