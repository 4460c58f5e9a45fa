//! Queries over the system catalogs.

use super::aggregate::is_aggregated;
use super::value::Value;
use super::{Answer, Asker, Sight};
use crate::migrations::replay::system::{Row, Wanted};
use crate::sql::ast::{Body, Condition, Expr, ExprKind, From, FromKind, JoinKind, Query, Select, Target};
use std::cell::OnceCell;
use std::sync::Arc;

/// Combinations of rows that are tried before a question is given up.
const MOST: usize = 200_000;

/// A table of a query.
struct Table<'a> {
    alias: String,
    source: Source<'a>,
    /// Columns that must equal something that is known when the search comes to this table.
    wanted: Vec<(&'a str, &'a Expr, Known)>,
    /// Its rows, where they are the same whatever rows stand before.
    rows: OnceCell<Vec<Arc<Row>>>,
}

/// Where rows come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// A relation of the catalog.
    Relation(Option<&'a str>, &'a str),
    /// `unnest(array)`, and what its one column is called, if not as its table.
    Elements(&'a Expr, Option<&'a str>),
}

/// From what something is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It is made of literals and variables.
    Always,
    /// From a row of a table that stands before, or of an outer query.
    InSight,
}

/// The tables of a query, and what must hold of a combination of their rows.
struct Search<'a> {
    tables: &'a [Table<'a>],
    conditions: &'a [&'a Expr],
    /// One combination is enough.
    first: bool,
    tried: usize,
    found: Vec<Sight>,
    /// Whether there may be others.
    more: bool,
}

impl Asker<'_> {
    /// Whether a query finds a row.
    pub(super) fn exists(&self, query: &Query, outer: &Sight) -> Option<bool> {
        let Body::Select(select) = &query.body else { return None };
        if !query.ctes.is_empty() || query.offset.is_some() || !select.group_by.is_empty() || select.having.is_some() {
            return None;
        }
        if select.targets.iter().any(|target| is_aggregated(&target.value)) {
            return Some(true);
        }
        let (found, more) = self.matches(select, outer, true)?;
        match (found.is_empty(), more) {
            (false, _) => Some(true),
            (true, true) => None,
            (true, false) => Some(false),
        }
    }

    /// The values of a query's only column.
    pub(super) fn column_of(&self, query: &Query, outer: &Sight) -> Option<Vec<Value>> {
        let rows = self.rows(query, outer)?;
        rows.into_iter()
            .map(|row| match <[_; 1]>::try_from(row) {
                Ok([(_, value)]) => value,
                Err(_) => None,
            })
            .collect()
    }

    /// All rows of a query.
    pub(super) fn rows(&self, query: &Query, outer: &Sight) -> Option<Vec<Answer>> {
        let Body::Select(select) = &query.body else { return None };
        if !query.ctes.is_empty() || query.offset.is_some() || !select.group_by.is_empty() || select.having.is_some() {
            return None;
        }
        let (found, more) = self.matches(select, outer, false)?;
        if more {
            return None;
        }
        if select.targets.iter().any(|target| is_aggregated(&target.value)) {
            return Some(vec![self.aggregated(select, &found)?]);
        }
        let mut rows: Vec<Answer> = found.iter().map(|sight| self.targets(select, sight)).collect();
        match &select.distinct {
            None => (),
            Some(on) if on.is_empty() => {
                let mut seen: Vec<Answer> = Vec::new();
                rows.retain(|row| {
                    let new = !seen.contains(row);
                    seen.extend(new.then(|| row.clone()));
                    new
                });
            }
            Some(_) => return None,
        }
        match &query.limit {
            None => (),
            Some(limit) => {
                let Value::Whole(most) = self.value(limit, outer)? else { return None };
                // Which rows a limit leaves depends on an order that nobody says.
                if i64::try_from(rows.len()).is_ok_and(|rows| rows > most) {
                    return None;
                }
            }
        }
        Some(rows)
    }

    /// What is selected of a combination of rows.
    fn targets(&self, select: &Select, sight: &Sight) -> Answer {
        let mut row = Answer::new();
        for target in &select.targets {
            match &target.value.kind {
                ExprKind::Star(of) => {
                    let of = of.as_ref().map(|name| name.last());
                    let own = sight.iter().filter(|(alias, _)| of.is_none_or(|of| of == alias));
                    for (_, own) in own {
                        let columns = own.columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
                        row.extend(columns.chain(own.element.clone()).map(|(name, value)| (name, Some(value))));
                    }
                }
                _ => row.push((name_of(target), self.value(&target.value, sight))),
            }
        }
        row
    }

    /// The combinations of rows for which all conditions hold, and whether there may be more.
    fn matches(&self, select: &Select, outer: &Sight, first: bool) -> Option<(Vec<Sight>, bool)> {
        let mut conditions = Vec::new();
        for from in &select.from {
            of_joins(from, &mut conditions)?;
        }
        conditions.extend(select.filter.iter().flat_map(parts));
        let mut tables = Vec::new();
        for from in &select.from {
            sources(from, &mut tables)?;
        }
        // `*` gives the columns in the order of FROM.
        let is_star = |target: &Target| matches!(target.value.kind, ExprKind::Star(None));
        let fixed = !first && select.targets.iter().any(is_star);
        let tables = in_order(tables, fixed, &conditions, outer);
        let mut search =
            Search { tables: &tables, conditions: &conditions, first, tried: 0, found: Vec::new(), more: false };
        self.search(&mut search, 0, outer, true)?;
        Some((search.found, search.more))
    }

    /// The rows of a table that may have the values that its conditions want, beside the rows in sight.
    fn rows_of(&self, table: &Table<'_>, sight: &Sight) -> Option<Vec<Arc<Row>>> {
        let mut wanted = Wanted { columns: Vec::new(), thorough: self.thorough };
        for (column, expr, known) in &table.wanted {
            let value = if *known == Known::InSight { self.value(expr, sight) } else { self.value(expr, &Vec::new()) };
            wanted.columns.extend(value.map(|value| ((*column).to_owned(), value)));
        }
        let rows = match table.source {
            Source::Relation(schema, name) => self.run.system_rows(schema, name, &wanted)?,
            Source::Elements(array, column) => {
                let column = column.unwrap_or(&table.alias);
                let elements = match self.value(array, sight)? {
                    Value::Null => Vec::new(),
                    array => array.elements()?,
                };
                elements.into_iter().map(|element| Row::of_element(column, element)).collect()
            }
        };
        Some(rows.into_iter().map(Arc::new).collect())
    }

    /// Takes a row of each table in turn, and drops a combination as soon as a condition does not hold.
    fn search(&self, search: &mut Search<'_>, level: usize, sight: &Sight, certain: bool) -> Option<()> {
        let Some(table) = search.tables.get(level) else {
            let mut certain = certain;
            for condition in search.conditions {
                match self.holds(condition, sight) {
                    Some(true) => (),
                    Some(false) => return Some(()),
                    None => certain = false,
                }
            }
            if certain {
                search.found.push(sight.clone());
            }
            search.more |= !certain;
            return Some(());
        };
        let changing;
        let is_fixed = matches!(table.source, Source::Relation(..))
            && table.wanted.iter().all(|(_, _, known)| *known == Known::Always);
        let rows = if !is_fixed {
            changing = self.rows_of(table, sight)?;
            &changing
        } else if let Some(rows) = table.rows.get() {
            rows
        } else {
            let rows = self.rows_of(table, sight)?;
            table.rows.get_or_init(|| rows)
        };
        for row in rows {
            search.tried += 1;
            if search.tried > MOST {
                return None;
            }
            let mut wider = sight.clone();
            wider.push((table.alias.clone(), row.clone()));
            if search.conditions.iter().any(|c| self.holds(c, &wider) == Some(false)) {
                continue;
            }
            self.search(search, level + 1, &wider, certain && row.certain)?;
            if search.first && !search.found.is_empty() {
                return Some(());
            }
        }
        Some(())
    }
}

/// The tables of FROM.
fn sources<'a>(from: &'a From, tables: &mut Vec<Table<'a>>) -> Option<()> {
    match &from.kind {
        FromKind::Relation { name, .. } => {
            let alias = from.alias.as_ref();
            if alias.is_some_and(|a| !a.columns.is_empty()) {
                return None;
            }
            let alias = alias.map_or_else(|| name.last().to_owned(), |a| a.name.value.clone());
            let source = Source::Relation(name.schema(), name.last());
            tables.push(Table { alias, source, wanted: Vec::new(), rows: OnceCell::new() });
        }
        FromKind::Functions { calls, ordinality: false } => {
            let [(Expr { kind: ExprKind::Call(call), .. }, columns)] = calls.as_slice() else { return None };
            let ([array], "unnest") = (call.arguments.as_slice(), call.name.last()) else { return None };
            if !columns.is_empty() || call.name.schema().is_some_and(|schema| schema != "pg_catalog") {
                return None;
            }
            let alias = from.alias.as_ref();
            let column = match alias.map_or(&[][..], |alias| alias.columns.as_slice()) {
                [] => None,
                [one] => Some(one.value.as_str()),
                _ => return None,
            };
            let alias = alias.map_or_else(|| "unnest".to_owned(), |alias| alias.name.value.clone());
            let source = Source::Elements(&array.value, column);
            tables.push(Table { alias, source, wanted: Vec::new(), rows: OnceCell::new() });
        }
        FromKind::Join { left, right, .. } => {
            sources(left, tables)?;
            sources(right, tables)?;
        }
        _ => return None,
    }
    Some(())
}

/// The tables as they are searched: unless their order is fixed, next comes one of which some column is known by then.
fn in_order<'a>(mut rest: Vec<Table<'a>>, fixed: bool, conditions: &[&'a Expr], outer: &Sight) -> Vec<Table<'a>> {
    // An array may be a column of what stands before it.
    let fixed = fixed || rest.iter().any(|table| matches!(table.source, Source::Elements(..)));
    let alone = rest.len() == 1;
    let names: Vec<String> = rest.iter().map(|table| table.alias.clone()).collect();
    let is_outer = |t: &str| !names.iter().any(|n| n == t) && outer.iter().any(|(alias, _)| alias == t);
    let is_table = |t: &str| names.iter().any(|n| n == t) || is_outer(t);
    let mut tables: Vec<Table<'a>> = Vec::new();
    while !rest.is_empty() {
        let in_sight = |t: &str| tables.iter().any(|before| before.alias == t) || is_outer(t);
        for table in &mut rest {
            let known = conditions.iter().flat_map(|c| wanted(c, &table.alias, alone, &in_sight, &is_table));
            table.wanted = known.collect();
        }
        let next = rest.iter().position(|table| fixed || !table.wanted.is_empty()).unwrap_or(0);
        tables.push(rest.remove(next));
    }
    tables
}

/// A column of a table that a condition says must equal a literal, a variable or a column of a row in sight; a variable
/// has a name that no table has.
fn wanted<'a>(
    condition: &'a Expr,
    alias: &str,
    alone: bool,
    in_sight: &dyn Fn(&str) -> bool,
    is_table: &dyn Fn(&str) -> bool,
) -> Vec<(&'a str, &'a Expr, Known)> {
    let ExprKind::Binary(operator, left, right) = &condition.kind else { return Vec::new() };
    let of = |side: &'a Expr, other: &'a Expr| {
        let ExprKind::Column(name) = &side.kind else { return None };
        if !name.schema().map_or(alone, |table| table == alias) {
            return None;
        }
        let known = match &other.kind {
            ExprKind::Column(name) if name.schema().is_some_and(in_sight) => Known::InSight,
            _ if is_closed(other, is_table) => Known::Always,
            _ => return None,
        };
        Some((name.last(), other, known))
    };
    let sides = [of(left, right), of(right, left)];
    sides.into_iter().flatten().filter(|_| operator.symbol == "=").collect()
}

/// Whether an expression reads no table.
fn is_closed(expr: &Expr, is_table: &dyn Fn(&str) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Text(_) => true,
        ExprKind::Column(name) => !name.schema().is_some_and(is_table),
        ExprKind::Cast(inner, _) => is_closed(inner, is_table),
        ExprKind::Call(call) => call.arguments.iter().all(|argument| is_closed(&argument.value, is_table)),
        _ => false,
    }
}

/// The parts of a condition that must all hold.
fn parts(expr: &Expr) -> &[Expr] {
    match &expr.kind {
        ExprKind::And(parts) => parts,
        _ => std::slice::from_ref(expr),
    }
}

/// The conditions of joins; `None` for joins that keep rows without a partner.
fn of_joins<'a>(from: &'a From, conditions: &mut Vec<&'a Expr>) -> Option<()> {
    let FromKind::Join { kind, left, right, on } = &from.kind else { return Some(()) };
    of_joins(left, conditions)?;
    of_joins(right, conditions)?;
    match (kind, on) {
        (JoinKind::Inner | JoinKind::Cross, Condition::On(expr)) => conditions.extend(parts(expr)),
        (JoinKind::Inner | JoinKind::Cross, Condition::None) => (),
        _ => return None,
    }
    Some(())
}

/// What a column of the result is called.
pub(super) fn name_of(target: &Target) -> String {
    if let Some(alias) = &target.alias {
        return alias.value.clone();
    }
    fn name(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Column(name) => name.last().to_owned(),
            ExprKind::Call(call) => call.name.last().to_owned(),
            ExprKind::Cast(inner, to) => match name(inner).as_str() {
                "?column?" => to.name.last().to_owned(),
                inner => inner.to_owned(),
            },
            _ => "?column?".to_owned(),
        }
    }
    name(&target.value)
}
