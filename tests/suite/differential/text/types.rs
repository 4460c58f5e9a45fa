//! The types of the text suite, with the few values that rows and policies share, so that comparisons come out both ways.

use super::super::choice::Choice;

/// A type by the name that DDL and casts use.
pub(crate) type Kind = &'static str;

/// Users that rows and sessions name.
pub(crate) const USERS: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003",
];

/// Columns that tables have: name, type, and how the column is declared beyond that.
pub(crate) const COLUMNS: [(&str, Kind, &str); 24] = [
    ("id", "int", ""),
    ("u", "uuid", ""),
    ("v", "uuid", ""),
    ("team", "int", ""),
    ("org", "text", ""),
    ("cs", "text", "collate \"C\""),
    ("n", "numeric", ""),
    ("b", "boolean", ""),
    ("d", "date", ""),
    ("ts", "timestamptz", ""),
    ("tn", "timestamp", ""),
    ("arr", "text[]", ""),
    ("j", "jsonb", ""),
    ("e", "app.lvl", ""),
    ("k", "char(3)", ""),
    ("vc", "varchar(4)", ""),
    ("f", "float8", ""),
    ("uarr", "uuid[]", ""),
    ("iarr", "int[]", ""),
    ("big", "bigint", ""),
    ("sm", "smallint", ""),
    ("bin", "bytea", ""),
    ("span", "interval", ""),
    ("code", "app.code", ""),
];

/// Literals of a type, as SQL without a cast.
pub(crate) fn pool(kind: Kind) -> &'static [&'static str] {
    match kind {
        "int" | "smallint" => &["0", "1", "2", "3"],
        "bigint" => &["0", "1", "2", "3000000000"],
        "uuid" => &[
            "'00000000-0000-4000-8000-000000000001'",
            "'00000000-0000-4000-8000-000000000002'",
            "'00000000-0000-4000-8000-000000000003'",
        ],
        "text" => &[
            "'a'",
            "'A'",
            "''",
            "'1'",
            "'1.0'",
            "'a/b'",
            "'ab'",
            "'a '",
            "'B'",
            "'true'",
            "'lo'",
            "'2024-01-01'",
            "'00000000-0000-4000-8000-000000000001'",
        ],
        "app.code" => &["'a'", "'ab'", "'A'", "'1'"],
        "numeric" => &["1", "1.0", "1.00", "2.5", "0"],
        "boolean" => &["true", "false"],
        "date" => &["'2024-01-01'", "'2024-02-29'", "'infinity'"],
        "timestamptz" => &["'2024-01-01 00:00+00'", "'2024-01-01 01:00+01'", "'2025-05-05 00:00+00'"],
        "timestamp" => &["'2024-01-01 00:00'", "'2024-01-01 12:30:00.5'", "'2025-05-05 00:00'"],
        "text[]" => &["'{}'", "'{a}'", "'{a,A}'", "'{NULL,a}'", "'{1.0}'"],
        "uuid[]" => &[
            "'{}'",
            "'{00000000-0000-4000-8000-000000000001}'",
            "'{00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000002}'",
        ],
        "int[]" => &["'{1,2}'", "'{}'", "'{NULL}'", "'{{1},{2}}'"],
        "jsonb" => &[r#"'{"r":"a","x":1}'"#, r#"'{"r":null}'"#, r#"'["a"]'"#, "'1.0'", "'1'", r#"'"a"'"#, "'null'"],
        "app.lvl" => &["'lo'", "'mid'", "'hi'"],
        "char(3)" => &["'a'", "'a  '", "'ab'", "'1'"],
        "varchar(4)" => &["'a'", "'ab'", "'A'", "'a '"],
        "float8" => &["0", "'-0'", "1.5", "'NaN'", "1"],
        "bytea" => &[r"'\x'", r"'\x61'", r"'\x6162'"],
        "interval" => &["'1 day'", "'24 hours'", "'0'", "'1 mon'"],
        other => panic!("no values of {other}"),
    }
}

/// A literal with its cast.
pub(crate) fn literal(c: &mut Choice, kind: Kind) -> String {
    format!("{}::{kind}", c.pick(pool(kind)))
}

/// A literal as rows hold it: NULL now and then.
pub(crate) fn cell(c: &mut Choice, kind: Kind, nullable: bool) -> String {
    if nullable && c.chance(22) { "null".to_owned() } else { literal(c, kind) }
}
