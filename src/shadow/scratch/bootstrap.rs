//! The platform in a scratch database, made by a superuser beside the roles that are there.

use super::cluster::{Cluster, created};
use crate::migrations::parse;
use crate::model::{Gap, Origin};
use crate::shadow::ShadowError;
use crate::shadow::apply::Applied;
use crate::shadow::apply::statement::parts;
use crate::shadow::platform::Platform;
use crate::shadow::standin::StandIns;
use tokio_postgres::Client;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<String>,
}

/// The platform's superuser, whom its statements name and who makes it.
const SUPERUSER: &str = "supabase_admin";

/// As whom nobody shall log in here.
const MAKE_SUPERUSER: (&str, &str) = ("supabase/00-superuser.sql", "create role supabase_admin superuser nologin;");

/// Runs the platform's statements one by one. Roles that were there stay as they are.
pub(super) async fn run(
    client: &Client,
    platform: Platform,
    major: u32,
    cluster: &Cluster,
) -> Result<Made, ShadowError> {
    let mut made = Made::default();
    let Some(files) = platform.bootstrap(major) else { return Ok(made) };
    let (mut standins, mut applied) = (StandIns::new(client).await?, Applied::default());
    let (mut new, mut kept) = (Vec::new(), Vec::new());
    let files = files.into_iter().filter(|(name, _)| !name.ends_with("database.sql"));
    for (name, sql) in std::iter::once(MAKE_SUPERUSER).chain(files) {
        let text = standins.prepare(sql, &mut applied).await?;
        for part in parts(&text) {
            let statement = parse::parse(&text, &part.piece).statement;
            let role = created(&statement).pop();
            match &role {
                Some(role) if cluster.was_there(role) => {
                    kept.push(role.clone());
                    continue;
                }
                None if cluster.refuses(&statement).is_some() => continue,
                _ => (),
            }
            let sql = text.get(part.piece.range.clone()).unwrap_or_default();
            match client.batch_execute(sql).await {
                Err(error) => made.gaps.push(gap(name, part.piece.line, &error)),
                Ok(()) => new.extend(role),
            }
        }
        if name.ends_with("superuser.sql") && cluster.lends(SUPERUSER) {
            cluster.mark(client, &new).await;
            cluster.act_as(client, SUPERUSER).await?;
        }
        if name.ends_with("roles.sql") {
            cluster.mark(client, &new).await;
            own(client).await?;
        }
    }
    let _ = client.batch_execute("reset session authorization").await;
    if !new.is_empty() {
        made.notes.push(format!("made on the given server and dropped again at the end: the roles {}", new.join(", ")));
    }
    if !kept.is_empty() {
        made.notes.push(format!("left as they are on the given server: the roles {}", kept.join(", ")));
    }
    Ok(made)
}

/// Gives the database to `postgres`, to whom that of a project belongs, and with it the schema `public`.
async fn own(client: &Client) -> Result<(), ShadowError> {
    let sql = "do $$ begin execute format('alter database %I owner to postgres', current_database()); end $$";
    let done = client.batch_execute(sql).await;
    done.map_err(|e| ShadowError::connection("the scratch database cannot be given to the role postgres", &e))
}

fn gap(name: &str, line: usize, error: &tokio_postgres::Error) -> Gap {
    let why = ShadowError::connection(format!("a part of the platform could not be made ({name}:{line})"), error);
    Gap { what: why.to_string(), access_control: true, origin: Origin::Catalog }
}
