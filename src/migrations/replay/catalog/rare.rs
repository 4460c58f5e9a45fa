//! Rows of objects that few databases have.

use super::Id;
use super::acl::Acl;
use crate::model::Origin;

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) enabled: bool,
    pub(crate) has_slot: bool,
    /// Whether it was made with a connection or was enabled, so that its slot is there.
    pub(crate) has_connected: bool,
    pub(crate) publications: Vec<String>,
    pub(crate) run_as_owner: bool,
    pub(crate) password_required: bool,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct LargeObject {
    /// Its oid, if a statement says it.
    pub(crate) number: Option<u32>,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
}

/// A configuration parameter that somebody was granted.
#[derive(Debug, Clone)]
pub(crate) struct GrantedParameter {
    pub(crate) name: String,
    pub(crate) acl: Option<Acl>,
    pub(crate) origin: Origin,
}
