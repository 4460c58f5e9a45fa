//! What may tie a row to whoever asks: an owner, a tenant, a membership, a parent row that is tied.

use std::collections::BTreeMap;

use super::pair::{self, Pair};
use super::words;
use crate::analyzer::effective::Effective;
use crate::model::{ConstraintKind, ForeignKey, QualifiedName, Relation, RelationKind, Schema, quote_ident};

/// Stands for the row's name in a condition; what replaces it depends on where the condition stands.
const ROW: char = '\u{1}';

/// A tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The condition, with [`ROW`] in front of the row's columns.
    condition: String,
    /// Whether it has sub-selects, in which a bare column might be another's.
    pub(super) nested: bool,
    /// What speaks for it.
    pub(super) because: String,
    /// Whether more than a name speaks for it.
    pub(super) strong: bool,
}

impl Candidate {
    /// The condition over a row of the relation.
    pub(super) fn over(&self, relation: &Relation) -> String {
        let row = if self.nested { format!("{}.", quote_ident(&relation.name.name)) } else { String::new() };
        self.condition.replace(ROW, &row)
    }
}

/// Who belongs to what.
#[derive(Debug)]
struct Membership<'a> {
    table: &'a Relation,
    /// The column of the group, and the table and column that it references.
    group: &'a str,
    of: &'a QualifiedName,
    key: &'a str,
    /// The condition that the row is about whoever asks.
    user: String,
}

/// All that ties rows of an application.
pub(super) struct Ties<'a> {
    schema: &'a Schema,
    owners: BTreeMap<&'a QualifiedName, Vec<Candidate>>,
    memberships: Vec<Membership<'a>>,
    /// What tenant columns are compared with somewhere, by their names.
    claims: BTreeMap<String, Pair>,
}

/// So many ties say that a relation is about anything.
const MOST: usize = 12;

impl<'a> Ties<'a> {
    pub(super) fn of(effective: &Effective<'a>) -> Self {
        let schema = effective.schema();
        let mut ties = Self { schema, owners: BTreeMap::new(), memberships: Vec::new(), claims: BTreeMap::new() };
        let tables: Vec<_> = schema.relations.iter().filter(|r| is_table(effective, r)).collect();
        let pairs: BTreeMap<_, _> = tables.iter().map(|r| (&r.name, pair::of(effective, r))).collect();
        for relation in &tables {
            let own = pairs.get(&relation.name).map_or(&[][..], Vec::as_slice);
            for pair in own.iter().filter(|p| !p.is_user() && words::is_tenant(&p.column)) {
                ties.claims.entry(pair.column.clone()).or_insert_with(|| pair.clone());
            }
            ties.owners.insert(&relation.name, ties.owned(relation, own));
        }
        // Whose profile somebody is counts like the user.
        for relation in &tables {
            let by_profile = ties.by_profile(relation, &pairs);
            ties.owners.entry(&relation.name).or_default().extend(by_profile);
        }
        ties.memberships = tables.iter().flat_map(|r| ties.memberships_in(r)).collect();
        ties
    }

    /// Whether `auth.uid()` is there to ask.
    fn knows_users(&self) -> bool {
        self.schema.functions.iter().any(|f| f.id.schema == "auth" && f.id.name == "uid" && f.id.arguments.is_empty())
    }

    /// Columns that say whose a row is, by policies, by keys, by names.
    fn owned(&self, relation: &Relation, pairs: &[Pair]) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = pairs
            .iter()
            .map(|pair| Candidate {
                condition: format!("{ROW}{} = {}", quote_ident(&pair.column), pair.asking),
                nested: false,
                because: format!("policy `{}` compares `{}` with {}", pair.policy, pair.column, pair.asking),
                strong: true,
            })
            .collect();
        if !self.knows_users() {
            return found;
        }
        for column in &relation.columns {
            let references = |(c, key): &(&str, &ForeignKey)| *c == column.name && is_users(&key.relation);
            let by_key = !words::is_editor(&column.name) && keys(relation).any(|key| references(&key));
            let by_name = column.data_type == "uuid" && words::is_owner(&column.name);
            let known = pairs.iter().any(|p| p.column == column.name && p.is_user());
            if (by_key || by_name) && !known && column.data_type == "uuid" {
                let why = if by_key { "references auth.users" } else { "is named like an owner" };
                found.push(owner(&column.name, format!("`{}` {why}", column.name), by_key));
            }
        }
        found
    }

    /// Columns that reference a table whose key is the user's own id.
    fn by_profile(&self, relation: &Relation, pairs: &BTreeMap<&QualifiedName, Vec<Pair>>) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (column, key) in keys(relation) {
            let Some(profile) = self.schema.relation(&key.relation).filter(|p| p.name != relation.name) else {
                continue;
            };
            let [id] = key.columns.as_slice() else { continue };
            let is_user = keys(profile).any(|(c, k)| c == id && is_users(&k.relation))
                || pairs
                    .get(&profile.name)
                    .is_some_and(|all| all.iter().any(|p| p.column == *id && p.asking == "auth.uid()"));
            let known = self.owners.get(&relation.name).into_iter().flatten();
            let condition = owner(column, String::new(), true).condition;
            if is_user && known.clone().all(|c| c.condition != condition || !c.strong) {
                let because = format!("`{column}` references {}, whose `{id}` is the user's", profile.name);
                found.push(owner(column, because, true));
            }
        }
        found
    }

    /// The groups that a table says who belongs to: it references one, says whose a row is, and its name or key says so.
    fn memberships_in(&self, table: &'a Relation) -> Vec<Membership<'a>> {
        let owners: Vec<_> = self.owners.get(&table.name).into_iter().flatten().filter(|c| !c.nested).collect();
        let mut found = Vec::new();
        for (group, key) in keys(table) {
            let [of] = key.columns.as_slice() else { continue };
            let users: Vec<_> = owners.iter().filter(|c| !c.condition.starts_with(&column_of(group))).collect();
            let unique = |c: &Candidate| is_key(table, group, &c.condition);
            let user = users.iter().find(|c| unique(c)).or_else(|| users.iter().find(|c| c.strong));
            let says_so =
                |c: &Candidate| words::is_membership(&table.name.name) || unique(c) && words::is_tenant(group);
            let Some(user) = user.filter(|c| says_so(c)).filter(|_| !words::is_right_of_many(group)) else { continue };
            if is_users(&key.relation) || key.relation == table.name || self.is_profile(&key.relation) {
                continue;
            }
            let user = user.condition.clone();
            found.push(Membership { table, group, of: &key.relation, key: of, user });
        }
        found
    }

    /// Whether a table's key is the user's own id.
    fn is_profile(&self, name: &QualifiedName) -> bool {
        let id = |c: &Candidate| c.strong && c.condition.starts_with(&column_of("id"));
        self.owners.get(name).is_some_and(|all| all.iter().any(id))
    }

    /// Everything that ties a row of a relation to whoever asks, the plainest first.
    pub(super) fn candidates(&self, relation: &Relation) -> Vec<Candidate> {
        let mut found = self.direct(relation);
        for (column, key) in keys(relation) {
            let Some(parent) = self.schema.relation(&key.relation).filter(|p| p.name != relation.name) else {
                continue;
            };
            let [id] = key.columns.as_slice() else { continue };
            if is_users(&parent.name) || self.is_profile(&parent.name) {
                continue;
            }
            for tie in self.direct(parent) {
                let condition = tie.condition.replace(ROW, "p.");
                let from = format!(
                    "select 1 from {} p where p.{} = {ROW}{}",
                    parent.name,
                    quote_ident(id),
                    quote_ident(column)
                );
                found.push(Candidate {
                    condition: format!("exists ({from} and {condition})"),
                    nested: true,
                    because: format!("`{column}` references {}, where {}", parent.name, tie.because),
                    strong: tie.strong,
                });
            }
        }
        found.truncate(MOST);
        found
    }

    fn direct(&self, relation: &Relation) -> Vec<Candidate> {
        let mut found = self.owners.get(&relation.name).cloned().unwrap_or_default();
        for column in &relation.columns {
            if let Some(pair) = self.claims.get(&column.name)
                && !found.iter().any(|c| c.condition.starts_with(&column_of(&column.name)))
            {
                found.push(Candidate {
                    condition: format!("{ROW}{} = {}", quote_ident(&column.name), pair.asking),
                    nested: false,
                    because: format!("`{}` is compared with {} elsewhere", column.name, pair.asking),
                    strong: false,
                });
            }
        }
        for membership in &self.memberships {
            found.extend(membership.ties(relation));
        }
        found
    }

    /// What decides rights by the looks of it: the rows of memberships, and columns with such names.
    pub(super) fn rights(&self, relation: &Relation) -> (Vec<String>, String) {
        let mut columns: Vec<_> =
            relation.columns.iter().map(|c| c.name.clone()).filter(|c| words::is_right(c)).collect();
        let membership = self.memberships.iter().find(|m| m.table.name == relation.name);
        let because = match membership {
            Some(membership) => {
                columns.push(membership.group.to_owned());
                format!("{} says who belongs to {}", relation.name, membership.of)
            }
            None if self.is_profile(&relation.name) => format!("{} holds one row a user", relation.name),
            None => return (Vec::new(), String::new()),
        };
        columns.sort();
        columns.dedup();
        (columns, because)
    }
}

impl Membership<'_> {
    /// What it says of the rows of a relation: of the group itself, and of those that name a group.
    fn ties(&self, relation: &Relation) -> Vec<Candidate> {
        let named: Vec<(&str, String, bool)> = if relation.name == *self.of {
            vec![(self.key, format!("{} says who belongs to it", self.table.name), true)]
        } else {
            let by_key = keys(relation).filter(|(_, key)| key.relation == *self.of).map(|(column, _)| {
                (column, format!("`{column}` references {}, and {} says who belongs", self.of, self.table.name), true)
            });
            let mut named: Vec<_> = by_key.collect();
            let same = relation.columns.iter().find(|c| c.name == self.group && words::is_tenant(&c.name));
            if let Some(column) = same.filter(|c| named.iter().all(|(n, ..)| *n != c.name)) {
                let because = format!("`{}` is named as in {}, which says who belongs", column.name, self.table.name);
                named.push((&column.name, because, false));
            }
            named
        };
        let tie = |(column, because, strong): (&str, String, bool)| Candidate {
            condition: format!(
                "exists (select 1 from {} m where m.{} = {ROW}{} and {})",
                self.table.name,
                quote_ident(self.group),
                quote_ident(column),
                self.user.replace(ROW, "m.")
            ),
            nested: true,
            because,
            strong,
        };
        named.into_iter().map(tie).collect()
    }
}

fn owner(column: &str, because: String, strong: bool) -> Candidate {
    Candidate { condition: format!("{} auth.uid()", column_of(column)), nested: false, because, strong }
}

/// How the condition on a column begins.
fn column_of(column: &str) -> String {
    format!("{ROW}{} =", quote_ident(column))
}

/// Whether two columns are a key: the group's, and the one that a condition is on.
fn is_key(table: &Relation, group: &str, condition: &str) -> bool {
    let unique = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
    table.constraints.iter().filter(|c| unique(&c.kind) && c.columns.len() == 2).any(|c| {
        let user = |column: &String| condition.starts_with(&column_of(column));
        c.columns.iter().any(|c| c == group) && c.columns.iter().any(user)
    })
}

/// Foreign keys of one column, with that column.
fn keys(relation: &Relation) -> impl Iterator<Item = (&str, &ForeignKey)> {
    relation.constraints.iter().filter_map(|c| match (&c.kind, c.columns.as_slice()) {
        (ConstraintKind::ForeignKey(key), [column]) => Some((column.as_str(), key)),
        _ => None,
    })
}

fn is_users(name: &QualifiedName) -> bool {
    name.schema == "auth" && name.name == "users"
}

/// Whether a relation is one of the application's tables.
pub(super) fn is_table(effective: &Effective<'_>, relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable)
        && relation.extension.is_none()
        && !effective.is_platform_namespace(&relation.name.schema)
}
