//! The cast of a seeded database: a few users in two tenants, and what each row of a table belongs to.
//!
//! Whether access keeps users and tenants apart shows only where both have rows, somebody shares a tenant with somebody
//! else, and somebody is in two. A table has one row for each [`Slot`], so that rows which refer to each other belong to
//! the same user and tenant.

/// A user and a tenant that rows belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The user, from 0; `None` for rows that are nobody's.
    pub user: Option<usize>,
    /// The tenant, from 0.
    pub tenant: usize,
}

/// Every slot: two users share the first tenant, one is in the second, one in both; the last is nobody's.
pub const SLOTS: [Slot; 6] = [
    Slot { user: Some(0), tenant: 0 },
    Slot { user: Some(1), tenant: 0 },
    Slot { user: Some(2), tenant: 1 },
    Slot { user: Some(3), tenant: 0 },
    Slot { user: Some(3), tenant: 1 },
    Slot { user: None, tenant: 0 },
];

/// How many users there are.
pub const USERS: usize = 4;

/// How many tenants there are.
pub const TENANTS: usize = 2;

/// The id of a user, where ids are made up and not the database's.
#[must_use]
pub fn user_id(user: usize) -> String {
    format!("a0000000-0000-4000-8000-{:012}", user + 1)
}

/// The id of a tenant, likewise.
#[must_use]
pub fn tenant_id(tenant: usize) -> String {
    format!("b0000000-0000-4000-8000-{:012}", tenant + 1)
}

/// The e-mail address of a user.
#[must_use]
pub fn email(user: usize) -> String {
    format!("user{}@example.com", user + 1)
}

/// The slot whose rows are a user's own.
#[must_use]
pub fn slot_of(user: usize) -> usize {
    SLOTS.iter().position(|slot| slot.user == Some(user)).unwrap_or_default()
}
