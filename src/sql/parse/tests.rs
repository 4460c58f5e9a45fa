//! Precedence, places and depth.

use super::*;
use crate::sql::ast::{ExprKind, Part};

/// The tree with parentheses around every operation.
fn shape(expr: &Expr) -> String {
    let all = |list: &[Expr], word: &str| format!("({})", list.iter().map(shape).collect::<Vec<_>>().join(word));
    match &expr.kind {
        ExprKind::Column(name) => name.last().to_owned(),
        ExprKind::Number(n) => n.clone(),
        ExprKind::Text(t) => format!("'{t}'"),
        ExprKind::Boolean(b) => b.to_string(),
        ExprKind::Binary(o, l, r) => format!("({} {} {})", shape(l), o.symbol, shape(r)),
        ExprKind::Unary(o, x) => format!("({}{})", o.symbol, shape(x)),
        ExprKind::And(list) => all(list, " and "),
        ExprKind::Or(list) => all(list, " or "),
        ExprKind::Not(x) => format!("(not {})", shape(x)),
        ExprKind::Is { operand, negated, .. } => {
            format!("({} is{})", shape(operand), if *negated { " not" } else { "" })
        }
        ExprKind::Cast(x, of) => format!("{}::{}", shape(x), of.name.last()),
        ExprKind::Between { operand, low, high, .. } => {
            format!("({} between {} {})", shape(operand), shape(low), shape(high))
        }
        ExprKind::InList { operand, list, .. } => format!("({} in {})", shape(operand), list.len()),
        ExprKind::Subscript(x, i) => format!("{}[{}]", shape(x), shape(i)),
        ExprKind::Call(call) => format!("{}/{}", call.name.last(), call.arguments.len()),
        ExprKind::Scalar(_) => "(select)".to_owned(),
        ExprKind::Row(list) => all(list, ", "),
        other => format!("{other:?}"),
    }
}

#[test]
fn precedence_is_that_of_postgres() {
    for (text, expected) in [
        ("a or b and not c = d", "(a or (b and (not (c = d))))"),
        ("not a is null", "(not (a is))"),
        ("a = b is true", "((a = b) is)"),
        ("a + b * c ^ d ^ e", "(a + (b * ((c ^ d) ^ e)))"),
        ("- a ^ 2", "((-a) ^ 2)"),
        ("-a::int", "(-a::int4)"),
        ("a || b + c", "(a || (b + c))"),
        ("a -> 'x' ->> 'y' = 'z'", "(((a -> 'x') ->> 'y') = 'z')"),
        ("a ->> 'x' || b", "((a ->> 'x') || b)"),
        ("a < b || c", "(a < (b || c))"),
        ("a like b || c", "(a ~~ (b || c))"),
        ("a not like b and c", "((a !~~ b) and c)"),
        ("a between b and c and d", "((a between b c) and d)"),
        ("a in (1, 2) = b", "((a in 2) = b)"),
        ("a = b in (1)", "(a = (b in 1))"),
        ("a operator(pg_catalog.+) b * c", "(a + (b * c))"),
        ("a = b or c <> d", "((a = b) or (c <> d))"),
        ("a - -1", "(a - (-1))"),
        ("a<-1", "(a < (-1))"),
        ("a[1][2]", "a[1][2]"),
        ("((select 1) + 1)", "((select) + 1)"),
        ("(((select 1)))", "(select)"),
        ("(a, b) = (c, d)", "((a, b) = (c, d))"),
        ("@ a + b", "(@(a + b))"),
        ("@ a || b", "((@a) || b)"),
        ("a at time zone 'x' > b", "(timezone/2 > b)"),
        ("'a' 'b'", ""),
    ] {
        match expression(text) {
            Ok(expr) => assert_eq!(shape(&expr), expected, "{text}"),
            Err(error) => assert!(expected.is_empty(), "{text}: {error}"),
        }
    }
}

#[test]
fn places_are_bytes_of_the_text() {
    let text = "ä = 'ü'\n  and \"Ö\" = (select x.\"ß\"\n from t as x)";
    let parsed = expression(text).unwrap();
    let ExprKind::And(list) = &parsed.kind else { panic!("{parsed:?}") };
    let ExprKind::Binary(_, left, right) = &list[1].kind else { panic!("{parsed:?}") };
    assert_eq!(&text[left.range.clone()], "\"Ö\"");
    assert_eq!(&text[list[0].range.clone()], "ä = 'ü'");
    let ExprKind::Scalar(query) = &right.kind else { panic!("{right:?}") };
    let super::super::ast::Body::Select(select) = &query.body else { panic!() };
    let ExprKind::Column(name) = &select.targets[0].value.kind else { panic!() };
    assert_eq!(
        name.parts[1],
        Part { value: "ß".to_owned(), range: text.find("\"ß\"").unwrap()..text.find("\"ß\"").unwrap() + 4 }
    );
}

#[test]
fn depth_is_refused_not_overflowed() {
    let deep =
        |open: &str, inner: &str, close: &str, times| format!("{}{inner}{}", open.repeat(times), close.repeat(times));
    assert!(expression(&deep("(", "a", ")", 48)).is_ok());
    for text in [
        deep("(", "a", ")", 100_000),
        deep("not ", "a", "", 100_000),
        deep("- ", "a", "", 100_000),
        deep("f(", "a", ")", 100_000),
        deep("(select ", "a", ")", 50_000),
        deep("case when ", "a", " then b end", 50_000),
        deep("array[", "a", "]", 50_000),
        format!("a{}", " + a".repeat(100_000)),
        format!("a{}", "[1]".repeat(100_000)),
        format!("(a){}", ".b".repeat(100_000)),
        format!("a{}", "::int".repeat(100_000)),
    ] {
        assert!(expression(&text).is_err(), "{}", &text[..20]);
    }
    let many = format!("select 1{}", " union select 1".repeat(50_000));
    assert!(query(&many).is_err());
    let long = format!("a{}", " or a".repeat(50_000));
    assert!(expression(&long).is_ok());
}

#[test]
fn what_is_no_sql_is_refused() {
    for text in [
        "",
        "a +",
        "a b",
        "(a",
        "a)",
        "a = b = c",
        "select",
        "f(",
        "a.",
        "case when a end",
        "'x",
        "a in ()",
        "x is",
        "1 2",
        "from",
        "a::",
        "user()",
    ] {
        assert!(expression(text).is_err(), "{text}");
    }
    for text in [
        "select a b c",
        "select from where",
        "select * from",
        "values",
        "select 1 union",
        "with a select 1",
        "select 1; select 2",
    ] {
        assert!(query(text).is_err(), "{text}");
    }
}
