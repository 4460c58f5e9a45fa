//! One row: built, sent, mended until the server takes it or nothing more comes to mind.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::DbError;

use super::mend::{Mender, Next};
use super::{Cells, LOCK, STATEMENT, SeededRow, Seeder, key};
use crate::impersonation::cast::email;
use crate::impersonation::guest::user_key;
use crate::impersonation::unanswered::{bounded, is_no_answer};
use crate::model::{Identity, Platform, Relation, quote_ident, quote_literal};
use std::collections::BTreeMap;

/// How much longer a statement may take that gave no answer at first.
const MORE_TIME: u32 = 4;

/// How often a row is mended.
const ATTEMPTS: usize = 150;

/// The rows that a statement gave back, or why the server would not.
pub(super) type Answer = Result<Vec<Cells>, DbError>;

impl<'a> Seeder<'_, 'a> {
    /// Makes the row of a slot; in words why not.
    pub(super) async fn row(
        &mut self,
        table: &'a Relation,
        slot: usize,
        bound: &BTreeMap<String, String>,
    ) -> Result<Result<SeededRow, String>, tokio_postgres::Error> {
        let mut cells = self.cells(table, slot);
        cells.extend(bound.iter().map(|(c, v)| (c.clone(), Some(v.clone()))));
        let mut mender = Mender::new(table, self.effective.schema(), cells);
        let mut first = None;
        // As a request of the row's owner first: defaults and triggers may ask for whom the row is made.
        let mut claims = self.claims(slot);
        for _ in 0..ATTEMPTS {
            let error = match self.insert(table, &mender, claims.as_deref()).await? {
                Ok(mut rows) if !rows.is_empty() => {
                    if let Some(why) = mender.forced() {
                        self.seeded.forced.entry(table.name.clone()).or_insert_with(|| why.to_owned());
                    }
                    return Ok(Ok(SeededRow { slot, cells: rows.remove(0) }));
                }
                Ok(_) => {
                    if !mender.force("a trigger took the row away") {
                        return Ok(Err("a trigger or rule takes every row away".to_owned()));
                    }
                    continue;
                }
                Err(error) => error,
            };
            first.get_or_insert_with(|| said(&error));
            let was_forced = mender.forced().is_some();
            let mut next = mender.mend(&error, &mut self.next);
            let gives_in = !was_forced && mender.forced().is_some() || matches!(next, Next::GiveUp);
            if gives_in && claims.take().is_some() {
                mender.unforce(was_forced);
                next = Next::Again;
            }
            match next {
                Next::Again => {}
                Next::Adopt(columns) => {
                    if let Some(cells) = self.same(table, mender.cells(), &columns).await? {
                        return Ok(Ok(SeededRow { slot, cells }));
                    }
                    break;
                }
                Next::GiveUp => break,
            }
        }
        Ok(Err(first.unwrap_or_else(|| "too many attempts".to_owned())))
    }

    /// The setting by which a request says that the owner of a slot asks; `None` where there are no such requests.
    fn claims(&self, slot: usize) -> Option<String> {
        if !is_asked(self.effective.schema().server.platform) {
            return None;
        }
        let claims = match super::SLOTS.get(slot).and_then(|slot| slot.user) {
            Some(user) => serde_json::json!({
                "aal": "aal1",
                "aud": "authenticated",
                "email": email(user),
                "role": "authenticated",
                "sub": user_key(&self.seeded, user),
            })
            .to_string(),
            None => "{}".to_owned(),
        };
        Some(claims)
    }

    async fn insert(
        &self,
        table: &Relation,
        mender: &Mender<'_>,
        claims: Option<&str>,
    ) -> Result<Answer, tokio_postgres::Error> {
        let asks = match is_asked(self.effective.schema().server.platform) {
            true => format!(
                "set local request.jwt.claims = {}; set local request.headers = '{{}}'; set local request.cookies = '{{}}'; ",
                quote_literal(claims.unwrap_or("{}"))
            ),
            false => String::new(),
        };
        let insert = format!("{asks}set constraints all deferred; {} returning *", statement(table, mender.cells()));
        match mender.forced() {
            None => self.ask(&insert).await,
            // Which only a superuser may.
            Some(_) => {
                let role = "set local session_replication_role";
                self.ask(&format!("{role} = replica; {insert}; {role} = origin")).await
            }
        }
    }

    /// Runs a statement under a savepoint of its own; once more, with more time, where that gives no answer.
    pub(super) async fn ask(&self, sql: &str) -> Result<Answer, tokio_postgres::Error> {
        let answer = self.ask_once(sql).await?;
        if !matches!(&answer, Err(error) if is_no_answer(error.code().code())) {
            return Ok(answer);
        }
        let (slower, usual) = (bounded(STATEMENT, LOCK, MORE_TIME), bounded(STATEMENT, LOCK, 1));
        self.ask_once(&format!("{slower}{sql}; {}", usual.trim_end_matches("; "))).await
    }

    async fn ask_once(&self, sql: &str) -> Result<Answer, tokio_postgres::Error> {
        let sql = format!("savepoint seeding; {sql}; release savepoint seeding");
        match self.client.simple_query(&sql).await {
            Ok(answer) => Ok(Ok(rows(&answer))),
            Err(error) => match error.as_db_error() {
                Some(db) if !self.client.is_closed() => {
                    let db = db.clone();
                    self.client.batch_execute("rollback to savepoint seeding; release savepoint seeding").await?;
                    Ok(Err(db))
                }
                _ => Err(error),
            },
        }
    }

    /// The row that is there already with the same values in some columns.
    async fn same(
        &self,
        table: &Relation,
        cells: &Cells,
        columns: &[String],
    ) -> Result<Option<Cells>, tokio_postgres::Error> {
        let each: Vec<_> = columns
            .iter()
            .filter_map(|c| Some(format!("{} = {}", quote_ident(c), quote_literal(cells.get(c)?.as_deref()?))))
            .collect();
        if each.len() != columns.len() {
            return Ok(None);
        }
        let sql = format!("select * from {} where {} limit 1", table.name, each.join(" and "));
        Ok(self.ask(&sql).await?.ok().and_then(|mut rows| rows.pop()))
    }

    /// Rows that were there before, one for each slot as far as they go.
    pub(super) async fn existing(&self, table: &Relation) -> Result<Vec<SeededRow>, tokio_postgres::Error> {
        let rows = self.ask(&format!("select * from {} limit {}", table.name, super::SLOTS.len() - 1)).await?;
        Ok(rows.unwrap_or_default().into_iter().enumerate().map(|(slot, cells)| SeededRow { slot, cells }).collect())
    }

    /// Sets the references that had to wait for their row.
    pub(super) async fn close_circles(&mut self, table: &Relation) -> Result<(), tokio_postgres::Error> {
        let mine: Vec<_> = self.open.iter().filter(|(name, ..)| *name == table.name).cloned().collect();
        for (name, slot, column) in mine {
            let id = key::primary(table);
            let Some(row) = self.seeded.rows.get(&name).and_then(|all| all.iter().find(|r| r.slot == slot)) else {
                continue;
            };
            let found: Option<Vec<_>> = id
                .iter()
                .map(|c| Some(format!("{} = {}", quote_ident(c), quote_literal(row.cells.get(c)?.as_deref()?))))
                .collect();
            let Some(found) = found.filter(|f| !f.is_empty()) else { continue };
            let Some(value) = self.reference(table, &column, slot) else { continue };
            let set = format!("{} = {}", quote_ident(&column), quote_literal(&value));
            let sql = format!("update {name} set {set} where {} returning *", found.join(" and "));
            // What a trigger or a check refuses stays open: the row is there all the same.
            if let Some(cells) = self.ask(&sql).await?.ok().and_then(|mut rows| rows.pop())
                && let Some(row) =
                    self.seeded.rows.get_mut(&name).and_then(|all| all.iter_mut().find(|r| r.slot == slot))
            {
                row.cells = cells;
            }
        }
        Ok(())
    }
}

/// Whether requests say who asks.
fn is_asked(platform: Platform) -> bool {
    platform == Platform::Supabase
}

/// The INSERT of a row, without a semicolon.
pub(in crate::impersonation) fn statement(table: &Relation, cells: &Cells) -> String {
    if cells.is_empty() {
        return format!("insert into {} default values", table.name);
    }
    let always = |c: &crate::model::Column| c.identity == Some(Identity::Always) && cells.contains_key(&c.name);
    let overriding = if table.columns.iter().any(always) { " overriding system value" } else { "" };
    let columns: Vec<_> = cells.keys().map(|c| quote_ident(c)).collect();
    let values: Vec<_> =
        cells.values().map(|v| v.as_deref().map_or_else(|| "null".to_owned(), quote_literal)).collect();
    format!("insert into {} ({}){overriding} values ({})", table.name, columns.join(", "), values.join(", "))
}

fn rows(answer: &[SimpleQueryMessage]) -> Vec<Cells> {
    let cells = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let value =
                |(at, c): (usize, &tokio_postgres::SimpleColumn)| (c.name().to_owned(), row.get(at).map(str::to_owned));
            Some(row.columns().iter().enumerate().map(value).collect())
        }
        _ => None,
    };
    answer.iter().filter_map(cells).collect()
}

/// The server's words.
fn said(error: &DbError) -> String {
    format!("{} (SQLSTATE {})", error.message(), error.code().code())
}
