//! The values that a row starts with: references to the rows of its slot, users and tenants, and what else is demanded.

use std::collections::BTreeSet;

use super::columns::Names;
use super::kind::Kind;
use super::{Cells, Seeder, key};
use crate::analyzer::term::Type;
use crate::impersonation::cast::{SLOTS, Slot, email, tenant_id, user_id};
use crate::model::{Column, ConstraintKind, Identity, QualifiedName, Relation, Schema, TypeKind};
use crate::verdicts::script::invented;

impl<'a> Seeder<'_, 'a> {
    /// The row of a slot, as far as it is known what it should be.
    pub(super) fn cells(&mut self, table: &'a Relation, slot: usize) -> Cells {
        let mut cells = self.promised.get(&(table.name.clone(), slot)).cloned().unwrap_or_default();
        for column in &table.columns {
            if column.generated.is_some()
                || column.identity == Some(Identity::Always)
                || cells.contains_key(&column.name)
            {
                continue;
            }
            self.next += 1;
            if let Some(value) = self.value(table, column, slot) {
                cells.insert(column.name.clone(), value);
            }
        }
        cells
    }

    /// The value of a column; `None` leaves it to its default.
    fn value(&mut self, table: &'a Relation, column: &Column, slot: usize) -> Option<Option<String>> {
        let schema = self.effective.schema();
        let of = SLOTS.get(slot).copied().unwrap_or(Slot { user: None, tenant: 0 });
        let named = self.names.get(&column.name).copied();
        if let Some(value) = special(table, column, of) {
            return Some(Some(value));
        }
        let refers = key::foreign(table).any(|(c, _)| c.columns.contains(&column.name));
        if of.user.is_none() && column.nullable && (named == Some(Names::User) || self.refers_to_user(table, column)) {
            return Some(None);
        }
        if refers {
            return match self.reference(table, &column.name, slot) {
                Some(value) => Some(Some(value)),
                None if column.nullable => {
                    self.open.push((table.name.clone(), slot, column.name.clone()));
                    Some(None)
                }
                None => Some(self.promise(table, column, slot)),
            };
        }
        match named {
            Some(Names::User) => return Some(Some(self.user(column, of.user.unwrap_or(0)))),
            Some(Names::Tenant) => return Some(Some(self.tenant(table, column, of))),
            None => {}
        }
        let demanded = (!column.nullable || is_demanded(column, schema)) && column.default.is_none();
        varied(column, table, schema, slot).or_else(|| demanded.then(|| plain(column, table, schema, self.next)))
    }

    /// The columns of a table that name a user.
    pub(super) fn owners(&self, table: &Relation) -> BTreeSet<String> {
        let names = |c: &&Column| self.names.get(&c.name) == Some(&Names::User) || self.refers_to_user(table, c);
        table.columns.iter().filter(names).map(|c| c.name.clone()).collect()
    }

    fn refers_to_user(&self, table: &Relation, column: &Column) -> bool {
        key::foreign(table)
            .any(|(c, k)| c.columns == [column.name.clone()] && self.kinds.get(&k.relation) == Some(&Kind::Users))
    }

    /// The value that a foreign key's column takes from the row of the slot.
    pub(super) fn reference(&self, table: &Relation, column: &str, slot: usize) -> Option<String> {
        key::foreign(table).find_map(|(constraint, foreign)| {
            let at = constraint.columns.iter().position(|c| c == column)?;
            let row = self.seeded.row(&foreign.relation, slot)?;
            row.cells.get(foreign.columns.get(at)?)?.clone()
        })
    }

    /// A key that the row to come shall have, where it is not there yet and must be.
    fn promise(&mut self, table: &Relation, column: &Column, slot: usize) -> Option<String> {
        let (_, foreign, theirs) = key::foreign(table).find_map(|(constraint, foreign)| {
            let at = constraint.columns.iter().position(|c| *c == column.name)?;
            Some((constraint, foreign, foreign.columns.get(at)?.clone()))
        })?;
        let of = self.of_parent(&foreign.relation, slot);
        let known = self.promised.entry((foreign.relation.clone(), of)).or_default();
        let value = plain(column, table, self.effective.schema(), self.next);
        known.entry(theirs).or_insert(value).clone()
    }

    /// The slot that a table's row for this slot is made in.
    fn of_parent(&self, parent: &QualifiedName, slot: usize) -> usize {
        let kind = self.kinds.get(parent).copied().unwrap_or(Kind::Rows);
        let same = |other: &usize| match (kind, SLOTS.get(*other), SLOTS.get(slot)) {
            (Kind::Users, Some(a), Some(b)) => a.user == b.user,
            (Kind::Tenants, Some(a), Some(b)) => a.tenant == b.tenant,
            _ => *other == slot,
        };
        kind.slots(true).into_iter().find(same).unwrap_or(slot)
    }

    fn user(&self, column: &Column, user: usize) -> String {
        match Type::named(&column.data_type, self.effective.schema()) {
            Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric => (user + 1).to_string(),
            Type::Text | Type::Varchar if column.name.contains("mail") => email(user),
            _ => user_id(user),
        }
    }

    /// A tenant's id: that of its row where a table of tenants has the type of the column.
    fn tenant(&self, table: &Relation, column: &Column, of: Slot) -> String {
        let schema = self.effective.schema();
        let slot = SLOTS.iter().position(|s| s.tenant == of.tenant).unwrap_or_default();
        let by_row = self.kinds.iter().filter(|(name, kind)| **kind == Kind::Tenants && **name != &table.name);
        let by_row = by_row.filter_map(|(name, _)| {
            let parent = schema.relation(name)?;
            let [id] = key::primary(parent) else { return None };
            let same = parent.column(id)?.data_type == column.data_type;
            let singular = name.name.trim_end_matches('s');
            let stem = singular.get(..3).unwrap_or(singular);
            self.seeded.row(name, slot).filter(|_| same && column.name.starts_with(stem))?.cells.get(id)?.clone()
        });
        by_row.into_iter().next().unwrap_or_else(|| match Type::named(&column.data_type, schema) {
            Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric => (of.tenant + 1).to_string(),
            Type::Uuid => tenant_id(of.tenant),
            _ => format!("tenant{}", of.tenant + 1),
        })
    }
}

/// Values that the platform's tables want.
fn special(table: &Relation, column: &Column, of: Slot) -> Option<String> {
    let user = of.user.unwrap_or(0);
    Some(match (table.name.schema.as_str(), table.name.name.as_str(), column.name.as_str()) {
        ("auth", "users", "id") | ("storage", "objects", "owner" | "owner_id") => user_id(user),
        ("auth", "users", "email") => email(user),
        ("auth", "users", "aud" | "role") => "authenticated".to_owned(),
        ("auth", "users", "raw_app_meta_data") => r#"{"provider": "email", "providers": ["email"]}"#.to_owned(),
        ("auth", "users", "raw_user_meta_data") => {
            format!(r#"{{"full_name": "User {n}", "name": "User {n}", "username": "user{n}"}}"#, n = user + 1)
        }
        ("storage", "objects", "name") => format!("{}/file{}.txt", user_id(user), of.tenant + 1),
        _ => return None,
    })
}

/// Words and truth values that policies tell rows apart by take turns.
fn varied(column: &Column, table: &Relation, schema: &Schema, slot: usize) -> Option<Option<String>> {
    let at = |words: &[String]| words.get(slot % words.len().max(1)).cloned().map(Some);
    match Type::named(&column.data_type, schema) {
        Type::Bool => Some(Some((slot % 2 == 1).to_string())),
        Type::Enum(labels) => at(&labels.labels.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Type::Text | Type::Varchar => at(&listed(column, table)),
        _ => None,
    }
}

/// The words that a CHECK lists for the column, as `status in ('draft', 'open')` does.
fn listed(column: &Column, table: &Relation) -> Vec<String> {
    let lists = |constraint: &&crate::model::Constraint| {
        constraint.columns == [column.name.clone()]
            && matches!(&constraint.kind, ConstraintKind::Check(text) if text.contains("ANY (ARRAY["))
    };
    let Some(found) = table.constraints.iter().find(lists) else { return Vec::new() };
    words_in(&found.definition)
}

/// The texts in quotes of an expression.
pub(super) fn words_in(expression: &str) -> Vec<String> {
    expression.split('\'').skip(1).step_by(2).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// Whether a column's domain takes no NULL.
fn is_demanded(column: &Column, schema: &Schema) -> bool {
    let is = |t: &&crate::model::Type| t.name.to_string() == column.data_type;
    schema.types.iter().find(is).is_some_and(|t| matches!(t.kind, TypeKind::Domain { not_null: true, .. }))
}

/// A value that the type takes and that is not too long for it; another for each `n`.
pub(in crate::impersonation) fn plain(column: &Column, table: &Relation, schema: &Schema, n: u32) -> Option<String> {
    let sizes = column.data_type.split_once('(').and_then(|(_, rest)| Some(rest.split_once(')')?.0));
    let mut sizes =
        sizes.into_iter().flat_map(|list| list.split(',')).filter_map(|size| size.trim().parse::<u32>().ok());
    let (first, second) = (sizes.next(), sizes.next().unwrap_or_default());
    match (Type::named(&column.data_type, schema), first) {
        (Type::Numeric, Some(digits)) => {
            let most = 10_u32.checked_pow(digits.saturating_sub(second)).unwrap_or(u32::MAX);
            Some((n % most.max(1)).to_string())
        }
        (Type::Text | Type::Varchar, Some(most)) => {
            let text = of_type(column, table, schema, n)?;
            let skip = text.chars().count().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
            Some(text.chars().skip(skip).collect())
        }
        _ => of_type(column, table, schema, n),
    }
}

fn of_type(column: &Column, table: &Relation, schema: &Schema, n: u32) -> Option<String> {
    let name = column.name.to_lowercase();
    let ends = ["expire", "until", "end", "valid_to"].iter().any(|word| name.contains(word));
    match Type::named(&column.data_type, schema) {
        Type::Text | Type::Varchar if name.contains("mail") => Some(format!("person{n}@example.com")),
        Type::Text | Type::Varchar if name.contains("url") => Some(format!("https://example.com/{n}")),
        Type::Date | Type::Timestamp | Type::Timestamptz if ends => Some("2099-01-01".to_owned()),
        Type::Other(other) if other.contains("vector") => {
            let size = column.data_type.split_once('(').and_then(|(_, rest)| rest.split_once(')')?.0.parse().ok());
            Some(format!("[{}]", vec!["0"; size.unwrap_or(3)].join(",")))
        }
        Type::Other(other) if other.ends_with("range") => Some(range(&other, n)),
        _ => invented(column, table, schema, n),
    }
}

/// A range that no other `n` overlaps.
fn range(name: &str, n: u32) -> String {
    let bare = name.rsplit_once('.').map_or(name, |(_, bare)| bare);
    let (year, day) = (2000 + n / 300, n % 300);
    let (month, day) = (day / 28 + 1, day % 28 + 1);
    match bare {
        "tstzrange" | "tsrange" | "daterange" => format!("[{year}-{month:02}-{day:02},{year}-{month:02}-{day:02}]"),
        "int4range" | "int8range" | "numrange" => format!("[{},{})", n * 10, n * 10 + 5),
        _ => "empty".to_owned(),
    }
}

/// Another value for a column that must be unique; `None` for other columns, and for those that refer to a row.
pub(in crate::impersonation) fn other(schema: &Schema, table: &Relation, column: &Column) -> Option<Option<String>> {
    let unique = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
    let by_constraint = table.constraints.iter().any(|c| unique(&c.kind) && c.columns.contains(&column.name));
    let by_index = table.indexes.iter().any(|i| i.unique && i.keys.iter().any(|k| k.contains(column.name.as_str())));
    let refers = key::foreign(table).any(|(c, _)| c.columns.contains(&column.name));
    ((by_constraint || by_index) && !refers).then(|| plain(column, table, schema, 30_000))
}

/// The values of a row that an INSERT can give.
pub(in crate::impersonation) fn stored(table: &Relation, cells: &Cells) -> Cells {
    let given = |name: &String| table.column(name).is_some_and(|c| c.generated.is_none());
    cells.iter().filter(|(name, _)| given(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
