//! The keywords of a connection string: libpq's, what we make of each, and those of other tools that share the URL.

use crate::connector::ConnectError;

/// What becomes of a keyword of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// It means here what it means to libpq.
    Full,
    /// It changes nothing that we rely on, so its absence here is only worth a note.
    NoEffect,
    /// It makes a connection safer, or different, in a way that we cannot give: to ignore it would mislead. The value is
    /// libpq's default, which asks for nothing and is therefore accepted.
    Refused(&'static str),
}

/// A keyword of libpq.
#[derive(Debug)]
pub(super) struct Keyword {
    /// Its name in a connection string.
    pub(super) name: &'static str,
    /// The environment variable that it defaults to.
    pub(super) variable: Option<&'static str>,
    /// What becomes of it.
    pub(super) support: Support,
}

const fn full(name: &'static str, variable: Option<&'static str>) -> Keyword {
    Keyword { name, variable, support: Support::Full }
}

const fn no_effect(name: &'static str, variable: Option<&'static str>) -> Keyword {
    Keyword { name, variable, support: Support::NoEffect }
}

const fn refused(name: &'static str, variable: Option<&'static str>, default: &'static str) -> Keyword {
    Keyword { name, variable, support: Support::Refused(default) }
}

/// libpq's keywords as of Postgres 18 (documentation, "Parameter Key Words" and "Environment Variables").
pub(super) const KEYWORDS: &[Keyword] = &[
    full("application_name", Some("PGAPPNAME")),
    full("channel_binding", Some("PGCHANNELBINDING")),
    full("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    full("dbname", Some("PGDATABASE")),
    full("fallback_application_name", None),
    full("gssencmode", Some("PGGSSENCMODE")),
    full("host", Some("PGHOST")),
    full("hostaddr", Some("PGHOSTADDR")),
    full("options", Some("PGOPTIONS")),
    full("passfile", Some("PGPASSFILE")),
    full("password", Some("PGPASSWORD")),
    full("port", Some("PGPORT")),
    full("service", Some("PGSERVICE")),
    full("servicefile", Some("PGSERVICEFILE")),
    full("sslcert", Some("PGSSLCERT")),
    full("sslkey", Some("PGSSLKEY")),
    full("sslmode", Some("PGSSLMODE")),
    full("sslnegotiation", Some("PGSSLNEGOTIATION")),
    full("sslrootcert", Some("PGSSLROOTCERT")),
    full("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    full("user", Some("PGUSER")),
    no_effect("client_encoding", Some("PGCLIENTENCODING")),
    no_effect("gssdelegation", Some("PGGSSDELEGATION")),
    no_effect("gsslib", Some("PGGSSLIB")),
    no_effect("keepalives", None),
    no_effect("keepalives_count", None),
    no_effect("keepalives_idle", None),
    no_effect("keepalives_interval", None),
    no_effect("krbsrvname", Some("PGKRBSRVNAME")),
    no_effect("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    no_effect("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    no_effect("sslcompression", Some("PGSSLCOMPRESSION")),
    no_effect("sslkeylogfile", None),
    no_effect("sslsni", Some("PGSSLSNI")),
    no_effect("tcp_user_timeout", None),
    refused("min_protocol_version", Some("PGMINPROTOCOLVERSION"), "3.0"),
    refused("oauth_client_id", None, ""),
    refused("oauth_client_secret", None, ""),
    refused("oauth_issuer", None, ""),
    refused("oauth_scope", None, ""),
    refused("replication", None, "false"),
    refused("require_auth", Some("PGREQUIREAUTH"), ""),
    refused("requirepeer", Some("PGREQUIREPEER"), ""),
    refused("scram_client_key", None, ""),
    refused("scram_server_key", None, ""),
    refused("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), ""),
    refused("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), "TLSv1.2"),
    refused("sslcertmode", Some("PGSSLCERTMODE"), "allow"),
    refused("sslcrl", Some("PGSSLCRL"), ""),
    refused("sslcrldir", Some("PGSSLCRLDIR"), ""),
    refused("sslpassword", None, ""),
];

/// Keywords that other tools put into the same URL: Prisma, Supabase, node-postgres, JDBC, pgx, asyncpg, SQLAlchemy.
const FOREIGN: &[&str] = &[
    "binary_parameters",
    "connection_limit",
    "currentSchema",
    "default_query_exec_mode",
    "max_idle_connection_lifetime",
    "pgbouncer",
    "pool_max_conn_lifetime",
    "pool_max_conns",
    "pool_min_conns",
    "pool_mode",
    "pool_timeout",
    "poolmode",
    "prepareThreshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "schema",
    "search_path",
    "single_use_connections",
    "socket_timeout",
    "sslaccept",
    "statement_cache_mode",
    "statement_cache_size",
    "supa",
    "timezone",
    "uselibpqcompat",
    "workaround",
];

/// Whose a keyword is.
pub(super) enum Owner {
    /// libpq's.
    Libpq(&'static Keyword),
    /// Another tool's, of no meaning to libpq.
    Foreign,
}

/// Looks a keyword up; libpq's are case-sensitive.
///
/// # Errors
///
/// When nobody knows it, with the nearest name as help.
pub(super) fn lookup(name: &str) -> Result<Owner, ConnectError> {
    if let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) {
        return Ok(Owner::Libpq(keyword));
    }
    if FOREIGN.contains(&name) {
        return Ok(Owner::Foreign);
    }
    let help = nearest(name, KEYWORDS.iter().map(|keyword| keyword.name))
        .map(|known| format!("did you mean `{known}`?"))
        .unwrap_or_else(|| "the keywords are those of libpq, the C library of Postgres".to_owned());
    Err(ConnectError::setting(format!("unknown connection setting `{name}`"), help))
}

/// The candidate most like `name`, if any is near enough for a typing error.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, Owner, lookup};

    #[test]
    fn a_typing_error_gets_the_nearest_name() {
        let error = lookup("ssl_mode").err().unwrap();
        assert_eq!(error.to_string(), "unknown connection setting `ssl_mode`");
        assert_eq!(error.help().unwrap(), "did you mean `sslmode`?");
        assert!(lookup("zzzzzz").err().unwrap().help().unwrap().contains("libpq"));
    }

    #[test]
    fn keywords_of_other_tools_are_known() {
        assert!(matches!(lookup("pgbouncer"), Ok(Owner::Foreign)));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = KEYWORDS.iter().map(|keyword| keyword.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KEYWORDS.len());
    }
}
