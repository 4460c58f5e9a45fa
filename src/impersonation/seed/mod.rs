//! Rows for a database of our own, so that there is something to see and to spoil: made, never taken from anybody.
//!
//! Each table gets a row for each [slot](super::cast::SLOTS), parents before children. What the server refuses is read and
//! mended, constraint by constraint; what cannot be made is named with the server's reason, because a table without rows
//! shows nothing of who may see them.

mod columns;
mod insert;
mod key;
mod kind;
mod mend;
mod order;
mod partition;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::cast::SLOTS;
use super::unanswered::bounded;
use crate::access::words;
use crate::analyzer::effective::Effective;
use crate::connector::ConnectError;
use crate::model::{QualifiedName, Relation, RelationKind, Schema};
use columns::Names;
pub(super) use insert::statement as insert_statement;
pub(super) use key::primary as primary_key;
use kind::Kind;
pub(super) use order::of as order;
pub(super) use value::{other as other_value, plain as plain_value, stored};

/// Values of columns as text; `None` is NULL.
pub type Cells = BTreeMap<String, Option<String>>;

/// How long seeding may take; tables that are left then are named.
const BUDGET: Duration = Duration::from_secs(60);

/// How long a row may take.
const STATEMENT: Duration = Duration::from_secs(5);
/// How long it may wait for a lock.
const LOCK: Duration = Duration::from_secs(2);

/// A row that was made, or found in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeededRow {
    /// Its place in [`SLOTS`].
    pub slot: usize,
    /// All its values, as the server has them.
    pub cells: Cells,
}

/// A table that has no row of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseeded {
    /// The table.
    pub relation: QualifiedName,
    /// Why, in the server's words.
    pub reason: String,
}

/// What seeding came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seeded {
    /// The rows by table.
    pub rows: BTreeMap<QualifiedName, Vec<SeededRow>>,
    /// Tables that no row could be made for.
    pub unseeded: Vec<Unseeded>,
    /// Tables whose rows went in with triggers and foreign keys switched off, and why.
    pub forced: BTreeMap<QualifiedName, String>,
    /// The columns of each table that name a user.
    pub owners: BTreeMap<QualifiedName, BTreeSet<String>>,
}

impl Seeded {
    /// The row of a table that belongs to a slot: its own, or one of the same user or tenant.
    #[must_use]
    pub fn row(&self, relation: &QualifiedName, slot: usize) -> Option<&SeededRow> {
        let rows = self.rows.get(relation)?;
        let of = |row: &SeededRow| SLOTS.get(row.slot);
        let wanted = SLOTS.get(slot)?;
        let own = rows.iter().find(|row| row.slot == slot);
        let same_user = || rows.iter().find(|row| wanted.user.is_some() && of(row).and_then(|s| s.user) == wanted.user);
        let same_tenant = || rows.iter().find(|row| of(row).is_some_and(|s| s.tenant == wanted.tenant));
        own.or_else(same_user).or_else(same_tenant).or_else(|| rows.first())
    }

    /// The same of any relation: a partition has its parent's rows, a view those of a table that it shows.
    #[must_use]
    pub fn row_of(&self, schema: &Schema, relation: &Relation, slot: usize) -> Option<&SeededRow> {
        let shown = relation.view.iter().flat_map(|view| &view.reads);
        let by_others = || {
            let others = relation.parents.iter().chain(shown);
            others.filter_map(|name| schema.relation(name)).find_map(|other| {
                // A view of a view, but no deeper.
                let below = other.view.iter().flat_map(|view| &view.reads).chain(&other.parents);
                self.row(&other.name, slot).or_else(|| below.into_iter().find_map(|name| self.row(name, slot)))
            })
        };
        self.row(&relation.name, slot).or_else(by_others)
    }

    /// Whether a column names a user.
    #[must_use]
    pub fn names_user(&self, relation: &Relation, column: &str) -> bool {
        let known = [&relation.name].into_iter().chain(&relation.parents).find_map(|name| self.owners.get(name));
        known.map_or_else(|| words::is_owner(column), |owners| owners.contains(column))
    }

    /// How many of some tables have rows.
    #[must_use]
    pub fn count<'a>(&self, of: impl IntoIterator<Item = &'a QualifiedName>) -> usize {
        of.into_iter().filter(|name| self.rows.get(name).is_some_and(|rows| !rows.is_empty())).count()
    }
}

/// Fills every table of the application, and those of the platform that they refer to. The rows stay: call it only where
/// the whole database is thrown away.
///
/// # Errors
/// When the connection is lost.
pub async fn seed(client: &Client, effective: &Effective<'_>) -> Result<Seeded, ConnectError> {
    let failed = |e| ConnectError::query("making rows to test with", e);
    let mut seeder = Seeder::new(client, effective);
    let until = Instant::now() + BUDGET;
    let begin = format!("begin; set local search_path = public, extensions; {}", bounded(STATEMENT, LOCK, 1));
    client.batch_execute(&begin).await.map_err(failed)?;
    let tables = order::of(effective);
    for table in &tables {
        if Instant::now() > until {
            let reason = "the time for making rows was over".to_owned();
            seeder.seeded.unseeded.push(Unseeded { relation: table.name.clone(), reason });
            continue;
        }
        seeder.table(table).await.map_err(failed)?;
    }
    for table in &tables {
        seeder.close_circles(table).await.map_err(failed)?;
    }
    // A deferred constraint that still fails is told, and checked no more: the rows are there to be looked at.
    if seeder.ask("set constraints all immediate").await.map_err(failed)?.is_err() {
        seeder.client.batch_execute("set local session_replication_role = replica").await.map_err(failed)?;
    }
    client.batch_execute("commit").await.map_err(failed)?;
    refresh(client, effective).await.map_err(failed)?;
    seeder.seeded.unseeded.sort();
    Ok(seeder.seeded)
}

/// Has materialized views hold what they would, were the rows older than they. One that fails stays as it was.
async fn refresh(client: &Client, effective: &Effective<'_>) -> Result<(), tokio_postgres::Error> {
    let bounds = bounded(STATEMENT, LOCK, 1);
    for refresh in refreshes(effective) {
        let done = client.batch_execute(&format!("{bounds}{refresh}")).await;
        if let Err(error) = done
            && (error.as_db_error().is_none() || client.is_closed())
        {
            return Err(error);
        }
    }
    Ok(())
}

/// The statements that bring the application's materialized views up to date. One may read another: where there are
/// several, each is refreshed twice.
pub(super) fn refreshes(effective: &Effective<'_>) -> Vec<String> {
    let of_application =
        |r: &&Relation| r.extension.is_none() && !effective.is_platform_object(&r.name.schema, &r.owner);
    let all = effective.schema().relations.iter().filter(|r| r.kind == RelationKind::MaterializedView);
    let all: Vec<_> = all.filter(of_application).map(|r| format!("refresh materialized view {}", r.name)).collect();
    let rounds = all.len().min(2);
    all.iter().cycle().take(all.len() * rounds).cloned().collect()
}

/// Makes rows in one transaction.
struct Seeder<'s, 'a> {
    client: &'s Client,
    effective: &'s Effective<'a>,
    kinds: BTreeMap<&'a QualifiedName, Kind>,
    /// Whom the columns of the table at hand name.
    names: BTreeMap<String, Names>,
    seeded: Seeded,
    /// Keys that a circle of references took for granted, by table and slot.
    promised: BTreeMap<(QualifiedName, usize), Cells>,
    /// Foreign keys that were left NULL because their row was not there yet.
    open: Vec<(QualifiedName, usize, String)>,
    next: u32,
}

impl<'s, 'a> Seeder<'s, 'a> {
    fn new(client: &'s Client, effective: &'s Effective<'a>) -> Self {
        let kinds = kind::of(effective);
        Self {
            client,
            effective,
            kinds,
            names: BTreeMap::new(),
            seeded: Seeded::default(),
            promised: BTreeMap::new(),
            open: Vec::new(),
            next: 0,
        }
    }

    /// Makes the rows of one table; whatever is there already serves where none can be made.
    async fn table(&mut self, table: &'a Relation) -> Result<(), tokio_postgres::Error> {
        let kind = self.kinds.get(&table.name).copied().unwrap_or(Kind::Rows);
        self.names = columns::names(self.effective, table);
        let owned = columns::is_owned(&self.names, table);
        self.seeded.owners.insert(table.name.clone(), self.owners(table));
        let bound = partition::bound(self.client, table).await?;
        let mut why = None;
        for slot in kind.slots(owned) {
            match self.row(table, slot, &bound).await? {
                Ok(row) => self.seeded.rows.entry(table.name.clone()).or_default().push(row),
                Err(reason) => drop(why.get_or_insert(reason)),
            }
        }
        if self.seeded.rows.contains_key(&table.name) {
            return Ok(());
        }
        let found = self.existing(table).await?;
        if found.is_empty() {
            let reason = why.unwrap_or_else(|| "no row was accepted".to_owned());
            self.seeded.unseeded.push(Unseeded { relation: table.name.clone(), reason });
        } else {
            self.seeded.rows.insert(table.name.clone(), found);
        }
        Ok(())
    }
}
