//! Reading the system catalogs into a [`Schema`].
//!
//! Everything comes from one batch of queries, asked at once, after two that prepare it and before at most one for
//! storage buckets: their number does not depend on what the database holds. Each .sql file reads one kind of object,
//! and the .rs file beside it makes the model's own of it. Names are put together here, by oid, so that the server
//! joins little.

mod batch;
mod buckets;
mod columns;
mod constraints;
mod context;
mod extensions;
mod foreign;
mod functions;
mod large_objects;
mod namespaces;
mod policies;
mod publications;
mod query;
mod record;
mod relations;
mod roles;
mod secret;
mod server;
mod text;
mod triggers;
mod types;
mod views;

use tokio_postgres::Client;

pub(crate) use self::secret::masked;

use self::batch::Batch;
use self::context::Context;
use self::query::Query;
use self::relations::Relations;
use super::{ConnectError, Database};
use crate::model::{Platform, Relation, Schema};

/// The batch.
const QUERIES: [&Query; 36] = [
    &server::DATABASE,
    &server::SETTINGS,
    &roles::QUERY,
    &roles::MEMBERSHIPS,
    &roles::SETTINGS,
    &roles::PARAMETERS,
    &namespaces::QUERY,
    &namespaces::DEFAULT_PRIVILEGES,
    &extensions::QUERY,
    &relations::QUERY,
    &relations::PARENTS,
    &relations::SEQUENCES,
    &relations::FOREIGN_TABLES,
    &relations::MEMBERS,
    &columns::QUERY,
    &constraints::QUERY,
    &constraints::INDEXES,
    &policies::QUERY,
    &policies::CALLS,
    &triggers::QUERY,
    &triggers::RULES,
    &triggers::EVENT_TRIGGERS,
    &views::QUERY,
    &views::READS,
    &views::CALLS,
    &functions::QUERY,
    &types::QUERY,
    &types::LANGUAGES,
    &publications::QUERY,
    &publications::RELATIONS,
    &publications::SUBSCRIPTIONS,
    &foreign::WRAPPERS,
    &foreign::SERVERS,
    &foreign::USER_MAPPINGS,
    &large_objects::QUERY,
    &buckets::ACCESS,
];

/// What the server raises when it prints something that refers to an object dropped since the snapshot: "cache lookup
/// failed", "could not open relation".
const INTERNAL_ERROR: &str = "XX000";

/// How often the database is read before what was dropped meanwhile is left as a gap or an error.
const ATTEMPTS: u32 = 3;

/// Reads the database into a model, in one snapshot; again if an object was dropped under an earlier attempt.
///
/// # Errors
/// When no connection can be had, or as [`introspect`].
pub async fn read(database: &Database) -> Result<Schema, ConnectError> {
    let mut result = database.read_only(introspect).await;
    for _ in 1..ATTEMPTS {
        let disturbed = match &result {
            Err(e) => e.sqlstate() == Some(INTERNAL_ERROR),
            Ok(schema) => schema.gaps.iter().any(|gap| gap.what.ends_with(record::VANISHED)),
        };
        if !disturbed {
            break;
        }
        result = database.read_only(introspect).await;
    }
    result
}

/// Reads the database into a model.
///
/// Runs in the transaction that the caller opened, which should be `REPEATABLE READ READ ONLY` so that all queries
/// see one state. For the rest of that transaction it sets what decides how expressions are printed, `search_path`
/// among it. It works with the privilege to connect alone; what that hides is listed in [`Schema::gaps`].
///
/// # Errors
/// When a query fails: the connection broke, a timeout struck, or an object was dropped while the server printed it
/// (SQLSTATE XX000), which another attempt in a new transaction cures, as [`read`] makes.
pub async fn introspect(client: &Client) -> Result<Schema, ConnectError> {
    let batch = Batch::fetch(client).await?;
    assemble(&batch)
}

fn assemble(batch: &Batch) -> Result<Schema, ConnectError> {
    let mut context = Context::default();
    for (what, catalogs) in &batch.refused {
        let catalogs = catalogs.join(", ");
        context.gap(format!("{what} were not read: this role lacks SELECT on {catalogs}; grant it"), true);
    }
    let roles = roles::read(batch, &context)?;
    context.roles = roles.iter().map(|(oid, role)| (*oid, role.name.clone())).collect();
    context.extensions = relations::members(batch, &context)?;

    let (server, database) = server::read(batch, &context)?;
    let mut schema = Schema::new(server, server::database(batch, &context, database)?);
    schema.roles = roles.into_iter().map(|(_, role)| role).collect();
    schema.relations = relations(batch, &mut context)?;
    objects(batch, &context, &mut schema)?;
    schema.server.platform = platform(&schema);
    schema.gaps = context.into_gaps();
    schema.sort();
    Ok(schema)
}

fn relations(batch: &Batch, context: &mut Context) -> Result<Vec<Relation>, ConnectError> {
    let mut relations: Relations = relations::read(batch, context)?;
    let columns = columns::read(batch, context)?;
    context.columns = columns::names(&columns);
    columns::give(columns, context, &mut relations);
    relations::links(batch, context, &mut relations)?;
    constraints::add(batch, context, &mut relations)?;
    policies::add(batch, context, &mut relations)?;
    triggers::add(batch, context, &mut relations)?;
    views::add(batch, context, &mut relations)?;
    Ok(relations.into_values().collect())
}

fn objects(batch: &Batch, context: &Context, schema: &mut Schema) -> Result<(), ConnectError> {
    schema.memberships = roles::memberships(batch, context)?;
    schema.settings = roles::settings(batch, context)?;
    schema.parameters = roles::parameters(batch, context)?;
    schema.server_settings = server::settings(batch, context)?;
    schema.namespaces = namespaces::read(batch, context)?;
    schema.functions = functions::read(batch, context)?;
    schema.types = types::read(batch, context)?;
    schema.default_privileges = namespaces::default_privileges(batch, context)?;
    schema.languages = types::languages(batch, context)?;
    schema.extensions = extensions::read(batch, context)?;
    schema.event_triggers = triggers::event_triggers(batch, context)?;
    schema.publications = publications::read(batch, context)?;
    schema.subscriptions = publications::subscriptions(batch, context)?;
    schema.foreign_data_wrappers = foreign::wrappers(batch, context)?;
    schema.foreign_servers = foreign::servers(batch, context)?;
    schema.user_mappings = foreign::user_mappings(batch, context)?;
    schema.large_objects = large_objects::read(batch, context)?;
    schema.buckets = buckets::read(batch, context)?;
    Ok(())
}

/// Supabase is known by the roles that its Data API acts as together with its authentication schema or function.
fn platform(schema: &Schema) -> Platform {
    let has_role = |name: &&str| schema.roles.iter().any(|r| r.name == *name);
    let roles = ["anon", "authenticated", "service_role"].iter().all(has_role);
    let auth = schema.namespaces.iter().any(|n| n.name == "auth")
        || schema.functions.iter().any(|f| f.id.schema == "auth" && f.id.name == "uid");
    if roles && auth { Platform::Supabase } else { Platform::Postgres }
}
