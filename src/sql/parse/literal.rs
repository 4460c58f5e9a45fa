//! Constants.

use super::cursor::Parser;
use super::expression::is_string;
use crate::sql::ast::{Expr, ExprKind, Name, TypeName};
use crate::sql::error::SqlError;
use crate::sql::lex::Kind;
use crate::sql::names;

impl Parser<'_> {
    pub(super) fn constant(&mut self) -> Result<Expr, SqlError> {
        let start = self.start();
        let token = self.peek(0).ok_or_else(|| self.unexpected("a constant"))?;
        let raw = self.raw(token);
        let kind = match token.kind {
            Kind::Number => ExprKind::Number(self.number(raw)?),
            Kind::Parameter => {
                let number = raw.get(1..).and_then(|n| n.parse().ok()).ok_or_else(|| self.unexpected("a parameter"))?;
                ExprKind::Parameter(number)
            }
            Kind::Bits => {
                let letter = raw.chars().next().map_or('b', |c| c.to_ascii_lowercase());
                ExprKind::Bits(letter, raw.get(2..raw.len().saturating_sub(1)).unwrap_or_default().to_owned())
            }
            _ => {
                let value = self.string()?;
                return Ok(self.node(start, ExprKind::Text(value)));
            }
        };
        self.at += 1;
        Ok(self.node(start, kind))
    }

    fn number(&self, raw: &str) -> Result<String, SqlError> {
        let plain: String = raw.chars().filter(|c| *c != '_').collect();
        let based = |prefix: &[&str], radix| {
            let digits = prefix.iter().find_map(|p| plain.strip_prefix(p))?;
            u128::from_str_radix(digits, radix).ok().map(|v| v.to_string())
        };
        if let Some(value) =
            based(&["0x", "0X"], 16).or_else(|| based(&["0o", "0O"], 8)).or_else(|| based(&["0b", "0B"], 2))
        {
            return Ok(value);
        }
        let valid = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
            && plain.parse::<f64>().is_ok();
        if valid { Ok(plain) } else { Err(self.unexpected("a number")) }
    }

    /// A string constant; one on the next line continues it.
    pub(super) fn string(&mut self) -> Result<String, SqlError> {
        let mut value = String::new();
        let mut end = None;
        while let Some(token) = self.peek(0).filter(|t| is_string(*t)) {
            let continues = |end: usize| self.text.get(end..token.start).is_some_and(|gap| gap.contains(['\n', '\r']));
            if !end.is_none_or(continues) {
                break;
            }
            let piece = names::literal(token.kind, self.raw(token)).ok_or_else(|| self.unexpected("a string"))?;
            value.push_str(&piece);
            self.at += 1;
            end = Some(token.end);
        }
        if end.is_none() {
            return Err(self.unexpected("a string"));
        }
        if self.is_word(0, "uescape") {
            return Err(self.unsupported("`UESCAPE`"));
        }
        Ok(value)
    }

    /// `date '2026-01-01'`: the name of a type before a string.
    pub(super) fn typed_constant(&mut self, name: Name, start: usize) -> Result<Expr, SqlError> {
        let range = name.range();
        let data_type = TypeName { name, modifier: None, array: false, set: false, copied: false, range };
        self.cast_of_string(data_type, start)
    }

    pub(super) fn cast_of_string(&mut self, data_type: TypeName, start: usize) -> Result<Expr, SqlError> {
        let at = self.start();
        let value = self.string()?;
        let operand = Box::new(self.node(at, ExprKind::Text(value)));
        Ok(self.node(start, ExprKind::Cast(operand, data_type)))
    }
}
