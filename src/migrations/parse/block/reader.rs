//! The reader of PL/pgSQL statements.

use super::later::{Branch, Target, asks_catalog};
use super::loops::forget;
use super::{Handler, Step, touches};
use crate::migrations::lex::{Kind, Token};
use crate::migrations::parse::constant::{self, Known};
use crate::migrations::parse::cursor::{Cursor, Fragment, Refusal, Result, Source, refuse};
use crate::migrations::parse::{Parsed, guard, made, statement, unknown};
use crate::migrations::split::{self, PieceKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// Statements nested deeper than this are refused, so that no file can exhaust the stack.
const DEEPEST: usize = 50;

pub(super) struct Reader<'a> {
    pub(super) c: Cursor<'a>,
    pub(super) tokens: &'a [Token],
    /// Rounds of loops unrolled so far.
    pub(super) rounds: usize,
    /// How deep in this block the statement is.
    pub(super) depth: usize,
    /// How many blocks and EXECUTEs there are around this block.
    pub(super) level: usize,
    /// Variables that are records.
    pub(super) records: BTreeSet<String>,
    /// All variables that were declared or that loops name.
    pub(super) variables: BTreeSet<String>,
    /// Whether the text is a part of a block, which ends without END.
    pub(super) is_part: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source<'a>, tokens: &'a [Token], level: usize) -> Self {
        let c = Cursor::new(source, tokens);
        let (records, variables) = (BTreeSet::new(), BTreeSet::new());
        Self { c, tokens, rounds: 0, depth: 0, level, records, variables, is_part: false }
    }

    /// `[<<label>>] [DECLARE ...] BEGIN ... [EXCEPTION ...] END [label]`
    pub(super) fn block(&mut self, known: &mut Known) -> Result<Vec<Step>> {
        let mut inner = known.clone();
        let mut asked = Vec::new();
        self.label();
        if self.c.accept("declare") {
            while !self.c.is("begin") {
                asked.extend(self.declaration(&mut inner)?);
            }
        }
        self.c.expect("begin")?;
        let body = self.statements_with(asked, &mut inner)?;
        let mut handlers = Vec::new();
        if self.c.accept("exception") {
            while self.c.accept("when") {
                let conditions = self.condition("then");
                self.c.expect("then")?;
                let words = conditions.text.to_ascii_lowercase();
                let conditions =
                    words.split(" or ").map(|w| w.replace("sqlstate", "").replace('\'', "").trim().to_owned());
                let conditions = conditions.collect();
                handlers.push(Handler { conditions, steps: self.statements(&mut inner)? });
            }
        }
        self.c.expect("end")?;
        self.end_label();
        // What an inner block assigned to an outer variable is not followed further.
        known.retain(|name, value| inner.get(name) == Some(value));
        Ok(if handlers.is_empty() { body } else { vec![Step::Caught(body, handlers)] })
    }

    fn label(&mut self) {
        if self.c.accept_operator("<<") {
            let _ = self.c.label();
            self.c.accept_operator(">>");
        }
    }

    pub(super) fn end_label(&mut self) {
        if !self.c.is_punct(b';') {
            let _ = self.c.label();
        }
    }

    /// A declaration; the variable and its value if that is for the catalog to say.
    fn declaration(&mut self, known: &mut Known) -> Result<Option<(String, Fragment)>> {
        let name = self.c.ident()?;
        self.variables.insert(name.clone());
        let data_type = self.c.until(|c| c.is_punct(b';') || is_assignment(c) || c.is("default"));
        forget(known, &name);
        let data_type = data_type.text.to_ascii_lowercase();
        if data_type.trim() == "record" || data_type.trim_end().ends_with("rowtype") {
            self.records.insert(name.clone());
        }
        let mut asked = None;
        if self.c.accept("default") || self.c.accept_operator(":=") || self.c.accept_operator("=") {
            let expression = self.until_semicolon();
            match constant::value(&expression.text, known) {
                Some(value) => drop(known.insert(name, value)),
                None if asks_catalog(&expression.text) => asked = Some((name, expression)),
                None => (),
            }
        }
        self.c.expect_punct(b';')?;
        Ok(asked)
    }

    pub(super) fn until_semicolon(&mut self) -> Fragment {
        self.c.until(|c| c.is_punct(b';'))
    }

    /// Statements up to a word that ends a list of them.
    pub(super) fn statements(&mut self, known: &mut Known) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        while !self.c.is_any(&["end", "exception", "elsif", "elseif", "else", "when"]) {
            if self.c.at_end() {
                return if self.is_part { Ok(steps) } else { refuse("a block without its END") };
            }
            self.statement(known, &mut steps)?;
        }
        Ok(steps)
    }

    pub(super) fn statement(&mut self, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        self.depth += 1;
        let read = if self.depth > DEEPEST { refuse("statements nested too deep") } else { self.one(known, steps) };
        self.depth -= 1;
        read
    }

    fn one(&mut self, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        if self.c.accept_punct(b';') {
            return Ok(());
        }
        let start = self.c.position();
        self.label();
        match () {
            () if self.c.is("begin") || self.c.is("declare") => steps.extend(self.block(known)?),
            () if self.c.accept("if") => return self.if_statement(known, steps),
            () if self.c.accept("foreach") => self.foreach(start, known, steps)?,
            () if self.c.accept("for") => self.for_loop(start, known, steps)?,
            () if self.c.is("loop") || self.c.is("while") => {
                self.condition("loop");
                self.unknown_loop(start, known, steps, "a loop whose rounds only the server can know")?;
            }
            () if self.c.is("case") => self.case(start, known, steps)?,
            () if self.c.accept("execute") => {
                self.execute(start, known, steps);
                known.remove("found");
            }
            () if self.c.accept("return") => {
                self.until_semicolon();
                steps.push(Step::Return);
            }
            () if self.c.accept("raise") => {
                let quiet = self.c.is_any(&["notice", "warning", "info", "log", "debug"]);
                self.until_semicolon();
                if !quiet {
                    steps.push(Step::Raise(self.range(start)));
                }
            }
            () if self.c.accept("exit") => self.leave(start, Step::Exit, known, steps),
            () if self.c.accept("continue") => self.leave(start, Step::Continue, known, steps),
            () if self.c.is_any(&["null", "get", "assert", "open", "fetch", "close", "move"]) => {
                drop(self.until_semicolon())
            }
            () if self.c.accept("perform") => {
                let text = self.until_semicolon();
                known.remove("found");
                self.run(start, steps);
                let text = Fragment { text: format!("select {}", text.text), range: text.range };
                return self.assigned(Target::Variables(Vec::new()), text, (true, false), known, steps);
            }
            () if self.is_assignment() => {
                if let Some((name, text)) = self.assignment(known)? {
                    let text = Fragment { text: format!("select {}", text.text), range: text.range };
                    return self.assigned(Target::Variables(vec![name]), text, (false, false), known, steps);
                }
            }
            () => {
                let selected = self.selected(known);
                self.until_semicolon();
                known.remove("found");
                self.run(start, steps);
                if let Some((names, text, strict)) = selected {
                    return self.assigned(self.target(names), text, (true, strict), known, steps);
                }
            }
        }
        self.c.expect_punct(b';')
    }

    /// The part after EXIT or CONTINUE.
    fn leave(&mut self, start: usize, step: Step, known: &Known, steps: &mut Vec<Step>) {
        if !self.c.is("when") && !self.c.is_punct(b';') {
            self.until_semicolon();
            return steps.push(self.gap(start, "leaving a loop by its label is not followed", true));
        }
        if self.c.accept("when") {
            let condition = self.until_semicolon();
            return steps.push(Step::If(vec![(guard::guard(condition, known), vec![step])], Vec::new()));
        }
        steps.push(step);
    }

    fn is_assignment(&self) -> bool {
        let mut probe = self.c.clone();
        if probe.name().is_err() {
            return false;
        }
        if probe.is_punct(b'[') {
            probe.skip_one();
        }
        probe.accept_operator(":=") || probe.accept_operator("=")
    }

    /// `name := expression`: the variable and the expression, if its text does not decide it.
    fn assignment(&mut self, known: &mut Known) -> Result<Option<(String, Fragment)>> {
        let name = self.c.name()?;
        let element = self.c.is_punct(b'[');
        if element {
            self.c.skip_one();
        }
        let _ = self.c.accept_operator(":=") || self.c.accept_operator("=");
        let expression = self.until_semicolon();
        let record = name.schema.is_some();
        let key = name.schema.map_or(name.name.clone(), |record| format!("{record}.{}", name.name));
        // The expression may speak of what the variable was.
        let value = constant::value(&expression.text, known);
        forget(known, &key);
        known.remove(&key);
        match value {
            Some(value) if !element => drop(known.insert(key, value)),
            _ if !record && !element => return Ok(Some((key, expression))),
            _ => (),
        }
        Ok(None)
    }

    /// `SELECT ... INTO variable`, and RETURNING ... INTO.
    pub(super) fn forget_into(&mut self, known: &mut Known) {
        let mut probe = self.c.clone();
        if self.c.is_any(&["select", "with", "insert", "update", "delete"]) {
            loop {
                probe.until(|c| c.is_punct(b';') || c.is("into"));
                if !probe.accept("into") {
                    return;
                }
                probe.accept("strict");
                for name in probe.clone().names().unwrap_or_default() {
                    forget(known, &name.name);
                }
            }
        }
    }

    pub(super) fn range(&self, from: usize) -> Range<usize> {
        self.c.since(from).range
    }

    pub(super) fn gap(&self, from: usize, why: impl Into<String>, may_touch_access_control: bool) -> Step {
        Step::Gap { why: why.into(), may_touch_access_control, range: self.range(from) }
    }

    /// The SQL statement from token `start` to here.
    fn run(&self, start: usize, steps: &mut Vec<Step>) {
        let tokens = self.tokens.get(start..self.c.position()).unwrap_or_default();
        let statement = statement(self.c.source, tokens, self.level);
        steps.push(Step::Run(Parsed { statement, range: self.range(start) }));
    }

    /// Text up to `stop`, which CASE may hold too.
    pub(super) fn condition(&mut self, stop: &str) -> Fragment {
        let start = self.c.position();
        let mut cases = 0_usize;
        while !(self.c.at_end() || self.c.is_punct(b';') || cases == 0 && self.c.is(stop)) {
            match () {
                () if self.c.is("case") => cases += 1,
                () if self.c.is("end") => cases = cases.saturating_sub(1),
                () => (),
            }
            if !self.c.skip_one() {
                break;
            }
        }
        self.c.since(start)
    }

    fn if_statement(&mut self, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let before = known.clone();
        let (mut branches, mut otherwise) = (Vec::new(), Branch { steps: Vec::new(), known: before.clone() });
        loop {
            let condition = guard::guard(self.condition("then"), &before);
            self.c.expect("then")?;
            branches.push((condition, self.branch(&before, known)?));
            if !self.c.accept("elsif") && !self.c.accept("elseif") {
                break;
            }
        }
        if self.c.accept("else") {
            otherwise = self.branch(&before, known)?;
        }
        self.c.expect("end if")?;
        self.chosen(branches, otherwise, known, steps)
    }

    /// One of several ways; what it assigns is not known of all.
    fn branch(&mut self, before: &Known, known: &mut Known) -> Result<Branch> {
        let mut inner = before.clone();
        let steps = self.statements(&mut inner)?;
        known.retain(|name, value| inner.get(name) == Some(value));
        Ok(Branch { steps, known: inner })
    }

    fn case(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        self.c.bump();
        self.c.until(|c| c.is("when"));
        let mut inner = Vec::new();
        let before = known.clone();
        while self.c.accept("when") {
            self.condition("then");
            self.c.expect("then")?;
            inner.extend(self.branch(&before, known)?.steps);
        }
        if self.c.accept("else") {
            inner.extend(self.branch(&before, known)?.steps);
        }
        self.c.expect("end case")?;
        if !inner.is_empty() {
            steps.push(self.gap(start, "`CASE` is not followed", touches(&inner)));
        }
        Ok(())
    }

    fn execute(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) {
        let expression = self.c.until(|c| c.is_punct(b';') || c.is("using") || c.is("into"));
        let text = constant::text(&expression.text, known);
        while !self.c.is_punct(b';') && !self.c.at_end() {
            if self.c.accept("into") {
                self.c.accept("strict");
                self.c.clone().names().unwrap_or_default().iter().for_each(|name| forget(known, &name.name));
            } else if !self.c.skip_one() {
                break;
            }
        }
        let Some(text) = text else {
            let gap = self.gap(start, "`EXECUTE` of a text that only the server can know", true);
            return match asks_catalog(&expression.text) {
                true => steps.push(self.executed(start, expression, known, gap)),
                false => steps.push(gap),
            };
        };
        let place = self.range(start);
        for piece in split::split(&text) {
            let statement = match piece.kind {
                PieceKind::Statement => made(&text, piece.range, place.clone(), self.level),
                _ => unknown(Refusal { why: "text that `EXECUTE` cannot run".into() }, true),
            };
            steps.push(Step::Run(Parsed { statement, range: place.clone() }));
        }
    }
}

fn is_assignment(c: &Cursor<'_>) -> bool {
    c.peek().is_some_and(|t| t.kind == Kind::Operator && matches!(c.raw(t), ":=" | "="))
}
