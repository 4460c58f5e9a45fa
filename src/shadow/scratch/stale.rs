//! Scratch databases and roles of runs that ended before they could clean up.

use super::{MARK, PREFIX};
use tokio_postgres::Client;

/// Databases with our name and our mark in which nobody is: a run keeps a session open in its own.
const LEFT: &str = "
    select d.datname::text from pg_catalog.pg_database d
    where starts_with(d.datname::text, $1) and pg_catalog.shobj_description(d.oid, 'pg_database') = $2
      and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid)
    order by 1";

/// Roles with our mark, while no scratch database is left.
const ROLES: &str = "
    select quote_ident(r.rolname) from pg_catalog.pg_roles r
    where pg_catalog.shobj_description(r.oid, 'pg_authid') = $2
      and not exists (
          select from pg_catalog.pg_database d
          where starts_with(d.datname::text, $1) and pg_catalog.shobj_description(d.oid, 'pg_database') = $2)
    order by 1";

/// Drops what is left; what cannot be dropped stays for the next run.
pub(super) async fn clean(client: &Client) {
    for name in list(client, LEFT).await {
        let _ = client.batch_execute(&format!("drop database if exists \"{name}\"")).await;
    }
    drop_roles(client).await;
}

/// Drops the roles that were made for scratch databases if none is left; gives what could not be dropped and why.
pub(super) async fn drop_roles(client: &Client) -> Vec<String> {
    let mut left = Vec::new();
    for role in list(client, ROLES).await {
        if let Err(error) = client.batch_execute(&format!("drop role if exists {role}")).await {
            let why = error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
            left.push(format!("the role {role} stays on the given server: {why}"));
        }
    }
    left
}

async fn list(client: &Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[&PREFIX, &MARK]).await.unwrap_or_default();
    rows.iter().map(|row| row.get(0)).collect()
}
