//! DO blocks: what static DDL, guards, handlers, constant EXECUTE and loops over constants in them do.
//!
//! Not an interpreter: what only the server can know is a gap with its place.

use super::constant::{self, Known, Value};
use super::cursor::{Cursor, Fragment, Refusal, Result, Source, refuse};
use super::guard::{self, Guard};
use super::{Parsed, Statement};
use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;
use crate::migrations::split::{self, PieceKind};
use std::ops::Range;

/// A DO block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoBlock {
    /// Its language.
    pub language: String,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// A step of a DO block. Steps that change nothing, such as `RAISE NOTICE`, are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A statement, static or from EXECUTE of constants.
    Run(Parsed),
    /// `IF`: its branches in order, and ELSE.
    If(Vec<(Guard, Vec<Step>)>, Vec<Step>),
    /// A block whose errors are caught.
    Caught(Vec<Step>, Vec<Handler>),
    /// `RETURN`: the block ends here.
    Return,
    /// `RAISE EXCEPTION`: the block fails here.
    Raise(Range<usize>),
    /// What could not be read.
    Gap {
        /// Why.
        why: String,
        /// Whether it may change who can reach what.
        may_touch_access_control: bool,
        /// Its bytes.
        range: Range<usize>,
    },
}

/// `WHEN condition OR condition THEN ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Conditions in lower case: `duplicate_object`, `others`, or an SQLSTATE.
    pub conditions: Vec<String>,
    /// What is done then.
    pub steps: Vec<Step>,
}

/// More steps than this of an unrolled loop are not made.
const MOST_ROUNDS: usize = 10_000;

/// The part after DO.
pub(crate) fn block(c: &mut Cursor<'_>) -> Result<DoBlock> {
    let mut language = "plpgsql".to_owned();
    let mut body = None;
    while !c.at_end() {
        if c.accept("language") {
            language = match c.accept_string() {
                Some(name) => name.to_ascii_lowercase(),
                None => c.ident()?,
            };
        } else {
            let Some(token) = c.bump().filter(|t| names::literal(t.kind, c.raw(*t)).is_some()) else {
                return refuse("expected the body of a DO block");
            };
            body = Some(token);
        }
    }
    let Some(token) = body else { return refuse("a DO block without a body") };
    if language != "plpgsql" {
        return refuse(format!("a DO block in `{language}`"));
    }
    let steps = match token.kind {
        // A body in dollar quotes stands in the file as it is, so positions within are the file's.
        Kind::Dollar => {
            let tag = names::dollar_tag(c.raw(token));
            steps(c.source, token.start + tag..token.end.saturating_sub(tag))?
        }
        _ => {
            let text = names::literal(token.kind, c.raw(token)).unwrap_or_default();
            let source = Source { text: &text, made_at: Some(c.source.place(token.range())) };
            steps(&source, 0..text.len())?
        }
    };
    Ok(DoBlock { language, steps })
}

fn steps(source: &Source<'_>, range: Range<usize>) -> Result<Vec<Step>> {
    let tokens = lex::tokens(source.text, range);
    let mut reader = Reader { c: Cursor::new(source, &tokens), tokens: &tokens, rounds: 0, depth: 0 };
    let steps = reader.block(&mut Known::new())?;
    reader.c.accept_punct(b';');
    reader.c.end()?;
    Ok(steps)
}

struct Reader<'a> {
    c: Cursor<'a>,
    tokens: &'a [Token],
    rounds: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// `[<<label>>] [DECLARE ...] BEGIN ... [EXCEPTION ...] END [label]`
    fn block(&mut self, known: &mut Known) -> Result<Vec<Step>> {
        self.depth += 1;
        if self.depth > 100 {
            return refuse("blocks nested more than 100 deep");
        }
        let mut inner = known.clone();
        self.label();
        if self.c.accept("declare") {
            while !self.c.is("begin") {
                self.declaration(&mut inner)?;
            }
        }
        self.c.expect("begin")?;
        let body = self.statements(&mut inner)?;
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
        self.depth -= 1;
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

    fn end_label(&mut self) {
        if !self.c.is_punct(b';') {
            let _ = self.c.label();
        }
    }

    fn declaration(&mut self, known: &mut Known) -> Result<()> {
        let name = self.c.ident()?;
        self.c.until(|c| c.is_punct(b';') || is_assignment(c) || c.is("default"));
        known.remove(&name);
        if self.c.accept("default") || self.c.accept_operator(":=") || self.c.accept_operator("=") {
            let expression = self.to_semicolon();
            if let Some(value) = constant::value(&expression.text, known) {
                known.insert(name, value);
            }
        }
        self.c.expect_punct(b';')
    }

    fn to_semicolon(&mut self) -> Fragment {
        self.c.until(|c| c.is_punct(b';'))
    }

    /// Statements up to a word that ends a list of them.
    fn statements(&mut self, known: &mut Known) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        while !self.c.is_any(&["end", "exception", "elsif", "elseif", "else", "when"]) {
            if self.c.at_end() {
                return refuse("a block without its END");
            }
            self.statement(known, &mut steps)?;
        }
        Ok(steps)
    }

    fn statement(&mut self, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        if self.c.accept_punct(b';') {
            return Ok(());
        }
        let start = self.c.position();
        self.label();
        match () {
            () if self.c.is("begin") || self.c.is("declare") => steps.extend(self.block(known)?),
            () if self.c.accept("if") => steps.push(self.if_statement(known)?),
            () if self.c.accept("foreach") => self.foreach(start, known, steps)?,
            () if self.c.accept("for") => self.for_loop(start, known, steps)?,
            () if self.c.is("loop") || self.c.is("while") => {
                self.condition("loop");
                self.unknown_loop(start, known, steps, "a loop whose rounds only the server can know")?;
            }
            () if self.c.is("case") => self.case(start, known, steps)?,
            () if self.c.accept("execute") => self.execute(start, known, steps),
            () if self.c.accept("return") => {
                self.to_semicolon();
                steps.push(Step::Return);
            }
            () if self.c.accept("raise") => {
                let quiet = self.c.is_any(&["notice", "warning", "info", "log", "debug"]);
                self.to_semicolon();
                if !quiet {
                    steps.push(Step::Raise(self.range(start)));
                }
            }
            () if self.c.is_any(&["exit", "continue"]) => {
                self.to_semicolon();
                steps.push(self.gap(start, "`EXIT` and `CONTINUE` are not followed", true));
            }
            () if self.c.is_any(&["null", "get", "assert", "open", "fetch", "close", "move"]) => {
                drop(self.to_semicolon())
            }
            () if self.c.accept("perform") => {
                self.to_semicolon();
                self.run(start, steps);
            }
            () if self.assignment(known) => (),
            () => {
                self.forget_into(known);
                self.to_semicolon();
                self.run(start, steps);
            }
        }
        self.c.expect_punct(b';')
    }

    /// `name := expression`
    fn assignment(&mut self, known: &mut Known) -> bool {
        let mut probe = self.c.clone();
        let Ok(name) = probe.name() else { return false };
        if probe.is_punct(b'[') {
            probe.skip_one();
        }
        if !probe.accept_operator(":=") && !probe.accept_operator("=") {
            return false;
        }
        self.c = probe;
        let expression = self.to_semicolon();
        let key = name.schema.map_or(name.name.clone(), |record| format!("{record}.{}", name.name));
        match constant::value(&expression.text, known) {
            Some(value) => known.insert(key, value),
            None => known.remove(&key),
        };
        true
    }

    /// `SELECT ... INTO variable`, and RETURNING ... INTO.
    fn forget_into(&mut self, known: &mut Known) {
        let mut probe = self.c.clone();
        if self.c.is_any(&["select", "with", "insert", "update", "delete"]) {
            loop {
                probe.until(|c| c.is_punct(b';') || c.is("into"));
                if !probe.accept("into") {
                    return;
                }
                probe.accept("strict");
                for name in probe.clone().names().unwrap_or_default() {
                    known.remove(&name.name);
                }
            }
        }
    }

    fn range(&self, from: usize) -> Range<usize> {
        self.c.since(from).range
    }

    fn gap(&self, from: usize, why: impl Into<String>, may_touch_access_control: bool) -> Step {
        Step::Gap { why: why.into(), may_touch_access_control, range: self.range(from) }
    }

    /// The SQL statement from token `start` to here.
    fn run(&self, start: usize, steps: &mut Vec<Step>) {
        let tokens = self.tokens.get(start..self.c.position()).unwrap_or_default();
        let statement = super::statement(self.c.source, tokens, self.depth);
        steps.push(Step::Run(Parsed { statement, range: self.range(start) }));
    }

    /// Text up to `stop`, which CASE may hold too.
    fn condition(&mut self, stop: &str) -> Fragment {
        let start = self.c.position();
        let mut cases = 0_usize;
        while !self.c.at_end() && !(cases == 0 && self.c.is(stop)) && !self.c.is_punct(b';') {
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

    fn if_statement(&mut self, known: &mut Known) -> Result<Step> {
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        let before = known.clone();
        loop {
            let condition = guard::guard(self.condition("then"));
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
        Ok(Step::If(branches, otherwise))
    }

    /// One of several ways; what it assigns is not known afterwards.
    fn branch(&mut self, before: &Known, known: &mut Known) -> Result<Vec<Step>> {
        let mut inner = before.clone();
        let steps = self.statements(&mut inner)?;
        known.retain(|name, value| inner.get(name) == Some(value));
        Ok(steps)
    }

    fn case(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        self.c.bump();
        self.c.until(|c| c.is("when"));
        let mut inner = Vec::new();
        let before = known.clone();
        while self.c.accept("when") {
            self.condition("then");
            self.c.expect("then")?;
            inner.extend(self.branch(&before, known)?);
        }
        if self.c.accept("else") {
            inner.extend(self.branch(&before, known)?);
        }
        self.c.expect("end case")?;
        if !inner.is_empty() {
            steps.push(self.gap(start, "`CASE` is not followed", touches(&inner)));
        }
        Ok(())
    }

    fn execute(&mut self, start: usize, known: &Known, steps: &mut Vec<Step>) {
        let expression = self.c.until(|c| c.is_punct(b';') || c.is("using") || c.is("into"));
        self.to_semicolon();
        let Some(text) = constant::text(&expression.text, known) else {
            return steps.push(self.gap(start, "`EXECUTE` of a text that only the server can know", true));
        };
        let place = self.range(start);
        for piece in split::split(&text) {
            let statement = match piece.kind {
                PieceKind::Statement => super::made(&text, piece.range, place.clone(), self.depth),
                _ => super::unknown(Refusal { why: "text that `EXECUTE` cannot run".into() }, true),
            };
            steps.push(Step::Run(Parsed { statement, range: place.clone() }));
        }
    }

    fn foreach(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let name = self.c.ident()?;
        self.c.accept("slice");
        self.c.expect("in array")?;
        let list = self.condition("loop");
        match constant::value(&list.text, known) {
            Some(Value::List(values)) => self.unroll(start, &[name], values, known, steps),
            _ => self.unknown_loop(start, known, steps, "a loop over an array that only the server can know"),
        }
    }

    fn for_loop(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let name = self.c.list(Cursor::name)?.remove(0).name;
        self.c.expect("in")?;
        let header = self.c.position();
        let (values, field) = unnested(&mut self.c, known);
        if let Some(values) = values.filter(|_| self.c.is("loop")) {
            let mut names = vec![name.clone()];
            names.extend(field.map(|field| format!("{name}.{field}")));
            return self.unroll(start, &names, values, known, steps);
        }
        let _ = header;
        self.condition("loop");
        known.remove(&name);
        self.unknown_loop(start, known, steps, "a loop over rows that only the server can know")
    }

    /// The body once for every value of the variable.
    fn unroll(
        &mut self,
        start: usize,
        names: &[String],
        values: Vec<String>,
        known: &mut Known,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.rounds = self.rounds.saturating_add(values.len());
        if values.is_empty() || self.rounds > MOST_ROUNDS {
            return self.unknown_loop(start, known, steps, "a loop with too many rounds");
        }
        self.c.expect("loop")?;
        let body = self.c.clone();
        for value in values {
            self.c = body.clone();
            for name in names {
                known.insert(name.clone(), Value::Text(value.clone()));
            }
            let round = self.statements(known)?;
            steps.extend(round);
        }
        self.c.expect("end loop")?;
        self.end_label();
        names.iter().for_each(|name| drop(known.remove(name)));
        Ok(())
    }

    fn unknown_loop(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>, why: &str) -> Result<()> {
        self.c.expect("loop")?;
        // Nothing that a round may assign is known in the next, so none of it is taken for known here.
        let inner = self.statements(&mut Known::new())?;
        self.c.expect("end loop")?;
        self.end_label();
        known.clear();
        if !inner.is_empty() {
            steps.push(self.gap(start, why, touches(&inner)));
        }
        Ok(())
    }
}

fn is_assignment(c: &Cursor<'_>) -> bool {
    c.peek().is_some_and(|t| t.kind == Kind::Operator && matches!(c.raw(t), ":=" | "="))
}

/// `SELECT unnest(ARRAY[...])` or `SELECT x FROM unnest(ARRAY[...]) AS x`: the values and the name of the one column.
fn unnested(c: &mut Cursor<'_>, known: &Known) -> (Option<Vec<String>>, Option<String>) {
    let start = c.clone();
    let parens = c.accept_punct(b'(');
    if c.accept("select") {
        if !c.is("unnest") {
            c.until(|c| c.is("from") || c.is("loop"));
            c.accept("from");
        }
        if c.accept("unnest") {
            let list = c.parenthesised().ok().and_then(|f| constant::value(&f.text, known));
            c.accept("as");
            let mut field = if c.is("loop") || c.is_punct(b')') { Some("unnest".to_owned()) } else { c.ident().ok() };
            if c.is_punct(b'(') {
                field = c.ident_list().ok().and_then(|mut names| names.pop());
            }
            if let Some(Value::List(values)) = list.filter(|_| !parens || c.accept_punct(b')')) {
                return (Some(values), field);
            }
        }
    }
    *c = start;
    (None, None)
}

/// Whether steps may change who can reach what.
fn touches(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Run(parsed) => {
            !matches!(parsed.statement, Statement::Data(_) | Statement::Comment(_) | Statement::Other(_))
        }
        Step::If(branches, otherwise) => branches.iter().any(|(_, s)| touches(s)) || touches(otherwise),
        Step::Caught(body, handlers) => touches(body) || handlers.iter().any(|h| touches(&h.steps)),
        Step::Return | Step::Raise(_) => false,
        Step::Gap { may_touch_access_control, .. } => *may_touch_access_control,
    })
}
