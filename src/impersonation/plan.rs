//! What is read as whom: every persona with every relation that it might reach.

use std::collections::{BTreeMap, BTreeSet};

use super::Untested;
use super::persona::Persona;
use super::rights::Right;
use super::steady::Steady;
use crate::analyzer::effective::{Effective, Exposure, Principal};
use crate::model::{Platform, Privilege, Relation, RelationKind, Schema, quote_ident};

/// The login role of PostgREST, whose settings say how it prepares a session.
const AUTHENTICATOR: &str = "authenticator";

/// All reads of a run, in the order in which they are reported.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) reads: Vec<Read<'a>>,
}

/// One relation to be read as one persona.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) persona: Persona,
    pub(super) relation: &'a Relation,
    /// What the server says of the role's right to make it.
    pub(super) right: Right,
    /// Whether it may share a transaction with others.
    pub(super) shares: bool,
    /// Everything that the session sets, `search_path` included.
    pub(super) settings: BTreeMap<String, String>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(effective: &Effective<'a>) -> Self {
        let steady = Steady::of(effective.schema());
        let mut reads = Vec::new();
        for principal in effective.principals().iter().filter(|p| p.is_untrusted()) {
            for persona in Persona::of(principal) {
                for relation in relations(effective, principal) {
                    let shares = steady.shares(relation);
                    let (persona, settings) = (persona.clone(), BTreeMap::new());
                    reads.push(Read { persona, relation, right: Right::Unknown, shares, settings });
                }
            }
        }
        let base: BTreeMap<_, _> = reads.iter().map(|r| (r.persona.key(), own(effective, &r.persona))).collect();
        let names: BTreeSet<_> = base.values().flat_map(BTreeMap::keys).cloned().collect();
        for read in &mut reads {
            // A setting that another persona made on this connection reads as '' ever after, so '' it is for everyone.
            read.settings = names.iter().map(|name| (name.clone(), String::new())).collect();
            read.settings.extend(base.get(&read.persona.key()).cloned().unwrap_or_default());
            if read.persona.is_api {
                read.settings.insert("search_path".to_owned(), api_search_path(effective, read.relation));
            }
        }
        Self { reads }
    }

    /// The roles that reads are planned for, in order.
    pub(super) fn roles(&self) -> Vec<&str> {
        let mut roles: Vec<_> = self.reads.iter().map(|r| r.persona.role.as_str()).collect();
        roles.dedup();
        roles
    }

    /// Drops the reads of roles that cannot be acted as.
    pub(super) fn leave_out(&mut self, untested: &[Untested]) {
        self.reads.retain(|r| untested.iter().all(|u| u.role != r.persona.role));
    }
}

impl Read<'_> {
    /// Whether the rows are the relation's own, rather than those of others or of another server.
    pub(super) fn holds_own_rows(&self) -> bool {
        !matches!(self.relation.kind, RelationKind::View | RelationKind::ForeignTable)
    }

    /// Whether the connected role can be asked, beside the read, if there are rows.
    pub(super) fn can_be_compared(&self) -> bool {
        self.holds_own_rows() && self.right == Right::Held { all_seen: true }
    }
}

/// The relations of the application that a principal might read.
///
/// For clients of an API those that they can name, privilege or not, because being refused is worth seeing too. Roles
/// that speak SQL can name everything, so only what they hold a privilege on.
fn relations<'a>(effective: &Effective<'a>, principal: &Principal) -> impl Iterator<Item = &'a Relation> {
    effective.schema().relations.iter().filter(move |r| {
        let of_application = r.extension.is_none() && !effective.is_platform_object(&r.name.schema, &r.owner);
        let exposed = effective.is_exposed(principal, r);
        let held = || is_held(effective, &principal.role, r);
        let reachable = match r.kind {
            // Reading one asks another server, so only as clients would.
            RelationKind::ForeignTable => exposed && held(),
            _ => (principal.is_api() && exposed) || held(),
        };
        of_application && r.kind.holds_rows() && reachable
    })
}

fn is_held<'a>(effective: &Effective<'a>, role: &str, relation: &'a Relation) -> bool {
    effective.holds_on_any_column(role, relation, Privilege::Select)
}

/// What a session of the persona is set up with, whatever it reads.
fn own(effective: &Effective<'_>, persona: &Persona) -> BTreeMap<String, String> {
    let schema = effective.schema();
    let mut settings = persona.settings();
    let path = schema.setting_of(&persona.role, "search_path").unwrap_or("\"$user\", public");
    settings.insert("search_path".to_owned(), path.to_owned());
    let of_role = schema.settings.iter().filter(|s| s.role.as_deref().is_none_or(|r| r == persona.role));
    for setting in of_role.filter(|s| s.name.contains('.') && is_asked_for(schema, &s.name)) {
        let value = schema.setting_of(&persona.role, &setting.name).unwrap_or(&setting.value);
        settings.entry(setting.name.clone()).or_insert_with(|| value.to_owned());
    }
    settings
}

/// Whether policies, views or functions name the setting. The rest, such as extensions' own, may need rights to set.
fn is_asked_for(schema: &Schema, setting: &str) -> bool {
    let names = |text: &str| text.to_ascii_lowercase().contains(&setting.to_ascii_lowercase());
    schema.functions.iter().any(|f| names(&f.body))
        || schema.relations.iter().any(|r| {
            let policies = r.policies.iter().flat_map(|p| [&p.using, &p.check]).flatten();
            policies.chain(r.view.iter().map(|v| &v.definition)).any(|text| names(text))
        })
}

/// PostgREST's: the schema of the request, then `db-extra-search-path` (by default `public`).
fn api_search_path(effective: &Effective<'_>, relation: &Relation) -> String {
    let schema = effective.schema();
    let default = if schema.server.platform == Platform::Supabase { "public, extensions" } else { "public" };
    let extra = match effective.exposure() {
        Exposure::Sql => default,
        _ => schema.setting_of(AUTHENTICATOR, "pgrst.db_extra_search_path").unwrap_or(default),
    };
    let all = [relation.name.schema.as_str()].into_iter().chain(extra.split(',').map(str::trim));
    let mut seen = BTreeSet::new();
    let each: Vec<_> = all.filter(|s| !s.is_empty() && seen.insert(*s)).map(quote_ident).collect();
    each.join(", ")
}
