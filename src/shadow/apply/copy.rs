//! `COPY ... FROM stdin` with the rows that follow it in a dump.

use futures_util::SinkExt;
use std::io::Cursor;
use std::pin::pin;
use tokio_postgres::Client;

/// Sends the statement and its rows; the line `\.` that ends them belongs to the file, not to the rows.
pub(super) async fn run(client: &Client, sql: &str, rows: &str) -> Result<(), tokio_postgres::Error> {
    let rows = rows.trim_end_matches(['\r', '\n']).strip_suffix("\\.").unwrap_or(rows);
    let mut sink = pin!(client.copy_in(sql.trim_end_matches(';')).await?);
    sink.send(Cursor::new(rows.as_bytes().to_vec())).await?;
    sink.finish().await.map(|_| ())
}
