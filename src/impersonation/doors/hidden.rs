//! What a guest must not see: the values of rows that rules deny it, or that it does not read where no rule speaks of them.
//!
//! A value counts only if it tells rows apart: it stands in no row that the guest may read or reads where no rule is, and is no word that many rows
//! share. What a call gives back is searched for such values, because the result of a function does not say where it has
//! them from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use super::rows::{Cells, HiddenRow, is_of_other, objects, unruled, within};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::Which;
use crate::analyzer::effective::Columns;
use crate::connector::ConnectError;
use crate::impersonation::cast::SLOTS;
use crate::impersonation::guest::Guest;
use crate::impersonation::trial::{Session, Setting};
use crate::model::{Command, Function, QualifiedName, Relation, quote_ident, quote_literal};
use crate::report::{Action, ProbeOutcome, Trial};

/// Shorter values stand in many places by chance.
const SHORTEST: usize = 6;
/// Values of this length are looked for inside of texts too.
const LONG: usize = 16;
/// Rows of a table that are looked at.
const ROWS: usize = 200;

/// Where a value is from.
#[derive(Debug, Clone)]
pub(super) struct Origins<'t> {
    pub(super) relation: &'t QualifiedName,
    pub(super) column: String,
    /// The rule that denies the row; `None` where none speaks of it and the guest just does not read it.
    pub(super) rule: Option<&'t Declaration>,
}

/// What is hidden from a guest.
pub(super) struct Hidden<'t> {
    /// Values, by where they are from.
    values: BTreeMap<String, Vec<Origins<'t>>>,
    rows: Vec<HiddenRow<'t>>,
    /// What it reads, or what is its own.
    open: Vec<Cells>,
    /// The commands by which it writes rows of tables itself.
    writes: BTreeSet<(QualifiedName, Command)>,
}

impl<'t> Hidden<'t> {
    /// Asks for the rows that rules deny the guest, and for those that are open to it.
    pub(super) async fn from(
        session: &Session<'_>,
        setting: &Setting<'t, '_>,
        guest: &Guest,
        (claims, trials): (&str, &[Trial]),
    ) -> Result<Self, ConnectError> {
        let mut hidden: BTreeMap<String, Vec<Origins<'t>>> = BTreeMap::new();
        let rules = rules(setting, guest);
        let mut open_rows = seen(session, setting, guest, (claims, trials), &rules).await?;
        let mut open = BTreeSet::new();
        open_rows.iter().for_each(|row| row.values().for_each(|value| leaves(value, &mut open)));
        let mut rows = others(session, setting, guest, (&rules, &mut open_rows)).await?;
        for rule in rules {
            let name = &rule.relation;
            let row = format!("to_jsonb({}.*)", quote_ident(&name.name));
            let sql = format!("{claims}select {row}::text, (({}) is true)::text from {name}", rule.predicate.sql);
            let Ok(answer) = session.send(&sql).await? else { continue };
            for message in &answer {
                let SimpleQueryMessage::Row(row) = message else { continue };
                let (Some(text), Some(allowed)) = (row.get(0), row.try_get(1).ok().flatten()) else { continue };
                let Ok(Value::Object(cells)) = serde_json::from_str(text) else { continue };
                match setting.effective.schema().relation(name) {
                    Some(relation) if allowed != "true" => {
                        rows.push(HiddenRow { relation, cells: cells.clone(), rule: Some(rule) });
                    }
                    _ => open_rows.push(cells.clone()),
                }
                for (column, value) in cells {
                    let mut leaves = Vec::new();
                    self::leaves(&value, &mut leaves);
                    for value in leaves {
                        if allowed == "true" {
                            open.insert(value);
                        } else {
                            let from = Origins { relation: name, column: column.clone(), rule: Some(rule) };
                            hidden.entry(value).or_default().push(from);
                        }
                    }
                }
            }
        }
        for (relation, column, value) in unruled_values(setting, guest) {
            hidden.entry(value).or_default().push(Origins { relation, column, rule: None });
        }
        let own = guest.persona.claims.as_ref().map(Value::to_string).unwrap_or_default();
        hidden.retain(|value, _| tells_apart(value) && !open.contains(value) && !own.contains(value.as_str()));
        let wrote = trials.iter().filter(|t| {
            t.persona == guest.persona.name
                && t.role == guest.persona.role
                && matches!(t.outcome, ProbeOutcome::Seen { .. })
                && t.action.command() != Command::Select
        });
        let writes = wrote.map(|t| (t.relation.clone(), t.action.command())).collect();
        Ok(Self { values: hidden, rows, open: open_rows, writes })
    }

    /// What of it stands in a result, beside what was given as an argument. Of the places of a value that a body names is
    /// told before others.
    pub(super) fn shown_by(&self, results: &[String], given: &[String], body: &str) -> Vec<&Origins<'t>> {
        let mut whole = BTreeSet::new();
        for result in results {
            let mut leaves = Vec::new();
            match serde_json::from_str(result) {
                Ok(value) => self::leaves(&value, &mut leaves),
                Err(_) => leaves.push(result.clone()),
            }
            whole.extend(leaves);
        }
        let is_given = |value: &String| given.iter().any(|g| g.contains(value.as_str()));
        let within = |value: &String| value.len() >= LONG && whole.iter().any(|text| text.contains(value.as_str()));
        let shown = |value: &&String| (whole.contains(*value) || within(value)) && !is_given(value);
        let place = |all: &[Origins<'t>]| {
            all.iter().position(|from| body.contains(from.relation.name.as_str())).unwrap_or_default()
        };
        self.values.iter().filter(|(value, _)| shown(value)).filter_map(|(_, all)| all.get(place(all))).collect()
    }

    /// The rows that stand in the results of a function, beside what was given as an argument, of tables that it names. What
    /// may be a row of either of two tables is one only if the function says that it gives such.
    pub(super) fn rows_in(&self, results: &[String], given: &[String], of: &Function) -> Vec<(&HiddenRow<'t>, Cells)> {
        let mut found = Vec::new();
        for result in results.iter().filter_map(|result| serde_json::from_str::<Value>(result).ok()) {
            let mut each = Vec::new();
            objects(&result, &mut each);
            for object in each.into_iter().filter(|object| !self.open.iter().any(|row| within(object, row))) {
                let is_returned = |row: &HiddenRow<'_>| of.returns == row.relation.name.to_string();
                let all: Vec<_> = self.rows.iter().filter(|row| row.is(object, given)).collect();
                let is_one = all.windows(2).all(|pair| matches!(pair, [a, b] if a.relation.name == b.relation.name));
                let named =
                    |row: &&HiddenRow<'_>| is_returned(row) || is_one && of.body.contains(&row.relation.name.name);
                found.extend(all.into_iter().find(named).map(|row| (row, object.clone())));
            }
        }
        found
    }

    /// Whether a row of a table that no rule speaks of is another's, and the guest does nothing of the kind to any itself.
    pub(super) fn is_others(&self, relation: &Relation, command: Command, row: &str) -> bool {
        let Ok(Value::Object(row)) = serde_json::from_str(row) else { return false };
        let is = |hidden: &HiddenRow<'_>| {
            hidden.rule.is_none() && hidden.relation.name == relation.name && hidden.cells == row
        };
        !self.writes.contains(&(relation.name.clone(), command)) && self.rows.iter().any(is)
    }

    /// Whether a row has a value that only rows have which are hidden.
    pub(super) fn touches(&self, row: &str) -> bool {
        let mut leaves = Vec::new();
        if let Ok(value) = serde_json::from_str(row) {
            self::leaves(&value, &mut leaves);
        }
        let denied = |all: &Vec<Origins<'_>>| all.iter().any(|from| from.rule.is_some());
        leaves.iter().any(|value| value.len() >= LONG && self.values.get(value).is_some_and(denied))
    }
}

/// The rules that bound what a guest reads.
fn rules<'t>(setting: &Setting<'t, '_>, guest: &Guest) -> Vec<&'t Declaration> {
    let bounds = |d: &&Declaration| {
        d.role == guest.persona.role && d.command == Command::Select && d.row == Which::Old && d.mode.is_upper()
    };
    let holds = |d: &&Declaration| {
        let relation = setting.effective.schema().relation(&d.relation);
        relation.is_some_and(|r| r.kind.carries_row_security())
    };
    setting.intent.declarations.iter().filter(bounds).filter(holds).collect()
}

/// Whether somebody declared it.
pub(super) fn is_declared(rule: &Declaration) -> bool {
    matches!(rule.origin, Origin::Declared(_))
}

/// The values of rows that were made for others where no rule speaks of them.
fn unruled_values<'t>(setting: &Setting<'t, '_>, guest: &Guest) -> Vec<(&'t QualifiedName, String, String)> {
    let rules = rules(setting, guest);
    let mut all = Vec::new();
    for (name, rows) in setting.seeded.rows.iter().filter(|(name, _)| !rules.iter().any(|r| r.relation == **name)) {
        let of_others = rows.iter().filter(|row| {
            let of = SLOTS.get(row.slot).and_then(|slot| slot.user);
            of.is_none() || of != guest.user
        });
        for (column, text) in of_others.flat_map(|row| &row.cells) {
            let Some(text) = text else { continue };
            let mut leaves = Vec::new();
            match serde_json::from_str(text) {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => self::leaves(&value, &mut leaves),
                _ => leaves.push(text.clone()),
            }
            all.extend(leaves.into_iter().map(|value| (name, column.clone(), value)));
        }
    }
    all
}

/// The rows that were made for others where no rule speaks of them. Those of one's own are open.
async fn others<'t>(
    session: &Session<'_>,
    setting: &Setting<'t, '_>,
    guest: &Guest,
    (rules, open): (&[&'t Declaration], &mut Vec<Cells>),
) -> Result<Vec<HiddenRow<'t>>, ConnectError> {
    let ruled: Vec<_> = rules.iter().map(|rule| &rule.relation).collect();
    let mut rows = Vec::new();
    for relation in unruled(setting, &ruled) {
        let sql = format!(
            "select to_jsonb({}.*)::text from {} limit {ROWS}",
            quote_ident(&relation.name.name),
            relation.name
        );
        for message in session.send(&sql).await?.unwrap_or_default() {
            let SimpleQueryMessage::Row(row) = message else { continue };
            let Some(Value::Object(cells)) = row.get(0).and_then(|text| serde_json::from_str(text).ok()) else {
                continue;
            };
            if is_of_other(setting, guest, relation, &cells) {
                rows.push(HiddenRow { relation, cells, rule: None });
            } else {
                open.push(cells);
            }
        }
    }
    Ok(rows)
}

/// The rows that the guest reads by itself where no rule says which it may.
async fn seen(
    session: &Session<'_>,
    setting: &Setting<'_, '_>,
    guest: &Guest,
    (claims, trials): (&str, &[Trial]),
    rules: &[&Declaration],
) -> Result<Vec<Cells>, ConnectError> {
    let schema = setting.effective.schema();
    let of_guest = trials.iter().filter(|t| {
        t.persona == guest.persona.name
            && t.role == guest.persona.role
            && t.action == Action::Select
            && !rules.iter().any(|rule| rule.relation == t.relation)
            && matches!(t.outcome, ProbeOutcome::Seen { .. })
    });
    let each: Vec<_> = of_guest
        .filter_map(|t| schema.relation(&t.relation))
        .map(|relation| format!("select {}::text from {}", row_as_read(setting, guest, relation), relation.name))
        .collect();
    let mut open = Vec::new();
    if each.is_empty() {
        return Ok(open);
    }
    let sql = format!("{claims}set local role {}; {}", quote_ident(&guest.persona.role), each.join("; "));
    for message in session.send(&sql).await?.unwrap_or_default() {
        let SimpleQueryMessage::Row(row) = message else { continue };
        if let Some(Value::Object(cells)) = row.get(0).and_then(|text| serde_json::from_str(text).ok()) {
            open.push(cells);
        }
    }
    Ok(open)
}

/// The columns that the guest may read, as JSON.
fn row_as_read(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> String {
    let known = setting.effective.schema().relation(&relation.name);
    let columns = known.map(|r| setting.effective.access(&guest.persona.role, r, Command::Select).columns.clone());
    match columns {
        Some(Columns::Only(held)) => {
            let pairs: Vec<_> =
                held.iter().take(50).map(|(c, _)| format!("{}, {}", quote_literal(c), quote_ident(c))).collect();
            format!("jsonb_build_object({})", pairs.join(", "))
        }
        _ => format!("to_jsonb({}.*)", quote_ident(&relation.name.name)),
    }
}

/// The texts in a value.
fn leaves(value: &Value, out: &mut impl Extend<String>) {
    match value {
        Value::String(text) => out.extend([text.clone()]),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, out)),
        _ => {}
    }
}

/// Whether a text is a value of one row, and no word or time that many share: what seeding makes up has a number in it.
fn tells_apart(value: &str) -> bool {
    let is_time = value.len() >= 10 && value.get(4..5) == Some("-") && value.get(7..8) == Some("-");
    value.len() >= SHORTEST && value.bytes().any(|b| b.is_ascii_digit()) && !is_time
}

#[cfg(test)]
mod tests {
    use super::tells_apart;

    #[test]
    fn words_and_times_tell_no_rows_apart() {
        assert!(tells_apart("user1@example.com") && tells_apart("b0000000-0000-4000-8000-000000000002"));
        assert!(!tells_apart("member") && !tells_apart("2099-01-01T00:00:00") && !tells_apart("a1"));
    }
}
