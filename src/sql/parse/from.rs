//! FROM: relations, sub-selects, functions and joins.

use super::cursor::Parser;
use crate::sql::ast::{Alias, Condition, Expr, From, FromKind, JoinKind, Name, Part, Query, TypeName};
use crate::sql::error::SqlError;
use crate::sql::keywords::Category;

/// Columns defined for a function that gives `record`.
type Definitions = Vec<(Part, TypeName)>;

/// What stood in parentheses in FROM.
enum Parenthesis {
    Query(Box<Query>),
    Join(Box<From>),
}

impl Parser<'_> {
    /// An item of FROM with all its joins.
    pub(super) fn joined_item(&mut self) -> Result<From, SqlError> {
        self.nested(|p, chain| {
            let left = p.item_primary()?;
            p.joins(left, chain)
        })
    }

    fn joins(&mut self, mut left: From, chain: &mut usize) -> Result<From, SqlError> {
        while let Some((kind, natural)) = self.join_words()? {
            self.link(chain)?;
            let right = self.nested(|p, chain| {
                let right = p.item_primary()?;
                // `a join b join c on .. on ..`: what has no condition yet takes the joins that follow.
                if kind == JoinKind::Cross || natural { Ok(right) } else { p.inner_joins(right, chain) }
            })?;
            let on = match () {
                () if kind == JoinKind::Cross => Condition::None,
                () if natural => Condition::Natural,
                () if self.eat_word("on") => Condition::On(self.expression()?),
                () => self.using()?,
            };
            let range = left.range.start..self.last_end();
            let kind = FromKind::Join { kind, left: Box::new(left), right: Box::new(right), on };
            left = From { kind, alias: None, lateral: false, range };
        }
        Ok(left)
    }

    fn inner_joins(&mut self, right: From, chain: &mut usize) -> Result<From, SqlError> {
        if self.is_one_of(0, &["on", "using"]) { Ok(right) } else { self.joins(right, chain) }
    }

    fn using(&mut self) -> Result<Condition, SqlError> {
        self.expect_word("using")?;
        let columns = self.parenthesised(|p| p.comma_separated(Self::column_name))?;
        let alias = if self.is_word(0, "as") { Some(self.alias()?) } else { None };
        Ok(Condition::Using(columns, alias.flatten().map(|a| a.name)))
    }

    /// Takes `[NATURAL] [INNER | LEFT | ..] JOIN`.
    fn join_words(&mut self) -> Result<Option<(JoinKind, bool)>, SqlError> {
        if self.eat_words(&["cross", "join"]) {
            return Ok(Some((JoinKind::Cross, false)));
        }
        let natural = self.eat_word("natural");
        let kind = match self.word(0).as_deref() {
            Some("join" | "inner") => JoinKind::Inner,
            Some("left") => JoinKind::Left,
            Some("right") => JoinKind::Right,
            Some("full") => JoinKind::Full,
            _ if natural => return Err(self.unexpected("`JOIN`")),
            _ => return Ok(None),
        };
        if !self.is_word(0, "join") {
            self.at += 1;
            self.eat_word("outer");
        }
        self.expect_word("join")?;
        Ok(Some((kind, natural)))
    }

    fn item_primary(&mut self) -> Result<From, SqlError> {
        let start = self.start();
        let lateral = self.eat_word("lateral");
        if self.is_punct(0, b'(') {
            let inner = self.nested(|p, _| p.item_parenthesis())?;
            let mut from = match inner {
                Parenthesis::Query(query) => {
                    From { kind: FromKind::Query(query), alias: None, lateral, range: start..start }
                }
                Parenthesis::Join(from) => *from,
            };
            let (alias, definitions) = self.alias_with_definitions()?;
            if !definitions.is_empty() {
                return Err(self.unexpected("no column definitions"));
            }
            from.alias = alias.or(from.alias);
            from.range = start..self.last_end();
            return Ok(from);
        }
        if self.is_word(0, "rows") && self.is_word(1, "from") && self.is_punct(2, b'(') {
            self.at += 2;
            let calls = self.parenthesised(|p| p.comma_separated(Self::function_with_columns))?;
            return self.functions(calls, lateral, start);
        }
        if self.is_one_of(0, &["xmltable", "json_table"]) && self.is_punct(1, b'(') {
            return Err(self.unsupported("a table made of XML or JSON paths"));
        }
        if self.begins_function() {
            let call = self.primary()?;
            return self.functions(vec![(call, Vec::new())], lateral, start);
        }
        self.relation()
    }

    fn function_with_columns(&mut self) -> Result<(Expr, Definitions), SqlError> {
        let call = self.primary()?;
        let columns =
            if self.eat_word("as") { self.parenthesised(|p| p.comma_separated(Self::definition))? } else { Vec::new() };
        Ok((call, columns))
    }

    /// Whether a call follows: a name and a parenthesis, or a function that the grammar knows.
    fn begins_function(&self) -> bool {
        let mut ahead = 1;
        while self.is_punct(ahead, b'.') {
            ahead += 2;
        }
        let session =
            ["current_date", "current_user", "current_timestamp", "session_user", "localtime", "localtimestamp"];
        self.is_punct(ahead, b'(') && self.name_category(0).is_some_and(|c| c != Category::Reserved)
            || self.is_one_of(0, &session)
    }

    fn functions(
        &mut self,
        mut calls: Vec<(Expr, Definitions)>,
        lateral: bool,
        start: usize,
    ) -> Result<From, SqlError> {
        let ordinality = self.eat_words(&["with", "ordinality"]);
        let (alias, definitions) = self.alias_with_definitions()?;
        if let (Some((_, columns)), false) = (calls.first_mut(), definitions.is_empty()) {
            *columns = definitions;
        }
        Ok(From { kind: FromKind::Functions { calls, ordinality }, alias, lateral, range: start..self.last_end() })
    }

    fn item_parenthesis(&mut self) -> Result<Parenthesis, SqlError> {
        self.expect_punct(b'(')?;
        if self.begins_query() {
            let query = self.query()?;
            self.expect_punct(b')')?;
            return Ok(Parenthesis::Query(Box::new(query)));
        }
        let start = self.start();
        if !self.is_punct(0, b'(') {
            let join = self.joined_item()?;
            self.expect_punct(b')')?;
            return Ok(Parenthesis::Join(Box::new(join)));
        }
        let inner = self.nested(|p, _| p.item_parenthesis())?;
        let mut first = match inner {
            Parenthesis::Query(query) if self.is_punct(0, b')') => {
                self.at += 1;
                return Ok(Parenthesis::Query(query));
            }
            Parenthesis::Query(query) if self.continues_query() => {
                let query = self.query_from(*query)?;
                self.expect_punct(b')')?;
                return Ok(Parenthesis::Query(Box::new(query)));
            }
            Parenthesis::Query(query) => {
                From { kind: FromKind::Query(query), alias: None, lateral: false, range: start..start }
            }
            Parenthesis::Join(from) => *from,
        };
        first.alias = self.alias()?.or(first.alias);
        first.range = start..self.last_end();
        let join = self.nested(|p, chain| p.joins(first, chain))?;
        self.expect_punct(b')')?;
        Ok(Parenthesis::Join(Box::new(join)))
    }

    /// `[ONLY] name [*] [alias] [TABLESAMPLE ..]`
    pub(super) fn relation(&mut self) -> Result<From, SqlError> {
        let start = self.start();
        let only = self.eat_word("only");
        let parenthesised = only && self.eat_punct(b'(');
        if !self.is_column_name(0) {
            return Err(self.unexpected("a relation"));
        }
        let name: Name = self.name()?;
        if parenthesised {
            self.expect_punct(b')')?;
        }
        self.eat_operator("*");
        let alias = self.alias()?;
        let mut sample = None;
        if self.eat_word("tablesample") {
            let start = self.start();
            let method = self.name()?;
            let at = method.range().start;
            self.call(method, at)?;
            if self.eat_word("repeatable") {
                self.parenthesised(Self::expression)?;
            }
            sample = self.text.get(start..self.last_end()).map(str::to_owned);
        }
        Ok(From {
            kind: FromKind::Relation { name, only, sample },
            alias,
            lateral: false,
            range: start..self.last_end(),
        })
    }

    fn alias(&mut self) -> Result<Option<Alias>, SqlError> {
        let explicit = self.eat_word("as");
        if !explicit && !self.is_column_name(0) {
            return Ok(None);
        }
        let name = self.column_name()?;
        let columns = if self.is_punct(0, b'(') {
            self.parenthesised(|p| p.comma_separated(Self::column_name))?
        } else {
            Vec::new()
        };
        Ok(Some(Alias { name, columns }))
    }

    /// An alias, or for functions column definitions with or without one.
    fn alias_with_definitions(&mut self) -> Result<(Option<Alias>, Definitions), SqlError> {
        if self.is_word(0, "as") && self.is_punct(1, b'(') {
            self.at += 1;
            return Ok((None, self.parenthesised(|p| p.comma_separated(Self::definition))?));
        }
        let at = usize::from(self.is_word(0, "as"));
        let defines = self.is_column_name(at)
            && self.is_punct(at + 1, b'(')
            && self.name_category(at + 2).is_some()
            && !self.is_punct(at + 3, b',')
            && !self.is_punct(at + 3, b')');
        if !defines {
            return Ok((self.alias()?, Vec::new()));
        }
        self.at += at;
        let name = self.column_name()?;
        let definitions = self.parenthesised(|p| p.comma_separated(Self::definition))?;
        Ok((Some(Alias { name, columns: Vec::new() }), definitions))
    }

    fn definition(&mut self) -> Result<(Part, TypeName), SqlError> {
        let definition = (self.column_name()?, self.type_name()?);
        if self.eat_word("collate") {
            self.name()?;
        }
        Ok(definition)
    }
}
