//! The stand-ins there are, each an SQL file.

/// One stand-in.
pub(crate) struct StandIn {
    /// The extension.
    pub(crate) extension: &'static str,
    /// The schema that it always has; the others go where `create extension` puts them.
    pub(crate) schema: Option<&'static str>,
    /// What it makes, with `extensions` for a schema that is not its own.
    pub(crate) sql: &'static str,
    /// Kinds of index that come with it and that no SQL can make.
    pub(crate) index_methods: &'static [&'static str],
    /// Whether it is an extension there, and not only a schema.
    pub(crate) is_extension: bool,
}

macro_rules! standin {
    ($extension:literal, $schema:expr) => {
        standin!($extension, $schema, &[])
    };
    ($extension:literal, $schema:expr, $methods:expr) => {
        StandIn {
            extension: $extension,
            schema: $schema,
            sql: include_str!(concat!("supabase/standin/", $extension, ".sql")),
            index_methods: $methods,
            is_extension: true,
        }
    };
}

/// All that make something.
pub(crate) const STANDINS: &[StandIn] = &[
    standin!("basejump-supabase_test_helpers", None),
    standin!("http", None),
    standin!("hypopg", None),
    standin!("index_advisor", None),
    standin!("pg_cron", Some("cron")),
    standin!("pg_graphql", Some("graphql")),
    standin!("pg_jsonschema", None),
    standin!("pg_net", Some("net")),
    standin!("pg_tle", Some("pgtle")),
    standin!("pgcrypto", None),
    standin!("pgjwt", None),
    standin!("pgmq", Some("pgmq")),
    standin!("pgsodium", Some("pgsodium")),
    standin!("plpgsql_check", None),
    standin!("postgis", None, &["gist", "spgist", "brin"]),
    standin!("supabase-dbdev", Some("dbdev")),
    StandIn { is_extension: false, ..standin!("supabase_functions", Some("supabase_functions")) },
    standin!("supabase_vault", Some("vault")),
    standin!("uuid-ossp", None),
    standin!("vector", None, &["hnsw", "ivfflat"]),
    standin!("wrappers", None),
];

macro_rules! empty {
    ($extension:literal, $methods:expr) => {
        StandIn { extension: $extension, schema: None, sql: "", index_methods: $methods, is_extension: true }
    };
}

/// Those whose objects projects do not name, so that their being there is all.
pub(crate) const EMPTY: &[StandIn] = &[
    empty!("pg_repack", &[]),
    empty!("pg_stat_monitor", &[]),
    empty!("pg_stat_statements", &[]),
    empty!("pgaudit", &[]),
    empty!("pgroonga", &["pgroonga"]),
    empty!("pgtap", &[]),
    empty!("rum", &["rum"]),
];
