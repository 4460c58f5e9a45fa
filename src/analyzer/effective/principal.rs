//! Principals: the roles that clients act as, and who those clients are.

use super::exposure::AUTHENTICATOR;
use super::roles::RoleGraph;
use crate::model::{Platform, Role, Schema};

/// A role that a client acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The role.
    pub role: String,
    /// Who the clients are.
    pub who: Who,
}

/// Who acts as a role, the least trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Anyone on the internet who has the public key of the project.
    Anyone,
    /// Any user who signed up.
    SignedIn,
    /// A role of the application that requests can name in their token.
    ApiRole,
    /// A role that programs or people log in as.
    Login,
    /// A role that only its members act as.
    Group,
    /// The back end's own key: trusted with everything by design.
    Service,
}

impl Principal {
    /// The clients in words, as the subject of a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let role = crate::model::printable(&self.role);
        match self.who {
            Who::Anyone => format!("anyone on the internet (role {role})"),
            Who::SignedIn => format!("any signed-in user (role {role})"),
            Who::ApiRole => format!("any request made as the role {role}"),
            Who::Login => format!("whoever logs in as {role}"),
            Who::Group => format!("every member of {role}"),
            Who::Service => format!("the back end (role {role})"),
        }
    }

    /// Whether requests reach it through the Data API, so that only exposed schemas can be named.
    #[must_use]
    pub fn is_api(&self) -> bool {
        matches!(self.who, Who::Anyone | Who::SignedIn | Who::ApiRole | Who::Service)
    }

    /// Whether row security is meant to bind it; the back end's key is not.
    #[must_use]
    pub fn is_untrusted(&self) -> bool {
        self.who != Who::Service
    }
}

/// Roles that Supabase makes and operates; an application's clients never act as them.
const SUPABASE_ROLES: &[&str] = &[
    "authenticator",
    "cli_login_postgres",
    "dashboard_user",
    "pgbouncer",
    "pgsodium_keyholder",
    "pgsodium_keyiduser",
    "pgsodium_keymaker",
    "postgres",
    "supabase_admin",
    "supabase_auth_admin",
    "supabase_etl_admin",
    "supabase_functions_admin",
    "supabase_privileged_role",
    "supabase_read_only_user",
    "supabase_realtime_admin",
    "supabase_replication_admin",
    "supabase_storage_admin",
    "supabase_superuser",
];

/// Schemas that Supabase or its extensions make.
const SUPABASE_SCHEMAS: &[&str] = &[
    "_analytics",
    "_realtime",
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgmq",
    "pgmq_public",
    "pgsodium",
    "pgsodium_masks",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "vault",
];

impl super::Effective<'_> {
    /// Whether an object belongs to the platform rather than to the application.
    #[must_use]
    pub fn is_platform_object(&self, namespace: &str, owner: &str) -> bool {
        self.schema.server.platform == Platform::Supabase
            && SUPABASE_SCHEMAS.contains(&namespace)
            && SUPABASE_ROLES.contains(&owner)
            && owner != "postgres"
    }

    /// Whether a schema is one that the platform makes.
    #[must_use]
    pub fn is_platform_namespace(&self, namespace: &str) -> bool {
        self.schema.server.platform == Platform::Supabase && SUPABASE_SCHEMAS.contains(&namespace)
    }

    /// Whether a role belongs to the platform rather than to the application.
    #[must_use]
    pub fn is_platform_role(&self, role: &str) -> bool {
        self.schema.server.platform == Platform::Supabase && SUPABASE_ROLES.contains(&role)
    }
}

/// The principals of a database, the least trusted first, then by name.
pub(super) fn of(schema: &Schema, graph: &RoleGraph<'_>) -> Vec<Principal> {
    let mut found: Vec<_> = schema
        .roles
        .iter()
        .filter_map(|r| Some(Principal { role: r.name.clone(), who: who(schema, graph, r)? }))
        .collect();
    found.sort_by(|a, b| (a.who, &a.role).cmp(&(b.who, &b.role)));
    found
}

/// Who acts as `role`; nobody (`None`) as superusers, predefined roles and the platform's own.
fn who(schema: &Schema, graph: &RoleGraph<'_>, role: &Role) -> Option<Who> {
    let name = role.name.as_str();
    if role.superuser || name.starts_with("pg_") {
        return None;
    }
    let supabase = schema.server.platform == Platform::Supabase;
    let by_api =
        name != AUTHENTICATOR && schema.role(AUTHENTICATOR).is_some() && graph.sets(AUTHENTICATOR, name).is_some();
    match name {
        "anon" if supabase => Some(Who::Anyone),
        "authenticated" if supabase => Some(Who::SignedIn),
        "service_role" if supabase => Some(Who::Service),
        _ if supabase && SUPABASE_ROLES.contains(&name) => None,
        "anon" | "web_anon" if by_api => Some(Who::Anyone),
        _ if by_api => Some(Who::ApiRole),
        _ if role.login => Some(Who::Login),
        _ => Some(Who::Group),
    }
}
