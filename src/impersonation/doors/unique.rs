//! Unique indexes that span the rows of everybody: a row that the role adds with the value of one that is hidden from it.
//!
//! The index must refuse that row, and a value that nobody has must not be refused for it. That the other row is hidden is
//! seen by taking it away: the role counts as many rows as before, and the same INSERT goes through.

use tokio_postgres::error::SqlState;

use super::rights::{ASKED, First, Holder, MOST, asked};
use crate::analyzer::effective::{Columns, Extent};
use crate::checks::telling_indexes;
use crate::connector::ConnectError;
use crate::impersonation::cast::slot_of;
use crate::impersonation::guest::Guest;
use crate::impersonation::seed::{Cells, insert_statement, plain_value, primary_key};
use crate::impersonation::trial::{Answer, claims, new_row, setting_names};
use crate::model::{Command, Index, QualifiedName, Relation, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial};

/// What makes up a value that the hidden row gets where it has none, and one that no row has.
const GIVEN: u32 = 31_001;
const FRESH: u32 = 31_002;

impl<'t> Holder<'t, '_, '_> {
    /// Every such index of tables that the role may add rows to, as the sessions of the role until one is told something.
    pub(super) async fn unique_values(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let effective = self.setting.effective;
        let adds = |r: &&Relation| {
            self.is_own(r) && !matches!(effective.access(self.role, r, Command::Insert).extent, Extent::None(_))
        };
        let tables = effective.schema().relations.iter().filter(adds);
        for (table, index) in tables.flat_map(|r| telling_indexes(r).into_iter().map(move |i| (r, i))).take(MOST) {
            let mut tried = First::default();
            for guest in self.sessions() {
                if let Some(trial) = self.taken(guest, table, index).await?
                    && tried.take(trial)
                {
                    break;
                }
            }
            out.extend(tried.0);
        }
        Ok(())
    }

    /// The sessions of the role, those that own rows first.
    pub(super) fn sessions(&self) -> Vec<&'t Guest> {
        let mut all: Vec<_> = self.setting.guests.iter().filter(|g| g.persona.role == *self.role).collect();
        all.sort_by_key(|guest| guest.user.is_none());
        all
    }

    /// A statement of a session of the role's, on the paths that requests have.
    pub(super) fn request(&self, guest: &Guest, act: &str) -> String {
        let claims = claims(guest, &setting_names(self.setting.guests));
        format!("{claims}set local search_path = public, extensions; set local role {}; {act}", quote_ident(self.role))
    }

    async fn taken(&self, guest: &Guest, table: &Relation, index: &Index) -> Result<Option<DoorTrial>, ConnectError> {
        let name = &table.name;
        let fresh = new_row(self.setting, guest, table, (guest.slot(), None));
        let row = self.setting.seeded.row(name, slot_of(guest.other()));
        let (Some(mut fresh), Some(row)) = (fresh, row) else { return Ok(None) };
        let Some(hidden) = self.hidden(table, index, &row.cells) else { return Ok(None) };
        let mut same = fresh.clone();
        for (key, value) in &hidden.values {
            same.insert(key.clone(), Some(value.clone()));
            let made_up = table.column(key).and_then(|c| plain_value(c, table, self.setting.effective.schema(), FRESH));
            fresh.insert(key.clone(), made_up);
        }
        let (act, control) = (insert_statement(table, &same), insert_statement(table, &fresh));
        let prepare = &hidden.prepare;
        let answer = self.session.send(&format!("{prepare}{}", self.request(guest, &act))).await?;
        let object = QualifiedName::new(&name.schema, &index.name).to_string();
        let holder = Holder { session: self.session, setting: self.setting, role: self.role, guest };
        let mut trial = holder.trial(DoorKind::UniqueValue, &object, &act, &answer);
        if is_duplicate(&answer, index)
            && !is_duplicate(&self.session.send(&format!("{prepare}{}", self.request(guest, &control))).await?, index)
            && self.is_hidden(guest, table, (&hidden, &act)).await?
        {
            trial.reached.push(format!(
                "as {}, adding a row to {name} with the {} of a row that is hidden from it failed for that (SQLSTATE 23505); \
                 with that row gone, and with a value that no row has, it did not",
                guest.persona.name,
                index.keys.join(", ")
            ));
        }
        Ok(Some(trial))
    }

    /// A row of somebody else's, with a value in each column of the index.
    fn hidden(&self, table: &Relation, index: &Index, row: &Cells) -> Option<HiddenRow> {
        let schema = self.setting.effective.schema();
        let (mut values, mut set) = (Vec::new(), Vec::new());
        for key in &index.keys {
            let column = table.column(key)?;
            let value = match row.get(key).cloned().flatten() {
                Some(value) => value,
                None => {
                    let value = plain_value(column, table, schema, GIVEN)?;
                    set.push(format!("{} = {}", quote_ident(key), quote_literal(&value)));
                    value
                }
            };
            values.push((key.clone(), value));
        }
        let key = Some(primary_key(table)).filter(|key| !key.is_empty()).unwrap_or(&index.keys);
        let is = |key: &String| Some(format!("{} = {}", quote_ident(key), quote_literal(row.get(key)?.as_deref()?)));
        let is_it: Option<Vec<_>> = key.iter().map(is).collect();
        let is_it = is_it?.join(" and ");
        let update = format!("update {} set {} where {is_it}", table.name, set.join(", "));
        let prepare = if set.is_empty() { String::new() } else { format!("{}; ", undisturbed(&update)) };
        Some(HiddenRow { is_it, values, prepare })
    }

    /// Whether a row is one that the session does not see, and all that kept `act` from being done.
    async fn is_hidden(
        &self,
        guest: &Guest,
        table: &Relation,
        (hidden, act): (&HiddenRow, &str),
    ) -> Result<bool, ConnectError> {
        let name = &table.name;
        let access = self.setting.effective.access(self.role, table, Command::Select);
        let count = match access.columns != Columns::None && access.usage.is_some() {
            true => self.request(guest, &format!("select count(*) as {ASKED} from {name}")),
            false => format!("select 0 as {ASKED}"),
        };
        let all = format!("set local role none; select count(*) as {ASKED} from {name}");
        let gone = undisturbed(&format!("delete from {name} where {}", hidden.is_it));
        let message = format!(
            "{}{all}; {count}; set local role none; {gone}; {all}; {count}; {}",
            hidden.prepare,
            self.request(guest, act)
        );
        let answer = self.session.send(&message).await?;
        let counts: Vec<u64> = asked(&answer).iter().filter_map(|n| n.parse().ok()).collect();
        let is_gone = matches!(counts.as_slice(), [all, seen, left, still] if *all == left + 1 && seen == still);
        Ok(answer.is_ok() && is_gone)
    }
}

/// A row that is hidden from a session, if it is.
struct HiddenRow {
    /// The condition that a row is that one.
    is_it: String,
    /// What it has in each column of the index.
    values: Vec<(String, String)>,
    /// What gives it values where it had none.
    prepare: String,
}

/// A statement with all rights and without triggers, so that nothing stands in its way.
fn undisturbed(act: &str) -> String {
    format!(
        "set local search_path = public, extensions; set local session_replication_role = replica; {act}; \
         set local session_replication_role = origin"
    )
}

/// Whether the server refused a row for the index.
fn is_duplicate(answer: &Answer, index: &Index) -> bool {
    let by = |error: &tokio_postgres::error::DbError| {
        *error.code() == SqlState::UNIQUE_VIOLATION && error.constraint() == Some(index.name.as_str())
    };
    answer.as_ref().err().is_some_and(by)
}
