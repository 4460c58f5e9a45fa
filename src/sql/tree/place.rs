//! A walk over bound trees that knows which item of FROM each column is of.

use super::{Body, ColumnRef, Expr, FromItem, Node, OrderBy, Query, Select, Source, SourceKind, Window};

/// Where in a tree an expression stands: the items of FROM of each query around it, the innermost last. The first level
/// is that of the whole text, whose rows are given from outside.
#[derive(Debug, Clone, Default)]
pub struct Place<'t> {
    levels: Vec<&'t [Source]>,
}

impl<'t> Place<'t> {
    /// The place of a whole text.
    #[must_use]
    pub fn of_text() -> Self {
        Self { levels: vec![&[]] }
    }

    /// The item of FROM that a column is of; `None` for a row given from outside.
    #[must_use]
    pub fn source(&self, column: &ColumnRef) -> Option<&'t Source> {
        let level = self.levels.len().checked_sub(column.up + 1)?;
        self.levels.get(level)?.get(column.source)
    }

    /// Whether a column is of a row given from outside: the row of a policy.
    #[must_use]
    pub fn is_given(&self, column: &ColumnRef) -> bool {
        column.up + 1 == self.levels.len()
    }

    /// How many queries stand around.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// The items of FROM of the innermost query.
    #[must_use]
    pub fn sources(&self) -> &'t [Source] {
        self.levels.last().copied().unwrap_or_default()
    }
}

/// Calls `visit` with an expression and all within it, outer ones first.
pub fn walk<'t>(expr: &'t Expr, visit: &mut dyn FnMut(&'t Expr, &Place<'t>)) {
    let mut walk = Walk { place: Place::of_text(), visit };
    walk.expr(expr);
}

/// As [`walk`] for a query that is a text of its own.
pub fn walk_query<'t>(query: &'t Query, visit: &mut dyn FnMut(&'t Expr, &Place<'t>)) {
    let mut walk = Walk { place: Place::of_text(), visit };
    walk.query(query);
}

/// Calls `visit` with the items of FROM of a query, of those in its FROM and WITH, and of both sides of a UNION; not of those
/// in expressions.
pub(crate) fn walk_sources<'t>(query: &'t Query, visit: &mut dyn FnMut(&'t Source)) {
    query.ctes.iter().for_each(|cte| walk_sources(&cte.query, visit));
    match &query.body {
        Body::Select(select) => {
            for source in &select.sources {
                visit(source);
                if let SourceKind::Query(inner) = &source.kind {
                    walk_sources(inner, visit);
                }
            }
        }
        Body::Set { left, right, .. } => {
            walk_sources(left, visit);
            walk_sources(right, visit);
        }
        Body::Values(_) => {}
    }
}

/// As [`walk`] for an expression that stands at `place`.
pub fn walk_at<'t>(expr: &'t Expr, place: &Place<'t>, visit: &mut dyn FnMut(&'t Expr, &Place<'t>)) {
    Walk { place: place.clone(), visit }.expr(expr);
}

/// As [`walk`] for a query that stands at `place`.
pub fn walk_query_at<'t>(query: &'t Query, place: &Place<'t>, visit: &mut dyn FnMut(&'t Expr, &Place<'t>)) {
    Walk { place: place.clone(), visit }.query(query);
}

impl Query {
    /// What it selects, if it is no UNION or VALUES.
    #[must_use]
    pub fn select(&self) -> Option<&Select> {
        if let Body::Select(select) = &self.body { Some(select) } else { None }
    }

    fn sources(&self) -> &[Source] {
        self.select().map_or(&[], |s| &s.sources)
    }
}

impl<'t> Place<'t> {
    /// The place inside `query`, which stands here.
    #[must_use]
    pub fn within(&self, query: &'t Query) -> Self {
        let mut inner = self.clone();
        inner.levels.push(query.sources());
        inner
    }
}

struct Walk<'t, 'v> {
    place: Place<'t>,
    visit: &'v mut dyn FnMut(&'t Expr, &Place<'t>),
}

impl<'t> Walk<'t, '_> {
    fn expr(&mut self, expr: &'t Expr) {
        (self.visit)(expr, &self.place);
        match &expr.node {
            Node::Constant(_)
            | Node::Column(_)
            | Node::WholeRow { .. }
            | Node::Parameter(_)
            | Node::CaseOperand
            | Node::Session(..) => {}
            Node::Call(call) => {
                self.all(&call.arguments);
                self.order(&call.order_by);
                self.order(&call.within_group);
                self.some(call.filter.as_ref());
                call.over.iter().for_each(|w| self.window(w));
            }
            Node::And(all)
            | Node::Or(all)
            | Node::Operation(_, all)
            | Node::Choice(_, all)
            | Node::Array(all)
            | Node::Row(all)
            | Node::Grouping(all) => self.all(all),
            Node::Cast { operand, .. }
            | Node::Is { operand, .. }
            | Node::Not(operand)
            | Node::Field(operand, _)
            | Node::Collate(operand, _) => self.expr(operand),
            Node::Distinct(_, a, b)
            | Node::NullIf(_, a, b)
            | Node::Subscript(a, b)
            | Node::QuantifiedArray { left: a, array: b, .. } => {
                self.expr(a);
                self.expr(b);
            }
            Node::Slice(a, from, to) => {
                self.expr(a);
                self.some(from.as_deref());
                self.some(to.as_deref());
            }
            Node::RowComparison { left, right, .. } => {
                self.all(left);
                self.all(right);
            }
            Node::QuantifiedQuery { left, query, .. } => {
                self.all(left);
                self.query(query);
            }
            Node::Exists(query) | Node::Scalar(query) | Node::ArrayQuery(query) => self.query(query),
            Node::Case { operand, branches, otherwise } => {
                self.some(operand.as_deref());
                for (condition, value) in branches {
                    self.expr(condition);
                    self.expr(value);
                }
                self.expr(otherwise);
            }
        }
    }

    fn query(&mut self, query: &'t Query) {
        self.place.levels.push(query.sources());
        query.ctes.iter().for_each(|cte| self.query(&cte.query));
        match &query.body {
            Body::Select(select) => self.select(select),
            Body::Values(rows) => rows.iter().for_each(|row| self.all(row)),
            Body::Set { left, right, .. } => {
                self.query(left);
                self.query(right);
            }
        }
        self.order(&query.order_by);
        self.some(query.limit.as_deref());
        self.some(query.offset.as_deref());
        self.place.levels.pop();
    }

    fn select(&mut self, select: &'t Select) {
        self.all(select.distinct.as_deref().unwrap_or_default());
        select.targets.iter().for_each(|t| self.expr(&t.value));
        for source in &select.sources {
            match &source.kind {
                SourceKind::Query(query) => self.query(query),
                SourceKind::Functions { calls, .. } => self.all(calls),
                _ => {}
            }
        }
        select.from.iter().for_each(|item| self.from(item));
        self.some(select.filter.as_ref());
        self.all(&select.group_by);
        self.some(select.having.as_ref());
        select.windows.iter().for_each(|(_, w)| self.window(w));
    }

    fn from(&mut self, item: &'t FromItem) {
        if let FromItem::Join { left, right, on, .. } = item {
            self.from(left);
            self.from(right);
            self.some(on.as_ref());
        }
    }

    fn window(&mut self, window: &'t Window) {
        self.all(&window.partition_by);
        self.order(&window.order_by);
    }

    fn order(&mut self, order: &'t [OrderBy]) {
        order.iter().for_each(|o| self.expr(&o.value));
    }

    fn all(&mut self, all: &'t [Expr]) {
        all.iter().for_each(|e| self.expr(e));
    }

    fn some(&mut self, expr: Option<&'t Expr>) {
        expr.into_iter().for_each(|e| self.expr(e));
    }
}
