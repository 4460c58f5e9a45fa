//! What one role can do with one table, for the checks that hold commands, policies and rows against each other.

use super::Context;
use super::intent::Intent;
use crate::analyzer::decide::{By, Decider, Variants, Which, pick};
use crate::analyzer::effective::{Access, Columns, Principal};
use crate::analyzer::term::{Id, Row};
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness::Witness;
use crate::model::{Command, FiresWhen, Platform, Policy, Relation, Trigger, TriggerEvent, TriggerTiming};

/// A comparison with the columns that say whose rows they are.
#[derive(Debug)]
pub(super) struct Compared<'a> {
    pub(super) asked: Variants<'a>,
    pub(super) columns: Vec<&'a str>,
    cx: &'a Context<'a>,
    role: &'a str,
    relation: &'a Relation,
}

impl<'a> Compared<'a> {
    pub(super) fn new(cx: &'a Context<'_>, principal: &'a Principal, relation: &'a Relation) -> Self {
        Self {
            asked: Decider::brief(&cx.effective).variants(&principal.role, relation),
            columns: Intent::of(relation).columns(),
            cx,
            role: &principal.role,
            relation,
        }
    }

    /// What one permissive policy lets the role do to a row, under the restrictive ones.
    pub(super) fn alone(&mut self, policy: &Policy, command: Command, which: Which, row: Row) -> Id {
        let all = self.cx.effective.policies(self.role, self.relation, command);
        let together: Vec<_> = all.filter(|p| !p.permissive).chain([policy]).collect();
        self.asked.policies(&together, which, row)
    }

    /// A session for which it holds of rows of two different owners, all else the same; of two tenants in tables without an
    /// owner, of any row in those that name neither. `what` gives the conditions that are to hold and those that are to fail of a row.
    pub(super) fn of_several(
        &mut self,
        by: By,
        which: Which,
        what: impl Fn(&mut Self, Row) -> (Vec<Id>, Vec<Id>),
    ) -> Option<Box<Witness>> {
        let row = if which == Which::New { self.asked.new_row() } else { self.asked.row() };
        let (holds, fails) = what(self, row);
        let whole = self.asked.find(&holds, &fails, by)?;
        if self.columns.is_empty() {
            return Some(whole);
        }
        // Where rows have an owner, one's own may be of any tenant.
        let column = *self.columns.first()?;
        let other = self.asked.variant_of(row, &[column]);
        let (mut both, mut neither) = (holds, fails);
        let (holds, fails) = what(self, other);
        both.extend(holds);
        both.push(self.asked.differs(column, row, other));
        neither.extend(fails);
        self.asked.find(&both, &neither, by)
    }

    /// Whether the condition is true of every row for every session of the role.
    pub(super) fn is_open(&mut self, condition: Id) -> bool {
        self.asked.ask(&[], &[condition], By::Anyone) == Verdict::Proved
    }

    /// A session of which nothing is known and that may write, by one policy, two rows which differ in `column` alone:
    /// the policy does not bind the column to the caller.
    pub(super) fn unbound(&mut self, policy: &Policy, command: Command, column: &str) -> Option<Box<Witness>> {
        let one = self.asked.new_row();
        let other = self.asked.variant_of(one, &[column]);
        let holds = [
            self.alone(policy, command, Which::New, one),
            self.alone(policy, command, Which::New, other),
            self.asked.differs(column, one, other),
        ];
        self.asked.find(&holds, &[], By::Stranger)
    }

    /// Whether the policy binds another of the columns that may say whose a new row is.
    pub(super) fn is_own(&mut self, policy: &Policy, column: &str) -> bool {
        let others = Intent::candidates(self.relation).into_iter().filter(|c| *c != column);
        others.collect::<Vec<_>>().into_iter().any(|other| self.unbound(policy, Command::Insert, other).is_none())
    }

    /// The columns that say whose rows they are and that the role may set with `command`.
    pub(super) fn settable(&self, command: Command) -> Vec<&'a str> {
        let may = self.writable(command);
        let mut columns = self.columns.clone();
        columns.retain(|c| may.contains(c) && !self.cx.is_set_by_trigger(self.relation, c, command));
        columns
    }

    /// The columns that the role may set with `command`.
    pub(super) fn writable(&self, command: Command) -> Vec<&'a str> {
        let access = self.cx.effective.access(self.role, self.relation, command);
        let may = |column: &str| match &access.columns {
            Columns::None => false,
            Columns::All => true,
            Columns::Only(columns) => columns.iter().any(|(c, _)| c == column),
        };
        self.relation.columns.iter().map(|c| c.name.as_str()).filter(|c| may(c)).collect()
    }

    /// What one permissive policy by itself makes of an UPDATE.
    pub(super) fn pair(&mut self, policy: &Policy, old: Row, new: Row) -> Id {
        let both = [
            self.alone(policy, Command::Update, Which::Old, old),
            self.alone(policy, Command::Update, Which::New, new),
        ];
        self.asked.all(&both)
    }
}

/// Whether the texts of the policies show that all that `inner` lets through is let through by `outer`; if not, it may
/// be so all the same.
pub(super) fn is_within(inner: &Access<'_>, outer: &Access<'_>, which: Which) -> bool {
    let has = |all: &[&Policy], text: Option<&str>| all.iter().any(|p| pick(which)(p) == text);
    inner.permissive.iter().all(|p| has(&outer.permissive, pick(which)(p)))
        && outer.restrictive.iter().all(|p| has(&inner.restrictive, pick(which)(p)))
}

impl Context<'_> {
    /// Whether a trigger before the write looks at the new value of the column or sets it: then policies are not all
    /// that binds it.
    pub(super) fn is_set_by_trigger(&self, relation: &Relation, column: &str, command: Command) -> bool {
        let event = if command == Command::Insert { TriggerEvent::Insert } else { TriggerEvent::Update };
        let before = |t: &&Trigger| {
            t.timing == TriggerTiming::Before && t.events.contains(&event) && t.fires != FiresWhen::Disabled
        };
        let field = format!("new.{}", column.to_lowercase());
        relation.triggers.iter().filter(before).any(|trigger| {
            let function = self.schema.functions.iter().find(|f| f.id == trigger.function);
            // One that cannot be read may do anything.
            function.is_none_or(|f| f.body.to_lowercase().contains(&field))
        })
    }

    /// Whether requests of `principal` cannot be UPDATE or DELETE without WHERE: Supabase's Data API runs with
    /// `pg-safeupdate`.
    pub(super) fn refuses_blind_writes(&self, principal: &Principal) -> bool {
        principal.is_api() && self.schema.server.platform == Platform::Supabase
    }
}
