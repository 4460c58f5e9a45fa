//! What is special about a dump of the database in which a project began, run or replayed on the platform.
//!
//! A dump of a hosted project repeats what the platform has already made, and names roles that only the whole cluster's
//! dump would make.

/// Whether what a statement makes is there: pg_dump makes nothing twice, so the platform made it.
pub(crate) fn is_there_already(sqlstate: &str, message: &str) -> bool {
    match sqlstate {
        // A schema, a relation, another object, a function, a column.
        "42P06" | "42P07" | "42710" | "42723" | "42701" => true,
        // These codes are those of other errors too.
        "42P16" => message.starts_with("multiple primary keys"),
        "42809" => message.ends_with("is already a partition"),
        "55000" => message.ends_with("is already an identity column"),
        _ => false,
    }
}

/// Roles that hosted projects have by their age and settings, and that are the platform's own: those that `supabase db
/// dump --role-only` leaves out as reserved (supabase/cli, pkg/migration/dump.go, `reservedRoles`) and that the platform
/// here does not make.
const RESERVED: [&str; 4] = ["pgsodium_keyholder", "pgsodium_keyiduser", "pgsodium_keymaker", "pgtle_admin"];

/// Beginnings of the names of the same; a project cannot make roles of such names.
const RESERVED_BEGINNINGS: [&str; 2] = ["supabase_", "cli_login_"];

/// What is not known of a role that a dump names and nothing makes, if it is the project's.
pub(crate) fn unknown_role(name: &str) -> Option<String> {
    let is_reserved = RESERVED.contains(&name) || RESERVED_BEGINNINGS.iter().any(|b| name.starts_with(b));
    (!is_reserved).then(|| {
        format!(
            "the dump names the role `{name}`, which nothing makes, so its attributes and members are not known: make it in \
             supabase/roles.sql (`supabase db dump --role-only` writes that), or in a file named before the dump"
        )
    })
}

/// That statements of a dump had nothing to do.
pub(crate) fn repeated(path: &str, statements: usize) -> Option<String> {
    (statements > 0).then(|| {
        format!("{path}: {statements} statements make what the platform has made already, and that was left as it is")
    })
}
