//! Statements that one command's policies do not settle: an INSERT that returns its row, and one that becomes an UPDATE.
//!
//! Both can refuse what INSERT alone would take: RETURNING and `ON CONFLICT (..)` read columns, so that SELECT policies
//! are checks on the row that is written (PostgreSQL manual, CREATE POLICY, "Policies Applied by Command Type").

use super::access::Asked;
use super::{Caller, Decider, Formula, Which};
use crate::analyzer::term::Terms;
use crate::analyzer::verdict::Subject;
use crate::model::{Command, Relation};

impl<'a> Decider<'a> {
    /// The condition under which `role` may insert a row and read it back, as `INSERT .. RETURNING` does.
    #[must_use]
    pub fn returning(&self, role: &str, relation: &'a Relation, caller: Caller) -> Formula<'a> {
        let asked = Asked { role, relation, command: Command::Insert, caller };
        let mut formula = self.over(asked, Which::New, Terms::new(), None);
        let row = formula.row;
        let read = self.one(&mut formula, Asked { command: Command::Select, ..asked }, Which::Old, row);
        formula.condition = formula.resolver.terms.and(&[formula.condition, read]);
        formula
    }

    /// The condition under which an `INSERT .. ON CONFLICT DO UPDATE` by `role` makes a row that is there another: of the
    /// row that is there (`Which::Old`) or of the one that it proposes and that takes its place (`Which::New`).
    #[must_use]
    pub fn upsert(&self, role: &str, relation: &'a Relation, which: Which) -> Formula<'a> {
        // It reads the columns that conflict, so SELECT policies join in as they do where an UPDATE has a WHERE.
        let asked = Asked { role, relation, command: Command::Update, caller: Caller::DataApi };
        let mut formula = self.over(asked, which, Terms::new(), None);
        let is_new = |s: &&Subject| s.row != formula.row;
        let other = formula.subjects.iter().find(is_new).map(|s| s.row);
        let Some(new) = (if which == Which::New { Some(formula.row) } else { other }) else { return formula };
        let proposed = self.one(&mut formula, Asked { command: Command::Insert, ..asked }, Which::New, new);
        let of_new = if which == Which::New { &mut formula.condition } else { &mut formula.beside };
        *of_new = formula.resolver.terms.and(&[*of_new, proposed]);
        if formula.resolver.recursion.is_some() {
            formula.condition = formula.resolver.terms.raise(crate::analyzer::term::Type::Bool);
        }
        formula
    }
}
