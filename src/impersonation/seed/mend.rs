//! What to change in a row that the server would not take, by its SQLSTATE, the column and the constraint that it names.

use std::collections::BTreeMap;

use tokio_postgres::error::{DbError, SqlState};

use super::value::{plain, words_in};
use super::{Cells, key};
use crate::model::{Column, Relation, Schema, TypeKind};

/// What to do about a refusal.
pub(super) enum Next {
    /// The row is changed: try it again.
    Again,
    /// A row with the same values in these columns is there and may serve.
    Adopt(Vec<String>),
    /// Nothing comes to mind.
    GiveUp,
}

/// A row on its way into a table.
pub(super) struct Mender<'a> {
    table: &'a Relation,
    schema: &'a Schema,
    cells: Cells,
    /// How many of the candidates for a constraint were tried.
    tried: BTreeMap<String, usize>,
    /// Why triggers and foreign keys are switched off, once they are.
    forced: Option<String>,
    /// The row as it was before a constraint's candidates were tried.
    before: BTreeMap<String, Cells>,
    /// The CHECK whose candidate was tried last: its name, its text and its columns.
    current: Option<(String, String, Vec<&'a Column>)>,
}

impl<'a> Mender<'a> {
    pub(super) fn new(table: &'a Relation, schema: &'a Schema, cells: Cells) -> Self {
        Self { table, schema, cells, tried: BTreeMap::new(), forced: None, before: BTreeMap::new(), current: None }
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn forced(&self) -> Option<&str> {
        self.forced.as_deref()
    }

    /// Switches triggers and foreign keys off; whether they were on.
    pub(super) fn force(&mut self, why: &str) -> bool {
        let first = self.forced.is_none();
        self.forced.get_or_insert_with(|| why.to_owned());
        first
    }

    /// Takes back that triggers and foreign keys are off, unless they were before.
    pub(super) fn unforce(&mut self, was: bool) {
        if !was {
            self.forced = None;
        }
    }

    /// Changes the row by what the server says is wrong with it.
    pub(super) fn mend(&mut self, error: &DbError, next: &mut u32) -> Next {
        *next += 1;
        // What a trigger or function does elsewhere is not about our row.
        let elsewhere = error.table().is_some_and(|name| name != self.table.name.name && !self.is_part(name));
        if elsewhere {
            return self.forced_or_not(error);
        }
        let code = error.code();
        if *code == SqlState::NOT_NULL_VIOLATION {
            return self.fill(error, *next);
        }
        if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::EXCLUSION_VIOLATION {
            return self.make_unique(error.constraint().unwrap_or_default(), *next);
        }
        if *code == SqlState::CHECK_VIOLATION {
            return self.satisfy(error, *next);
        }
        if *code == SqlState::GENERATED_ALWAYS {
            let generated = self.table.columns.iter().filter(|c| c.identity.is_some() || c.generated.is_some());
            let dropped = generated.filter(|c| self.cells.remove(&c.name).is_some()).count();
            return if dropped > 0 { Next::Again } else { Next::GiveUp };
        }
        if code.code().starts_with("22") {
            // A candidate of another type than the column's: the next may do.
            return if self.current.is_some() { self.candidate(*next) } else { self.retype(*next) };
        }
        self.forced_or_not(error)
    }

    fn is_part(&self, name: &str) -> bool {
        self.schema.relations.iter().any(|r| r.name.name == name && r.parents.contains(&self.table.name))
    }

    fn forced_or_not(&mut self, error: &DbError) -> Next {
        if self.force(error.message()) { Next::Again } else { Next::GiveUp }
    }

    fn fill(&mut self, error: &DbError, n: u32) -> Next {
        let named = error.column().and_then(|name| self.table.column(name));
        // A domain names itself and not the column.
        let of_domain = error.datatype().and_then(|name| {
            let empty = |c: &&Column| !self.cells.get(&c.name).is_some_and(Option::is_some);
            self.table.columns.iter().filter(empty).find(|c| c.data_type.rsplit('.').next() == Some(name))
        });
        let Some(column) = named.or(of_domain) else {
            return if self.force("a value that is missing is a trigger's") { Next::Again } else { Next::GiveUp };
        };
        let had = self.cells.get(&column.name).is_some_and(Option::is_some);
        match plain(column, self.table, self.schema, n).filter(|_| !had) {
            Some(value) => {
                self.cells.insert(column.name.clone(), Some(value));
                Next::Again
            }
            None => self.retype(n),
        }
    }

    /// Another value for what may be freely chosen; where nothing may, the row that is there is the one.
    fn make_unique(&mut self, constraint: &str, n: u32) -> Next {
        let columns = key::columns_of(self.table, constraint);
        let tried = self.tried.entry(constraint.to_owned()).or_default();
        *tried += 1;
        if columns.is_empty() || *tried > 4 {
            return Next::GiveUp;
        }
        let refers = |c: &&String| key::foreign(self.table).any(|(k, _)| k.columns.contains(c));
        let is_users = self.table.name.schema == "auth";
        let free: Vec<_> = columns
            .iter()
            .filter(|c| !refers(c) && !is_users)
            .filter_map(|c| self.table.column(c))
            .filter(|c| self.cells.contains_key(&c.name) && c.data_type != "boolean")
            .collect();
        let Some(column) = free.iter().rfind(|c| self.can_vary(c)) else { return Next::Adopt(columns) };
        let value = plain(column, self.table, self.schema, 10_000 + n);
        self.cells.insert(column.name.clone(), value);
        Next::Again
    }

    /// Whether many values may stand in a column.
    fn can_vary(&self, column: &Column) -> bool {
        let value = |n| plain(column, self.table, self.schema, n);
        value(10_001) != value(10_002)
    }

    /// The next candidate for the columns that a CHECK speaks of.
    fn satisfy(&mut self, error: &DbError, n: u32) -> Next {
        let name = error.constraint().unwrap_or_default().to_owned();
        let of_table = self.table.constraints.iter().find(|c| c.name == name);
        let (text, columns): (String, Vec<&Column>) = match of_table {
            Some(found) => {
                (found.definition.clone(), found.columns.iter().filter_map(|c| self.table.column(c)).collect())
            }
            None => self.of_domain(error),
        };
        if columns.is_empty() {
            return self.forced_or_not(error);
        }
        self.current = Some((name, text, columns));
        self.candidate(n)
    }

    /// Puts the next candidate in place of the last.
    fn candidate(&mut self, n: u32) -> Next {
        let Some((name, text, columns)) = self.current.clone() else { return Next::GiveUp };
        let before = self.before.entry(name.clone()).or_insert_with(|| self.cells.clone()).clone();
        let at = self.tried.entry(name).or_default();
        let Some((column, value)) = candidates(&columns, &text, n).into_iter().nth(*at) else { return Next::GiveUp };
        *at += 1;
        let own: Vec<_> = columns.iter().map(|c| &c.name).collect();
        self.cells.retain(|c, _| !own.contains(&c));
        self.cells.extend(before.into_iter().filter(|(c, _)| own.contains(&c)));
        match column {
            Some(column) => drop(self.cells.insert(column, value)),
            // The one that has a value is another in each turn.
            None => self.only(&value.unwrap_or_default(), &columns, n),
        }
        Next::Again
    }

    /// Leaves a value to one of several columns.
    fn only(&mut self, name: &str, columns: &[&Column], n: u32) {
        for column in columns.iter().filter(|c| c.nullable && c.name != name) {
            self.cells.insert(column.name.clone(), None);
        }
        if let Some(column) = columns.iter().find(|c| c.name == name)
            && self.cells.get(name).is_none_or(Option::is_none)
        {
            self.cells.insert(name.to_owned(), plain(column, self.table, self.schema, n));
        }
    }

    /// The columns of a domain whose CHECK failed.
    fn of_domain(&self, error: &DbError) -> (String, Vec<&'a Column>) {
        let named = error.datatype().unwrap_or_default();
        let Some(found) = self.schema.types.iter().find(|t| t.name.name == named) else {
            return (String::new(), Vec::new());
        };
        let TypeKind::Domain { checks, .. } = &found.kind else { return (String::new(), Vec::new()) };
        let full = found.name.to_string();
        let columns = self.table.columns.iter().filter(|c| c.data_type.contains(&full));
        (checks.join(" "), columns.filter(|c| self.cells.get(&c.name).is_some_and(Option::is_some)).collect())
    }

    /// A value of another form for what the server cannot read, one column after the other.
    fn retype(&mut self, n: u32) -> Next {
        let at = self.tried.entry("form".to_owned()).or_default();
        let columns: Vec<_> = self.table.columns.iter().filter(|c| self.cells.contains_key(&c.name)).collect();
        let found = columns.get(*at % columns.len().max(1)).zip(FORMS.get(*at / columns.len().max(1)));
        *at += 1;
        let Some((column, form)) = found else { return Next::GiveUp };
        let refers = key::foreign(self.table).any(|(c, _)| c.columns.contains(&column.name));
        if !refers {
            let value = if column.nullable { None } else { Some(form.replace("{n}", &(n % 1000).to_string())) };
            self.cells.insert(column.name.clone(), value);
        }
        Next::Again
    }
}

/// Forms that types take which nothing is known of.
const FORMS: [&str; 6] = ["1", "(,)", "(,,)", "(,,,)", "a{n}", "{}"];

/// Texts that CHECKs commonly ask for.
const TEXTS: [&str; 20] = [
    "a{n}",
    "abc-{n}",
    "ABC{n}",
    "person{n}@example.com",
    "https://example.com/{n}",
    "#a1b2c3",
    "+1555000{n}",
    "US",
    "USD",
    "en",
    "en-US",
    "12:00",
    "{n}",
    "1.0.{n}",
    "abcd{n}efgh",
    "/a{n}",
    "A",
    "192.0.2.1",
    "a",
    "00000000-0000-4000-8000-000000000001",
];

/// What may satisfy a CHECK: a column with a value, or (without one) the only column of several that is to have a value.
fn candidates(columns: &[&Column], text: &str, n: u32) -> Vec<(Option<String>, Option<String>)> {
    let mut values: Vec<String> = words_in(text);
    let numbers = numbers(text);
    for number in &numbers {
        values.extend([number + 1, *number, number - 1].map(|n| n.to_string()));
    }
    let lengths = numbers.iter().filter(|n| (1..2000).contains(*n)).filter_map(|n| usize::try_from(*n).ok());
    let long: Vec<_> = lengths.flat_map(|l| ["a".repeat(l), "a".repeat(l + 1), "1".repeat(l)]).collect();
    values.extend(TEXTS.iter().map(|t| t.replace("{n}", &(n % 1000).to_string())));
    values.extend(long);
    values.extend(["0", "1", "true", "false", "[]", "{}", "2000-01-01", "2099-12-31"].map(str::to_owned));
    let mut all = Vec::new();
    if columns.len() > 1 {
        all.extend(columns.iter().map(|c| (None, Some(c.name.clone()))));
    }
    for value in values {
        all.extend(columns.iter().map(|c| (Some(c.name.clone()), Some(value.clone()))));
    }
    all.extend(columns.iter().filter(|c| c.nullable).map(|c| (Some(c.name.clone()), None)));
    all
}

fn numbers(text: &str) -> Vec<i64> {
    let mut found: Vec<i64> = text
        .split(|c: char| !c.is_ascii_digit() && c != '-')
        .filter_map(|word| word.parse().ok())
        .filter(|n: &i64| n.abs() < 1_000_000_000_000)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
