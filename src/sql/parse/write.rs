//! INSERT, UPDATE and DELETE, and the statements of rules and of BEGIN ATOMIC bodies.

use super::cursor::Parser;
use crate::sql::ast::{
    Arbiter, ArbiterKey, Assigned, Assignment, Conflict, Delete, ExprKind, From, Insert, Inserted, Overriding, Part,
    Statement, Target, Update, With, Written,
};
use crate::sql::error::SqlError;
use crate::sql::lex::Kind;

impl Parser<'_> {
    /// What stands behind DO of a rule: one statement, or several in parentheses.
    pub(super) fn rule_commands(&mut self) -> Result<Vec<Statement>, SqlError> {
        if !self.is_punct(0, b'(') {
            return Ok(vec![self.statement()?]);
        }
        self.parenthesised(|p| p.statements(|p| p.is_punct(0, b')')))
    }

    /// `BEGIN ATOMIC .. END`
    pub(super) fn atomic_body(&mut self) -> Result<Vec<Statement>, SqlError> {
        self.expect_word("begin")?;
        self.expect_word("atomic")?;
        let statements = self.statements(|p| p.is_word(0, "end"))?;
        self.expect_word("end")?;
        Ok(statements)
    }

    fn statements(&mut self, ends: impl Fn(&Self) -> bool) -> Result<Vec<Statement>, SqlError> {
        let mut statements = Vec::new();
        loop {
            while self.eat_punct(b';') {}
            if ends(self) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
            if !self.is_punct(0, b';') && !ends(self) {
                return Err(self.unexpected("`;`"));
            }
        }
    }

    fn statement(&mut self) -> Result<Statement, SqlError> {
        let start = self.at;
        let with = if self.is_word(0, "with") {
            let (recursive, ctes) = self.with()?;
            With { ctes, recursive }
        } else {
            With::default()
        };
        match self.word(0).as_deref() {
            Some("insert") => return Ok(Statement::Insert(Box::new(self.insert(with)?))),
            Some("update") => return Ok(Statement::Update(Box::new(self.update(with)?))),
            Some("delete") => return Ok(Statement::Delete(Box::new(self.delete(with)?))),
            Some("merge") => return Err(self.unsupported("`MERGE`")),
            _ => self.at = start,
        }
        match self.word(0).as_deref() {
            Some("nothing") => {
                self.at += 1;
                Ok(Statement::Nothing)
            }
            Some("notify") => {
                self.at += 1;
                self.notify()
            }
            Some("return") => {
                self.at += 1;
                Ok(Statement::Return(self.expression()?))
            }
            _ => Ok(Statement::Query(Box::new(self.query()?))),
        }
    }

    fn notify(&mut self) -> Result<Statement, SqlError> {
        let channel = self.column_name()?;
        if !self.eat_punct(b',') {
            return Ok(Statement::Notify(channel, None));
        }
        match self.primary()?.kind {
            ExprKind::Text(payload) => Ok(Statement::Notify(channel, Some(payload))),
            _ => Err(self.unexpected("a string")),
        }
    }

    fn insert(&mut self, with: With) -> Result<Insert, SqlError> {
        self.expect_word("insert")?;
        self.expect_word("into")?;
        let name = self.name()?;
        let alias = if self.eat_word("as") { Some(self.column_name()?) } else { None };
        let into = Written { name, alias, only: false };
        let columns = if self.is_punct(0, b'(') && !self.begins_inner_query() {
            self.parenthesised(|p| p.comma_separated(Self::assigned_column))?
        } else {
            Vec::new()
        };
        let overriding = match () {
            () if self.eat_words(&["overriding", "system", "value"]) => Some(Overriding::System),
            () if self.eat_words(&["overriding", "user", "value"]) => Some(Overriding::User),
            () => None,
        };
        let values = match () {
            () if self.eat_words(&["default", "values"]) => Inserted::Default,
            () if self.is_word(0, "values") => self.inserted_values()?,
            () => Inserted::Query(Box::new(self.query()?)),
        };
        let conflict = if self.eat_words(&["on", "conflict"]) { Some(self.conflict()?) } else { None };
        let returning = self.returning()?;
        Ok(Insert { with, into, columns, overriding, values, conflict, returning })
    }

    /// `((select ..))`, where columns could stand.
    fn begins_inner_query(&self) -> bool {
        let inner = (1..).find(|at| !self.is_punct(*at, b'(')).unwrap_or(1);
        self.is_one_of(inner, &["select", "values", "with", "table"])
            && !self.is_punct(inner + 1, b',')
            && !self.is_punct(inner + 1, b')')
    }

    /// `VALUES`, or a query that begins with it.
    fn inserted_values(&mut self) -> Result<Inserted<crate::sql::ast::Expr, crate::sql::ast::Query>, SqlError> {
        let start = self.at;
        self.expect_word("values")?;
        let rows = self.comma_separated(|p| {
            p.parenthesised(|p| {
                p.comma_separated(|p| if p.eat_word("default") { Ok(None) } else { p.expression().map(Some) })
            })
        })?;
        if !self.continues_query() {
            return Ok(Inserted::Rows(rows));
        }
        self.at = start;
        Ok(Inserted::Query(Box::new(self.query()?)))
    }

    fn assigned_column(&mut self) -> Result<Part, SqlError> {
        let column = self.label()?;
        if self.is_punct(0, b'.') || self.is_punct(0, b'[') {
            return Err(self.unsupported("a part of a column that is assigned to"));
        }
        Ok(column)
    }

    fn conflict(&mut self) -> Result<Conflict, SqlError> {
        let arbiter = match () {
            () if self.eat_words(&["on", "constraint"]) => Arbiter::Constraint(self.column_name()?),
            () if self.is_punct(0, b'(') => {
                let keys = self.parenthesised(|p| p.comma_separated(Self::arbiter_key))?;
                let filter = if self.eat_word("where") { Some(self.expression()?) } else { None };
                Arbiter::Keys(keys, filter)
            }
            () => Arbiter::Any,
        };
        self.expect_word("do")?;
        if self.eat_word("nothing") {
            return Ok(Conflict { arbiter, update: None });
        }
        self.expect_word("update")?;
        let set = self.set()?;
        let filter = if self.eat_word("where") { Some(self.expression()?) } else { None };
        Ok(Conflict { arbiter, update: Some((set, filter)) })
    }

    fn arbiter_key(&mut self) -> Result<ArbiterKey, SqlError> {
        let value = if self.is_punct(0, b'(') { self.parenthesised(Self::expression)? } else { self.primary()? };
        let collation = if self.eat_word("collate") { Some(self.name()?) } else { None };
        let class = if self.name_category(0).is_some() { Some(self.name()?) } else { None };
        Ok(ArbiterKey { value, collation, class })
    }

    fn set(&mut self) -> Result<Vec<Assignment>, SqlError> {
        self.expect_word("set")?;
        let groups = self.comma_separated(|p| {
            if !p.is_punct(0, b'(') {
                let column = p.assigned_column()?;
                p.expect_equals()?;
                let value = if p.eat_word("default") { Assigned::Default } else { Assigned::Value(p.expression()?) };
                return Ok(vec![Assignment { columns: vec![column], value }]);
            }
            let columns = p.parenthesised(|p| p.comma_separated(Self::assigned_column))?;
            p.expect_equals()?;
            p.assigned_row(columns)
        })?;
        Ok(groups.into_iter().flatten().collect())
    }

    fn expect_equals(&mut self) -> Result<(), SqlError> {
        if self.eat_operator("=") { Ok(()) } else { Err(self.unexpected("`=`")) }
    }

    /// A row of values is as many assignments; a query is one.
    fn assigned_row(&mut self, columns: Vec<Part>) -> Result<Vec<Assignment>, SqlError> {
        self.eat_word("row");
        if self.begins_inner_query() {
            let query = self.parenthesised(Self::query)?;
            return Ok(vec![Assignment { columns, value: Assigned::Row(Box::new(query)) }]);
        }
        let values = self.parenthesised(|p| {
            p.comma_separated(|p| {
                Ok(if p.eat_word("default") { Assigned::Default } else { Assigned::Value(p.expression()?) })
            })
        })?;
        if values.len() != columns.len() {
            return Err(self.unexpected("as many values as columns"));
        }
        Ok(columns.into_iter().zip(values).map(|(c, value)| Assignment { columns: vec![c], value }).collect())
    }

    fn returning(&mut self) -> Result<Vec<Target>, SqlError> {
        if !self.eat_word("returning") {
            return Ok(Vec::new());
        }
        if self.is_word(0, "with") && self.is_punct(1, b'(') {
            return Err(self.unsupported("names for OLD and NEW in `RETURNING`"));
        }
        self.comma_separated(Self::target)
    }

    fn written(&mut self) -> Result<Written, SqlError> {
        let only = self.eat_word("only");
        let name = self.name()?;
        self.eat_operator("*");
        let explicit = self.eat_word("as");
        let implicit = self.is_column_name(0) && !self.is_word(0, "set");
        let alias = if explicit || implicit { Some(self.column_name()?) } else { None };
        Ok(Written { name, alias, only })
    }

    fn update(&mut self, with: With) -> Result<Update, SqlError> {
        self.expect_word("update")?;
        let relation = self.written()?;
        let set = self.set()?;
        let from = self.items_behind("from")?;
        let filter = self.row_filter()?;
        let returning = self.returning()?;
        Ok(Update { with, relation, set, from, filter, returning })
    }

    fn delete(&mut self, with: With) -> Result<Delete, SqlError> {
        self.expect_word("delete")?;
        self.expect_word("from")?;
        let relation = self.written()?;
        let using = self.items_behind("using")?;
        let filter = self.row_filter()?;
        let returning = self.returning()?;
        Ok(Delete { with, relation, using, filter, returning })
    }

    fn items_behind(&mut self, word: &str) -> Result<Vec<From>, SqlError> {
        if self.eat_word(word) { self.comma_separated(Self::joined_item) } else { Ok(Vec::new()) }
    }

    fn row_filter(&mut self) -> Result<Option<crate::sql::ast::Expr>, SqlError> {
        if !self.eat_word("where") {
            return Ok(None);
        }
        if self.is_word(0, "current") && self.peek(1).is_some_and(|t| t.kind == Kind::Word) && self.is_word(1, "of") {
            return Err(self.unsupported("`WHERE CURRENT OF`"));
        }
        self.expression().map(Some)
    }
}
