//! Type names, in the spelling that the catalog prints.

use super::cursor::{Cursor, Result};
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;
use std::fmt;

/// A type as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// The type; a built-in one in `format_type()`'s spelling and without a schema.
    pub name: Name,
    /// What stands in parentheses behind it, without them.
    pub modifiers: Option<String>,
    /// `timestamp`'s or `time`'s zone, already part of the name; kept for printing in the catalog's order.
    suffix: &'static str,
    /// How many `[]` follow.
    pub dimensions: usize,
    /// `SETOF`.
    pub set_of: bool,
    /// `relation.column%TYPE`; `name` is then the column, its schema the relation.
    pub of_column: bool,
}

impl TypeName {
    /// The name as the catalog spells it, without schema and quotes, with a zone if it has one.
    #[must_use]
    pub fn spelling(&self) -> String {
        format!("{}{}", self.name.name, self.suffix)
    }

    /// The name without modifiers or brackets, with a zone if it has one.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}{}", self.name, self.suffix)
    }
}

/// As `format_type()` prints it, except that a written schema stays.
impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name.schema, is_builtin(&self.name.name)) {
            (None, true) => f.write_str(&self.name.name)?,
            _ => write!(f, "{}", self.name)?,
        }
        if let Some(modifiers) = &self.modifiers {
            write!(f, "({modifiers})")?;
        }
        f.write_str(self.suffix)?;
        if self.of_column {
            f.write_str("%TYPE")?;
        }
        if self.dimensions > 0 { f.write_str("[]") } else { Ok(()) }
    }
}

/// Other spellings of built-in types, and the catalog's (manual, table "Data Types").
const SPELLINGS: [(&str, &str); 22] = [
    ("int", "integer"),
    ("int4", "integer"),
    ("int2", "smallint"),
    ("int8", "bigint"),
    ("bool", "boolean"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("varchar", "character varying"),
    ("bpchar", "character"),
    ("char", "character"),
    ("nchar", "character"),
    ("varbit", "bit varying"),
    ("integer", "integer"),
    ("double precision", "double precision"),
    ("character varying", "character varying"),
    ("character", "character"),
    ("bit varying", "bit varying"),
    ("bit", "bit"),
    ("boolean", "boolean"),
];

fn is_builtin(name: &str) -> bool {
    SPELLINGS.iter().any(|(_, canonical)| *canonical == name) || ["interval", "timestamp", "time"].contains(&name)
}

impl Cursor<'_> {
    /// A type name.
    pub(crate) fn type_name(&mut self) -> Result<TypeName> {
        let set_of = self.accept("setof");
        let quoted = self.peek().is_some_and(|t| t.kind != Kind::Word);
        let mut name = self.type_words()?;
        let mut suffix = "";
        while self.accept_punct(b'.') {
            let next = self.label()?;
            name = Name { schema: Some(std::mem::replace(&mut name.name, next)), name: name.name };
        }
        let of_column = self.accept_operator("%") && {
            self.bump();
            true
        };
        if name.schema.as_deref() == Some("pg_catalog") {
            name.schema = None;
        }
        let modifiers = if self.is_punct(b'(') { Some(self.parenthesised()?.text) } else { None };
        if name.schema.is_none() && !quoted {
            match name.name.as_str() {
                "timestamptz" | "timetz" => {
                    suffix = " with time zone";
                    name.name.truncate(name.name.len() - 2);
                }
                "timestamp" | "time" if self.accept("with time zone") => suffix = " with time zone",
                "timestamp" | "time" => {
                    self.accept("without time zone");
                    suffix = " without time zone";
                }
                "interval" => {
                    let start = self.position();
                    if self.interval_fields() {
                        let fields = self.since(start).text.to_ascii_lowercase();
                        let fields = fields.split_whitespace().collect::<Vec<_>>().join(" ");
                        return Ok(TypeName {
                            name,
                            modifiers: Some(format!(" {fields}")),
                            suffix,
                            dimensions: self.dimensions(),
                            set_of,
                            of_column,
                        });
                    }
                }
                other => {
                    if let Some((_, canonical)) = SPELLINGS.iter().find(|(alias, _)| *alias == other) {
                        (*canonical).clone_into(&mut name.name);
                    }
                }
            }
        }
        let dimensions = self.dimensions();
        Ok(TypeName { name, modifiers, suffix, dimensions, set_of, of_column })
    }

    fn type_words(&mut self) -> Result<Name> {
        for (words, canonical) in [
            ("double precision", "double precision"),
            ("national character varying", "character varying"),
            ("national char varying", "character varying"),
            ("national character", "character"),
            ("national char", "character"),
            ("character varying", "character varying"),
            ("char varying", "character varying"),
            ("nchar varying", "character varying"),
            ("bit varying", "bit varying"),
        ] {
            if self.accept(words) {
                return Ok(Name::plain(canonical));
            }
        }
        self.ident().map(Name::plain)
    }

    /// Takes the fields of an interval, and a precision behind them; whether there were any.
    fn interval_fields(&mut self) -> bool {
        const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
        let some = self.is_any(&FIELDS);
        if some {
            self.bump();
            if self.is("to") && FIELDS.iter().any(|f| self.is_ahead(1, f)) {
                self.bump();
                self.bump();
            }
            if self.is_punct(b'(') {
                self.skip_one();
            }
        }
        some
    }

    fn dimensions(&mut self) -> usize {
        let mut dimensions = usize::from(self.accept("array"));
        while self.is_punct(b'[') {
            self.skip_one();
            dimensions += 1;
        }
        dimensions
    }
}
