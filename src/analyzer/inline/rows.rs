//! The rows of several RETURN QUERY, each under the conditions of its path, as those of one query.

use crate::sql::Type;
use crate::sql::tree::{
    Body, ColumnRef, Expr, FromItem, Node, OutputColumn, Query, Select, SetOperation, Source, SourceKind, Target, Test,
};

/// A condition on a way, and whether it is TRUE there.
pub(super) type Guard = (Expr, bool);

/// The rows of a query where the conditions are as they are on the way to it.
pub(super) fn guarded(query: Query, path: &[Guard]) -> Query {
    if path.is_empty() {
        return query;
    }
    let test = |(operand, holds): &Guard| {
        boolean(Node::Is { operand: Box::new(operand.clone()), test: Test::True, negated: !holds })
    };
    filtered(query, boolean(Node::And(path.iter().map(test).collect())))
}

/// No row, but an error.
pub(super) fn raised(raise: Expr) -> Query {
    let target = Target { name: "raised".to_owned(), value: raise.clone() };
    let columns = vec![OutputColumn { name: target.name.clone(), data_type: target.value.data_type.clone() }];
    let filter = Expr { data_type: Type::named("boolean"), ..raise };
    let select = Select { targets: vec![target], filter: Some(filter), ..nothing() };
    plain(Body::Select(Box::new(select)), columns)
}

/// No row, after a value that was worked out.
pub(super) fn evaluated(value: Expr) -> Query {
    let never = boolean(Node::Constant(Some("false".to_owned())));
    let filter = super::behind(value, never);
    let null = Expr { node: Node::Constant(None), data_type: Type::named("unknown"), range: 0..0 };
    let target = Target { name: "evaluated".to_owned(), value: null };
    let columns = vec![OutputColumn { name: target.name.clone(), data_type: target.value.data_type.clone() }];
    let select = Select { targets: vec![target], filter: Some(filter), ..nothing() };
    plain(Body::Select(Box::new(select)), columns)
}

/// All rows of all queries; of none no row of so many columns.
pub(super) fn together(queries: Vec<Query>, width: usize) -> Query {
    let columns = queries.iter().map(|q| q.columns.clone()).max_by_key(Vec::len).unwrap_or_default();
    let mut queries = queries.into_iter().map(|query| widened(query, &columns));
    let Some(mut whole) = queries.next() else { return no_row(width) };
    for query in queries {
        let (left, right) = (Box::new(whole), Box::new(query));
        whole = plain(Body::Set { operation: SetOperation::Union, all: true, left, right }, columns.clone());
    }
    whole
}

/// What shows no row has no columns of its own: as many as the others have.
fn widened(mut query: Query, columns: &[OutputColumn]) -> Query {
    if let Body::Select(select) = &mut query.body
        && let Some(last) = select.targets.last().filter(|_| query.columns.len() < columns.len()).cloned()
    {
        select.targets.resize(columns.len(), last);
        query.columns = columns.to_vec();
    }
    query
}

fn no_row(width: usize) -> Query {
    let null = Expr { node: Node::Constant(None), data_type: Type::named("unknown"), range: 0..0 };
    let target = Target { name: "returned".to_owned(), value: null };
    let column = OutputColumn { name: target.name.clone(), data_type: target.value.data_type.clone() };
    let filter = boolean(Node::Constant(Some("false".to_owned())));
    let select = Select { targets: vec![target; width], filter: Some(filter), ..nothing() };
    plain(Body::Select(Box::new(select)), vec![column; width])
}

fn filtered(query: Query, filter: Expr) -> Query {
    let columns = query.columns.clone();
    let column = |(at, column): (usize, &OutputColumn)| {
        let name = column.name.clone();
        let node = Node::Column(ColumnRef { up: 0, source: 0, column: Some(at), name: name.clone() });
        Target { name, value: Expr { node, data_type: column.data_type.clone(), range: 0..0 } }
    };
    let source = Source {
        kind: SourceKind::Query(Box::new(query)),
        alias: None,
        name: "returned".to_owned(),
        columns: columns.clone().into(),
        renamed: 0,
        lateral: false,
        range: 0..0,
    };
    let select = Select {
        targets: columns.iter().enumerate().map(column).collect(),
        sources: vec![source],
        from: vec![FromItem::Source(0)],
        filter: Some(filter),
        ..nothing()
    };
    plain(Body::Select(Box::new(select)), columns)
}

fn nothing() -> Select {
    Select {
        distinct: None,
        targets: Vec::new(),
        sources: Vec::new(),
        from: Vec::new(),
        filter: None,
        group_by: Vec::new(),
        grouping_sets: false,
        grouping_text: None,
        having: None,
        windows: Vec::new(),
        aggregates: false,
    }
}

fn plain(body: Body, columns: Vec<OutputColumn>) -> Query {
    Query {
        ctes: Vec::new(),
        recursive: false,
        body,
        order_by: Vec::new(),
        limit: None,
        offset: None,
        locks: false,
        columns,
        range: 0..0,
    }
}

fn boolean(node: Node) -> Expr {
    Expr { node, data_type: Type::named("boolean"), range: 0..0 }
}
