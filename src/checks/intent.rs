//! What a table's columns say about whose rows they are, in the absence of declared rules.
//!
//! A reading, not a proof: findings that rest on it are `likely`.

use std::collections::BTreeSet;

use super::Context;
use crate::access::words::is_editor;
use crate::analyzer::effective::Columns;
use crate::model::{Column, ConstraintKind, Relation};

/// Columns that name a person.
const OWNERS: &[&str] = &[
    "user_id",
    "owner_id",
    "owner",
    "user_uuid",
    "profile_id",
    "author_id",
    "creator_id",
    "customer_id",
    "member_id",
    "uid",
    "person_id",
    "employee_id",
    "patient_id",
    "student_id",
    "client_id",
    "requester_id",
    "assignee_id",
    "sender_id",
    "recipient_id",
    "buyer_id",
    "seller_id",
    "actor_id",
];

/// Columns that say who last wrote a row, which need not be whose it is.
const AUTHORSHIP: &[&str] = &[
    "created_by",
    "updated_by",
    "modified_by",
    "changed_by",
    "granted_by",
    "approved_by",
    "reviewed_by",
    "deleted_by",
];

/// Columns that name a tenant.
const TENANTS: &[&str] = &[
    "tenant_id",
    "org_id",
    "organization_id",
    "organisation_id",
    "team_id",
    "account_id",
    "workspace_id",
    "company_id",
    "household_id",
    "group_id",
    "tenant",
    "store_id",
    "clinic_id",
    "school_id",
];

/// Words in the names of columns that are nobody else's business; several words stand side by side.
const SENSITIVE: &[&str] = &[
    "email",
    "phone",
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "ssn",
    "iban",
    "credit_card",
    "card_number",
    "date_of_birth",
    "birth_date",
    "birthdate",
    "dob",
    "address",
    "salary",
    "medical",
    "diagnosis",
    "otp",
    "passport",
    "tax_id",
    "national_id",
    "stripe_customer_id",
];

/// What a table's columns say.
#[derive(Debug)]
pub(super) struct Intent<'a> {
    /// The column that names the person a row belongs to.
    pub(super) owner: Option<&'a Column>,
    /// The column that names the tenant a row belongs to.
    pub(super) tenant: Option<&'a Column>,
    relation: &'a Relation,
    /// The columns that can be read, if that is not all.
    readable: Option<BTreeSet<String>>,
}

impl<'a> Intent<'a> {
    pub(super) fn of(relation: &'a Relation) -> Self {
        let named = |list: &[&str]| relation.columns.iter().find(|c| list.contains(&c.name.to_lowercase().as_str()));
        let by = || relation.columns.iter().find(|c| c.name.to_lowercase().ends_with("_by") && !is_editor(&c.name));
        Self {
            owner: first_of(relation, OWNERS).or_else(|| refers_to_user(relation)).or_else(by),
            tenant: named(TENANTS),
            relation,
            readable: None,
        }
    }

    /// The same for somebody who may read these columns alone.
    pub(super) fn read_by(relation: &'a Relation, columns: &Columns) -> Self {
        let readable = match columns {
            Columns::All => None,
            Columns::None => Some(BTreeSet::new()),
            Columns::Only(held) => Some(held.iter().map(|(name, _)| name.clone()).collect()),
        };
        Self { readable, ..Self::of(relation) }
    }

    /// The first column whose content should stay with few.
    fn sensitive(&self) -> Option<&'a str> {
        let is_read = |c: &&Column| self.readable.as_ref().is_none_or(|readable| readable.contains(&c.name));
        self.relation.columns.iter().filter(is_read).find(|c| tells(c)).map(|c| c.name.as_str())
    }

    /// All columns whose content should stay with few.
    pub(super) fn all_sensitive(&self) -> Vec<&'a str> {
        self.relation.columns.iter().filter(|c| tells(c)).map(|c| c.name.as_str()).collect()
    }

    /// All columns of a relation that may say whose rows they are, by their names.
    pub(super) fn candidates(relation: &'a Relation) -> Vec<&'a str> {
        let lists = [OWNERS, AUTHORSHIP, TENANTS];
        let is_listed = |name: &str| lists.iter().any(|list| list.contains(&name.to_lowercase().as_str()));
        relation.columns.iter().map(|c| c.name.as_str()).filter(|name| is_listed(name)).collect()
    }

    /// The columns that say whose rows they are.
    pub(super) fn columns(&self) -> Vec<&'a str> {
        let audits = |c: &&Column| AUTHORSHIP.contains(&c.name.to_lowercase().as_str()) && c.name != "created_by";
        let owner = self.owner.filter(|c| !audits(c));
        owner.into_iter().chain(self.tenant).map(|c| c.name.as_str()).collect()
    }

    /// Whether a column such as `created_by` is all that says whose rows they are.
    pub(super) fn is_authorship_only(&self) -> bool {
        let audits = |c: &Column| AUTHORSHIP.contains(&c.name.to_lowercase().as_str());
        self.owner.is_some_and(audits) && self.tenant.is_none() && self.sensitive().is_none()
    }

    /// Why not everyone should see the rows, in words; `None` if nothing speaks against it.
    pub(super) fn reason(&self) -> Option<String> {
        let owner = self.owner.or(self.tenant).map(|c| format!("its column {} says whose each row is", c.name));
        let sensitive = || Some(format!("it holds {}", self.sensitive()?));
        owner.or_else(sensitive)
    }
}

/// The column with the first of these names.
fn first_of<'a>(relation: &'a Relation, names: &[&str]) -> Option<&'a Column> {
    names.iter().find_map(|name| relation.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)))
}

/// A column beside the `id` that refers to the platform's users.
fn refers_to_user(relation: &Relation) -> Option<&Column> {
    let users = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(k) if k.relation.schema == "auth" && k.relation.name == "users");
    let keys = relation.constraints.iter().filter(|c| users(&c.kind));
    let mut columns = keys.flat_map(|c| &c.columns).filter(|c| *c != "id").filter_map(|c| relation.column(c));
    columns.find(|c| !is_editor(&c.name))
}

/// Whether the column's values say something: `email_verified boolean` does not.
fn tells(column: &Column) -> bool {
    column.data_type != "boolean" && !column.data_type.starts_with("timestamp") && is_sensitive(&column.name)
}

/// Whether a column of that name holds what should stay with few: one of the words, in snake or camel case.
pub(super) fn is_sensitive(column: &str) -> bool {
    let mut name = String::from("_");
    for c in column.chars() {
        if c.is_uppercase() {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name.push('_');
    let bounded = |at: usize, word: &str| {
        let (before, after) = (name.get(..at), name.get(at + word.len()..));
        before.is_some_and(|b| b.ends_with('_')) && after.is_some_and(|a| a.starts_with('_'))
    };
    SENSITIVE.iter().any(|word| name.match_indices(word).any(|(at, word)| bounded(at, word)))
}

impl Context<'_> {
    /// A table that `relation` refers to whose rows belong to somebody: then its own rows do too.
    pub(super) fn owned_parent(&self, relation: &Relation) -> Option<&Relation> {
        relation.constraints.iter().find_map(|c| {
            let ConstraintKind::ForeignKey(key) = &c.kind else { return None };
            let parent = self.schema.relation(&key.relation).filter(|p| p.name != relation.name)?;
            let intent = Intent::of(parent);
            (!self.is_platform(parent) && (intent.owner.is_some() || intent.tenant.is_some())).then_some(parent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_sensitive;

    #[test]
    fn reads_whole_words() {
        for name in [
            "email",
            "contact_email",
            "contactEmail",
            "api_key",
            "token",
            "access_token",
            "Phone",
            "stripe_customer_id",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["tokens_quota", "emails_sent", "key", "addressee", "id", "secretary", ""] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}
