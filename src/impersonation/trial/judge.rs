//! Which rows there are, and which rules are true of them: asked with all rights, before and after.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryMessage;

use crate::access::Declaration;
use crate::analyzer::effective::Columns;
use crate::impersonation::guest::Guest;
use crate::model::{Command, Relation, RelationKind, quote_ident};

use super::Setting;

/// The column that tells a row from others.
const ID: &str = "pgwitness_row";
/// The column that says which rules are true of it, a letter each.
const RULES: &str = "pgwitness_rules";

/// The rows of a relation by what tells them apart, each with what the rules say of it. Where two rows are alike, one
/// stands for both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rows(pub(super) BTreeMap<String, Vec<bool>>);

/// The rules that bound a guest on a relation.
pub(super) fn declarations<'t>(setting: &Setting<'t, '_>, guest: &Guest, relation: &Relation) -> Vec<&'t Declaration> {
    let all = setting.intent.declarations.iter();
    all.filter(|d| d.role == guest.persona.role && d.relation == relation.name).collect()
}

/// How rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By what the guest may see of them.
    Sight,
    /// By where they lie, which every write changes.
    Place,
}

/// Whether a guest sees rows by other marks than where they lie.
pub(super) fn sees_otherwise(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> bool {
    identity(setting, guest, relation, By::Sight) != identity(setting, guest, relation, By::Place)
}

/// What tells rows apart, as an expression.
fn identity(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation, by: By) -> String {
    let access = setting
        .effective
        .schema()
        .relation(&relation.name)
        .map(|relation| setting.effective.access(&guest.persona.role, relation, Command::Select).columns.clone());
    match access {
        Some(Columns::Only(held)) if by == By::Sight || !relation.kind.carries_row_security() => {
            let columns: Vec<_> = held.iter().map(|(c, _)| quote_ident(c)).collect();
            format!("row({})::text", columns.join(", "))
        }
        _ if matches!(relation.kind, RelationKind::View | RelationKind::ForeignTable) => "pgwitness_r::text".to_owned(),
        _ => "tableoid::text || ctid::text".to_owned(),
    }
}

/// The statement by which a guest reads all rows.
pub(super) fn identities(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> String {
    format!("select {} as {ID} from {} as pgwitness_r", identity(setting, guest, relation, By::Sight), relation.name)
}

/// The statement that asks for all rows and the rules.
pub(super) fn question(
    setting: &Setting<'_, '_>,
    guest: &Guest,
    relation: &Relation,
    (rules, by): (&[&Declaration], By),
) -> String {
    let each: Vec<_> =
        rules.iter().map(|rule| format!("case when ({}) is true then 't' else 'f' end", rule.predicate.sql)).collect();
    let rules = if each.is_empty() { "''".to_owned() } else { each.join(" || ") };
    // Rules name the row's columns by the relation's own name where they must.
    format!(
        "select {} as {ID}, {rules} as {RULES} from {}",
        identity(setting, guest, relation, by).replace("pgwitness_r", &quote_ident(&relation.name.name)),
        relation.name
    )
}

impl Rows {
    /// The rows of the last answer that has rules, and so is the judge's.
    pub(super) fn judged(answer: &[SimpleQueryMessage]) -> Self {
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                let rules = row.columns().iter().any(|c| c.name() == RULES).then(|| row.get(RULES)).flatten()?;
                Some((row.get(ID)?.to_owned(), rules.chars().map(|c| c == 't').collect()))
            }
            _ => None,
        };
        Self(answer.iter().filter_map(row).collect())
    }

    /// The rows that the guest saw.
    pub(super) fn seen(answer: &[SimpleQueryMessage]) -> Vec<String> {
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) if row.columns().len() == 1 && row.columns().first()?.name() == ID => {
                row.get(0).map(str::to_owned)
            }
            _ => None,
        };
        answer.iter().filter_map(row).collect()
    }

    /// Rows that are in this and not in another.
    pub(super) fn without<'r>(&'r self, other: &'r Self) -> impl Iterator<Item = (&'r String, &'r Vec<bool>)> {
        self.0.iter().filter(|(id, _)| !other.0.contains_key(*id))
    }
}
