//! DO blocks: their steps, run with what the catalog says to their guards.

use super::run::{Refusal, Result, Run, reject, state};
use crate::migrations::parse::block::{DoBlock, Handler, Step};
use crate::migrations::parse::guard::Guard;
use crate::migrations::parse::{Parsed, Statement};
use crate::model::Origin;

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
        let done = self.steps(&block.steps);
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

    /// A statement in a block; what is not understood of it does not end the block.
    pub(super) fn inner(&mut self, parsed: &Parsed) -> Result {
        let outer = self.origin;
        self.enter(parsed.range.clone());
        // In PL/pgSQL the INTO of a query names variables.
        let done = match &parsed.statement {
            Statement::Data(data) if data.creates.is_some() => {
                self.data(&crate::migrations::parse::data::Data { creates: None, text: None, ..data.clone() })
            }
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

    fn enter(&mut self, range: std::ops::Range<usize>) {
        if matches!(self.origin, Origin::Statement(_)) {
            self.origin = Origin::Statement(self.span(&range));
        }
    }

    fn branches(&mut self, branches: &[(Guard, Vec<Step>)], otherwise: &[Step]) -> Result<Flow> {
        for (at, (guard, steps)) in branches.iter().enumerate() {
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

    /// A condition that only the server can know. It is taken to hold if what it guards can be done.
    fn undecided(
        &mut self,
        guard: &Guard,
        steps: &[Step],
        rest: &[(Guard, Vec<Step>)],
        otherwise: &[Step],
    ) -> Result<Flow> {
        let matters = rest.iter().any(|(_, steps)| has_effect(steps)) || has_effect(otherwise);
        if !matters {
            return Ok(Flow::Next);
        }
        let outer = self.origin;
        self.enter(guard.text.range.clone());
        let condition: String = guard.text.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = condition.chars().take(80).collect();
        self.gap(format!("whether `{short}` holds only the server knows; it is taken to hold"), true);
        self.origin = outer;
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
        Step::Rounds(rounds) => rounds.iter().any(|round| has_effect(round)),
        Step::Return => true,
        Step::Raise(_) | Step::Continue | Step::Exit => false,
        Step::Gap { may_touch_access_control, .. } => *may_touch_access_control,
    })
}

/// Conditions of PL/pgSQL with their SQLSTATEs (manual, appendix "PostgreSQL Error Codes").
const CONDITIONS: [(&str, &str); 24] = [
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
