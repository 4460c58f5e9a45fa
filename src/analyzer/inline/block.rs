//! PL/pgSQL taken apart into statements.

use super::cursor::Cursor;
use super::statement::{Block, Declaration, DeclaredAs, Statement};
use super::{Read, unread};
use crate::sql::lex::Kind;

impl Cursor<'_> {
    /// A whole body.
    pub(super) fn body(&mut self) -> Read<Block> {
        if self.is_operator(0, "#") {
            // `#variable_conflict use_column` changes which name wins.
            return unread("a compiler option");
        }
        let block = self.block()?;
        self.eat(Kind::Punct(b';'));
        if self.peek(0).is_some() { unread("its body (text behind END)") } else { Ok(block) }
    }

    fn block(&mut self) -> Read<Block> {
        self.label();
        let mut declarations = Vec::new();
        if self.eat_word("declare") {
            while !self.is_word(0, "begin") {
                if self.eat_word("declare") {
                    continue;
                }
                declarations.push(self.declaration()?);
            }
        }
        self.expect_word("begin")?;
        let statements = self.statements(&["end", "exception"])?;
        let handlers = if self.eat_word("exception") { self.handlers()? } else { Vec::new() };
        self.expect_word("end")?;
        if !self.is_kind(0, Kind::Punct(b';')) && self.peek(0).is_some() {
            self.name()?;
        }
        Ok(Block { declarations, statements, handlers })
    }

    /// `<<name>>`
    fn label(&mut self) {
        if self.is_operator(0, "<<") && self.is_operator(2, ">>") {
            self.at += 3;
        }
    }

    fn handlers(&mut self) -> Read<Vec<Vec<Statement>>> {
        let mut handlers = Vec::new();
        while self.eat_word("when") {
            self.until(&["then"])?;
            self.expect_word("then")?;
            handlers.push(self.statements(&["when", "end"])?);
        }
        Ok(handlers)
    }

    fn declaration(&mut self) -> Read<Declaration> {
        let name = self.name()?;
        self.eat_word("constant");
        if self.eat_word("alias") {
            self.expect_word("for")?;
            let of = self.until(&[])?;
            self.semicolon()?;
            return Ok(Declaration { name, of: DeclaredAs::Alias(of), value: None });
        }
        if self.is_word(0, "cursor") || self.is_word(0, "refcursor") || self.is_word(1, "cursor") {
            return unread("a cursor");
        }
        let start = self.at;
        while let Some(token) = self.peek(0) {
            let ends = token.kind == Kind::Punct(b';')
                || self.is_operator(0, ":=")
                || self.is_operator(0, "=")
                || ["default", "collate"].iter().any(|w| self.is_word(0, w))
                || self.is_word(0, "not") && self.is_word(1, "null");
            if ends {
                break;
            }
            self.at += 1;
        }
        let of = self.between(start, self.at);
        let of = if of.eq_ignore_ascii_case("record") { DeclaredAs::Record } else { DeclaredAs::Type(of) };
        if self.eat_word("collate") {
            self.name()?;
        }
        if self.eat_word("not") {
            self.expect_word("null")?;
        }
        let given = self.eat_word("default") || self.is_operator(0, ":=") || self.is_operator(0, "=");
        self.at += usize::from(self.is_operator(0, ":=") || self.is_operator(0, "="));
        let value = if given { Some(self.until(&[])?) } else { None };
        self.semicolon()?;
        Ok(Declaration { name, of, value })
    }

    fn statements(&mut self, ends: &[&str]) -> Read<Vec<Statement>> {
        self.nested(|c| {
            let mut list = Vec::new();
            while !ends.iter().any(|w| c.is_word(0, w)) {
                if c.peek(0).is_none() {
                    return unread("its body (no END)");
                }
                list.push(c.statement()?);
            }
            Ok(list)
        })
    }

    fn statement(&mut self) -> Read<Statement> {
        let word = self.peek(0).filter(|t| t.kind == Kind::Word).map(|t| self.raw(t).to_ascii_lowercase());
        let statement = match word.as_deref() {
            Some("if") => self.branches()?,
            Some("case") => self.cases()?,
            Some("begin" | "declare") => Statement::Block(self.block()?),
            Some("return") => self.returned()?,
            Some("select" | "with" | "values") => self.select()?,
            Some("perform") => {
                self.at += 1;
                Statement::Perform(format!("select {}", self.until(&[])?))
            }
            Some("raise") => self.raise()?,
            Some("null") => {
                self.at += 1;
                Statement::Nothing
            }
            Some("loop" | "while" | "for" | "foreach") => return unread("a loop"),
            Some("execute") => return self.skipped("dynamic SQL (EXECUTE)"),
            Some("insert" | "update" | "delete" | "merge" | "truncate") => {
                return self.skipped("a statement that writes");
            }
            Some("open" | "fetch" | "move" | "close") => return self.skipped("a cursor"),
            _ if self.is_operator(0, "<<") => return unread("a label"),
            _ => self.assignment()?,
        };
        self.semicolon()?;
        Ok(statement)
    }

    /// A statement that is not read unless it is never reached.
    fn skipped(&mut self, reason: &str) -> Read<Statement> {
        self.until(&[])?;
        self.semicolon()?;
        Ok(Statement::Unread(reason.to_owned()))
    }

    fn branches(&mut self) -> Read<Statement> {
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        self.expect_word("if")?;
        loop {
            let condition = self.until(&["then"])?;
            self.expect_word("then")?;
            branches.push((condition, self.statements(&["elsif", "elseif", "else", "end"])?));
            if !(self.eat_word("elsif") || self.eat_word("elseif")) {
                break;
            }
        }
        if self.eat_word("else") {
            otherwise = self.statements(&["end"])?;
        }
        self.expect_word("end")?;
        self.expect_word("if")?;
        Ok(Statement::If { branches, otherwise })
    }

    /// `CASE` as a statement: an IF of comparisons.
    fn cases(&mut self) -> Read<Statement> {
        self.expect_word("case")?;
        let operand = if self.is_word(0, "when") { None } else { Some(self.until(&["when"])?) };
        let (mut branches, mut otherwise) = (Vec::new(), None);
        while self.eat_word("when") {
            let when = self.until(&["then"])?;
            self.expect_word("then")?;
            let condition = operand.as_ref().map_or_else(|| when.clone(), |of| format!("({of}) in ({when})"));
            branches.push((condition, self.statements(&["when", "else", "end"])?));
        }
        if self.eat_word("else") {
            otherwise = Some(self.statements(&["end"])?);
        }
        self.expect_word("end")?;
        self.expect_word("case")?;
        // Without an ELSE a CASE that finds nothing raises.
        Ok(Statement::If { branches, otherwise: otherwise.unwrap_or_else(|| vec![Statement::Raise(true)]) })
    }

    fn returned(&mut self) -> Read<Statement> {
        self.expect_word("return")?;
        if self.is_word(0, "next") {
            return unread("RETURN NEXT");
        }
        if self.eat_word("query") {
            if self.is_word(0, "execute") {
                return unread("dynamic SQL (EXECUTE)");
            }
            return Ok(Statement::ReturnQuery(self.until(&[])?));
        }
        let value = self.until(&[])?;
        Ok(Statement::Return((!value.is_empty()).then_some(value)))
    }

    fn select(&mut self) -> Read<Statement> {
        let start = self.at;
        let before = self.until(&["into"])?;
        let middle = self.at;
        if !self.eat_word("into") {
            let query = self.between(start, self.at);
            return Ok(if query.is_empty() {
                Statement::Nothing
            } else {
                Statement::Unread("a SELECT without INTO".to_owned())
            });
        }
        if ["insert", "update", "delete", "merge"]
            .iter()
            .any(|w| self.between(start, middle).to_ascii_lowercase().split_whitespace().any(|x| x == *w))
        {
            self.until(&[])?;
            return Ok(Statement::Unread("a statement that writes".to_owned()));
        }
        let strict = self.eat_word("strict");
        let mut variables = vec![self.variable()?];
        while self.eat(Kind::Punct(b',')) {
            variables.push(self.variable()?);
        }
        let rest = self.until(&[])?;
        Ok(Statement::SelectInto { query: format!("{before} {rest}"), strict, variables })
    }

    /// A variable that is assigned to; fields of rows are not.
    fn variable(&mut self) -> Read<String> {
        let name = self.name()?;
        if self.is_kind(0, Kind::Punct(b'.')) || self.is_kind(0, Kind::Punct(b'[')) {
            unread("an assignment to a part of a variable")
        } else {
            Ok(name)
        }
    }

    fn raise(&mut self) -> Read<Statement> {
        self.expect_word("raise")?;
        let goes_on = ["debug", "log", "info", "notice", "warning"].iter().any(|w| self.is_word(0, w));
        self.until(&[])?;
        Ok(Statement::Raise(!goes_on))
    }

    fn assignment(&mut self) -> Read<Statement> {
        if !(self.is_operator(1, ":=") || self.is_operator(1, "=")) {
            let word = self.peek(0).map(|t| self.raw(t).to_ascii_uppercase()).unwrap_or_default();
            return unread(format!("a statement that is not modelled ({})", crate::model::printable(&word)));
        }
        let variable = self.name()?;
        self.at += 1;
        Ok(Statement::Assign { variable, value: self.until(&[])? })
    }
}
