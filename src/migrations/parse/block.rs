//! DO blocks: what static DDL, guards, handlers, constant EXECUTE and loops over constants in them do.
//!
//! Not an interpreter: what the catalog decides is left to who has one ([`later`]), and what only the server can know is a
//! gap with its place.

pub mod later;

mod loops;
mod reader;

use self::later::{Assigned, Chosen, RowLoop};
use self::reader::Reader;
use super::constant::Known;
use super::cursor::{Cursor, Fragment, Result, Source, refuse};
use super::guard::Guard;
use super::{Parsed, Statement, variables};
use crate::migrations::lex::{self, Kind};
use crate::migrations::names;
use std::collections::BTreeSet;
use std::ops::Range;

/// A DO block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoBlock {
    /// Its language.
    pub language: String,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// All variables that it names, if they are known: those of a function are not.
    pub variables: Option<BTreeSet<String>>,
    /// Those that it declares, and their types as written; the types of a function's were looked at when it was made.
    pub declared: Vec<(String, String)>,
}

/// A step of a DO block. Steps that change nothing, such as `RAISE NOTICE`, are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A statement, static or from EXECUTE of constants.
    Run(Parsed),
    /// `IF`: its branches in order, and ELSE.
    If(Vec<(Guard, Vec<Step>)>, Vec<Step>),
    /// `IF` whose branches give variables their values, and the statements that follow.
    Chosen(Box<Chosen>),
    /// A block whose errors are caught.
    Caught(Vec<Step>, Vec<Handler>),
    /// A loop over constants, round by round.
    Rounds(Vec<Vec<Step>>),
    /// A loop over the rows of a query.
    Rows(Box<RowLoop>),
    /// Variables that take the values of a query, and the statements that follow.
    Assigned(Box<Assigned>),
    /// A query whose rows nothing here depends on; it fails where it reads what is not there.
    Asks(Fragment),
    /// `CONTINUE`: the round ends here.
    Continue,
    /// `EXIT`: the loop ends here.
    Exit,
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

impl Step {
    /// Whether a loop of such steps is worth to be followed.
    fn does_something(&self) -> bool {
        !matches!(self, Self::Asks(_) | Self::Continue | Self::Exit)
    }
}

/// `WHEN condition OR condition THEN ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Conditions in lower case: `duplicate_object`, `others`, or an SQLSTATE.
    pub conditions: Vec<String>,
    /// What is done then.
    pub steps: Vec<Step>,
}

/// The part after DO.
pub(crate) fn block(c: &mut Cursor<'_>, level: usize) -> Result<DoBlock> {
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
    let declared = names::literal(token.kind, c.raw(token)).map(|body| variables::declared(&body)).unwrap_or_default();
    let (steps, variables) = match token.kind {
        // A body in dollar quotes stands in the file as it is, so positions within are the file's.
        Kind::Dollar => {
            let tag = names::dollar_tag(c.raw(token));
            steps(c.source, token.start + tag..token.end.saturating_sub(tag), level + 1)?
        }
        _ => {
            let text = names::literal(token.kind, c.raw(token)).unwrap_or_default();
            let source = Source { text: &text, made_at: Some(c.source.place(token.range())) };
            steps(&source, 0..text.len(), level + 1)?
        }
    };
    Ok(DoBlock { language, steps, variables: Some(variables), declared })
}

/// The body of a function that is called at `place`.
pub(crate) fn called(body: &str, place: Range<usize>) -> Result<DoBlock> {
    let source = Source { text: body, made_at: Some(place) };
    let (steps, _) = steps(&source, 0..body.len(), 1)?;
    Ok(DoBlock { language: "plpgsql".to_owned(), steps, variables: None, declared: Vec::new() })
}

fn steps(source: &Source<'_>, range: Range<usize>, level: usize) -> Result<(Vec<Step>, BTreeSet<String>)> {
    let tokens = lex::tokens(source.text, range);
    let mut reader = Reader::new(source, &tokens, level);
    let steps = reader.block(&mut Known::new())?;
    reader.c.accept_punct(b';');
    reader.c.end()?;
    Ok((steps, reader.variables))
}

/// Whether steps may change who can reach what.
fn touches(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Run(parsed) => {
            !matches!(parsed.statement, Statement::Data(_) | Statement::Comment(_) | Statement::Other(_))
        }
        Step::If(branches, otherwise) => branches.iter().any(|(_, s)| touches(s)) || touches(otherwise),
        Step::Chosen(chosen) => {
            chosen.branches.iter().any(|(_, branch)| touches(&branch.steps))
                || touches(&chosen.otherwise.steps)
                || touches(&chosen.unchosen)
        }
        Step::Caught(body, handlers) => touches(body) || handlers.iter().any(|h| touches(&h.steps)),
        Step::Rounds(rounds) => rounds.iter().any(|round| touches(round)),
        Step::Rows(rows) => touches(&rows.otherwise),
        Step::Assigned(assigned) => touches(&assigned.otherwise),
        Step::Return | Step::Raise(_) | Step::Asks(_) | Step::Continue | Step::Exit => false,
        Step::Gap { may_touch_access_control, .. } => *may_touch_access_control,
    })
}
