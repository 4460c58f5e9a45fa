//! What a server holds before anybody has made anything: the model of a freshly initialised cluster.
//!
//! Everything that is replayed starts from it. Facts of `initdb`, major by major; a test compares them with real servers.

use crate::model::{
    Acl, Database, Extension, Grant, Grantee, Language, Membership, Namespace, Origin, Platform, Privilege, Role,
    Schema, Server, ServerSetting,
};
use Privilege::{Connect, Create, Temporary, Usage};

/// The model of the empty database `database` on a cluster of PostgreSQL `major`, whose superuser and owner of all is
/// `superuser`. The minor version is not known and reads as the major alone.
#[must_use]
pub fn empty(major: u32, superuser: &str, database: &str) -> Schema {
    let server = Server {
        version_num: major * 10_000,
        version: major.to_string(),
        current_user: superuser.to_owned(),
        encoding: "UTF8".to_owned(),
        platform: Platform::Postgres,
        throw_away: false,
    };
    let acl = owned(superuser, &[Connect, Temporary], &[Create, Connect, Temporary]);
    let mut schema = Schema::new(server, Database { name: database.to_owned(), owner: superuser.to_owned(), acl });
    schema.roles = PREDEFINED.iter().filter(|(_, since)| major >= *since).map(|(name, _)| plain(name)).collect();
    schema.roles.push(all_powerful(superuser));
    schema.memberships = memberships(superuser);
    schema.server_settings = settings(major);
    schema.namespaces = namespaces(major, superuser);
    schema.languages = LANGUAGES.iter().map(|(name, trusted)| language(name, *trusted, superuser)).collect();
    schema.extensions = vec![Extension {
        name: "plpgsql".to_owned(),
        schema: "pg_catalog".to_owned(),
        owner: superuser.to_owned(),
        version: "1.0".to_owned(),
        available: Some("1.0".to_owned()),
        origin: Origin::Catalog,
    }];
    schema.sort();
    schema
}

/// The predefined roles with the major version that brought them (manual, "Predefined Roles").
const PREDEFINED: [(&str, u32); 16] = [
    ("pg_checkpoint", 15),
    ("pg_create_subscription", 16),
    ("pg_database_owner", 14),
    ("pg_execute_server_program", 14),
    ("pg_maintain", 17),
    ("pg_monitor", 14),
    ("pg_read_all_data", 14),
    ("pg_read_all_settings", 14),
    ("pg_read_all_stats", 14),
    ("pg_read_server_files", 14),
    ("pg_signal_autovacuum_worker", 18),
    ("pg_signal_backend", 14),
    ("pg_stat_scan_tables", 14),
    ("pg_use_reserved_connections", 16),
    ("pg_write_all_data", 14),
    ("pg_write_server_files", 14),
];

/// The languages, and whether ordinary users may write functions in them.
const LANGUAGES: [(&str, bool); 4] = [("c", false), ("internal", false), ("plpgsql", true), ("sql", true)];

fn plain(name: &str) -> Role {
    Role {
        name: name.to_owned(),
        superuser: false,
        bypass_rls: false,
        login: false,
        inherit: true,
        create_role: false,
        create_db: false,
        replication: false,
        connection_limit: None,
        valid_until: None,
        origin: Origin::Catalog,
    }
}

fn all_powerful(name: &str) -> Role {
    Role {
        superuser: true,
        bypass_rls: true,
        login: true,
        create_role: true,
        create_db: true,
        replication: true,
        ..plain(name)
    }
}

fn memberships(superuser: &str) -> Vec<Membership> {
    let of = |role: &str| Membership {
        member: "pg_monitor".to_owned(),
        role: role.to_owned(),
        grantor: superuser.to_owned(),
        admin: false,
        inherit: true,
        set: true,
        origin: Origin::Catalog,
    };
    ["pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"].into_iter().map(of).collect()
}

/// Their defaults; what a server is started or configured with otherwise no file can know.
fn settings(major: u32) -> Vec<ServerSetting> {
    let known = [
        ("createrole_self_grant", "", 16),
        ("default_transaction_read_only", "off", 14),
        ("lo_compat_privileges", "off", 14),
        ("log_statement", "none", 14),
        ("password_encryption", "scram-sha-256", 14),
        ("row_security", "on", 14),
        ("search_path", "\"$user\", public", 14),
        ("session_preload_libraries", "", 14),
        ("session_replication_role", "origin", 14),
        ("shared_preload_libraries", "", 14),
        ("ssl", "off", 14),
    ];
    let known = known.into_iter().filter(|(.., since)| major >= *since);
    known.map(|(name, value, _)| ServerSetting { name: name.to_owned(), value: value.to_owned() }).collect()
}

fn namespaces(major: u32, superuser: &str) -> Vec<Namespace> {
    // Since 15 the schema `public` is its database owner's, and others may not create in it.
    let (owner, everybody): (&str, &[Privilege]) =
        if major >= 15 { ("pg_database_owner", &[Usage]) } else { (superuser, &[Usage, Create]) };
    let namespace = |name: &str, owner: &str, everybody: &[Privilege]| Namespace {
        name: name.to_owned(),
        owner: owner.to_owned(),
        acl: owned(owner, everybody, &[Usage, Create]),
        origin: Origin::Catalog,
    };
    vec![
        namespace("information_schema", superuser, &[Usage]),
        namespace("pg_catalog", superuser, &[Usage]),
        namespace("public", owner, everybody),
    ]
}

fn language(name: &str, trusted: bool, superuser: &str) -> Language {
    Language {
        name: name.to_owned(),
        owner: superuser.to_owned(),
        trusted,
        acl: owned(superuser, &[Usage], &[Usage]),
        origin: Origin::Catalog,
    }
}

/// What the owner gave to everybody and to itself.
fn owned(owner: &str, everybody: &[Privilege], own: &[Privilege]) -> Acl {
    let grant = |grantee, privileges: &[Privilege]| Grant {
        grantee,
        grantor: owner.to_owned(),
        privileges: privileges.iter().copied().collect(),
        grantable: [].into_iter().collect(),
        origin: Origin::Catalog,
    };
    Acl(vec![grant(Grantee::Public, everybody), grant(Grantee::Role(owner.to_owned()), own)])
}
