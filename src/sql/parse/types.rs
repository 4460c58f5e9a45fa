//! Names of types: the grammar's own spellings, and all others.

use super::cursor::Parser;
use crate::sql::ast::{Name, Part, TypeName};
use crate::sql::error::SqlError;
use crate::sql::keywords::Category;
use crate::sql::lex::Kind;

const FIELDS: &[&str] = &["year", "month", "day", "hour", "minute", "second"];

impl Parser<'_> {
    /// Reads the name of a type.
    pub(crate) fn type_name(&mut self) -> Result<TypeName, SqlError> {
        let start = self.start();
        let set = self.eat_word("setof");
        let (name, modifier, copied) = match self.spelled_type()? {
            Some((name, modifier)) => (name, modifier, false),
            None => self.generic_type()?,
        };
        let array = self.array_bounds()?;
        Ok(TypeName { name, modifier, array, set, copied, range: start..self.last_end() })
    }

    /// `[]`, `[3]`, `ARRAY`, `ARRAY[3]`; the bounds mean nothing.
    fn array_bounds(&mut self) -> Result<bool, SqlError> {
        let mut array = self.eat_word("array");
        while self.is_punct(0, b'[')
            && (self.is_punct(1, b']')
                || self.is_punct(2, b']') && self.peek(1).is_some_and(|t| t.kind == Kind::Number))
        {
            self.at += if self.is_punct(1, b']') { 2 } else { 3 };
            array = true;
        }
        Ok(array)
    }

    fn generic_type(&mut self) -> Result<(Name, Option<String>, bool), SqlError> {
        let allowed = match self.name_category(0) {
            Some(Category::Unreserved | Category::FunctionName) => true,
            Some(Category::ColumnName) => self.is_punct(1, b'.'),
            _ => false,
        };
        if !allowed {
            return Err(self.unexpected("a type"));
        }
        let name = self.name()?;
        if self.is_operator(0, "%") && self.is_one_of(1, &["type", "rowtype"]) {
            self.at += 2;
            return Ok((name, None, true));
        }
        let modifier = if self.is_punct(0, b'(') { Some(self.modifier_text()?) } else { None };
        Ok((name, modifier, false))
    }

    /// What stands in the parentheses, without blanks.
    fn modifier_text(&mut self) -> Result<String, SqlError> {
        self.expect_punct(b'(')?;
        let mut text = String::new();
        while !self.eat_punct(b')') {
            let token = self.peek(0).ok_or_else(|| self.unexpected("`)`"))?;
            if !matches!(token.kind, Kind::Number | Kind::Word | Kind::Quoted | Kind::Text | Kind::Punct(b','))
                && !self.is_operator(0, "-")
            {
                return Err(self.unexpected("a type's modifier"));
            }
            text.push_str(self.raw(token));
            self.at += 1;
        }
        Ok(text)
    }

    fn maybe_modifier(&mut self) -> Result<Option<String>, SqlError> {
        if self.is_punct(0, b'(') { self.modifier_text().map(Some) } else { Ok(None) }
    }

    fn spelled_type(&mut self) -> Result<Option<(Name, Option<String>)>, SqlError> {
        let start = self.start();
        let Some(word) = self.word(0) else { return Ok(None) };
        self.at += 1;
        let (name, modifier) = match word.as_str() {
            "int" | "integer" => ("int4", None),
            "smallint" => ("int2", None),
            "bigint" => ("int8", None),
            "real" => ("float4", None),
            "boolean" => ("bool", None),
            "double" if self.eat_word("precision") => ("float8", None),
            "float" => (self.float()?, None),
            "decimal" | "dec" | "numeric" => ("numeric", self.maybe_modifier()?),
            "bit" => match self.eat_word("varying") {
                true => ("varbit", self.maybe_modifier()?),
                false => ("bit", self.maybe_modifier()?.or(Some("1".to_owned()))),
            },
            "varchar" => ("varchar", self.maybe_modifier()?),
            "character" | "char" | "nchar" => self.character()?,
            "national" if self.is_one_of(0, &["character", "char"]) => {
                self.at += 1;
                self.character()?
            }
            "timestamp" => self.zoned("timestamp", "timestamptz")?,
            "time" => self.zoned("time", "timetz")?,
            "interval" => ("interval", self.interval_modifier()?),
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        let range = start..self.last_end();
        let parts = ["pg_catalog", name].map(|value| Part { value: value.to_owned(), range: range.clone() });
        Ok(Some((Name { parts: parts.into() }, modifier)))
    }

    fn float(&mut self) -> Result<&'static str, SqlError> {
        let bits = self.maybe_modifier()?.and_then(|m| m.parse::<u32>().ok());
        Ok(if bits.is_some_and(|b| b <= 24) { "float4" } else { "float8" })
    }

    fn character(&mut self) -> Result<(&'static str, Option<String>), SqlError> {
        if self.eat_word("varying") {
            return Ok(("varchar", self.maybe_modifier()?));
        }
        Ok(("bpchar", self.maybe_modifier()?.or(Some("1".to_owned()))))
    }

    fn zoned(&mut self, without: &'static str, with: &'static str) -> Result<(&'static str, Option<String>), SqlError> {
        let modifier = self.maybe_modifier()?;
        if self.eat_words(&["with", "time", "zone"]) {
            return Ok((with, modifier));
        }
        self.eat_words(&["without", "time", "zone"]);
        Ok((without, modifier))
    }

    fn interval_modifier(&mut self) -> Result<Option<String>, SqlError> {
        match self.maybe_modifier()? {
            Some(precision) => Ok(Some(precision)),
            None => self.interval_fields(),
        }
    }

    /// `DAY TO SECOND(3)`, as `format_type` prints it behind `interval`, with a blank in front.
    pub(super) fn interval_fields(&mut self) -> Result<Option<String>, SqlError> {
        if !self.is_one_of(0, FIELDS) {
            return Ok(None);
        }
        let mut fields = String::new();
        let mut field = self.word(0).unwrap_or_default();
        self.at += 1;
        fields.push_str(&format!(" {field}"));
        if self.is_word(0, "to") && self.is_one_of(1, FIELDS) {
            field = self.word(1).unwrap_or_default();
            self.at += 2;
            fields.push_str(&format!(" to {field}"));
        }
        if field == "second" && self.is_punct(0, b'(') {
            fields.push_str(&format!("({})", self.modifier_text()?));
        }
        Ok(Some(fields))
    }
}
