//! Triggers with their owner's rights that write to other tables: fired by a write of the role's own.
//!
//! What lands in the other table is asked with all rights before and after. It counts if it has values that the role chose
//! (two rows are written, and each brings its own), if nothing lands with the trigger disabled, and if the server refuses
//! the role the same write to the other table.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tokio_postgres::SimpleQueryMessage;

use super::rights::{ASKED, First, Holder, MOST, asked};
use crate::analyzer::effective::{Columns, Extent};
use crate::checks::fired as named;
use crate::connector::ConnectError;
use crate::impersonation::cast::slot_of;
use crate::impersonation::guest::{Guest, user_key};
use crate::impersonation::seed::{Cells, insert_statement, plain_value};
use crate::impersonation::trial::new_row;
use crate::model::{
    Column, Command, ConstraintKind, FiresWhen, Identity, Relation, Trigger, TriggerEvent, quote_ident, quote_literal,
};
use crate::report::{DoorKind, DoorTrial};

/// Rows of a table that are looked at.
const ROWS: usize = 500;
/// What makes up values where a row has none.
const FILLED: u32 = 32_000;

/// A write of a guest's, in two ways: each a statement and the values that it chose.
struct Writes {
    word: &'static str,
    each: [(String, Cells); 2],
}

/// What one of them left in the other table.
struct Landed {
    rows: Vec<Map<String, Value>>,
    /// Whether there are more rows than before.
    grew: bool,
}

/// A trigger of a table, and a table that its function names.
#[derive(Clone, Copy)]
struct Fired<'r> {
    table: &'r Relation,
    trigger: &'r Trigger,
    written: &'r Relation,
}

impl Holder<'_, '_, '_> {
    /// Every such trigger of tables that the role may write, as the sessions of the role until something lands.
    pub(super) async fn fired_triggers(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let schema = self.setting.effective.schema();
        let on =
            |table| self.definers(table).into_iter().map(move |(trigger, written)| Fired { table, trigger, written });
        for fired in schema.relations.iter().filter(|r| self.is_own(r)).flat_map(on).take(MOST) {
            let mut tried = First::default();
            'sessions: for guest in self.sessions() {
                for writes in self.two_writes(guest, fired) {
                    if tried.take(self.fire(guest, fired, &writes).await?) {
                        break 'sessions;
                    }
                }
            }
            out.extend(tried.0);
        }
        Ok(())
    }

    /// The triggers of a table with others' rights, with each table that they name and that the role does not write itself.
    fn definers<'r>(&'r self, table: &'r Relation) -> Vec<(&'r Trigger, &'r Relation)> {
        let schema = self.setting.effective.schema();
        let row_triggers = table.triggers.iter().filter(|t| t.for_each_row && t.fires != FiresWhen::Disabled);
        let mut found = Vec::new();
        for trigger in row_triggers {
            let function = schema.function(&trigger.function).filter(|f| f.security_definer && f.extension.is_none());
            let Some(function) = function else { continue };
            let words: BTreeSet<_> = function.body.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
            let is_written = |r: &&Relation| {
                r.name != table.name
                    && r.kind.carries_row_security()
                    && words.contains(r.name.name.as_str())
                    && self.is_own(r)
                    && !(self.reaches(r, Command::Insert) && self.reaches(r, Command::Update))
            };
            found.extend(schema.relations.iter().filter(is_written).map(|written| (trigger, written)));
        }
        found
    }

    fn reaches(&self, relation: &Relation, command: Command) -> bool {
        let effective = self.setting.effective;
        let known = effective.schema().relation(&relation.name);
        known.is_some_and(|r| !matches!(effective.access(self.role, r, command).extent, Extent::None(_)))
    }

    /// Inserts and updates with values of different owners, as far as the trigger is for them and the role may.
    fn two_writes(&self, guest: &Guest, fired: Fired<'_>) -> Vec<Writes> {
        let (own, other) = (guest.slot(), slot_of(guest.other()));
        let table = fired.table;
        let does = |event, command| fired.trigger.events.contains(&event) && self.reaches(table, command);
        let row = |(slot, owner), user, n| {
            let row = new_row(self.setting, guest, table, (slot, owner))?;
            Some(self.filled(table, row, (user, n)))
        };
        let mut all = Vec::new();
        let me = guest.user.unwrap_or_default();
        let Some(first) = row((own, None), me, 0) else { return all };
        // Another's row as it is, and one that names the guest.
        let others = [((other, None), guest.other()), ((other, guest.user), me)];
        for second in others.into_iter().filter_map(|(of, user)| row(of, user, 1)).filter(|row| *row != first) {
            let statements = |make: &dyn Fn(&Cells) -> Option<String>| {
                Some([(make(&first)?, first.clone()), (make(&second)?, second.clone())])
            };
            if does(TriggerEvent::Insert, Command::Insert) {
                let each = statements(&|row| Some(insert_statement(table, row)));
                all.extend(each.map(|each| Writes { word: "INSERT", each }));
            }
            if does(TriggerEvent::Update, Command::Update) {
                let each = statements(&|row| self.update(table, row));
                all.extend(each.map(|each| Writes { word: "UPDATE", each }));
            }
        }
        all
    }

    /// A row with values in the columns that may be NULL too, as far as the role may give them.
    fn filled(&self, table: &Relation, mut row: Cells, (user, n): (usize, u32)) -> Cells {
        let schema = self.setting.effective.schema();
        let refers = |name: &String| {
            let mut keys = table.constraints.iter().filter(|c| matches!(c.kind, ConstraintKind::ForeignKey(_)));
            keys.any(|key| key.columns.contains(name))
        };
        let is_free = |c: &&Column| c.generated.is_none() && c.identity.is_none() && c.default.is_none();
        let empty = table.columns.iter().filter(is_free).filter(|c| !row.contains_key(&c.name) && !refers(&c.name));
        let made_up = |c: &Column| {
            let names_user = c.data_type == "uuid" && self.setting.seeded.names_user(table, &c.name);
            let value = match names_user {
                true => user_key(self.setting.seeded, user),
                false => plain_value(c, table, schema, FILLED + n)?,
            };
            Some((c.name.clone(), Some(value)))
        };
        let held = |c: &&Column| self.holds(table, Command::Insert, &c.name);
        let values: Vec<_> = empty.filter(held).filter_map(made_up).collect();
        row.extend(values);
        row
    }

    /// Whether the role may give a column.
    pub(super) fn holds(&self, table: &Relation, command: Command, column: &str) -> bool {
        let effective = self.setting.effective;
        let known = effective.schema().relation(&table.name);
        known.is_some_and(|relation| match &effective.access(self.role, relation, command).columns {
            Columns::All => true,
            Columns::Only(held) => held.iter().any(|(name, _)| name == column),
            Columns::None => false,
        })
    }

    /// An UPDATE of whatever rows the role may, to values of a row, but for keys.
    fn update(&self, table: &Relation, row: &Cells) -> Option<String> {
        let is_key = |column: &String| table.indexes.iter().any(|i| i.unique && i.keys.contains(column));
        let set: Vec<_> = row
            .iter()
            .filter(|(column, _)| self.holds(table, Command::Update, column) && !is_key(column))
            .map(|(column, value)| format!("{} = {}", quote_ident(column), literal(value.as_deref())))
            .collect();
        (!set.is_empty()).then(|| format!("update {} set {}", table.name, set.join(", ")))
    }

    async fn fire(&self, guest: &Guest, fired: Fired<'_>, writes: &Writes) -> Result<DoorTrial, ConnectError> {
        let (table, written) = (&fired.table.name, &fired.written.name);
        let [(act, chosen), (act_too, chosen_too)] = &writes.each;
        let answer = self.session.send(&self.request(guest, act)).await?;
        let object = named(fired.table, fired.trigger, written);
        let holder = Holder { session: self.session, setting: self.setting, role: self.role, guest };
        let mut trial = holder.trial(DoorKind::FiredTrigger, &object, act, &answer);
        let landed = self.landed(guest, fired.written, ("", act)).await?;
        let landed_too = self.landed(guest, fired.written, ("", act_too)).await?;
        let carried = carried((chosen, &landed), (chosen_too, &landed_too));
        if carried.is_empty() {
            return Ok(trial);
        }
        let off = format!("alter table {table} disable trigger {}; ", quote_ident(&fired.trigger.name));
        if !self.landed(guest, fired.written, (&off, act)).await?.is_some_and(|landed| landed.rows.is_empty()) {
            return Ok(trial);
        }
        let Some(landed) = &landed else { return Ok(trial) };
        if self.is_refused(guest, (fired.written, landed), &carried).await? {
            let columns: Vec<_> = carried.iter().copied().collect();
            trial.reached.push(format!(
                "as {}, {} on {table} fired {}, which put the values that it was given into {} of {written}; {} was refused \
                 when it wrote that itself",
                guest.persona.name,
                writes.word,
                quote_ident(&fired.trigger.name),
                columns.join(", "),
                self.role
            ));
        }
        Ok(trial)
    }

    /// The rows of a table that are new after a write; `None` where the write failed.
    async fn landed(
        &self,
        guest: &Guest,
        written: &Relation,
        (first, act): (&str, &str),
    ) -> Result<Option<Landed>, ConnectError> {
        let look = format!(
            "select pg_catalog.to_jsonb(pgwitness_r)::text as {ASKED} from {} as pgwitness_r limit {ROWS}",
            written.name
        );
        let before = asked(&self.session.send(&look).await?);
        let message = format!("{first}{}; set local role none; {look}", self.request(guest, act));
        let answer = self.session.send(&message).await?;
        if answer.is_err() {
            return Ok(None);
        }
        let (mut old, after) = (before.clone(), asked(&answer));
        let grew = after.len() > before.len();
        let mut rows = Vec::new();
        for row in after {
            match old.iter().position(|known| *known == row) {
                Some(at) => drop(old.swap_remove(at)),
                None => rows.extend(serde_json::from_str(&row)),
            }
        }
        Ok(Some(Landed { rows, grew }))
    }

    /// Whether the role cannot do to the table what the trigger did: all of it, and what it chose of it.
    async fn is_refused(
        &self,
        guest: &Guest,
        (written, landed): (&Relation, &Landed),
        carried: &BTreeSet<&str>,
    ) -> Result<bool, ConnectError> {
        let (name, Some(row)) = (&written.name, landed.rows.first()) else { return Ok(false) };
        let row = quote_literal(&Value::Object(row.clone()).to_string());
        let free = |column: &&Column| column.generated.is_none() && column.identity != Some(Identity::Always);
        let all: Vec<_> = written.columns.iter().filter(free).map(|c| quote_ident(&c.name)).collect();
        let chosen: Vec<_> = carried.iter().map(|column| quote_ident(column)).collect();
        for columns in [all, chosen] {
            let values: Vec<_> = columns
                .iter()
                .map(|c| format!("(pg_catalog.jsonb_populate_record(null::{name}, {row})).{c}"))
                .collect();
            let (columns, values) = (columns.join(", "), values.join(", "));
            let act = match landed.grew {
                true => format!("insert into {name} ({columns}) values ({values})"),
                false => format!("update {name} set ({columns}) = row({values})"),
            };
            let answer = self.session.send(&self.request(guest, &act)).await?;
            let changed = answer.iter().flatten().rev().find_map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            });
            let is_refused = match &answer {
                Ok(_) => !landed.grew && changed == Some(0),
                Err(error) => error.code().code() == "42501",
            };
            if !is_refused {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The columns of what landed that hold what was chosen, both times.
fn carried<'l>(
    (chosen, landed): (&Cells, &'l Option<Landed>),
    (chosen_too, landed_too): (&Cells, &Option<Landed>),
) -> BTreeSet<&'l str> {
    let (Some(landed), Some(landed_too)) = (landed, landed_too) else { return BTreeSet::new() };
    let differing = || {
        let pairs =
            chosen.iter().filter_map(|(column, value)| Some((value.as_deref()?, chosen_too.get(column)?.as_deref()?)));
        pairs.filter(|(one, two)| one != two)
    };
    let holds = |rows: &[Map<String, Value>], column: &str, value: &str| {
        rows.iter().any(|row| row.get(column).and_then(text).is_some_and(|text| text == value))
    };
    let columns = landed.rows.iter().flat_map(|row| row.keys()).map(String::as_str);
    let is_carried = |column: &&str| {
        differing().any(|(one, two)| holds(&landed.rows, column, one) && holds(&landed_too.rows, column, two))
    };
    columns.filter(is_carried).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn literal(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), quote_literal)
}
