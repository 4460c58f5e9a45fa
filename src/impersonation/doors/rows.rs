//! Rows as JSON, whole or in part: what tells that a call gave a row where none of its values does by itself.
//!
//! A number or a word stands in many places by chance. All columns of a row together, its key among them, do not.

use serde_json::{Map, Value};

use crate::access::Declaration;
use crate::impersonation::cast::SLOTS;
use crate::impersonation::guest::Guest;
use crate::impersonation::seed::primary_key;
use crate::impersonation::trial::Setting;
use crate::model::{QualifiedName, Relation};

/// The columns of a row.
pub(super) type Cells = Map<String, Value>;

/// A row that a guest must not see, or that was made for others and that it does not read.
#[derive(Debug, Clone)]
pub(super) struct HiddenRow<'t> {
    pub(super) relation: &'t Relation,
    pub(super) cells: Cells,
    /// The rule that denies it, where one speaks of it.
    pub(super) rule: Option<&'t Declaration>,
}

impl HiddenRow<'_> {
    /// Whether a result is this row: all of it, or its key and more, and not just what was given.
    pub(super) fn is(&self, result: &Cells, given: &[String]) -> bool {
        let keys = primary_key(self.relation);
        let key = || keys.iter().filter_map(|key| result.get(key));
        // Most are not, and to write values out takes long.
        if keys.is_empty() || key().count() < keys.len() || !within(result, &self.cells) {
            return false;
        }
        let is_given = |value: &Value| given.contains(&text(value));
        let tells = |value: &Value| !value.is_null() && !value.is_boolean() && !is_given(value);
        let is_whole = || result.len() == self.cells.len() && result.values().any(tells);
        let is_part = || result.len() > 1 && key().any(|value| !is_given(value));
        is_part() || is_whole()
    }
}

/// Whether a row says all that another does.
pub(super) fn within(result: &Cells, row: &Cells) -> bool {
    result.iter().all(|(column, value)| row.get(column) == Some(value))
}

/// The objects in a value, at any depth.
pub(super) fn objects<'v>(value: &'v Value, out: &mut Vec<&'v Cells>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| objects(item, out)),
        Value::Object(map) => {
            out.push(map);
            map.values().for_each(|item| objects(item, out));
        }
        _ => {}
    }
}

/// Whether a row was made for somebody else, which its key tells.
pub(super) fn is_of_other(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation, row: &Cells) -> bool {
    let keys = primary_key(relation);
    let is_it = |cells: &crate::impersonation::seed::Cells| {
        keys.iter().all(|key| row.get(key).map(text) == cells.get(key).cloned().flatten())
    };
    let made = setting.seeded.rows.get(&relation.name).into_iter().flatten().find(|row| is_it(&row.cells));
    let of = made.map(|row| SLOTS.get(row.slot).and_then(|slot| slot.user));
    !keys.is_empty() && of.is_some_and(|user| user.is_none() || user != guest.user)
}

/// The tables with rows of ours that no rule speaks of.
pub(super) fn unruled<'t>(setting: &Setting<'t, '_>, ruled: &[&QualifiedName]) -> Vec<&'t Relation> {
    let schema = setting.effective.schema();
    let names = setting.seeded.rows.keys().filter(|name| !ruled.contains(name));
    names.filter_map(|name| schema.relation(name)).filter(|r| !primary_key(r).is_empty()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Cells, objects, within};

    #[test]
    fn rows_are_found_at_any_depth() {
        let value = json!([{ "notes": [{ "id": 7, "body": null }] }]);
        let mut found = Vec::new();
        objects(&value, &mut found);
        let Value::Object(row) = json!({ "id": 7, "body": null, "owner": "a" }) else { panic!() };
        let inside: Vec<&Cells> = found.into_iter().filter(|object| within(object, &row)).collect();
        assert_eq!(inside.len(), 1);
    }
}
