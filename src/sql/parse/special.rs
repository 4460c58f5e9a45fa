//! Expressions that begin with a key word of their own.

use super::cursor::Parser;
use super::expression::is_string;
use crate::sql::ast::{Choice, Expr, ExprKind};
use crate::sql::error::SqlError;
use crate::sql::keywords::{Category, category};

/// Values of the session that the grammar knows.
const SESSION: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "system_user",
    "user",
];

/// Types that only the grammar knows, and those that are spelled in several words.
const TYPES: &[&str] = &[
    "bigint",
    "bit",
    "boolean",
    "char",
    "character",
    "dec",
    "decimal",
    "double",
    "float",
    "int",
    "integer",
    "interval",
    "json",
    "national",
    "nchar",
    "numeric",
    "real",
    "smallint",
    "time",
    "timestamp",
    "varchar",
];

impl Parser<'_> {
    /// The expression, if the next word begins one of those that are no plain columns or calls.
    pub(super) fn special(&mut self) -> Result<Option<Expr>, SqlError> {
        let Some(word) = self.word(0) else { return Ok(None) };
        let start = self.start();
        if let Some(kind) = constant(&word) {
            self.at += 1;
            return Ok(Some(self.node(start, kind)));
        }
        if let Some(session) = SESSION.iter().find(|s| **s == word) {
            return self.session(session, start);
        }
        if TYPES.contains(&word.as_str()) {
            return self.type_before_string(start);
        }
        if word == "case" {
            self.at += 1;
            return self.nested(|p, _| p.case(start)).map(Some);
        }
        if word == "array" && self.is_punct(1, b'[') {
            self.at += 1;
            return self.nested(|p, _| p.array(start)).map(Some);
        }
        if self.is_punct(1, b'(') { self.nested(|p, _| p.function_like(&word, start)) } else { Ok(None) }
    }

    fn session(&mut self, word: &'static str, start: usize) -> Result<Option<Expr>, SqlError> {
        if matches!(word, "current_schema") && self.is_punct(1, b'(') {
            return Ok(None);
        }
        self.at += 1;
        let mut precision = None;
        if matches!(word, "current_time" | "current_timestamp" | "localtime" | "localtimestamp")
            && self.is_punct(0, b'(')
        {
            let digits = self.parenthesised(Self::constant)?;
            precision = match digits.kind {
                ExprKind::Number(n) => n.parse().ok(),
                _ => None,
            };
        }
        Ok(Some(self.node(start, ExprKind::Session(word, precision))))
    }

    /// `timestamp with time zone '..'`; without a string it was a column or a function.
    fn type_before_string(&mut self, start: usize) -> Result<Option<Expr>, SqlError> {
        let (at, interval) = (self.at, self.is_word(0, "interval"));
        let Ok(mut data_type) = self.type_name() else {
            self.at = at;
            return Ok(None);
        };
        if data_type.array || !self.peek(0).is_some_and(is_string) {
            self.at = at;
            return Ok(None);
        }
        let mut expr = self.cast_of_string(data_type.clone(), start)?;
        // The fields of an interval follow its string.
        if interval
            && data_type.modifier.is_none()
            && let Some(fields) = self.interval_fields()?
        {
            data_type.modifier = Some(fields);
            if let ExprKind::Cast(_, of) = &mut expr.kind {
                *of = data_type;
            }
            expr.range.end = self.last_end();
        }
        Ok(Some(expr))
    }

    /// `[[a, b], [c, d]]`
    fn array(&mut self, start: usize) -> Result<Expr, SqlError> {
        self.expect_punct(b'[')?;
        let mut items = Vec::new();
        while !self.is_punct(0, b']') {
            let at = self.start();
            let item = if self.is_punct(0, b'[') { self.nested(|p, _| p.array(at))? } else { self.expression()? };
            items.push(item);
            if !self.eat_punct(b',') {
                break;
            }
        }
        self.expect_punct(b']')?;
        Ok(self.node(start, ExprKind::Array(items)))
    }

    fn function_like(&mut self, word: &str, start: usize) -> Result<Option<Expr>, SqlError> {
        let choice = match word {
            "coalesce" => Some(Choice::Coalesce),
            "greatest" => Some(Choice::Greatest),
            "least" => Some(Choice::Least),
            _ => None,
        };
        self.at += 1;
        if let Some(choice) = choice {
            return self.choice(start, choice).map(Some);
        }
        let kind = match word {
            "array" => ExprKind::ArrayQuery(Box::new(self.parenthesised(Self::query)?)),
            "exists" => ExprKind::Exists(Box::new(self.parenthesised(Self::query)?)),
            "row" => ExprKind::Row(self.parenthesised(|p| {
                if p.is_punct(0, b')') { Ok(Vec::new()) } else { p.comma_separated(Self::expression) }
            })?),
            "grouping" => ExprKind::Grouping(self.parenthesised(|p| p.comma_separated(Self::expression))?),
            "cast" => self.parenthesised(Self::cast)?,
            "nullif" => self.parenthesised(|p| {
                let left = Box::new(p.expression()?);
                p.expect_punct(b',')?;
                Ok(ExprKind::NullIf(left, Box::new(p.expression()?)))
            })?,
            "extract" | "position" | "substring" | "overlay" | "trim" => self.spelled(word, start)?,
            "treat" | "merge_action" => return Err(self.unsupported(&format!("`{word}`"))),
            _ if word.starts_with("xml") && category(word) == Category::ColumnName => {
                return Err(self.unsupported(&format!("`{word}`")));
            }
            "json_arrayagg" | "json_objectagg" | "json_exists" | "json_query" | "json_value" | "json_serialize"
            | "json_table" => {
                return Err(self.unsupported(&format!("`{word}`")));
            }
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        Ok(Some(self.node(start, kind)))
    }

    fn cast(&mut self) -> Result<ExprKind, SqlError> {
        let operand = Box::new(self.expression()?);
        self.expect_word("as")?;
        Ok(ExprKind::Cast(operand, self.type_name()?))
    }

    /// Functions with key words between their arguments.
    fn spelled(&mut self, word: &str, start: usize) -> Result<ExprKind, SqlError> {
        let range = start..self.last_end();
        self.expect_punct(b'(')?;
        let before = self.at;
        let (function, arguments) = match word {
            "extract" => ("extract", self.extract_arguments()?),
            "position" => {
                let what = self.bound_expression()?;
                self.expect_word("in")?;
                ("position", vec![self.bound_expression()?, what])
            }
            "trim" => self.trim_arguments()?,
            _ => (if word == "overlay" { "overlay" } else { "substring" }, self.substring_arguments()?),
        };
        let spelled =
            !matches!(function, "overlay" | "substring") || self.has_word_between(before, &["from", "for", "placing"]);
        self.expect_punct(b')')?;
        let mut call = self.call_of(function, range, arguments);
        if let ExprKind::Call(call) = &mut call {
            call.syntax = spelled;
        }
        Ok(call)
    }

    /// Whether one of the words stands outside parentheses since that token.
    fn has_word_between(&self, from: usize, words: &[&str]) -> bool {
        let mut depth = 0_usize;
        (from..self.at).any(|at| {
            let back = |punct| self.token(at).is_some_and(|t| t.kind == crate::sql::lex::Kind::Punct(punct));
            depth += usize::from(back(b'('));
            depth = depth.saturating_sub(usize::from(back(b')')));
            let word = |w: &&str| self.token(at).is_some_and(|t| self.raw(t).eq_ignore_ascii_case(w));
            depth == 0 && words.iter().any(word)
        })
    }

    fn extract_arguments(&mut self) -> Result<Vec<Expr>, SqlError> {
        let start = self.start();
        let field = if self.peek(0).is_some_and(is_string) { self.string()? } else { self.label()?.value };
        let field = self.node(start, ExprKind::Text(field));
        self.expect_word("from")?;
        Ok(vec![field, self.expression()?])
    }

    /// `x FROM a FOR n`, `x FOR n`, `x PLACING y FROM a FOR n`, `x SIMILAR p ESCAPE e`, or arguments between commas.
    fn substring_arguments(&mut self) -> Result<Vec<Expr>, SqlError> {
        let mut arguments = self.comma_separated(Self::expression)?;
        if self.eat_word("placing") {
            arguments.push(self.expression()?);
        }
        if self.is_word(0, "similar") {
            return Err(self.unsupported("`SUBSTRING(.. SIMILAR ..)`"));
        }
        if self.eat_word("from") {
            arguments.push(self.expression()?);
            if self.eat_word("for") {
                arguments.push(self.expression()?);
            }
        } else if self.eat_word("for") {
            let start = self.last_end();
            arguments.push(Expr { kind: ExprKind::Number("1".to_owned()), range: start..start });
            arguments.push(self.expression()?);
            if self.eat_word("from") {
                let from = self.expression()?;
                if let Some(second) = arguments.get_mut(1) {
                    *second = from;
                }
            }
        }
        Ok(arguments)
    }

    /// `[BOTH | LEADING | TRAILING] [chars] FROM x`, or arguments between commas.
    fn trim_arguments(&mut self) -> Result<(&'static str, Vec<Expr>), SqlError> {
        let function = match () {
            () if self.eat_word("both") => "btrim",
            () if self.eat_word("leading") => "ltrim",
            () if self.eat_word("trailing") => "rtrim",
            () => "btrim",
        };
        if self.eat_word("from") {
            return Ok((function, self.comma_separated(Self::expression)?));
        }
        let mut arguments = vec![self.expression()?];
        if self.eat_word("from") {
            let mut of = self.comma_separated(Self::expression)?;
            of.append(&mut arguments);
            return Ok((function, of));
        }
        while self.eat_punct(b',') {
            arguments.push(self.expression()?);
        }
        Ok((function, arguments))
    }
}

fn constant(word: &str) -> Option<ExprKind> {
    match word {
        "null" => Some(ExprKind::Null),
        "true" => Some(ExprKind::Boolean(true)),
        "false" => Some(ExprKind::Boolean(false)),
        _ => None,
    }
}
