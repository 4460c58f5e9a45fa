//! Sub-selects as branches of row variables with a condition; a join or UNION is several.

use super::{Binding, Level, Outcome, Resolver, obstacle};
use crate::analyzer::term::{Id, Query, Row, Term, Terms, Type, Value};
use crate::sql::tree::{self, Body, Node, Select, SetOperation};

/// The rows of a query.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Its branches.
    pub(super) branches: Vec<Branch>,
    /// Whether it gives at most one of them (LIMIT 1).
    pub(super) limited: bool,
}

/// One way to be a row of a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Branch {
    pub(super) rows: Vec<Row>,
    pub(super) conditions: Vec<Id>,
    /// The columns of the query.
    pub(super) columns: Vec<Id>,
    pub(super) level: Level,
    /// Whether several choices of rows are one row of the query.
    pub(super) grouped: bool,
}

impl Branch {
    /// The sub-select of the branch with this projection.
    pub(crate) fn query(&self, terms: &mut Terms, projection: Id) -> Query {
        Query { rows: self.rows.clone().into(), condition: terms.and(&self.conditions), projection }
    }

    /// A column of the query.
    pub(crate) fn column(&self, at: usize) -> Option<Id> {
        self.columns.get(at).copied()
    }

    /// Columns that no row of FROM is needed for.
    pub(super) fn of(columns: Vec<Id>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// The row that a row of the branch is, if it is one of a single table.
    pub(crate) fn only_row(&self) -> Option<Row> {
        match self.rows[..] {
            [row] if !self.grouped => Some(row),
            _ => None,
        }
    }
}

impl Rows {
    /// Sub-selects of a column, or for EXISTS of none.
    pub(super) fn queries(&self, terms: &mut Terms, column: Option<usize>) -> Outcome<Vec<Query>> {
        let mut queries = Vec::new();
        for branch in &self.branches {
            let projection = match column.map(|at| branch.columns.get(at)) {
                None => terms.boolean(true),
                Some(Some(id)) => *id,
                Some(None) => return obstacle("a sub-select without a column"),
            };
            queries.push(branch.query(terms, projection));
        }
        Ok(queries)
    }
}

impl Resolver<'_> {
    /// The rows of a query, one level below what is in scope.
    pub(super) fn query(&mut self, query: &tree::Query) -> Outcome<Rows> {
        self.goes_on()?;
        if query.locks {
            return obstacle("FOR UPDATE");
        }
        self.levels.push(Level::new());
        self.ctes.push(query.ctes.clone());
        let refused = self.refused_query(query);
        let branches = self.body(&query.body);
        self.ctes.pop();
        let limit = query.limit.as_deref().map(|l| self.expression(l));
        self.levels.pop();
        let mut branches = branches?;
        branches.iter_mut().for_each(|branch| branch.conditions.extend(refused));
        if query.offset.is_some() {
            self.some_of(&mut branches, "OFFSET");
        }
        let limited = match limit.map(|id| self.terms.term(id).clone()) {
            None | Some(Term::Null) => false,
            Some(Term::Literal(Value::Int(0))) => {
                branches.clear();
                false
            }
            Some(Term::Literal(Value::Int(1))) => true,
            _ => {
                self.some_of(&mut branches, "LIMIT");
                false
            }
        };
        Ok(Rows { branches, limited })
    }

    /// Leaves open which of the rows there are.
    fn some_of(&mut self, branches: &mut [Branch], why: &str) {
        for branch in branches {
            let scope: Vec<_> = self.scope.iter().chain(&branch.rows).copied().collect();
            branch.conditions.push(self.terms.opaque(why, Type::Bool, &scope));
        }
    }

    /// The rows of a query of which all matter.
    pub(super) fn all_rows(&mut self, query: &tree::Query) -> Outcome<Vec<Branch>> {
        let mut rows = self.query(query)?;
        if rows.limited {
            self.some_of(&mut rows.branches, "LIMIT");
        }
        Ok(rows.branches)
    }

    fn body(&mut self, body: &Body) -> Outcome<Vec<Branch>> {
        match body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => {
                Ok(rows.iter().map(|row| Branch { columns: self.each(row), ..Branch::default() }).collect())
            }
            Body::Set { operation: SetOperation::Union, left, right, .. } => {
                let mut branches = self.all_rows(left)?;
                branches.extend(self.all_rows(right)?);
                Ok(branches)
            }
            Body::Set { operation: SetOperation::Except, all: true, left, right } => {
                // Of rows that are on both sides, the left may have more.
                let (mut branches, _) = (self.all_rows(left)?, self.all_rows(right)?);
                self.some_of(&mut branches, "EXCEPT ALL");
                Ok(branches)
            }
            Body::Set { operation, left, right, .. } => {
                let (mut branches, other) = (self.all_rows(left)?, self.all_rows(right)?);
                for branch in &mut branches {
                    let found = self.is_in(branch, &other);
                    let kept = *operation == SetOperation::Intersect;
                    branch.conditions.push(if kept { found } else { self.terms.not(found) });
                }
                Ok(branches)
            }
        }
    }

    /// Whether a row of one query is one of another's, as INTERSECT compares them.
    fn is_in(&mut self, branch: &Branch, others: &[Branch]) -> Id {
        let mut queries = Vec::new();
        for other in others {
            let pairs = branch.columns.iter().zip(&other.columns);
            let mut same: Vec<_> = pairs.map(|(a, b)| self.terms.not_distinct(*a, *b)).collect();
            let projection = self.terms.boolean(true);
            let query = other.query(&mut self.terms, projection);
            same.push(query.condition);
            queries.push(Query { condition: self.terms.and(&same), ..query });
        }
        self.terms.exists(&queries)
    }

    /// Aggregates without GROUP BY give one row, of values that depend on nothing that is in sight but what is outside.
    fn one_group(&mut self, select: &Select) -> Outcome<Vec<Branch>> {
        let level = vec![Binding::Columns(Vec::new()); select.sources.len()];
        let mut branch = Branch { level, ..Branch::default() };
        self.groups.push((self.levels.len(), select.clone()));
        let read = self.inside(&branch, |this| {
            let having = select.having.as_ref().map(|h| this.expression(h));
            Ok((having, select.targets.iter().map(|t| this.expression(&t.value)).collect()))
        });
        self.groups.pop();
        let (having, columns) = read?;
        branch.conditions.extend(having);
        branch.columns = columns;
        Ok(vec![branch])
    }

    /// Whether the only group of the query that is being read has a row that `count(*)`, or `count(x)`, counts; `None` for
    /// any other call.
    pub(super) fn counts_any(&mut self, call: &tree::Call) -> Outcome<Option<Id>> {
        let is_count = call.routine.key.is_none() && call.routine.name.name == "count" && call.filter.is_none();
        let Some((depth, select)) = self.groups.last().filter(|_| is_count && call.over.is_none()) else {
            return Ok(None);
        };
        if *depth != self.levels.len() || select.distinct.is_some() {
            return Ok(None);
        }
        let mut filters: Vec<_> = select.filter.iter().cloned().collect();
        let boolean = |node| tree::Expr { node, data_type: crate::sql::Type::named("boolean"), range: 0..0 };
        filters.extend(call.arguments.iter().map(|argument| {
            let operand = Box::new(argument.clone());
            boolean(Node::Is { operand, test: tree::Test::Null, negated: true })
        }));
        let filter = (!filters.is_empty()).then(|| boolean(Node::And(filters)));
        let rows = Select { targets: Vec::new(), aggregates: false, having: None, filter, ..select.clone() };
        let level = self.levels.last().cloned();
        let branches = self.select(&rows);
        if let Some((slot, level)) = self.levels.last_mut().zip(level) {
            *slot = level;
        }
        let yes = self.terms.boolean(true);
        let queries: Vec<_> = branches?.iter().map(|branch| branch.query(&mut self.terms, yes)).collect();
        Ok(Some(self.terms.exists(&queries)))
    }

    fn select(&mut self, select: &Select) -> Outcome<Vec<Branch>> {
        if select.grouping_sets {
            return obstacle("grouping sets");
        }
        let grouped = !select.group_by.is_empty();
        if select.aggregates && !grouped {
            return self.one_group(select);
        }
        let level = vec![Binding::Columns(Vec::new()); select.sources.len()];
        let mut branches = vec![Branch { level, ..Branch::default() }];
        for item in &select.from {
            branches = self.extend(branches, item, select)?;
        }
        // A function that returns rows, as the only column, is an item of FROM that sees those before it.
        let rows_of = match select.targets.as_slice() {
            [only] if matches!(&only.value.node, Node::Call(call) if call.routine.returns_set) => Some(&only.value),
            _ => None,
        };
        let mut result = Vec::new();
        for mut branch in branches {
            let outer = std::mem::replace(&mut self.multiplies, false);
            let (filter, columns) = self.inside(&branch, |this| {
                let filter = select.filter.as_ref().map(|f| this.expression(f));
                let targets = select.targets.iter().filter(|_| rows_of.is_none());
                let columns: Vec<_> = targets.map(|t| this.expression(&t.value)).collect();
                Ok((filter, columns))
            })?;
            if std::mem::replace(&mut self.multiplies, outer) {
                return obstacle("a function that returns rows in the SELECT list");
            }
            branch.conditions.extend(filter);
            branch.columns = columns;
            if grouped {
                // A row for each group: that of any of its rows. Aggregates are not understood, nor what HAVING leaves.
                branch.grouped = true;
                let having = self.inside(&branch, |this| Ok(select.having.as_ref().map(|h| this.expression(h))))?;
                branch.conditions.extend(having);
            }
            if select.distinct.as_ref().is_some_and(|on| !on.is_empty()) {
                self.some_of(std::slice::from_mut(&mut branch), "DISTINCT ON");
            }
            match rows_of {
                None => result.push(branch),
                Some(call) => {
                    let inner = self.inside(&branch, |this| this.function_rows(call))?;
                    for mut rows in inner {
                        rows.columns = self.as_one_column(call, rows.columns);
                        result.push(branch.with_columns(rows));
                    }
                }
            }
        }
        Ok(result)
    }

    /// The columns of a function's row, as the one value that they are in a SELECT list.
    fn as_one_column(&mut self, call: &tree::Expr, columns: Vec<Id>) -> Vec<Id> {
        let Node::Call(inner) = &call.node else { return columns };
        let names: Vec<String> = match call.data_type.qualified() {
            Some(name) => match self.schema.relation(&name) {
                Some(relation) => relation.columns.iter().map(|c| c.name.clone()).collect(),
                None => Vec::new(),
            },
            None if call.data_type.is("record") => inner.routine.columns.iter().map(|(name, _)| name.clone()).collect(),
            None => return columns,
        };
        let data_type = self.data_type(&call.data_type);
        if names.len() != columns.len() || names.iter().any(|name| name.contains(", ")) {
            let scope = self.scope.clone();
            return if columns.len() == 1 {
                columns
            } else {
                vec![self.terms.opaque("a row value", data_type, &scope)]
            };
        }
        vec![self.row_value(&names, &columns, data_type)]
    }

    /// Does something with the rows of a branch in scope.
    pub(super) fn inside<T>(&mut self, branch: &Branch, what: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        if let Some(level) = self.levels.last_mut() {
            level.clone_from(&branch.level);
        }
        let outer = self.scope.len();
        self.scope.extend(&branch.rows);
        let result = what(self);
        self.scope.truncate(outer);
        result
    }
}

impl Branch {
    /// The branch with the rows and columns of a function.
    pub(super) fn with_columns(&self, inner: Self) -> Self {
        let mut whole = self.clone();
        whole.rows.extend(inner.rows);
        whole.conditions.extend(inner.conditions);
        whole.columns = inner.columns;
        whole.grouped |= inner.grouped;
        whole
    }

    /// The branch with the rows of an item of FROM.
    pub(super) fn joined(&self, at: usize, inner: Self) -> Self {
        let mut joined = self.clone();
        joined.rows.extend(inner.rows);
        joined.conditions.extend(inner.conditions);
        joined.grouped |= inner.grouped;
        if let Some(slot) = joined.level.get_mut(at) {
            *slot = Binding::Columns(inner.columns);
        }
        joined
    }
}

/// The query whose rows `select count(*) from ..` counts; `None` if it is no such query.
pub(super) fn counted_rows(query: &tree::Query) -> Option<tree::Query> {
    let Body::Select(select) = &query.body else { return None };
    let [only] = select.targets.as_slice() else { return None };
    let Node::Call(call) = &only.value.node else { return None };
    let plain = call.star && call.filter.is_none() && call.over.is_none() && call.routine.name.name == "count";
    let whole = select.group_by.is_empty() && select.having.is_none() && !select.grouping_sets;
    let unlimited = query.limit.is_none() && query.offset.is_none() && select.distinct.is_none();
    if !plain || !whole || !unlimited || call.routine.key.is_some() {
        return None;
    }
    let select = Select { targets: Vec::new(), aggregates: false, ..(**select).clone() };
    Some(tree::Query { body: Body::Select(Box::new(select)), columns: Vec::new(), ..query.clone() })
}
