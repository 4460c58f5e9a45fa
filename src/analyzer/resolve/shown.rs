//! The rows that the result of a call, or a view, shows: those whose columns come out of it, as they are or inside JSON and lists.
//!
//! A count, a sum or a yes says something about rows and shows none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::query::Branch;
use super::{Obstacle, Outcome, Resolver};
use crate::analyzer::inline;
use crate::analyzer::term::{Id, Row, Term, Terms, Type};
use crate::model::{self, FunctionKind};
use crate::sql::tree::{self, Body, ColumnRef, Expr, Node, Operator, Select, Source, Target};

/// One way to be a result of a call.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The rows that it is made of.
    pub(crate) rows: Vec<Row>,
    /// When they are.
    pub(crate) condition: Id,
    /// The columns of them that come out.
    pub(crate) shown: BTreeSet<(Row, Id)>,
    /// The columns of the result that are a row's column as it is.
    pub(crate) columns: Vec<Option<(Row, Arc<str>)>>,
}

/// What a call shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Showing {
    /// The ways.
    pub(crate) ways: Vec<Way>,
    /// What the body works out before: where that raises, nothing comes out.
    pub(crate) steps: Vec<Id>,
    /// What was not understood of what comes out.
    pub(crate) unclear: Option<String>,
}

impl Showing {
    /// Forgets what comes out beside columns of one name.
    pub(crate) fn keep_column(&mut self, terms: &Terms, column: &str) {
        for way in &mut self.ways {
            way.shown.retain(|(_, id)| matches!(terms.term(*id), Term::Column(_, name) if **name == *column));
        }
        self.ways.retain(|way| !way.shown.is_empty());
    }
}

/// Aggregates that tell of rows and show none.
const TELLING: [&str; 12] = [
    "count",
    "sum",
    "avg",
    "bool_and",
    "bool_or",
    "every",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
];

impl Resolver<'_> {
    /// The rows that a call with these arguments shows whoever makes it.
    pub(crate) fn shown_by(&mut self, function: &model::Function, args: Vec<Id>) -> Result<Showing, String> {
        let showing = self.in_body(function, args, |this, result| {
            let body = this.bindings.body(function).map_err(|unread| Obstacle(unread.reason.clone()))?;
            let steps = this.parameters.get(body.parameters..).unwrap_or_default().to_vec();
            let mut showing = Showing { steps, ..Showing::default() };
            match result {
                inline::Outcome::Value(value) => this.value_shown(value, &body, &mut showing)?,
                inline::Outcome::Rows(query) | inline::Outcome::Row(query) => this.query_shown(query, &mut showing)?,
            }
            Ok(showing)
        });
        showing.map_err(|Obstacle(reason)| reason)
    }

    /// The rows that a view shows whoever may read all its columns.
    pub(crate) fn shown_by_view(&mut self, relation: &model::Relation) -> Result<Showing, String> {
        let Some(view) = &relation.view else { return Err(format!("view {}", relation.name)) };
        let mut showing = Showing::default();
        let shown = self.in_view(relation, view, |this, query| this.query_shown(query, &mut showing));
        shown.map(|()| showing).map_err(|Obstacle(reason)| reason)
    }

    fn query_shown(&mut self, query: &tree::Query, showing: &mut Showing) -> Outcome<()> {
        let as_is: Vec<bool> = (0..query.columns.len()).map(|at| is_as_it_is(query, at)).collect();
        // Which one of several rows comes out, if only one does, any of them may decide.
        let branches = self.query(&opened(query))?.branches;
        for branch in branches {
            self.branch_shown(&branch, &as_is, showing);
        }
        Ok(())
    }

    fn value_shown(&mut self, value: &Expr, body: &inline::Body, showing: &mut Showing) -> Outcome<()> {
        match &value.node {
            Node::Cast { operand, .. } => self.value_shown(operand, body, showing),
            Node::Scalar(query) => self.query_shown(query, showing),
            Node::Parameter(at) => match at.checked_sub(body.parameters).and_then(|at| body.steps.get(at)) {
                Some(step) => self.value_shown(step, body, showing),
                None => Ok(()),
            },
            Node::Choice(_, all) => all.iter().try_for_each(|one| self.value_shown(one, body, showing)),
            Node::Case { branches, otherwise, .. } if inline::is_behind(branches) => {
                self.value_shown(otherwise, body, showing)
            }
            Node::Case { operand: None, branches, otherwise } => {
                let before = showing.ways.len();
                let mut not_yet = Vec::new();
                for (when, then) in branches {
                    let from = showing.ways.len();
                    self.value_shown(then, body, showing)?;
                    let when = self.expression(when);
                    let is_true = self.terms.is_true(when);
                    self.demand_of(showing, from, &[&not_yet[..], &[is_true]].concat());
                    not_yet.push(self.terms.not(is_true));
                }
                let from = showing.ways.len().max(before);
                self.value_shown(otherwise, body, showing)?;
                self.demand_of(showing, from, &not_yet);
                Ok(())
            }
            _ => {
                let mut leaves = Vec::new();
                self::leaves(value, &[], &mut leaves);
                for leaf in leaves {
                    match &leaf.node {
                        Node::Scalar(_) | Node::Parameter(_) => self.value_shown(&leaf, body, showing)?,
                        _ => {
                            let id = self.expression(&leaf);
                            let branch = Branch::of(vec![id]);
                            self.branch_shown(&branch, &[], showing);
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn demand_of(&mut self, showing: &mut Showing, from: usize, also: &[Id]) {
        for way in showing.ways.iter_mut().skip(from) {
            let mut all = also.to_vec();
            all.push(way.condition);
            way.condition = self.terms.and(&all);
        }
    }

    fn branch_shown(&mut self, branch: &Branch, as_is: &[bool], showing: &mut Showing) {
        let yes = self.terms.boolean(true);
        let query = branch.query(&mut self.terms, yes);
        let plain = |(id, as_is): (&Id, &bool)| match self.terms.term(*id) {
            Term::Column(row, name) if *as_is => Some((*row, name.clone())),
            _ => None,
        };
        let columns = branch.columns.iter().zip(as_is).map(plain).collect();
        let first = Way { rows: query.rows.to_vec(), condition: query.condition, shown: BTreeSet::new(), columns };
        let mut ways = vec![first];
        for column in &branch.columns {
            self.term_shown(*column, 0, &mut ways, showing);
        }
        showing.ways.extend(ways.into_iter().filter(|way| !way.shown.is_empty()));
    }

    /// Adds the rows whose columns come out with a term to the way it belongs to; those of its sub-selects make ways of
    /// their own.
    fn term_shown(&mut self, id: Id, at: usize, ways: &mut Vec<Way>, showing: &mut Showing) {
        let term = self.terms.term(id).clone();
        match &term {
            Term::Column(row, _) => {
                if let Some(way) = ways.get_mut(at) {
                    way.shown.insert((*row, id));
                }
            }
            _ if *self.terms.type_of(id) == Type::Bool => {}
            Term::Call(function, args) => {
                if function.is_unread() {
                    showing.unclear.get_or_insert_with(|| function.name.to_string());
                }
                args.iter().for_each(|arg| self.term_shown(*arg, at, ways, showing));
            }
            Term::Case(branches, otherwise) => {
                branches.iter().for_each(|(_, value)| self.term_shown(*value, at, ways, showing));
                self.term_shown(*otherwise, at, ways, showing);
            }
            Term::Behind(_, value) => self.term_shown(*value, at, ways, showing),
            Term::Scalar(queries, _) => {
                let Some(outer) = ways.get(at).cloned() else { return };
                for query in queries {
                    let mut inner = Way { shown: BTreeSet::new(), columns: Vec::new(), ..outer.clone() };
                    inner.rows.extend(query.rows.iter());
                    inner.condition = self.terms.and(&[outer.condition, query.condition]);
                    ways.push(inner);
                    self.term_shown(query.projection, ways.len() - 1, ways, showing);
                }
            }
            Term::Opaque(number) => {
                let reason = self.terms.opaque_info(*number).map(|info| info.reason.to_string()).unwrap_or_default();
                let tells = reason.strip_prefix("aggregate ").is_some_and(|name| TELLING.contains(&name));
                if !tells {
                    showing.unclear.get_or_insert(reason);
                }
            }
            _ => {}
        }
    }
}

/// Whether a column of a query is one of its rows' as it is.
fn is_as_it_is(query: &tree::Query, at: usize) -> bool {
    match &query.body {
        Body::Select(select) => select.targets.get(at).is_some_and(|t| matches!(t.value.node, Node::Column(_))),
        Body::Set { left, right, .. } => is_as_it_is(left, at) && is_as_it_is(right, at),
        Body::Values(_) => false,
    }
}

/// The query with all its rows, and in its list what comes out of each, whatever it is packed into.
fn opened(query: &tree::Query) -> tree::Query {
    let mut query = tree::Query { limit: None, offset: None, order_by: Vec::new(), ..query.clone() };
    match &mut query.body {
        Body::Select(select) => unpack(select),
        Body::Set { left, right, .. } => (**left, **right) = (opened(left), opened(right)),
        Body::Values(_) => {}
    }
    query
}

fn unpack(select: &mut Select) {
    let returns_rows = |t: &Target| matches!(&t.value.node, Node::Call(call) if call.routine.returns_set);
    if select.targets.iter().any(returns_rows) {
        return;
    }
    let mut more = Vec::new();
    for target in &mut select.targets {
        if let Node::Column(_) = target.value.node {
            continue;
        }
        let mut all = Vec::new();
        leaves(&target.value, &select.sources, &mut all);
        let mut all = all.into_iter();
        // Each column keeps its place.
        let null = || Expr { node: Node::Constant(None), ..target.value.clone() };
        target.value = all.next().unwrap_or_else(null);
        more.extend(all.map(|value| Target { name: target.name.clone(), value }));
    }
    select.targets.extend(more);
    if select.aggregates {
        // Every row of a group is in what the group shows.
        (select.aggregates, select.group_by, select.having) = (false, Vec::new(), None);
        select.grouping_sets = false;
    }
}

/// The parts of a value that come out with it.
fn leaves(value: &Expr, sources: &[Source], out: &mut Vec<Expr>) {
    let mut each = |all: &[Expr]| all.iter().for_each(|one| leaves(one, sources, out));
    match &value.node {
        Node::WholeRow { up: 0, source } => {
            let columns = sources.get(*source).map(|s| &*s.columns).unwrap_or_default();
            for (at, column) in columns.iter().enumerate() {
                let node =
                    Node::Column(ColumnRef { up: 0, source: *source, column: Some(at), name: column.name.clone() });
                out.push(Expr { node, data_type: column.data_type.clone(), range: 0..0 });
            }
        }
        Node::Column(_) => out.push(value.clone()),
        _ if value.data_type.is("boolean") => {}
        Node::Call(call) if call.routine.key.is_none() && call.over.is_none() => {
            let tells =
                call.routine.kind == FunctionKind::Aggregate && TELLING.contains(&call.routine.name.name.as_str());
            if !tells {
                each(&call.arguments);
            }
        }
        Node::Cast { operand, .. } => each(std::slice::from_ref(operand)),
        Node::Operation(operator, all) => {
            let from = out.len();
            all.iter().for_each(|one| leaves(one, sources, out));
            let taken = taken_out(operator, all);
            let kept =
                |leaf: &Expr| !matches!(&leaf.node, Node::Column(column) if taken.contains(&column.name.as_str()));
            let own = out.split_off(from);
            out.extend(own.into_iter().filter(kept));
        }
        Node::Choice(_, all) | Node::Array(all) | Node::Row(all) => each(all),
        Node::NullIf(_, a, _) | Node::Subscript(a, _) | Node::Slice(a, ..) => each(std::slice::from_ref(a)),
        Node::Case { branches, otherwise, .. } => {
            branches.iter().for_each(|(_, value)| each(std::slice::from_ref(value)));
            each(std::slice::from_ref(otherwise));
        }
        Node::Constant(_) => {}
        Node::Scalar(query) | Node::ArrayQuery(query) => out.extend(each_column(query)),
        _ => out.push(value.clone()),
    }
}

/// The columns that `to_jsonb(row) - 'column'` leaves out of the row's document.
fn taken_out<'e>(operator: &Operator, all: &'e [Expr]) -> Vec<&'e str> {
    let [document, key] = all else { return Vec::new() };
    if operator.symbol != "-" || operator.schema != "pg_catalog" || !is_document(document) {
        return Vec::new();
    }
    match (&key.node, &key.data_type) {
        (Node::Constant(Some(key)), of) if of.is("text") => vec![key.as_str()],
        (Node::Array(keys), _) => keys.iter().filter_map(constant).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is the document of a whole row, perhaps without some of its keys.
fn is_document(value: &Expr) -> bool {
    match &value.node {
        Node::Call(call) => {
            let makes = call.routine.key.is_none() && call.routine.name.name == "to_jsonb";
            makes && matches!(call.arguments.as_slice(), [Expr { node: Node::WholeRow { up: 0, .. }, .. }])
        }
        Node::Operation(operator, all) => operator.symbol == "-" && all.first().is_some_and(is_document),
        _ => false,
    }
}

fn constant(value: &Expr) -> Option<&str> {
    match &value.node {
        Node::Constant(Some(text)) => Some(text),
        Node::Cast { operand, .. } => constant(operand),
        _ => None,
    }
}

/// A sub-select for each thing that comes out of one.
fn each_column(query: &tree::Query) -> Vec<Expr> {
    let query = opened(query);
    let scalar = |query: tree::Query| {
        let data_type =
            query.columns.first().map_or_else(|| crate::sql::Type::named("unknown"), |c| c.data_type.clone());
        Expr { node: Node::Scalar(Box::new(query)), data_type, range: 0..0 }
    };
    let Body::Select(select) = &query.body else { return vec![scalar(query)] };
    let of = |target: &Target| {
        let select = Select { targets: vec![target.clone()], ..(**select).clone() };
        let data_type = target.value.data_type.clone();
        let columns = vec![tree::OutputColumn { name: target.name.clone(), data_type }];
        scalar(tree::Query { body: Body::Select(Box::new(select)), columns, ..query.clone() })
    };
    select.targets.iter().map(of).collect()
}
