//! Whether two SQL texts mean the same: one may be an author's, the other is what the server printed of it.
//!
//! The server keeps trees and prints them with all parentheses, its own operators, literals with types and columns with
//! the relation they are of. Both texts are brought to such a form through sqlparser, and then compared token by token;
//! a qualification that only one of them has is no difference.

use pgwitness::migrations::fold;
use sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, TableFactor, TableWithJoins, UnaryOperator, Value, VisitMut, VisitorMut,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::ops::ControlFlow;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Expression,
    Query,
    /// A definition that is neither: compared by its tokens, without parentheses and casts.
    Tokens,
}

/// Whether `a` and `b` mean the same.
pub(super) fn equal(kind: Kind, a: &str, b: &str) -> bool {
    let normal = |text: &str| match kind {
        Kind::Expression => expression(text),
        Kind::Query => query(text),
        Kind::Tokens => None,
    };
    let ((a, b), loose) = match (normal(a), normal(b)) {
        (Some(a), Some(b)) => ((a, b), false),
        _ => ((a.to_owned(), b.to_owned()), true),
    };
    match (tokens(&a, loose), tokens(&b, loose)) {
        (Some(a), Some(b)) => same(&a, &b),
        _ => false,
    }
}

fn parser(text: &str) -> Option<Parser<'static>> {
    Parser::new(&PostgreSqlDialect {}).with_recursion_limit(400).try_with_sql(text).ok()
}

fn expression(text: &str) -> Option<String> {
    let mut parser = parser(text)?;
    let mut tree = parser.parse_expr().ok()?;
    (parser.peek_token().token == Token::EOF).then_some(())?;
    let _ = tree.visit(&mut Normal);
    Some(tree.to_string())
}

fn query(text: &str) -> Option<String> {
    let mut parser = parser(text.trim().trim_end_matches(';'))?;
    let mut tree = parser.parse_query().ok()?;
    (parser.peek_token().token == Token::EOF).then_some(())?;
    let _ = tree.visit(&mut Normal);
    Some(tree.to_string())
}

/// Rewrites a tree from the leaves up, so that every operator stands in exactly one pair of parentheses.
struct Normal;

impl VisitorMut for Normal {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        set(&mut query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor {
            let own = name.0.last().and_then(ObjectNamePart::as_ident).map(|ident| &ident.value);
            // The server prints no alias that is the name itself.
            if alias.as_ref().is_some_and(|a| a.columns.is_empty() && Some(&a.name.value) == own) {
                *alias = None;
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let old = std::mem::replace(expr, null());
        *expr = normal(old);
        ControlFlow::Continue(())
    }
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn set(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => select_list(select),
        SetExpr::SetOperation { left, right, .. } => {
            set(left);
            set(right);
        }
        _ => {}
    }
}

/// Names of result columns are the model's own business, and a chain of joins needs no parentheses.
fn select_list(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::ExprWithAlias { expr, .. } = item {
            *item = SelectItem::UnnamedExpr(std::mem::replace(expr, null()));
        }
    }
    for from in &mut select.from {
        flatten(from);
    }
}

fn flatten(from: &mut TableWithJoins) {
    while let TableFactor::NestedJoin { table_with_joins, alias: None } = &mut from.relation {
        let inner = std::mem::replace(
            table_with_joins.as_mut(),
            TableWithJoins { relation: from_nothing(), joins: Vec::new() },
        );
        let rest = std::mem::take(&mut from.joins);
        from.relation = inner.relation;
        from.joins = inner.joins.into_iter().chain(rest).collect();
    }
}

fn from_nothing() -> TableFactor {
    TableFactor::NestedJoin {
        table_with_joins: Box::new(TableWithJoins {
            relation: TableFactor::TableFunction { expr: null(), alias: None },
            joins: Vec::new(),
        }),
        alias: None,
    }
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => inner,
        other => other,
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    // A chain of AND or of OR is one list for the server.
    let logical = matches!(op, BinaryOperator::And | BinaryOperator::Or);
    let open = |side: Expr| match side {
        Expr::Nested(inner) if logical && matches!(&*inner, Expr::BinaryOp { op: own, .. } if *own == op) => *inner,
        other => other,
    };
    let (left, right) = (open(left), open(right));
    match right {
        // (a and (b and c)) prints like ((a and b) and c) without its parentheses.
        Expr::BinaryOp { left: middle, op: own, right } => {
            let Expr::Nested(first) = binary(left, op, *middle) else { return null() };
            nested(Expr::BinaryOp { left: first, op: own, right })
        }
        right => nested(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }),
    }
}

fn not(negated: bool, expr: Expr) -> Expr {
    if negated { nested(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }) } else { expr }
}

fn normal(expr: Expr) -> Expr {
    match expr {
        Expr::Nested(inner) => match *inner {
            Expr::Nested(_)
            | Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_) => *inner,
            other if is_operator(&other) => nested(other),
            other => other,
        },
        Expr::BinaryOp { left, op, right } => binary(*left, op, *right),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(bare(&expr), Expr::Value(_)) => {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr }
        }
        Expr::Cast { expr, data_type, .. } => cast(*expr, data_type),
        Expr::TypedString(typed) => literal(Expr::Value(typed.value), &type_name(&typed.data_type)),
        Expr::Interval(interval) => literal(*interval.value, "interval"),
        Expr::Between { expr, negated, low, high } => between(*expr, negated, *low, *high),
        Expr::InSubquery { expr, subquery, negated } => {
            not(negated, nested(Expr::InSubquery { expr, subquery, negated: false }))
        }
        Expr::Exists { mut subquery, negated } => {
            if let SetExpr::Select(select) = &mut *subquery.body {
                select.projection = vec![SelectItem::UnnamedExpr(null())];
            }
            not(negated, Expr::Exists { subquery, negated: false })
        }
        Expr::IsNotDistinctFrom(a, b) => not(true, nested(Expr::IsDistinctFrom(a, b))),
        other => operators(other),
    }
}

/// The spellings of one operator.
fn operators(expr: Expr) -> Expr {
    use BinaryOperator::{Eq, NotEq, PGILikeMatch, PGLikeMatch, PGNotILikeMatch, PGNotLikeMatch};
    match expr {
        Expr::Like { negated, expr, pattern, escape_char: None, .. } => {
            binary(*expr, if negated { PGNotLikeMatch } else { PGLikeMatch }, *pattern)
        }
        Expr::ILike { negated, expr, pattern, escape_char: None, .. } => {
            binary(*expr, if negated { PGNotILikeMatch } else { PGILikeMatch }, *pattern)
        }
        Expr::InList { expr, list, negated } => in_list(*expr, list, negated),
        Expr::AnyOp { left, compare_op: Eq, right, .. } => match *right {
            Expr::Nested(inner) if matches!(*inner, Expr::Array(_)) => any_of(*left, *inner, false),
            Expr::Array(_) => any_of(*left, *right, false),
            // `= ANY (SELECT ..)` is IN.
            Expr::Subquery(subquery) => nested(Expr::InSubquery { expr: left, subquery, negated: false }),
            other => nested(Expr::AnyOp { left, compare_op: Eq, right: Box::new(other), is_some: false }),
        },
        Expr::AllOp { left, compare_op: NotEq, right } => match *right {
            Expr::Nested(inner) if matches!(*inner, Expr::Array(_)) => any_of(*left, *inner, true),
            Expr::Array(_) => any_of(*left, *right, true),
            other => nested(Expr::AllOp { left, compare_op: NotEq, right: Box::new(other) }),
        },
        other if is_operator(&other) => nested(other),
        other => other,
    }
}

fn is_operator(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::BinaryOp { .. }
            | Expr::UnaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Collate { .. }
    )
}

fn in_list(expr: Expr, mut list: Vec<Expr>, negated: bool) -> Expr {
    if list.len() == 1 {
        let op = if negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
        return binary(expr, op, list.remove(0));
    }
    nested(Expr::InList { expr: Box::new(expr), list, negated })
}

fn any_of(left: Expr, array: Expr, negated: bool) -> Expr {
    let Expr::Array(Array { elem, .. }) = array else { return null() };
    in_list(left, elem, negated)
}

fn between(expr: Expr, negated: bool, low: Expr, high: Expr) -> Expr {
    use BinaryOperator::{And, Gt, GtEq, Lt, LtEq, Or};
    let (below, above, join) = if negated { (Lt, Gt, Or) } else { (GtEq, LtEq, And) };
    binary(binary(expr.clone(), below, low), join, binary(expr, above, high))
}

/// Types that the server converts to without being asked.
const IMPLICIT: [&str; 9] = [
    "text",
    "text[]",
    "integer",
    "bigint",
    "numeric",
    "double precision",
    "timestamp",
    "timestamp with time zone",
    "regclass",
];

/// Types whose negative literals the server prints in quotes.
const NUMBERS: [&str; 5] = ["smallint", "integer", "bigint", "numeric", "double precision"];

fn number(text: &str) -> Expr {
    let digits = |text: &str| Expr::Value(Value::Number(text.to_owned(), false).into());
    match text.strip_prefix('-') {
        Some(rest) => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(digits(rest)) },
        None => digits(text),
    }
}

/// The server prints the value of a literal, not what was written.
fn literal(expr: Expr, data_type: &str) -> Expr {
    let Expr::Value(value) = bare(&expr) else { return expr };
    let Value::SingleQuotedString(text) = &value.value else { return expr };
    let quoted = |text: String| Expr::Value(Value::SingleQuotedString(text).into());
    match data_type {
        "jsonb" => serde_json::from_str::<serde_json::Value>(text)
            .map_or_else(|_| expr.clone(), |json| quoted(json.to_string())),
        "interval" => interval(text).map_or_else(|| expr.clone(), quoted),
        number_type if NUMBERS.contains(&number_type) => number(text),
        _ => expr,
    }
}

/// Months, days and seconds.
fn interval(text: &str) -> Option<String> {
    let (mut months, mut days, mut seconds) = (0, 0, 0);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            let parts: Vec<i64> = word.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
            seconds += parts.iter().zip([3600, 60, 1]).map(|(part, unit)| part * unit).sum::<i64>();
            continue;
        }
        let at = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
        let (count, unit) = word.split_at(at);
        let count: i64 = count.parse().ok()?;
        let unit = if unit.is_empty() { words.next()? } else { unit }.trim_end_matches('s').to_ascii_lowercase();
        match unit.as_str() {
            "year" => months += 12 * count,
            "mon" | "month" => months += count,
            "week" => days += 7 * count,
            "day" => days += count,
            "hour" => seconds += 3600 * count,
            "min" | "minute" => seconds += 60 * count,
            "sec" | "second" => seconds += count,
            _ => return None,
        }
    }
    Some(format!("{months} months {days} days {seconds} seconds"))
}

/// Literals carry a type when the server prints them, and values a cast where one was implied.
fn cast(expr: Expr, data_type: DataType) -> Expr {
    let name = type_name(&data_type);
    let expr = literal(expr, &name);
    let inner = bare(&expr);
    let is_minus =
        matches!(inner, Expr::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(bare(expr), Expr::Value(_)));
    if is_minus || matches!(inner, Expr::Value(_) | Expr::Array(_)) || IMPLICIT.contains(&name.as_str()) {
        return expr;
    }
    let custom = ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]);
    Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(expr),
        data_type: DataType::Custom(custom, Vec::new()),
        format: None,
    }
}

fn type_name(data_type: &DataType) -> String {
    let text = fold(&data_type.to_string().replace('"', "").to_ascii_lowercase());
    let known = match text.as_str() {
        "int" | "int4" => "integer",
        "int8" => "bigint",
        "int2" => "smallint",
        "bool" => "boolean",
        "varchar" => "character varying",
        "timestamptz" => "timestamp with time zone",
        "timestamp without time zone" => "timestamp",
        "float8" | "float" => "double precision",
        "decimal" => "numeric",
        _ => return text,
    };
    known.to_owned()
}

/// A word with what qualifies it, or any other token.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(Vec<String>),
    Other(String),
}

/// The tokens that count; `loose` leaves out parentheses and casts.
fn tokens(text: &str, loose: bool) -> Option<Vec<Part>> {
    let all = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().ok()?;
    let mut parts: Vec<Part> = Vec::new();
    let (mut dotted, mut casting) = (false, false);
    for token in all {
        match token {
            Token::Whitespace(_) | Token::SemiColon | Token::EOF => {}
            Token::Period => dotted = true,
            Token::DoubleColon if loose => casting = true,
            Token::LParen | Token::RParen if loose => casting = false,
            Token::Word(word) => {
                let name = if word.quote_style.is_some() { word.value } else { fold(&word.value) };
                let noise = ["as", "inner", "outer", "asc"].contains(&name.as_str()) && word.quote_style.is_none();
                match parts.last_mut() {
                    Some(Part::Name(names)) if dotted => names.push(name),
                    _ if casting || noise => {}
                    _ => parts.push(Part::Name(vec![name])),
                }
                casting = false;
                dotted = false;
            }
            other => {
                casting = false;
                parts.push(Part::Other(other.to_string()));
            }
        }
    }
    Some(parts)
}

fn same(a: &[Part], b: &[Part]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (Part::Name(a), Part::Name(b)) => a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b),
            (a, b) => a == b,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_prints_means_what_was_written() {
        for (written, printed) in [
            ("a = 'x'", "(a = 'x'::text)"),
            ("a in ('x', 'y')", "(a = ANY (ARRAY['x'::text, 'y'::text]))"),
            ("a not in ('x', 'y')", "(a <> ALL (ARRAY['x'::text, 'y'::text]))"),
            ("a in ('x')", "((a)::text = 'x'::text)"),
            ("a between 1 and 2 and not b", "((a >= 1) AND (a <= 2) AND (NOT b))"),
            ("a like 'x%' or b != 1 or c", "((a ~~ 'x%'::text) OR (b <> 1) OR c)"),
            ("(a AND (b and C))", "(a AND b AND c)"),
            (
                "exists (select 1 from m where m.t = team and m.u = auth.uid())",
                "(EXISTS ( SELECT 1\n   FROM public.m\n  WHERE ((m.t = d.team) AND (m.u = auth.uid()))))",
            ),
            ("(select auth.uid()) = id", "(( SELECT auth.uid() AS uid) = id)"),
            ("a in (select x from t)", "(a IN ( SELECT t.x\n   FROM app.t))"),
            ("not exists (select 1 from t)", "(NOT (EXISTS ( SELECT 1\n   FROM t)))"),
            ("a = -1", "(a = '-1'::integer)"),
            ("d > date '2020-01-01'", "(d > '2020-01-01'::date)"),
            ("a is not distinct from b", "(NOT (a IS DISTINCT FROM b))"),
            ("d > now() - interval '36 hours'", "(d > (now() - '36:00:00'::interval))"),
            ("(j)::\"text\" = '{\"a\":1}'::jsonb::text", "((j)::text = ('{\"a\": 1}'::jsonb)::text)"),
            ("cast(x as int4) = 1", "((x)::integer = 1)"),
        ] {
            let ok = equal(Kind::Expression, written, printed);
            assert!(ok, "{written}\n{:?}\n{:?}", expression(written), expression(printed));
        }
    }

    #[test]
    fn other_meanings_differ() {
        for (written, printed) in [
            ("a = 'x'", "(a = 'X'::text)"),
            ("a or (b and c)", "((a OR b) AND c)"),
            ("a", "(NOT a)"),
            ("m.a = n.b", "(m.a = m.b)"),
            ("a in ('x', 'y')", "(a <> ALL (ARRAY['x'::text, 'y'::text]))"),
            ("a is null", "(a IS NOT NULL)"),
            ("exists (select 1 from t)", "(NOT (EXISTS ( SELECT 1\n   FROM t)))"),
            ("f(a)", "g(a)"),
        ] {
            assert!(!equal(Kind::Expression, written, printed), "{written}");
        }
    }

    #[test]
    fn queries_and_definitions() {
        let written = "select t.id, count(*) as n from app.t as t inner join u on t.id = u.id left join v using (id)";
        let printed = " SELECT t.id,\n    count(*) AS n\n   FROM ((app.t\n     JOIN app.u ON ((t.id = u.id)))\n     LEFT JOIN app.v USING (id));";
        assert!(equal(Kind::Query, written, printed), "{:?}\n{:?}", query(written), query(printed));
        assert!(equal(Kind::Tokens, "CHECK (a = 'x')", "CHECK ((a = 'x'::text))"));
        assert!(!equal(Kind::Tokens, "CHECK (a = 'x')", "CHECK ((b = 'x'::text))"));
    }
}
