//! Terms as SQL, fully parenthesized, every column with its row variable's alias.

use std::fmt::Write as _;

use super::{Access, CLAIMS, Id, Pick, Query, Row, Term, Terms, Type, Value};
use crate::model::{quote_ident, quote_literal};

impl Terms {
    /// The term in SQL. Row variables that are free in it are shown under [`Terms::alias`]; an opaque term as a
    /// comment that no server takes.
    #[must_use]
    pub fn sql(&self, id: Id) -> String {
        let mut out = String::new();
        self.write(&mut out, id);
        out
    }

    /// The name that a row variable has in SQL text: its alias and number, which is unique.
    #[must_use]
    pub fn alias(&self, row: Row) -> String {
        let alias = self.row_info(row).map_or("r", |r| &r.alias);
        quote_ident(&format!("{alias}_{}", row.0)).into_owned()
    }

    fn write(&self, out: &mut String, id: Id) {
        match self.term(id) {
            Term::Null => put(out, &format!("NULL::{}", type_name(self.type_of(id)))),
            Term::Literal(value) => put(out, &value.sql(self.type_of(id))),
            Term::Column(row, name) => put(out, &format!("{}.{}", self.alias(*row), quote_ident(name))),
            Term::Claim(path, access) => put(out, &claim(path, *access)),
            Term::Setting(name) => put(out, &format!("current_setting({}, true)", quote_literal(name))),
            // Volatile, so that it raises where it is evaluated, and not while a statement is planned.
            Term::Call(function, _) if function.always_raises() => {
                put(out, &format!("(1 / (0 * random())::integer)::text::{}", type_name(self.type_of(id))));
            }
            Term::Call(function, args) => self.call_sql(out, &function.name, args),
            Term::Equal(a, b) => self.infix(out, *a, " = ", *b),
            Term::Less(a, b) => self.infix(out, *a, " < ", *b),
            Term::LessEqual(a, b) => self.infix(out, *a, " <= ", *b),
            Term::NotDistinct(a, b) => self.infix(out, *a, " IS NOT DISTINCT FROM ", *b),
            Term::IsNull(a) => self.suffix(out, *a, " IS NULL"),
            Term::IsTrue(a) => self.suffix(out, *a, " IS TRUE"),
            Term::Not(a) => {
                put(out, "(NOT ");
                self.write(out, *a);
                put(out, ")");
            }
            Term::And(all) => self.list(out, all, "(", " AND ", ")"),
            Term::Or(all) => self.list(out, all, "(", " OR ", ")"),
            Term::Exists(query) => {
                put(out, "(EXISTS (SELECT 1");
                self.source(out, query);
                put(out, "))");
            }
            Term::Any(query) => {
                put(out, "(true = ANY (");
                self.select(out, query);
                put(out, "))");
            }
            Term::Many(queries) => {
                put(out, "((SELECT count(*) FROM ");
                self.scalar_sql(out, queries, Pick::Only);
                put(out, " counted) > 1)");
            }
            Term::Raises(of, _) => {
                put(out, "<evaluating ");
                self.write(out, *of);
                put(out, " raises>");
            }
            Term::Scalar(queries, pick) => self.scalar_sql(out, queries, *pick),
            Term::Case(branches, otherwise) => self.case_sql(out, branches, *otherwise),
            // A test that is always true, which the server does not find out before it evaluates it.
            Term::Behind(done, value) => {
                put(out, "CASE WHEN ((");
                self.write(out, *done);
                put(out, ") IS NULL) IS NOT NULL THEN ");
                self.write(out, *value);
                put(out, " END");
            }
            Term::Opaque(number) => {
                let reason = self.opaque_info(*number).map_or("", |o| &*o.reason);
                let _ = write!(out, "<{}: not understood>", reason.replace(['<', '>'], ""));
            }
        }
    }

    fn call_sql(&self, out: &mut String, name: &str, args: &[Id]) {
        match (name, args) {
            (_, [x]) if name.starts_with("::") => self.suffix(out, *x, name),
            ("[]", [x, at]) => {
                put(out, "(");
                self.write(out, *x);
                put(out, ")[");
                self.write(out, *at);
                put(out, "]");
            }
            ("array", _) => self.list(out, args, "ARRAY[", ", ", "]"),
            ("= any", [x, array]) => {
                put(out, "(");
                self.write(out, *x);
                // A sub-select there would be a set of rows but for the cast.
                put(out, " = ANY (");
                self.suffix(out, *array, &format!("::{}", self.type_of(*array)));
                put(out, "))");
            }
            ("like" | "ilike", [x, y]) => self.infix(out, *x, &format!(" {} ", name.to_uppercase()), *y),
            (_, [x, y]) if !name.contains(|c: char| c.is_alphanumeric()) => {
                self.infix(out, *x, &format!(" {name} "), *y)
            }
            _ => self.list(out, args, &format!("{name}("), ", ", ")"),
        }
    }

    fn scalar_sql(&self, out: &mut String, queries: &[Query], pick: Pick) {
        put(out, "(");
        for (at, query) in queries.iter().enumerate() {
            put(out, if at == 0 { "" } else { " UNION ALL " });
            self.select(out, query);
        }
        put(out, if pick == Pick::Any { " LIMIT 1)" } else { ")" });
    }

    fn case_sql(&self, out: &mut String, branches: &[(Id, Id)], otherwise: Id) {
        put(out, "CASE");
        for (condition, value) in branches {
            put(out, " WHEN ");
            self.write(out, *condition);
            put(out, " THEN ");
            self.write(out, *value);
        }
        put(out, " ELSE ");
        self.write(out, otherwise);
        put(out, " END");
    }

    fn select(&self, out: &mut String, query: &Query) {
        put(out, "SELECT ");
        self.write(out, query.projection);
        self.source(out, query);
    }

    fn source(&self, out: &mut String, query: &Query) {
        for (at, row) in query.rows.iter().enumerate() {
            let relation = self.row_info(*row).map(|r| r.relation.to_string()).unwrap_or_default();
            put(out, if at == 0 { " FROM " } else { ", " });
            put(out, &format!("{relation} {}", self.alias(*row)));
        }
        put(out, " WHERE ");
        self.write(out, query.condition);
    }

    fn infix(&self, out: &mut String, a: Id, operator: &str, b: Id) {
        self.list(out, &[a, b], "(", operator, ")");
    }

    fn suffix(&self, out: &mut String, a: Id, suffix: &str) {
        put(out, "((");
        self.write(out, a);
        put(out, &format!("){suffix})"));
    }

    fn list(&self, out: &mut String, all: &[Id], open: &str, between: &str, close: &str) {
        put(out, open);
        for (at, id) in all.iter().enumerate() {
            put(out, if at == 0 { "" } else { between });
            self.write(out, *id);
        }
        put(out, close);
    }
}

fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

fn type_name(data_type: &Type) -> String {
    if *data_type == Type::Char { "bpchar".to_owned() } else { data_type.to_string() }
}

fn claim(path: &[std::sync::Arc<str>], access: Access) -> String {
    let base = format!("(nullif(current_setting('{CLAIMS}', true), '')::jsonb");
    let steps = Value::Array(path.iter().map(|s| Some(Value::Text(s.clone()))).collect());
    let steps = steps.sql(&Type::Array(Type::Text.into()));
    let operator = if access == Access::Text { "#>>" } else { "#>" };
    if path.is_empty() && access == Access::Json { format!("{base})") } else { format!("{base} {operator} {steps})") }
}
