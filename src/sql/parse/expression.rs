//! Expressions by precedence, as the table of `%left` and `%right` in Postgres' grammar has it.

use super::cursor::Parser;
use super::primary::Parenthesis;
use crate::sql::ast::{Expr, ExprKind, Operator, Test};
use crate::sql::error::SqlError;
use crate::sql::lex::{Kind, Token};
use std::ops::Range;

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARISON: u8 = 5;
const BETWEEN: u8 = 6;
const OTHER: u8 = 8;
const SUM: u8 = 9;
const PRODUCT: u8 = 10;
const POWER: u8 = 11;
const AT: u8 = 12;
const COLLATE: u8 = 13;
const SIGN: u8 = 14;
const CAST: u8 = 16;

/// What the grammar calls `b_expr`, the lower bound of BETWEEN: no AND, IN, LIKE, IS NULL outside parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    Bound,
}

impl Parser<'_> {
    /// Reads an expression.
    pub(crate) fn expression(&mut self) -> Result<Expr, SqlError> {
        self.above(0, Form::Any)
    }

    /// Reads on from an operand that was read already.
    pub(super) fn expression_from(&mut self, left: Expr) -> Result<Expr, SqlError> {
        self.nested(|p, chain| p.infix(left, 0, Form::Any, chain))
    }

    /// The bound of a subscript or of `POSITION(x IN y)`: nothing that `IN` could belong to.
    pub(super) fn bound_expression(&mut self) -> Result<Expr, SqlError> {
        self.above(IS, Form::Bound)
    }

    fn above(&mut self, least: u8, form: Form) -> Result<Expr, SqlError> {
        self.nested(|p, chain| {
            let left = p.prefix(form)?;
            p.infix(left, least, form, chain)
        })
    }

    fn prefix(&mut self, form: Form) -> Result<Expr, SqlError> {
        let start = self.start();
        if form == Form::Any && self.eat_word("not") {
            let operand = Box::new(self.above(NOT, form)?);
            return Ok(self.node(start, ExprKind::Not(operand)));
        }
        if self.is_word(0, "operator") && self.is_punct(1, b'(')
            || self.peek(0).is_some_and(|t| t.kind == Kind::Operator)
        {
            let operator = self.operator()?;
            if operator.symbol == "*" {
                return Err(self.unexpected("an expression"));
            }
            let sign = operator.schema.is_none() && matches!(operator.symbol.as_str(), "+" | "-");
            let operand = Box::new(self.above(if sign { SIGN } else { OTHER }, form)?);
            return Ok(self.node(start, ExprKind::Unary(operator, operand)));
        }
        self.primary()
    }

    pub(super) fn node(&self, start: usize, kind: ExprKind) -> Expr {
        Expr { kind, range: start..self.last_end() }
    }

    /// Reads operators that bind tighter than `least`.
    fn infix(&mut self, mut left: Expr, least: u8, form: Form, chain: &mut usize) -> Result<Expr, SqlError> {
        let mut compared = false;
        while let Some(power) = self.power(form) {
            if power <= least {
                break;
            }
            let flat = matches!(power, OR | AND);
            if power == COMPARISON && compared {
                return Err(self.unexpected("no second comparison without parentheses"));
            }
            compared = power == COMPARISON;
            left = self.operation(left, power, form)?;
            if !flat {
                self.link(chain)?;
            }
        }
        Ok(left)
    }

    /// How tightly the next token binds as an operator behind an operand.
    fn power(&self, form: Form) -> Option<u8> {
        let token = self.peek(0)?;
        let raw = self.raw(token);
        match token.kind {
            Kind::Operator => Some(symbol_power(raw)?),
            Kind::Word => self.word_power(form, &raw.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn word_power(&self, form: Form, word: &str) -> Option<u8> {
        match (word, form) {
            ("or", Form::Any) => Some(OR),
            ("and", Form::Any) => Some(AND),
            ("isnull" | "notnull", Form::Any) => Some(IS),
            ("is", Form::Any) => Some(IS),
            ("not", Form::Any) => self.is_one_of(1, &["like", "ilike", "similar", "in", "between"]).then_some(BETWEEN),
            ("like" | "ilike" | "in" | "between", Form::Any) => Some(BETWEEN),
            ("similar", Form::Any) => self.is_word(1, "to").then_some(BETWEEN),
            ("overlaps", Form::Any) => Some(COMPARISON),
            ("operator", _) => self.is_punct(1, b'(').then_some(OTHER),
            ("at", Form::Any) => (self.is_word(1, "time") || self.is_word(1, "local")).then_some(AT),
            ("collate", _) => Some(COLLATE),
            _ => None,
        }
    }

    fn operation(&mut self, left: Expr, power: u8, form: Form) -> Result<Expr, SqlError> {
        match power {
            OR => self.logic(left, "or", OR, ExprKind::Or),
            AND => self.logic(left, "and", AND, ExprKind::And),
            IS => self.test(left, form),
            BETWEEN => self.range_or_pattern(left, form),
            AT => self.at_time_zone(left),
            COLLATE => {
                self.at += 1;
                let collation = self.name()?;
                Ok(self.node(left.range.start, ExprKind::Collate(Box::new(left), collation)))
            }
            CAST => {
                self.at += 1;
                let name = self.type_name()?;
                Ok(self.node(left.range.start, ExprKind::Cast(Box::new(left), name)))
            }
            COMPARISON if self.is_word(0, "overlaps") => self.overlaps(left),
            _ => self.binary(left, power, form),
        }
    }

    fn logic(
        &mut self,
        left: Expr,
        word: &str,
        power: u8,
        make: impl FnOnce(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr, SqlError> {
        let start = left.range.start;
        let mut operands = vec![left];
        while self.eat_word(word) {
            operands.push(self.above(power, Form::Any)?);
        }
        Ok(self.node(start, make(operands)))
    }

    fn binary(&mut self, left: Expr, power: u8, form: Form) -> Result<Expr, SqlError> {
        let operator = self.operator()?;
        if let Some(quantified) = self.quantified(&left, &operator)? {
            return Ok(quantified);
        }
        let right = self.above(power, form)?;
        Ok(self.node(left.range.start, ExprKind::Binary(operator, Box::new(left), Box::new(right))))
    }

    /// `ANY (..)`, `SOME (..)` or `ALL (..)` behind an operator.
    fn quantified(&mut self, left: &Expr, operator: &Operator) -> Result<Option<Expr>, SqlError> {
        if !(self.is_one_of(0, &["any", "some", "all"]) && self.is_punct(1, b'(')) {
            return Ok(None);
        }
        let all = self.is_word(0, "all");
        self.at += 1;
        let (left, operator) = (Box::new(left.clone()), operator.clone());
        let start = left.range.start;
        let inner = self.parenthesis()?;
        let kind = match inner.kind {
            ExprKind::Scalar(query) => ExprKind::QuantifiedQuery { left, operator, all, query },
            _ => ExprKind::QuantifiedArray { left, operator, all, array: Box::new(inner) },
        };
        Ok(Some(self.node(start, kind)))
    }

    /// Takes an operator, `OPERATOR(schema.op)` too.
    pub(super) fn operator(&mut self) -> Result<Operator, SqlError> {
        let start = self.start();
        if self.eat_word("operator") {
            self.expect_punct(b'(')?;
            let mut schema = None;
            while self.name_category(0).is_some() {
                schema = Some(self.label()?.value);
                self.expect_punct(b'.')?;
            }
            let symbol = self.symbol()?;
            self.expect_punct(b')')?;
            return Ok(Operator { schema, symbol, range: start..self.last_end() });
        }
        let symbol = self.symbol()?;
        Ok(Operator { schema: None, symbol, range: start..self.last_end() })
    }

    fn symbol(&mut self) -> Result<String, SqlError> {
        let token = self.peek(0).filter(|t| t.kind == Kind::Operator).ok_or_else(|| self.unexpected("an operator"))?;
        let raw = self.raw(token);
        if symbol_power(raw).is_none() || raw == "::" {
            return Err(self.unexpected("an operator"));
        }
        self.at += 1;
        Ok(if raw == "!=" { "<>".to_owned() } else { raw.to_owned() })
    }

    /// `IS ...`, `ISNULL`, `NOTNULL`
    fn test(&mut self, left: Expr, form: Form) -> Result<Expr, SqlError> {
        let start = left.range.start;
        let operand = Box::new(left);
        if self.is_one_of(0, &["isnull", "notnull"]) {
            let negated = self.is_word(0, "notnull");
            self.at += 1;
            return Ok(self.node(start, ExprKind::Is { operand, test: Test::Null, negated }));
        }
        self.expect_word("is")?;
        let negated = self.eat_word("not");
        if self.eat_words(&["distinct", "from"]) {
            let right = Box::new(self.above(IS, form)?);
            return Ok(self.node(start, ExprKind::Distinct { left: operand, right, negated }));
        }
        let tests = [
            ("null", Test::Null),
            ("true", Test::True),
            ("false", Test::False),
            ("unknown", Test::Unknown),
            ("document", Test::Document),
        ];
        for (word, test) in tests {
            if self.eat_word(word) {
                return Ok(self.node(start, ExprKind::Is { operand, test, negated }));
            }
        }
        if self.eat_word("json") {
            let _ = self.is_one_of(0, &["object", "array", "scalar", "value"]).then(|| self.at += 1);
            if self.eat_words(&["with", "unique"]) || self.eat_words(&["without", "unique"]) {
                self.eat_word("keys");
            }
            return Ok(self.node(start, ExprKind::Is { operand, test: Test::Json, negated }));
        }
        let _ = self.is_one_of(0, &["nfc", "nfd", "nfkc", "nfkd"]).then(|| self.at += 1);
        self.expect_word("normalized")?;
        Ok(self.node(start, ExprKind::Is { operand, test: Test::Normalized, negated }))
    }

    /// `[NOT] IN`, `BETWEEN`, `LIKE`, `ILIKE`, `SIMILAR TO`
    fn range_or_pattern(&mut self, left: Expr, form: Form) -> Result<Expr, SqlError> {
        let start = left.range.start;
        let negated = self.eat_word("not");
        let operand = Box::new(left);
        if self.eat_word("in") {
            return self.membership(start, operand, negated);
        }
        if self.eat_word("between") {
            let symmetric = self.eat_word("symmetric");
            self.eat_word("asymmetric");
            let low = Box::new(self.above(IS, Form::Bound)?);
            self.expect_word("and")?;
            let high = Box::new(self.above(BETWEEN, form)?);
            return Ok(self.node(start, ExprKind::Between { operand, low, high, negated, symmetric }));
        }
        self.pattern(start, operand, negated)
    }

    fn membership(&mut self, start: usize, operand: Box<Expr>, negated: bool) -> Result<Expr, SqlError> {
        let kind = match self.parenthesised_list()? {
            Parenthesis::Query(query) => ExprKind::InQuery { operand, query, negated },
            Parenthesis::List(list) => ExprKind::InList { operand, list, negated },
        };
        Ok(self.node(start, kind))
    }

    fn pattern(&mut self, start: usize, operand: Box<Expr>, negated: bool) -> Result<Expr, SqlError> {
        let word = self.start()..self.here().end;
        let (symbol, similar) = match () {
            () if self.eat_word("like") => (if negated { "!~~" } else { "~~" }, false),
            () if self.eat_word("ilike") => (if negated { "!~~*" } else { "~~*" }, false),
            () if self.eat_words(&["similar", "to"]) => (if negated { "!~" } else { "~" }, true),
            () => return Err(self.unexpected("`LIKE`")),
        };
        let operator = Operator {
            schema: None,
            symbol: symbol.to_owned(),
            range: Range { start: word.start, end: self.last_end() },
        };
        if !similar && let Some(quantified) = self.quantified(&operand, &operator)? {
            return Ok(quantified);
        }
        let pattern = Box::new(self.above(BETWEEN, Form::Any)?);
        let escape = if self.eat_word("escape") { Some(Box::new(self.above(BETWEEN, Form::Any)?)) } else { None };
        let kind = if similar || escape.is_some() {
            ExprKind::LikeEscape { operator, operand, pattern, escape, similar }
        } else {
            ExprKind::Binary(operator, operand, pattern)
        };
        Ok(self.node(start, kind))
    }

    /// `AT TIME ZONE z`, `AT LOCAL`
    fn at_time_zone(&mut self, left: Expr) -> Result<Expr, SqlError> {
        let start = left.range.start;
        let word = self.start();
        self.at += 1;
        if self.eat_word("local") {
            let call = self.call_of("timezone", word..self.last_end(), vec![left]);
            return Ok(self.node(start, call));
        }
        self.expect_word("time")?;
        self.expect_word("zone")?;
        let range = word..self.last_end();
        let zone = self.above(AT, Form::Any)?;
        let call = self.call_of("timezone", range, vec![zone, left]);
        Ok(self.node(start, call))
    }

    /// `(a, b) OVERLAPS (c, d)`
    fn overlaps(&mut self, left: Expr) -> Result<Expr, SqlError> {
        let (start, word) = (left.range.start, self.here());
        self.at += 1;
        let right = self.above(COMPARISON, Form::Any)?;
        match (left.kind, right.kind) {
            (ExprKind::Row(mut items), ExprKind::Row(more)) if items.len() == 2 && more.len() == 2 => {
                items.extend(more);
                let call = self.call_of("overlaps", word, items);
                Ok(self.node(start, call))
            }
            _ => Err(SqlError::new(crate::sql::ErrorKind::Syntax, word, "`OVERLAPS` compares two pairs")),
        }
    }
}

/// How tightly an operator symbol binds; `None` for what is none.
fn symbol_power(symbol: &str) -> Option<u8> {
    Some(match symbol {
        ":=" | ".." | "=>" => return None,
        "::" => CAST,
        "=" | "<" | ">" | "<=" | ">=" | "<>" | "!=" => COMPARISON,
        "+" | "-" => SUM,
        "*" | "/" | "%" => PRODUCT,
        "^" => POWER,
        _ => OTHER,
    })
}

/// Whether a token begins a string constant.
pub(super) fn is_string(token: Token) -> bool {
    matches!(token.kind, Kind::Text | Kind::Escaped | Kind::UnicodeText | Kind::Dollar)
}
