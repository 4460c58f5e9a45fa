//! What operators connect: constants, columns, calls, parentheses, CASE, sub-selects.

use super::cursor::Parser;
use super::expression::is_string;
use crate::sql::ast::{Call, CallArgument, Choice, Expr, ExprKind, Name, OrderBy, Part, Query, Window};
use crate::sql::error::SqlError;
use crate::sql::keywords::Category;
use crate::sql::lex::Kind;
use std::ops::Range;

/// What stood between parentheses.
pub(super) enum Parenthesis {
    /// A query.
    Query(Box<Query>),
    /// Expressions, at least one.
    List(Vec<Expr>),
}

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expr, SqlError> {
        let token = self.peek(0).ok_or_else(|| self.unexpected("an expression"))?;
        let head = match token.kind {
            Kind::Number
            | Kind::Text
            | Kind::Escaped
            | Kind::UnicodeText
            | Kind::Dollar
            | Kind::Bits
            | Kind::Parameter => self.constant()?,
            Kind::Punct(b'(') => self.parenthesis()?,
            Kind::Word => match self.special()? {
                Some(expr) => expr,
                None => self.column_or_call()?,
            },
            Kind::Quoted | Kind::UnicodeQuoted => self.column_or_call()?,
            _ => return Err(self.unexpected("an expression")),
        };
        self.indirection(head)
    }

    /// `.field`, `.*`, `[i]`, `[i:j]` behind something.
    fn indirection(&mut self, mut head: Expr) -> Result<Expr, SqlError> {
        let start = head.range.start;
        loop {
            self.raise(1)?;
            if self.is_punct(0, b'[') {
                head = self.nested(|p, _| p.subscript(head))?;
            } else if self.is_punct(0, b'.') && self.is_operator(1, "*") {
                self.at += 2;
                head = self.node(start, ExprKind::AllFields(Box::new(head)));
            } else if self.is_punct(0, b'.') {
                self.at += 1;
                let field = self.label()?;
                head = self.node(start, ExprKind::Field(Box::new(head), field));
            } else {
                return Ok(head);
            }
        }
    }

    fn subscript(&mut self, base: Expr) -> Result<Expr, SqlError> {
        let (start, base) = (base.range.start, Box::new(base));
        self.expect_punct(b'[')?;
        let lower = if self.is_punct(0, b':') { None } else { Some(Box::new(self.expression()?)) };
        if self.eat_punct(b':') {
            let upper = if self.is_punct(0, b']') { None } else { Some(Box::new(self.expression()?)) };
            self.expect_punct(b']')?;
            return Ok(self.node(start, ExprKind::Slice(base, lower, upper)));
        }
        self.expect_punct(b']')?;
        let Some(index) = lower else { return Err(self.unexpected("a subscript")) };
        Ok(self.node(start, ExprKind::Subscript(base, index)))
    }

    /// A query, a row or an expression in parentheses.
    pub(super) fn parenthesis(&mut self) -> Result<Expr, SqlError> {
        let start = self.start();
        let inner = self.parenthesised_list()?;
        Ok(match inner {
            Parenthesis::Query(query) => self.node(start, ExprKind::Scalar(query)),
            Parenthesis::List(mut list) => match (list.pop(), list.is_empty()) {
                (Some(one), true) => one,
                (Some(last), false) => {
                    list.push(last);
                    self.node(start, ExprKind::Row(list))
                }
                (None, _) => return Err(self.unexpected("an expression")),
            },
        })
    }

    /// Reads parentheses without a look ahead: what begins with `((select` may be either.
    pub(super) fn parenthesised_list(&mut self) -> Result<Parenthesis, SqlError> {
        self.nested(|p, _| {
            p.expect_punct(b'(')?;
            if p.begins_query() {
                let query = p.query()?;
                p.expect_punct(b')')?;
                return Ok(Parenthesis::Query(Box::new(query)));
            }
            let first = if p.is_punct(0, b'(') {
                let start = p.start();
                match p.parenthesised_list()? {
                    Parenthesis::Query(query) if p.is_punct(0, b')') => {
                        p.at += 1;
                        return Ok(Parenthesis::Query(query));
                    }
                    Parenthesis::Query(query) if p.continues_query() => {
                        let query = p.query_from(*query)?;
                        p.expect_punct(b')')?;
                        return Ok(Parenthesis::Query(Box::new(query)));
                    }
                    Parenthesis::Query(query) => p.node(start, ExprKind::Scalar(query)),
                    Parenthesis::List(mut list) if list.len() == 1 => list.remove(0),
                    Parenthesis::List(list) => p.node(start, ExprKind::Row(list)),
                }
            } else {
                let first = p.expression()?;
                return p.rest_of_list(first);
            };
            let first = p.indirection(first)?;
            let first = p.expression_from(first)?;
            p.rest_of_list(first)
        })
    }

    fn rest_of_list(&mut self, first: Expr) -> Result<Parenthesis, SqlError> {
        let mut list = vec![first];
        while self.eat_punct(b',') {
            list.push(self.expression()?);
        }
        self.expect_punct(b')')?;
        Ok(Parenthesis::List(list))
    }

    fn column_or_call(&mut self) -> Result<Expr, SqlError> {
        let start = self.start();
        let category = self.name_category(0).unwrap_or(Category::Reserved);
        let name = self.column_reference_name(category)?;
        let plain = name.parts.len() == 1;
        if self.is_punct(0, b'(') && (!plain || category != Category::ColumnName || self.is_function_anyway(&name)) {
            return self.nested(|p, _| p.call(name, start));
        }
        if self.peek(0).is_some_and(is_string) && (!plain || category != Category::ColumnName) {
            return self.typed_constant(name, start);
        }
        if plain && category == Category::FunctionName {
            self.at -= 1;
            return Err(self.unexpected("an expression"));
        }
        if self.is_punct(0, b'.') && self.is_operator(1, "*") {
            self.at += 2;
            return Ok(self.node(start, ExprKind::Star(Some(name))));
        }
        Ok(self.node(start, ExprKind::Column(name)))
    }

    /// Functions whose names became key words in a later major.
    fn is_function_anyway(&self, name: &Name) -> bool {
        matches!(name.last(), "json_object" | "json_array" | "json_scalar" | "json" | "normalize")
    }

    fn column_reference_name(&mut self, category: Category) -> Result<Name, SqlError> {
        if category == Category::Reserved { Err(self.unexpected("an expression")) } else { self.name() }
    }

    /// A call of a function of `pg_catalog` that the grammar spells otherwise.
    pub(super) fn call_of(&self, function: &str, range: Range<usize>, arguments: Vec<Expr>) -> ExprKind {
        let name = Name { parts: vec![Part { value: function.to_owned(), range }] };
        let arguments = arguments.into_iter().map(|value| CallArgument { name: None, value }).collect();
        ExprKind::Call(Box::new(Call { arguments, syntax: true, ..Call::of(name) }))
    }

    /// `f(..)` from its opening parenthesis on.
    pub(super) fn call(&mut self, name: Name, start: usize) -> Result<Expr, SqlError> {
        let mut call = Call::of(name);
        self.parenthesised(|p| p.call_arguments(&mut call))?;
        if self.is_word(0, "within") && self.is_word(1, "group") {
            self.at += 2;
            call.within_group = self.parenthesised(Self::order_by)?;
        }
        if self.is_word(0, "filter") && self.is_punct(1, b'(') {
            self.at += 1;
            call.filter = Some(self.parenthesised(|p| {
                p.expect_word("where")?;
                p.expression()
            })?);
        }
        if self.eat_word("over") {
            call.over = Some(if self.is_punct(0, b'(') {
                self.parenthesised(Self::window)?
            } else {
                Window { name: Some(self.column_name()?), ..Window::default() }
            });
        }
        Ok(self.node(start, ExprKind::Call(Box::new(call))))
    }

    fn call_arguments(&mut self, call: &mut Call) -> Result<(), SqlError> {
        if self.is_punct(0, b')') {
            return Ok(());
        }
        if self.is_operator(0, "*") && self.is_punct(1, b')') {
            self.at += 1;
            call.star = true;
            return Ok(());
        }
        call.distinct = self.eat_word("distinct");
        if !call.distinct {
            self.eat_word("all");
        }
        loop {
            call.variadic = self.eat_word("variadic");
            let argument = self.call_argument()?;
            call.arguments.push(argument);
            if !self.eat_punct(b',') {
                break;
            }
        }
        if self.is_word(0, "order") {
            call.order_by = self.order_by()?;
        }
        Ok(())
    }

    fn call_argument(&mut self) -> Result<CallArgument, SqlError> {
        let named = self.name_category(0).is_some() && (self.is_operator(1, "=>") || self.is_operator(1, ":="));
        let name = if named { Some(self.label()?) } else { None };
        self.at += usize::from(named);
        Ok(CallArgument { name, value: self.expression()? })
    }

    /// `ORDER BY ..`
    pub(super) fn order_by(&mut self) -> Result<Vec<OrderBy>, SqlError> {
        self.expect_word("order")?;
        self.expect_word("by")?;
        self.comma_separated(|p| {
            let value = p.expression()?;
            let using = if p.eat_word("using") { Some(p.operator()?) } else { None };
            let descending = p.eat_word("desc");
            p.eat_word("asc");
            let nulls_first = match () {
                () if p.eat_words(&["nulls", "first"]) => Some(true),
                () if p.eat_words(&["nulls", "last"]) => Some(false),
                () => None,
            };
            Ok(OrderBy { value, descending, nulls_first, using })
        })
    }

    /// The inside of `OVER (..)` or `WINDOW w AS (..)`.
    pub(super) fn window(&mut self) -> Result<Window, SqlError> {
        let mut window = Window { extends: true, ..Window::default() };
        if self.is_column_name(0) && !self.is_one_of(0, &["partition", "range", "rows", "groups"]) {
            window.name = Some(self.label()?);
        }
        if self.eat_words(&["partition", "by"]) {
            window.partition_by = self.comma_separated(Self::expression)?;
        }
        if self.is_word(0, "order") {
            window.order_by = self.order_by()?;
        }
        if self.is_one_of(0, &["rows", "range", "groups"]) {
            let start = self.start();
            let mut depth = 0_usize;
            while !self.is_end() && (depth > 0 || !self.is_punct(0, b')')) {
                depth += usize::from(self.is_punct(0, b'('));
                depth = depth.saturating_sub(usize::from(self.is_punct(0, b')')));
                self.at += 1;
            }
            window.frame = self.text.get(start..self.last_end()).map(str::to_owned);
        }
        Ok(window)
    }

    /// `CASE .. END`, behind its first word.
    pub(super) fn case(&mut self, start: usize) -> Result<Expr, SqlError> {
        let operand = if self.is_word(0, "when") { None } else { Some(Box::new(self.expression()?)) };
        let mut branches = Vec::new();
        while self.eat_word("when") {
            let when = self.expression()?;
            self.expect_word("then")?;
            branches.push((when, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.unexpected("`WHEN`"));
        }
        let otherwise = if self.eat_word("else") { Some(Box::new(self.expression()?)) } else { None };
        self.expect_word("end")?;
        Ok(self.node(start, ExprKind::Case { operand, branches, otherwise }))
    }

    pub(super) fn choice(&mut self, start: usize, choice: Choice) -> Result<Expr, SqlError> {
        let list = self.parenthesised(|p| p.comma_separated(Self::expression))?;
        Ok(self.node(start, ExprKind::Select(choice, list)))
    }
}

impl Call {
    /// A call of `name` without arguments.
    pub(crate) fn of(name: Name) -> Self {
        Self {
            name,
            arguments: Vec::new(),
            star: false,
            variadic: false,
            distinct: false,
            order_by: Vec::new(),
            within_group: Vec::new(),
            filter: None,
            over: None,
            syntax: false,
        }
    }
}
