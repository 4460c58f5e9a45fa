//! DO blocks: their steps, run with what the catalog says to their guards.

use super::question::Answer;
use super::run::{Refusal, Result, Run, reject, state};
use crate::migrations::parse::block::later::{Assigned, Branch, Chosen, RowLoop, Target};
use crate::migrations::parse::block::{DoBlock, Handler, Step};
use crate::migrations::parse::constant::{Known, Value};
use crate::migrations::parse::data::Data;
use crate::migrations::parse::guard::Guard;
use crate::migrations::parse::{Parsed, Statement};
use crate::model::Origin;

/// More rounds of loops than this are not run in one block, nor more text read.
const MOST_ROUNDS: usize = 10_000;
const MOST_WORK: usize = 50_000_000;

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Continue,
    Exit,
    Return,
}

impl Run {
    /// A block has an effect as a whole or none.
    pub(super) fn run_block(&mut self, block: &DoBlock) -> Result {
        let whole = self.origin;
        let mark = self.mark();
        self.rounds = 0;
        self.variables.push(block.variables.clone());
        // Types that extensions may have made are not known where mistakes are passed over.
        let declared = if self.strict > 0 { self.check_declared(&block.declared) } else { Ok(()) };
        let done = declared.and_then(|()| self.steps(&block.steps));
        self.variables.pop();
        self.origin = whole;
        if done.is_err() {
            self.roll_back(mark);
        }
        self.release();
        done.map(drop)
    }

    fn steps(&mut self, steps: &[Step]) -> Result<Flow> {
        for step in steps {
            let flow = self.step(step)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self, step: &Step) -> Result<Flow> {
        match step {
            Step::Run(parsed) => self.inner(parsed).map(|()| Flow::Next),
            Step::If(branches, otherwise) => self.branches(branches, otherwise),
            Step::Chosen(chosen) => self.chosen(chosen),
            Step::Caught(body, handlers) => self.caught(body, handlers),
            Step::Rounds(rounds) => {
                for round in rounds {
                    match self.steps(round)? {
                        Flow::Next | Flow::Continue => (),
                        Flow::Exit => break,
                        Flow::Return => return Ok(Flow::Return),
                    }
                }
                Ok(Flow::Next)
            }
            Step::Rows(rows) => self.row_loop(rows),
            Step::Assigned(assigned) => self.assigned(assigned),
            Step::Asks(query) => self.refused_query(&query.text).map(|()| Flow::Next),
            Step::Continue => Ok(Flow::Continue),
            Step::Exit => Ok(Flow::Exit),
            Step::Return => Ok(Flow::Return),
            Step::Raise(_) => reject(state::RAISED, "the block raises an exception"),
            Step::Gap { why, may_touch_access_control, range } => {
                let outer = self.origin;
                self.enter(range.clone());
                self.gap(why.clone(), *may_touch_access_control);
                self.origin = outer;
                Ok(Flow::Next)
            }
        }
    }

    fn row_loop(&mut self, rows: &RowLoop) -> Result<Flow> {
        self.refused_query(&rows.query.text.text)?;
        let answer = self.answer(&rows.query.text.text, &rows.query.known);
        let answer = answer.filter(|found| {
            self.rounds = self.rounds.saturating_add(found.len());
            self.rounds <= MOST_ROUNDS && found.len().saturating_mul(rows.body.work()) <= MOST_WORK
        });
        let Some(found) = answer else {
            let outer = self.origin;
            self.enter(rows.range.clone());
            let why = "a loop over rows that only the server can know";
            self.gap(why, has_effect(&rows.otherwise) || rows.otherwise.iter().any(touches));
            self.origin = outer;
            return Ok(Flow::Next);
        };
        for row in found {
            let Ok(steps) = rows.body.read(values(&rows.target, row)) else { return Ok(Flow::Next) };
            match self.steps(&steps)? {
                Flow::Next | Flow::Continue => (),
                Flow::Exit => break,
                Flow::Return => return Ok(Flow::Return),
            }
        }
        Ok(Flow::Next)
    }

    /// What follows an assignment, with the values if the catalog tells them.
    fn assigned(&mut self, assigned: &Assigned) -> Result<Flow> {
        self.refused_query(&assigned.query.text.text)?;
        let answer = self.answer(&assigned.query.text.text, &assigned.query.known);
        let one = answer.and_then(|mut found| {
            let first = if found.is_empty() { None } else { Some(found.remove(0)) };
            // Which of several rows is the first only the server knows.
            first.as_ref().is_none_or(|first| found.iter().all(|row| row == first)).then_some(first)
        });
        let Some(first) = one else { return self.steps(&assigned.otherwise) };
        if first.is_none() && assigned.strict {
            return reject(state::NO_DATA_FOUND, "the query returned no rows");
        }
        let mut known = match (&first, &assigned.target) {
            (None, Target::Variables(names)) => names.iter().map(|name| (name.clone(), Value::Null)).collect(),
            (None, Target::Record(_)) => Known::new(),
            (Some(_), target) => values(target, first.clone().unwrap_or_default()),
        };
        if assigned.finds {
            known.insert("found".to_owned(), Value::Truth(first.is_some()));
        }
        match assigned.rest.read(known) {
            Ok(steps) => self.steps(&steps),
            Err(_) => self.steps(&assigned.otherwise),
        }
    }

    /// A statement in a block; what is not understood of it does not end the block.
    pub(super) fn inner(&mut self, parsed: &Parsed) -> Result {
        let outer = self.origin;
        self.enter(parsed.range.clone());
        let done = match &parsed.statement {
            Statement::Data(data) => self.inner_data(data),
            statement => self.execute(statement),
        };
        let done = match done {
            Err(Refusal::Gap { what, access_control }) => {
                self.gap(what, access_control);
                Ok(())
            }
            Err(Refusal::Noted) => Ok(()),
            done => done,
        };
        self.origin = outer;
        done
    }

    /// In PL/pgSQL the INTO of a query names variables.
    fn inner_data(&mut self, data: &Data) -> Result {
        self.refused_rows(data, true)?;
        if data.creates.is_none() {
            return self.data(data);
        }
        self.data(&Data { creates: None, text: None, ..data.clone() })
    }

    fn enter(&mut self, range: std::ops::Range<usize>) {
        if matches!(self.origin, Origin::Statement(_)) {
            self.origin = Origin::Statement(self.span(&range));
        }
    }

    fn branches(&mut self, branches: &[(Guard, Vec<Step>)], otherwise: &[Step]) -> Result<Flow> {
        for (at, (guard, steps)) in branches.iter().enumerate() {
            self.refused_query(&format!("select ({})", guard.text.text))?;
            match self.ask(guard) {
                Some(true) => return self.steps(steps),
                Some(false) => (),
                None => {
                    let rest = branches.get(at..).unwrap_or_default();
                    return self.undecided(guard, steps, rest, otherwise);
                }
            }
        }
        self.steps(otherwise)
    }

    /// The way that the catalog says is gone, and what follows with the values that it gives.
    fn chosen(&mut self, chosen: &Chosen) -> Result<Flow> {
        for (at, (guard, branch)) in chosen.branches.iter().enumerate() {
            self.refused_query(&format!("select ({})", guard.text.text))?;
            match self.ask(guard) {
                Some(true) => return self.way(branch, chosen),
                Some(false) => (),
                None => {
                    let plain = |(guard, branch): &(Guard, Branch)| (guard.clone(), branch.steps.clone());
                    let rest: Vec<_> = chosen.branches.iter().skip(at).map(plain).collect();
                    let flow = self.undecided(guard, &branch.steps, &rest, &chosen.otherwise.steps)?;
                    return if flow == Flow::Next { self.steps(&chosen.unchosen) } else { Ok(flow) };
                }
            }
        }
        self.way(&chosen.otherwise, chosen)
    }

    fn way(&mut self, branch: &Branch, chosen: &Chosen) -> Result<Flow> {
        let flow = self.steps(&branch.steps)?;
        if flow != Flow::Next {
            return Ok(flow);
        }
        match chosen.rest.read(branch.known.clone()) {
            Ok(steps) => self.steps(&steps),
            Err(_) => self.steps(&chosen.unchosen),
        }
    }

    /// A condition that only the server can know. It is taken to hold if what it guards can be done.
    fn undecided(
        &mut self,
        guard: &Guard,
        steps: &[Step],
        rest: &[(Guard, Vec<Step>)],
        otherwise: &[Step],
    ) -> Result<Flow> {
        let acts = rest.iter().any(|(_, steps)| has_effect(steps)) || has_effect(otherwise);
        let leaves = rest.iter().any(|(_, steps)| leaves(steps)) || leaves(otherwise);
        if !acts && !leaves {
            return Ok(Flow::Next);
        }
        let outer = self.origin;
        self.enter(guard.text.range.clone());
        let condition: String = guard.text.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = condition.chars().take(80).collect();
        let taken = if acts { "to hold" } else { "not to" };
        self.gap(format!("whether `{short}` holds only the server knows; it is taken {taken}"), true);
        self.origin = outer;
        if !acts {
            return Ok(Flow::Next);
        }
        let mark = self.mark();
        self.strict += 1;
        let done = self.steps(steps);
        self.strict -= 1;
        if done.is_err() {
            self.roll_back(mark);
        }
        self.release();
        done.or_else(|_| self.steps(otherwise))
    }

    fn caught(&mut self, body: &[Step], handlers: &[Handler]) -> Result<Flow> {
        let mark = self.mark();
        self.strict += 1;
        let done = self.steps(body);
        self.strict -= 1;
        let handler = match &done {
            Err(Refusal::Rejected { sqlstate, .. }) => {
                handlers.iter().find(|h| h.conditions.iter().any(|c| catches(c, sqlstate)))
            }
            _ => None,
        };
        if handler.is_some() {
            self.roll_back(mark);
        }
        self.release();
        match handler {
            Some(handler) => self.steps(&handler.steps),
            None => done,
        }
    }
}

/// The values of a row in the variables that take it, as far as they are known.
fn values(target: &Target, row: Answer) -> Known {
    let mut known = Known::new();
    match target {
        Target::Record(record) => {
            for (column, value) in row {
                let value = value.and_then(super::question::Value::into_constant);
                known.extend(value.map(|value| (format!("{record}.{column}"), value)));
            }
        }
        Target::Variables(names) => {
            for (name, (_, value)) in names.iter().zip(row) {
                let value = value.and_then(super::question::Value::into_constant);
                known.extend(value.map(|value| (name.clone(), value)));
            }
        }
    }
    known
}

/// Whether a step may change who can reach what.
fn touches(step: &Step) -> bool {
    matches!(step, Step::Gap { may_touch_access_control: true, .. })
}

/// Whether steps may leave a round or a loop.
fn leaves(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Continue | Step::Exit => true,
        Step::If(branches, otherwise) => branches.iter().any(|(_, s)| leaves(s)) || leaves(otherwise),
        Step::Caught(body, handlers) => leaves(body) || handlers.iter().any(|h| leaves(&h.steps)),
        Step::Chosen(chosen) => {
            let mut ways = chosen.branches.iter().map(|(_, b)| b).chain([&chosen.otherwise]);
            ways.any(|b| leaves(&b.steps)) || leaves(&chosen.unchosen)
        }
        Step::Assigned(assigned) => leaves(&assigned.otherwise),
        _ => false,
    })
}

/// Whether steps may change the catalog.
fn has_effect(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Run(parsed) => match &parsed.statement {
            Statement::Data(data) => data.writes.iter().any(|(_, name)| name.name == "buckets"),
            Statement::Comment(_) | Statement::Other(_) | Statement::CreateIndex(_) => false,
            _ => true,
        },
        Step::If(branches, otherwise) => branches.iter().any(|(_, s)| has_effect(s)) || has_effect(otherwise),
        Step::Caught(body, handlers) => has_effect(body) || handlers.iter().any(|h| has_effect(&h.steps)),
        Step::Chosen(chosen) => {
            let mut ways = chosen.branches.iter().map(|(_, b)| b).chain([&chosen.otherwise]);
            ways.any(|b| has_effect(&b.steps)) || has_effect(&chosen.unchosen)
        }
        Step::Rounds(rounds) => rounds.iter().any(|round| has_effect(round)),
        Step::Rows(rows) => has_effect(&rows.otherwise),
        Step::Assigned(assigned) => has_effect(&assigned.otherwise),
        Step::Return => true,
        Step::Raise(_) | Step::Asks(_) | Step::Continue | Step::Exit => false,
        Step::Gap { may_touch_access_control, .. } => *may_touch_access_control,
    })
}

/// Conditions of PL/pgSQL with their SQLSTATEs (manual, appendix "PostgreSQL Error Codes").
const CONDITIONS: [(&str, &str); 25] = [
    ("no_data_found", "P0002"),
    ("duplicate_object", "42710"),
    ("duplicate_table", "42P07"),
    ("duplicate_column", "42701"),
    ("duplicate_function", "42723"),
    ("duplicate_schema", "42P06"),
    ("undefined_object", "42704"),
    ("undefined_table", "42P01"),
    ("undefined_column", "42703"),
    ("undefined_function", "42883"),
    ("invalid_schema_name", "3F000"),
    ("undefined_schema", "3F000"),
    ("wrong_object_type", "42809"),
    ("invalid_table_definition", "42P16"),
    ("invalid_function_definition", "42P13"),
    ("dependent_objects_still_exist", "2BP01"),
    ("insufficient_privilege", "42501"),
    ("invalid_foreign_key", "42830"),
    ("invalid_parameter_value", "22023"),
    ("object_not_in_prerequisite_state", "55000"),
    ("raise_exception", "P0001"),
    ("ambiguous_function", "42725"),
    ("invalid_text_representation", "22P02"),
    ("unique_violation", "23505"),
    ("feature_not_supported", "0A000"),
];

fn catches(condition: &str, sqlstate: &str) -> bool {
    condition == "others"
        || condition.eq_ignore_ascii_case(sqlstate)
        || CONDITIONS.iter().any(|(name, state)| *name == condition && *state == sqlstate)
        || condition == "syntax_error_or_access_rule_violation" && sqlstate.starts_with("42")
}
