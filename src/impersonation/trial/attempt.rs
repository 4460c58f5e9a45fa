//! What is attempted on a relation as a guest: statements, from the rows that there are.

use crate::analyzer::effective::{Access, Columns, Extent};
use crate::impersonation::cast::slot_of;
use crate::impersonation::guest::{Guest, user_key};
use crate::impersonation::seed::{Cells, SeededRow, insert_statement, other_value, primary_key};
use crate::model::{Column, Command, Identity, Relation, RelationKind, quote_ident, quote_literal};
use crate::report::Action;

use super::Setting;

/// A statement to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) action: Action,
    pub(super) column: Option<String>,
    pub(super) sql: String,
    /// What a COPY reads.
    pub(super) lines: String,
}

/// The columns that are set one by one at most.
const COLUMNS: usize = 40;

/// All that is attempted. Of commands that the role has no privilege for, one statement is enough.
pub(super) fn all(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> Vec<Attempt> {
    let on = On { setting, guest, relation };
    let mut attempts = Vec::new();
    on.reads(&mut attempts);
    if relation.kind == RelationKind::MaterializedView {
        return attempts;
    }
    on.inserts(&mut attempts);
    on.updates(&mut attempts);
    on.deletes(&mut attempts);
    on.copies(&mut attempts);
    on.cascades(&mut attempts);
    attempts
}

/// A COPY of a row that is one's own, where the server can take one.
pub(super) fn copy_in(setting: &Setting<'_, '_>, guest: &Guest, relation: &Relation) -> Option<Attempt> {
    On { setting, guest, relation }.copy_in()
}

/// A row that a guest can add: like that of a slot, with keys of its own; `owner` is put where it names a user.
pub(in crate::impersonation) fn new_row(
    setting: &Setting<'_, '_>,
    guest: &Guest,
    relation: &Relation,
    (slot, owner): (usize, Option<usize>),
) -> Option<Cells> {
    On { setting, guest, relation }.new_row(slot, owner)
}

/// A guest before a relation.
pub(super) struct On<'t, 's, 'a> {
    pub(super) setting: &'t Setting<'s, 'a>,
    pub(super) guest: &'t Guest,
    pub(super) relation: &'t Relation,
}

impl On<'_, '_, '_> {
    fn access(&self, command: Command) -> Option<Access<'_>> {
        let effective = self.setting.effective;
        let relation = effective.schema().relation(&self.relation.name)?;
        Some(effective.access(&self.guest.persona.role, relation, command))
    }

    /// The columns that the role may use with a command; of a command it has no privilege for, all.
    pub(super) fn may(&self, command: Command, column: &str) -> bool {
        match self.access(command).map(|access| access.columns.clone()) {
            Some(Columns::Only(held)) => held.iter().any(|(c, _)| c == column),
            _ => true,
        }
    }

    pub(super) fn row(&self, slot: usize) -> Option<&SeededRow> {
        self.setting.seeded.row_of(self.setting.effective.schema(), self.relation, slot)
    }

    pub(super) fn has(&self, command: Command) -> bool {
        self.access(command).is_some_and(|access| !matches!(access.columns, Columns::None) && access.usage.is_some())
    }

    /// A column that a WHERE can read.
    pub(super) fn filter(&self) -> Option<String> {
        let readable = |c: &&Column| self.may(Command::Select, &c.name);
        let of_key = primary_key(self.relation).iter().filter_map(|c| self.relation.column(c)).find(readable);
        let column = of_key.or_else(|| self.relation.columns.iter().find(readable))?;
        // Reads the column and is true of every row.
        Some(format!("({} is null) is not null", quote_ident(&column.name)))
    }

    fn reads(&self, out: &mut Vec<Attempt>) {
        out.push(plain(Action::Select, super::judge::identities(self.setting, self.guest, self.relation)));
    }

    /// COPY, which takes tables only, and columns by name.
    fn copies(&self, out: &mut Vec<Attempt>) {
        if self.relation.kind != RelationKind::Table {
            return;
        }
        let name = &self.relation.name;
        if self.has(Command::Select) {
            let held = self.relation.columns.iter().filter(|c| self.may(Command::Select, &c.name));
            let columns: Vec<_> = held.filter(|c| c.generated.is_none()).map(|c| quote_ident(&c.name)).collect();
            if !columns.is_empty() {
                out.push(plain(Action::CopyOut, format!("copy {name} ({}) to stdout", columns.join(", "))));
            }
        }
    }

    fn copy_in(&self) -> Option<Attempt> {
        let insert = self.access(Command::Insert)?;
        let row = self.new_row(self.guest.slot(), None).filter(|row| !row.is_empty())?;
        // The server copies into no table under row-level security, and says so.
        let refused = insert.row_security.applies() || insert.extent != Extent::All;
        if self.relation.kind != RelationKind::Table || refused {
            return None;
        }
        let columns: Vec<_> = row.keys().map(|c| quote_ident(c)).collect();
        let lines = super::copy::line(row.values().map(|value| value.as_deref()));
        let sql = format!("copy {} ({}) from stdin", self.relation.name, columns.join(", "));
        Some(Attempt { lines, ..plain(Action::CopyIn, sql) })
    }

    fn inserts(&self, out: &mut Vec<Attempt>) {
        let own = self.new_row(self.guest.slot(), None);
        let Some(own) = own else { return };
        out.push(plain(Action::Insert, insert_statement(self.relation, &own)));
        if !self.has(Command::Insert) {
            return;
        }
        if let Some(column) = self.relation.columns.iter().find(|c| self.may(Command::Select, &c.name)) {
            let sql = format!("{} returning {}", insert_statement(self.relation, &own), quote_ident(&column.name));
            out.push(plain(Action::InsertReturning, sql));
        }
        let other = slot_of(self.guest.other());
        if let Some(row) = self.new_row(other, None) {
            out.push(plain(Action::InsertForOther, insert_statement(self.relation, &row)));
            out.extend(self.merge_insert(&row));
        }
        if let (Some(_), Some(row)) = (self.guest.user, self.new_row(other, self.guest.user)) {
            out.push(plain(Action::InsertAcross, insert_statement(self.relation, &row)));
        }
        self.upsert(other, out);
    }

    /// MERGE that meets no row; what an identity column takes of its own, it has no word for.
    fn merge_insert(&self, row: &Cells) -> Option<Attempt> {
        if !self.merges() || row.is_empty() {
            return None;
        }
        let columns: Vec<_> = row.keys().map(|c| quote_ident(c)).collect();
        let values: Vec<_> =
            row.values().map(|v| v.as_deref().map_or_else(|| "null".to_owned(), quote_literal)).collect();
        let sql = format!(
            "merge into {} using (select 1) as pgwitness_s on false when not matched then insert ({}) values ({})",
            self.relation.name,
            columns.join(", "),
            values.join(", ")
        );
        Some(plain(Action::MergeInsert, sql))
    }

    fn new_row(&self, slot: usize, owner: Option<usize>) -> Option<Cells> {
        let base = self.row(slot)?;
        let schema = self.setting.effective.schema();
        let mut cells = Cells::new();
        for column in &self.relation.columns {
            let (table, stored) = self.stored(column);
            let own_key =
                stored.identity.is_some() || stored.default.is_some() && primary_key(table).contains(&stored.name);
            if stored.generated.is_some() || own_key || !self.may(Command::Insert, &column.name) {
                continue;
            }
            let Some(value) = base.cells.get(&column.name).filter(|v| v.is_some()) else { continue };
            let value = match owner {
                Some(user) if self.setting.seeded.names_user(self.relation, &column.name) => {
                    let row = self.row(slot_of(user));
                    row.and_then(|row| row.cells.get(&column.name)?.clone()).or_else(|| value.clone())
                }
                _ => other_value(schema, table, stored).unwrap_or_else(|| value.clone()),
            };
            cells.insert(column.name.clone(), value);
        }
        Some(cells)
    }

    /// The column that a row of a view is stored in, where it has the same name; keys are those of its table.
    fn stored<'c>(&'c self, column: &'c Column) -> (&'c Relation, &'c Column) {
        let schema = self.setting.effective.schema();
        let reads = self.relation.view.iter().flat_map(|view| &view.reads).filter_map(|name| schema.relation(name));
        let mut found = reads.filter_map(|table| Some((table, table.column(&column.name)?)));
        found.next().unwrap_or((self.relation, column))
    }

    fn upsert(&self, slot: usize, out: &mut Vec<Attempt>) {
        let key = primary_key(self.relation);
        let Some(row) = self.row(slot) else { return };
        let Some(set) = self.settable().next().filter(|_| !key.is_empty()) else { return };
        let cells: Cells = row
            .cells
            .iter()
            .filter(|(name, value)| {
                let column = self.relation.column(name);
                value.is_some() && self.may(Command::Insert, name) && column.is_some_and(|c| c.generated.is_none())
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let key: Vec<_> = key.iter().map(|c| quote_ident(c)).collect();
        let set = quote_ident(&set.name);
        let insert = insert_statement(self.relation, &cells);
        let sql = format!("{insert} on conflict ({}) do update set {set} = excluded.{set}", key.join(", "));
        out.push(plain(Action::Upsert, sql));
    }

    /// Columns that can be set to the same value in every row.
    fn settable(&self) -> impl Iterator<Item = &Column> {
        let free = |c: &&Column| {
            c.generated.is_none() && c.identity != Some(Identity::Always) && self.may(Command::Update, &c.name)
        };
        let unique = |c: &Column| other_value(self.setting.effective.schema(), self.relation, c).is_some();
        let key = primary_key(self.relation);
        self.relation.columns.iter().filter(free).filter(move |c| !unique(c) && !key.contains(&c.name))
    }

    fn value_for(&self, column: &Column, slot: usize) -> String {
        let row = self.row(slot);
        let value = row.and_then(|row| row.cells.get(&column.name)?.as_deref());
        value.map_or_else(|| "null".to_owned(), quote_literal)
    }

    fn updates(&self, out: &mut Vec<Attempt>) {
        let name = &self.relation.name;
        let columns: Vec<_> = self.settable().collect();
        let plainest = columns.iter().find(|c| !self.setting.seeded.names_user(self.relation, &c.name));
        let Some(first) = plainest.or(columns.first()) else { return };
        let slot = self.guest.slot();
        let set =
            |c: &Column, slot| format!("update {name} set {} = {}", quote_ident(&c.name), self.value_for(c, slot));
        out.push(plain(Action::UpdateBlind, set(first, slot)));
        if !self.has(Command::Update) {
            return;
        }
        let Some(filter) = self.filter() else { return };
        out.push(plain(Action::UpdateFiltered, format!("{} where {filter}", set(first, slot))));
        for column in columns.iter().filter(|c| c.name != first.name).take(COLUMNS) {
            let sql = format!("{} where {filter}", set(column, slot));
            out.push(Attempt { column: Some(column.name.clone()), ..plain(Action::UpdateColumn, sql) });
        }
        for column in columns.iter().filter(|c| self.setting.seeded.names_user(self.relation, &c.name)) {
            let to = |user: usize| {
                format!("update {name} set {} = {}", quote_ident(&column.name), quote_literal(&self.user(user)))
            };
            if let Some(me) = self.guest.user {
                out.push(plain(Action::TakeOver, format!("{} where {filter}", to(me))));
            }
            out.push(plain(Action::GiveAway, format!("{} where {filter}", to(self.guest.other()))));
        }
        if self.merges() {
            let sql = format!(
                "merge into {name} as pgwitness_t using (select 1) as pgwitness_s on {} when matched then update set {} = {}",
                self.merged(&filter),
                quote_ident(&first.name),
                self.value_for(first, slot)
            );
            out.push(plain(Action::MergeUpdate, sql));
        }
    }

    fn merges(&self) -> bool {
        let major = self.setting.effective.schema().server.major();
        major >= 17 || major >= 15 && self.relation.kind.carries_row_security()
    }

    fn merged(&self, filter: &str) -> String {
        filter.replacen('(', "(pgwitness_t.", 1)
    }

    fn user(&self, user: usize) -> String {
        user_key(self.setting.seeded, user)
    }

    fn deletes(&self, out: &mut Vec<Attempt>) {
        let name = &self.relation.name;
        out.push(plain(Action::DeleteBlind, format!("delete from {name}")));
        if self.relation.kind.carries_row_security() {
            out.push(plain(Action::Truncate, format!("truncate {name}")));
        }
        let Some(filter) = self.filter().filter(|_| self.has(Command::Delete)) else { return };
        out.push(plain(Action::DeleteFiltered, format!("delete from {name} where {filter}")));
        if self.merges() {
            let on = self.merged(&filter);
            let sql = format!(
                "merge into {name} as pgwitness_t using (select 1) as pgwitness_s on {on} when matched then delete"
            );
            out.push(plain(Action::MergeDelete, sql));
        }
    }
}

pub(super) fn plain(action: Action, sql: String) -> Attempt {
    Attempt { action, column: None, sql, lines: String::new() }
}
