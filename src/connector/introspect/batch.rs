//! All rows of one snapshot, fetched in three round trips whatever the database holds.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join_all};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::context::Context;
use super::query::{Query, Server, catalogs};
use super::record::Record;
use super::{QUERIES, buckets, server};
use crate::connector::ConnectError;

const PRINTING: Query = Query::new("settings of the session", include_str!("printing.sql"));

/// The answers to every query, before anything is made of them.
pub(super) struct Batch {
    /// The answer to [`server::QUERY`].
    pub(super) facts: Row,
    rows: HashMap<&'static str, Vec<Row>>,
    /// What was not asked because a catalog may not be read, with the names of those catalogs.
    pub(super) refused: Vec<(&'static str, Vec<String>)>,
}

impl Batch {
    /// Asks everything. The queries of a step are sent at once, so a step costs one round trip.
    pub(super) async fn fetch(client: &Client) -> Result<Self, ConnectError> {
        let facts = fetch_facts(client).await?;
        let major = server::supported_major(&facts)?;
        let unreadable = server::unreadable(&facts)?;
        let mut batch = Self { facts, rows: HashMap::new(), refused: Vec::new() };

        let mut asked = Vec::with_capacity(QUERIES.len());
        for query in QUERIES {
            let sql = query.sql_for(Server { major, features: &[] });
            let refused: Vec<String> =
                catalogs(&sql).into_iter().filter(|c| unreadable.contains(*c)).map(str::to_owned).collect();
            if refused.is_empty() {
                asked.push((query, sql));
            } else {
                batch.refused.push((query.what, refused));
            }
        }
        let answers = try_join_all(asked.iter().map(|(query, sql)| run(client, query, sql))).await?;
        batch.rows.extend(asked.iter().zip(answers).map(|((query, _), rows)| (query.what, rows)));
        batch.fetch_buckets(client, major).await?;
        Ok(batch)
    }

    /// Storage buckets are rows of the application: whether we can read them is known only now.
    async fn fetch_buckets(&mut self, client: &Client, major: u32) -> Result<(), ConnectError> {
        let access = self.rows.get(buckets::ACCESS.what).and_then(|rows| rows.first());
        if let Some(features) = access.and_then(buckets::readable_columns) {
            let sql = buckets::QUERY.sql_for(Server { major, features: &features });
            self.rows.insert(buckets::QUERY.what, run(client, &buckets::QUERY, &sql).await?);
        }
        Ok(())
    }

    /// Whether `query` was asked.
    pub(super) fn has(&self, query: &Query) -> bool {
        self.rows.contains_key(query.what)
    }

    /// What `read` makes of each row of `query`.
    pub(super) fn read<T>(
        &self,
        query: &Query,
        context: &Context,
        read: impl Fn(&Record<'_>) -> Result<T, ConnectError>,
    ) -> Result<Vec<T>, ConnectError> {
        let rows = self.rows.get(query.what).map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| read(&Record::new(row, query.what, context))).collect()
    }
}

/// What the other queries depend on, and the settings that they run under.
async fn fetch_facts(client: &Client) -> Result<Row, ConnectError> {
    let newest = Server { major: u32::MAX, features: &[] };
    let texts: Vec<String> = QUERIES.iter().map(|q| q.sql_for(newest)).collect();
    let names: Vec<&str> = texts.iter().flat_map(|sql| catalogs(sql)).collect::<BTreeSet<_>>().into_iter().collect();
    let printing = PRINTING.sql_for(newest);
    let sql = server::QUERY.sql_for(newest);
    let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&names, Type::TEXT_ARRAY)];
    let facts = async {
        client
            .query_typed_one(&sql, &parameters)
            .await
            .map_err(|e| ConnectError::query(format!("reading the {}", server::QUERY.what), e))
    };
    let (_, facts) = try_join(run(client, &PRINTING, &printing), facts).await?;
    Ok(facts)
}

/// An unnamed statement, which transaction-mode poolers pass through; result types are built in, so none is looked up.
async fn run(client: &Client, query: &Query, sql: &str) -> Result<Vec<Row>, ConnectError> {
    client.query_typed(sql, &[]).await.map_err(|e| ConnectError::query(format!("reading the {}", query.what), e))
}
