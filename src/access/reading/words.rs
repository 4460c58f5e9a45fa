//! What names say: of columns, tables and policies. Words alone prove nothing; they tip a reading that something else bears.

/// Columns that are usually whose row it is.
const OWNERS: &[&str] = &[
    "user_id",
    "owner_id",
    "created_by",
    "author_id",
    "owner",
    "profile_id",
    "uploaded_by",
    "creator_id",
    "customer_id",
    "member_id",
    "account_owner_id",
    "created_by_id",
    "user_uuid",
    "userid",
    "uid",
    "sender_id",
    "recipient_id",
];

/// Columns of who wrote last, which says nothing of whose a row is: what is for everybody has an editor too.
const EDITORS: &[&str] = &["updated_by", "modified_by", "changed_by", "last_updated_by", "last_modified_by"];

/// What tenants are usually called, in columns that end in `_id` and tables.
const TENANTS: &[&str] = &[
    "org",
    "organization",
    "organisation",
    "team",
    "tenant",
    "workspace",
    "account",
    "company",
    "group",
    "household",
    "family",
    "clinic",
    "school",
    "store",
    "business",
    "agency",
    "firm",
    "site",
    "community",
    "club",
];

/// Words by which tables say that they hold who belongs to what.
const MEMBERSHIPS: &[&str] = &["member", "participant", "collaborat", "users", "access", "permission", "role", "staff"];

/// Words by which they say that they don't.
const NO_MEMBERSHIPS: &[&str] = &["log", "history", "audit", "request", "invit", "event_", "notification", "payment"];

/// Columns that decide what somebody may do.
const RIGHTS: &[&str] = &[
    "role",
    "user_role",
    "app_role",
    "is_admin",
    "is_superuser",
    "is_super_admin",
    "is_staff",
    "is_owner",
    "admin",
    "permissions",
    "access_level",
];

/// Words by which a policy says that it means everybody.
const PUBLIC: &[&str] = &[
    "public",
    "everyone",
    "everybody",
    "anyone",
    "anybody",
    "any user",
    "all users",
    "for all",
    "viewable",
    "visible",
    "world",
    "any authenticated",
    "all authenticated",
    "anonymous",
    "anon",
    "visitors",
    "guests",
];

/// Words by which a policy says that it keeps to whoever asks.
const OWN: &[&str] =
    &["own ", "own_", " own", "their", "owner", "themselves", "personal", "private", "only the user", "my "];

/// Words by which a policy says that it is for those who run the application.
const TRUSTED: &[&str] =
    &["admin", "service", "staff", "moderator", "manager", "system", "internal", "backend", "superuser"];

fn has(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    words.iter().any(|word| name.contains(word))
}

pub(crate) fn is_owner(column: &str) -> bool {
    OWNERS.contains(&column)
}

pub(crate) fn is_editor(column: &str) -> bool {
    EDITORS.contains(&column.to_lowercase().as_str())
}

pub(crate) fn is_tenant(column: &str) -> bool {
    let stem = column.strip_suffix("_id").or_else(|| column.strip_suffix("_uuid")).unwrap_or(column);
    TENANTS.contains(&stem)
}

pub(super) fn is_membership(table: &str) -> bool {
    has(table, MEMBERSHIPS) && !has(table, NO_MEMBERSHIPS)
}

/// Whether a column names what many hold and nobody belongs to.
pub(super) fn is_right_of_many(column: &str) -> bool {
    has(column, &["role", "permission", "plan", "product", "feature"])
}

pub(crate) fn is_right(column: &str) -> bool {
    RIGHTS.contains(&column)
}

pub(super) fn means_everybody(policy: &str) -> bool {
    has(policy, PUBLIC)
}

pub(super) fn means_own(policy: &str) -> bool {
    has(policy, OWN) && !has(policy, PUBLIC)
}

pub(super) fn means_trusted(policy: &str) -> bool {
    has(policy, TRUSTED)
}
