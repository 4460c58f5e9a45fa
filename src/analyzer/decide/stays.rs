//! What a principal can reach after writes of its own: access that it gives itself.
//!
//! A write to a relation that the policies look up changes what they say. The question is asked of two states at once:
//! a row that is out of reach, a write that is allowed, and the same row within reach after it. Relations are taken one
//! by one, and then pairs of them, the first write allowing the second.

use std::collections::BTreeSet;

use super::access::Asked;
use super::writes::Written;
use super::{Asker, By, Caller, Decider, Formula, Which};
use crate::analyzer::term::{Access, Id, Query, Terms, Type};
use crate::analyzer::verdict::{Limits, Reason, Verdict};
use crate::analyzer::witness::Witness;
use crate::model::{Command, FiresWhen, QualifiedName, Relation, TriggerTiming};

/// A write by which a principal widens its own access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// The relation that is written.
    pub relation: QualifiedName,
    /// By which command.
    pub command: Command,
    /// The columns of it that matter to what is reached; sorted.
    pub columns: Vec<String>,
    /// The write before it that allows it, if one is needed.
    pub first: Option<(QualifiedName, Command)>,
    /// Whether it works for a user whom no other row mentions; else somebody has given the user something already.
    pub stranger: bool,
    /// The state before, and as subjects the row that is reached and the rows of the writes: an old one is stored, a new
    /// one is not.
    pub witness: Box<Witness>,
    /// What may stand in the way that is not understood: triggers.
    pub doubt: Option<String>,
}

/// Whether access stays within what it is, whatever the principal writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staying {
    /// The writes that widen it.
    pub escalations: Vec<Escalation>,
    /// The writes of which that is not known.
    pub unknown: Vec<(QualifiedName, Command, Reason)>,
}

/// By whom and how a relation is reached, who asks, and a write to another.
pub(crate) type Widening = (String, QualifiedName, Command, Caller, Asker, QualifiedName, Command);

/// How many questions about pairs of writes are asked.
const PAIRS: usize = 12;

/// Rows of a relation that are tried: what a write widens shows with few, and many make the search long.
const ROWS: usize = 3;

impl<'a> Decider<'a> {
    /// Whether `role` can bring rows of `relation` within reach of `command` by writing to what the policies look up,
    /// through tables; views and functions are other doors. Of [`By::Stranger`] it is what a user can do whom no other row
    /// mentions.
    #[must_use]
    pub fn stays_within(
        &self,
        role: &str,
        relation: &'a Relation,
        command: Command,
        caller: Caller,
        asker: Asker,
        by: By,
    ) -> Staying {
        let asked = Asked { role, relation, command, caller };
        let mut staying = Staying::default();
        let writes = self.moving(asked);
        let mut quiet = Vec::new();
        let mut left = Budget(self.limits.together);
        for write in writes {
            if left.is_spent() {
                staying.unknown.push((write.relation.name.clone(), write.command, Reason::Limit));
                continue;
            }
            match self.escalates(asked, write, None, (asker, by), &mut left) {
                Ok(Some(escalation)) => staying.escalations.push(escalation),
                Ok(None) => quiet.push(write),
                Err(reason) => staying.unknown.push((write.relation.name.clone(), write.command, reason)),
            }
        }
        let mut pairs = PAIRS;
        for second in quiet {
            for first in self.moving(second) {
                if !staying.escalations.is_empty() {
                    return staying;
                }
                let late = left.is_spent();
                if !late && !self.widens(second, first, asker, &mut left) {
                    continue;
                }
                if late || pairs == 0 {
                    staying.unknown.push((second.relation.name.clone(), second.command, Reason::Limit));
                    break;
                }
                pairs -= 1;
                match self.escalates(asked, second, Some(first), (asker, by), &mut left) {
                    Ok(Some(escalation)) => staying.escalations.push(escalation),
                    Ok(None) => {}
                    Err(reason) => staying.unknown.push((second.relation.name.clone(), second.command, reason)),
                }
            }
        }
        staying.unknown.dedup();
        staying
    }

    /// Whether a role may set a column of a row by UPDATE to another value than it has; see [`Formula::is_never_true`].
    #[must_use]
    pub fn sets(&self, role: &str, relation: &'a Relation, column: &str, caller: Caller) -> Formula<'a> {
        let mut formula = self.access(role, relation, Command::Update, Which::Old, caller);
        let rows: Vec<_> = formula.subjects.iter().map(|s| s.row).collect();
        if let [old, new] = rows[..]
            && let Some((a, b)) = formula.resolver.column_pair(relation, column, old, new)
        {
            let terms = &mut formula.resolver.terms;
            let same = terms.not_distinct(a, b);
            let changed = terms.not(same);
            formula.beside = terms.and(&[formula.beside, changed]);
        }
        formula
    }

    fn reached(&self, asked: Asked<'_, 'a>) -> Formula<'a> {
        let which = if asked.command == Command::Insert { Which::New } else { Which::Old };
        let mut formula = self.over(asked, which, Terms::new(), None);
        formula.whole();
        formula
    }

    /// The writes that the role may do to tables that sub-selects read, as far as they move the condition of what is asked
    /// to the side where it lets more through. One that does not by itself does not after another write either.
    fn moving<'q>(&self, asked: Asked<'q, 'a>) -> Vec<Asked<'q, 'a>> {
        let mut formula = self.reached(asked);
        let whole = formula.whole();
        let condition = formula.resolver.terms.and(&whole);
        let terms = &formula.resolver.terms;
        let read: BTreeSet<&QualifiedName> = terms.looked_up();
        let mut writes = Vec::new();
        for relation in read.into_iter().filter_map(|name| self.effective.schema().relation(name)) {
            let moves = terms.moves(condition, &relation.name);
            for command in [Command::Insert, Command::Update, Command::Delete] {
                let may_widen = match command {
                    Command::Insert => moves.up,
                    Command::Delete => moves.down,
                    _ => moves.up || moves.down,
                };
                if may_widen
                    && relation.kind.carries_row_security()
                    && self.effective.access(asked.role, relation, command).is_some()
                {
                    writes.push(Asked { relation, command, ..asked });
                }
            }
        }
        writes
    }

    /// Whether a write by itself may bring a row within reach, which is worked out once, and paid for each time: what is
    /// given up must not depend on who asked first.
    fn widens(&self, asked: Asked<'_, 'a>, write: Asked<'_, 'a>, asker: Asker, left: &mut Budget) -> bool {
        let reached = (asked.role.to_owned(), asked.relation.name.clone(), asked.command, asked.caller);
        let (role, relation, command, caller) = reached;
        let key = (role, relation, command, caller, asker, write.relation.name.clone(), write.command);
        let (widens, cost) = self.effective.widening().get(&key, || {
            let Some(mut w) = self.widened(asked, write, None) else { return (false, 0) };
            let verdict = w.formula.decide(&w.holds, &[w.before], asker);
            (!matches!(verdict, Verdict::Proved | Verdict::Unknown(Reason::Rows(_))), w.formula.spent)
        });
        left.pay(cost);
        widens
    }

    /// Whether the write, after `first` if there is one, brings a row within reach.
    fn escalates(
        &self,
        asked: Asked<'_, 'a>,
        write: Asked<'_, 'a>,
        first: Option<Asked<'_, 'a>>,
        (asker, by): (Asker, By),
        left: &mut Budget,
    ) -> Result<Option<Escalation>, Reason> {
        let Some(mut widened) = self.widened(asked, write, first) else { return Ok(None) };
        let refuted = widened.refuted(asker, by);
        left.pay(widened.formula.spent);
        let Some((stranger, witness)) = refuted? else { return Ok(None) };
        let columns = widened.written.first().map(|w| columns_that_matter(widened.formula.terms(), w, &witness));
        Ok(Some(Escalation {
            relation: write.relation.name.clone(),
            command: write.command,
            columns: columns.unwrap_or_default(),
            first: first.map(|f| (f.relation.name.clone(), f.command)),
            stranger,
            witness,
            doubt: doubt(write.relation, write.command),
        }))
    }

    /// What is asked before and after the write, itself after `first` if there is one; `None` if nothing changes.
    fn widened(&self, asked: Asked<'_, 'a>, write: Asked<'_, 'a>, first: Option<Asked<'_, 'a>>) -> Option<Widened<'a>> {
        let mut formula = self.reached(asked);
        let limits = formula.limits;
        formula.limits = Limits { gates: limits.gates / 4, rows: ROWS, steps: limits.steps / 3, ..limits };
        let whole = formula.whole();
        let before = formula.resolver.terms.and(&whole);
        let (written, mut holds) = self.written_in_turn(&mut formula, before, write, first)?;
        holds.extend(formula.resolver.references(asked.relation, formula.row));
        Some(Widened { formula, written, holds, before })
    }

    /// The writes, the last one first, and what holds if they are allowed and lead to what was out of reach `before`.
    fn written_in_turn(
        &self,
        formula: &mut Formula<'a>,
        before: Id,
        write: Asked<'_, 'a>,
        first: Option<Asked<'_, 'a>>,
    ) -> Option<(Vec<Written<'a>>, Vec<Id>)> {
        let written = self.written(formula, write)?;
        let after = formula.resolver.terms.after(before, &written.write);
        let mut holds = vec![after, written.allowed];
        holds.extend(self.unset(formula, write, &written));
        let mut all = vec![written];
        if let Some(first) = first {
            let earlier = self.written(formula, first)?;
            let terms = &mut formula.resolver.terms;
            holds = holds.into_iter().map(|id| terms.after(id, &earlier.write)).collect();
            holds.push(earlier.allowed);
            holds.extend(self.unset(formula, first, &earlier));
            all.push(earlier);
        }
        (holds.first() != Some(&before)).then_some((all, holds))
    }
}

/// The work that is left for all questions about the writes.
struct Budget(u64);

impl Budget {
    fn pay(&mut self, cost: u64) {
        self.0 = self.0.saturating_sub(cost);
    }

    fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

/// Two states, and what holds if a row is within reach in the later one.
struct Widened<'a> {
    formula: Formula<'a>,
    /// The writes between them, the last one first.
    written: Vec<Written<'a>>,
    holds: Vec<Id>,
    /// What is not to hold: that the row is within reach in the earlier one.
    before: Id,
}

impl Widened<'_> {
    /// A state in which the row comes within reach, and whether it works for somebody whom no row mentions. Three questions,
    /// each demanding more than the one before: the first ones are cheap and settle most.
    fn refuted(&mut self, asker: Asker, by: By) -> Result<Option<(bool, Box<Witness>)>, Reason> {
        // Of a stranger only the last witness is shown.
        self.formula.limits.plain = by == By::Anyone;
        let mut witness = match self.ask_of_few_rows(asker) {
            Verdict::Proved => return Ok(None),
            Verdict::Unknown(reason) => return Err(reason),
            Verdict::Violated(witness) => witness,
        };
        match self.ask_with_references(asker, false) {
            Ok(None) => return Ok(None),
            Ok(Some(better)) => witness = better,
            Err(_) => {}
        }
        self.formula.limits.plain = true;
        match self.ask_with_references(asker, true) {
            Ok(Some(better)) => Ok(Some((true, better))),
            Ok(None) if by == By::Stranger => Ok(None),
            Err(reason) if by == By::Stranger => Err(reason),
            _ => Ok(Some((false, witness))),
        }
    }

    /// The first question, of one row of each relation to begin with: more rows change nothing in what is not understood,
    /// and make large problems of it.
    fn ask_of_few_rows(&mut self, asker: Asker) -> Verdict {
        let most = std::mem::replace(&mut self.formula.limits.rows, 1);
        let first = self.formula.decide(&self.holds, &[self.before], asker);
        self.formula.limits.rows = most;
        match first {
            Verdict::Unknown(Reason::Rows(_)) => self.formula.decide(&self.holds, &[self.before], asker),
            other => other,
        }
    }

    /// The same where every row has what it refers to; of a stranger, where no row mentions the user.
    fn ask_with_references(&mut self, asker: Asker, stranger: bool) -> Result<Option<Box<Witness>>, Reason> {
        let mut holds = self.holds.clone();
        holds.extend(self.formula.all_refer());
        if stranger {
            holds.extend(self.formula.nobody_mentions(&self.written));
        }
        match self.formula.decide(&holds, &[self.before], asker) {
            // A row for each row of another: what no few rows show is not shown by more.
            Verdict::Proved | Verdict::Unknown(Reason::Unbounded(_)) => Ok(None),
            Verdict::Unknown(reason) => Err(reason),
            Verdict::Violated(witness) => Ok(Some(witness)),
        }
    }
}

impl Formula<'_> {
    /// That the rows of every relation that is looked up have what they refer to.
    fn all_refer(&mut self) -> Vec<Id> {
        let names: Vec<QualifiedName> = self.resolver.terms.looked_up().into_iter().cloned().collect();
        let mut all = Vec::new();
        for name in names {
            if let Some(relation) = self.resolver.relation_named(&name) {
                all.extend(self.resolver.all_refer(relation));
            }
        }
        all
    }

    /// That no row mentions the user but those that are written; empty if there is no user.
    fn nobody_mentions(&mut self, written: &[Written<'_>]) -> Vec<Id> {
        let terms = &mut self.resolver.terms;
        let sub = terms.claim(&["sub"], Access::Text);
        let user = terms.cast(sub, &Type::Uuid);
        let mut all = Vec::new();
        for column in terms.columns_of_type(self.row, &Type::Uuid) {
            let same = terms.equal(column, user);
            let is_user = terms.is_true(same);
            all.push(terms.not(is_user));
        }
        let names: Vec<QualifiedName> = terms.looked_up().into_iter().cloned().collect();
        for name in names {
            let columns = terms.looked_up_columns(&name, &Type::Uuid);
            let other = terms.row(&name, &name.name);
            let each: Vec<_> = columns
                .iter()
                .map(|column| {
                    let column = terms.column(other, column, Type::Uuid, true);
                    terms.equal(column, user)
                })
                .collect();
            let mut mentions = vec![terms.or(&each)];
            for one in written.iter().filter(|w| w.relation.name == name) {
                if let Some((old, key)) = &one.write.removed {
                    let same: Vec<_> = key
                        .iter()
                        .map(|(column, t)| {
                            let (a, b) = (
                                terms.column(other, column, t.clone(), false),
                                terms.column(*old, column, t.clone(), false),
                            );
                            terms.equal(a, b)
                        })
                        .collect();
                    let is_old = terms.and(&same);
                    mentions.push(terms.not(is_old));
                }
            }
            let (condition, projection) = (terms.and(&mentions), terms.boolean(true));
            let mentioned = terms.exists(&[Query { rows: [other].into(), condition, projection }]);
            all.push(terms.not(mentioned));
        }
        all
    }
}

/// Columns of the written row that are read: for an UPDATE those that change.
fn columns_that_matter(terms: &Terms, written: &Written<'_>, witness: &Witness) -> Vec<String> {
    let Some(new) = written.new else { return Vec::new() };
    let value = |row, column: &str| {
        let subject = witness.subjects.iter().find(|s| Some(s.row) == row)?;
        subject.columns.get(column).cloned()
    };
    let changes = |c: &str| written.old.is_none() || value(written.old, c) != value(written.new, c);
    terms.columns_of(&[new]).iter().filter(|c| changes(c)).map(|c| c.to_string()).collect()
}

/// Triggers that may refuse or change a write.
fn doubt(relation: &Relation, command: Command) -> Option<String> {
    let event = match command {
        Command::Insert => crate::model::TriggerEvent::Insert,
        Command::Update => crate::model::TriggerEvent::Update,
        _ => crate::model::TriggerEvent::Delete,
    };
    let fires = relation.triggers.iter().filter(|t| t.fires != FiresWhen::Disabled && t.events.contains(&event));
    let names: Vec<_> = fires.filter(|t| t.timing == TriggerTiming::Before).map(|t| t.name.as_str()).collect();
    let list = names.join(", ");
    (!names.is_empty()).then(|| format!("trigger {} may change or refuse it", crate::model::printable(&list)))
}
