//! Verdicts: every question that an intent asks, put to the analyzer and answered in plain data.
//!
//! A room of its own between `access`, `analyzer` and `report`: the analyzer knows no rules, rules decide nothing, and
//! reports never compute. A declaration asks at most two questions, whether access never exceeds it and whether it
//! grants all of it; columns and calls are settled by privileges alone. What is asked of an UPDATE under any SQL, which
//! may read no column and so skips SELECT policies, is the wider question; a violation that vanishes when the statement
//! has a WHERE, or an INSERT a RETURNING, says so. An upsert reaches no more than INSERT and UPDATE do; whether it and
//! RETURNING reach all that is granted is asked where the bare command does.
//!
//! Questions are independent of each other, so the processors share them; the order of the answers is that of the intent.

mod because;
mod checks;
mod columns;
mod door;
mod entry;
mod finding;
mod form;
mod judge;
pub mod script;
mod trigger;

pub use checks::CHECKS;
pub(crate) use entry::plain;
pub use finding::findings;
pub(crate) use trigger::confirm;

use crate::access::Intent;
use crate::checks::Context;
use crate::model::{FunctionId, Origin};
use crate::parallel;
use crate::report::VerdictEntry;
use script::Script;

/// One answer, with what replaying and telling it need.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The answer.
    pub entry: VerdictEntry,
    /// The steps that show its violation, where rows can be written that do.
    pub script: Option<Script>,
    /// The statement that a violation comes from, where it is known.
    pub cause: Origin,
    /// What kind of question it was.
    pub kind: Kind,
}

/// What a question was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Rows.
    Rows,
    /// Rows that calls of a function or a view show, or that a parent lets through.
    Door,
    /// TRUNCATE, which removes rows whatever they are.
    Truncate,
    /// Columns that must not be read.
    Hidden,
    /// Columns that must not be written, or must be.
    Columns,
}

/// A call that a role may make and should not, or the other way round.
#[derive(Debug, Clone)]
pub struct WrongCall<'i> {
    /// What was declared.
    pub declared: &'i crate::access::DeclaredCall,
    /// Why the role may call it, in words; `None` if it may not.
    pub held: Option<String>,
    /// The statement that it comes from.
    pub cause: Origin,
}

/// All answers to an intent.
#[derive(Debug, Clone, Default)]
pub struct Verdicts<'i> {
    /// Answers on rows and columns, in the order of the intent.
    pub judged: Vec<Judged>,
    /// Calls that are not as declared.
    pub calls: Vec<WrongCall<'i>>,
    /// Every function whose calls were looked at.
    pub functions: Vec<FunctionId>,
    /// What the declared rules assume otherwise than usual, as clauses of a sentence.
    pub assumed: Vec<String>,
}

/// A witness as plain data, with the script that shows it.
pub(crate) fn shown(scene: &script::Scene<'_>, witness: &crate::analyzer::witness::Witness) -> crate::finding::Witness {
    let script = Script::of(scene, witness);
    entry::plain(witness, &scene.relation.name, scene.effective.schema(), script.as_ref())
}

/// Questions that one processor takes at a time: neighbours ask about the same relation.
const TAKEN: usize = 16;

/// Asks all questions of `intent`.
#[must_use]
pub fn judge<'i>(cx: &Context<'_>, intent: &'i Intent) -> Verdicts<'i> {
    let of_rows =
        parallel::each(&intent.declarations, TAKEN, |declaration| judge::declaration(cx, declaration, intent));
    let mut judged: Vec<_> = of_rows.into_iter().flatten().collect();
    judged.extend(intent.hidden.iter().filter_map(|hidden| columns::hidden(cx, hidden)));
    judged.extend(intent.hidden.iter().flat_map(|hidden| columns::hidden_behind(cx, hidden, intent)));
    judged.extend(intent.columns.iter().flat_map(|columns| columns::writable(cx, columns)));
    let calls = intent.calls.iter().filter_map(|call| columns::call(cx, call)).collect();
    let functions = intent.calls.iter().map(|call| call.function.clone()).collect();
    Verdicts { judged, calls, functions, assumed: intent.assume.words() }
}
