//! Writes by which a principal widens its own access, for the checks that tell by which command.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Context;
use super::words::{and_list, first_of, subject, verb};
use crate::analyzer::decide::{Asker, By, Caller, Decider, Escalation, Which};
use crate::analyzer::effective::{Access, Principal, Who};
use crate::analyzer::verdict::Reason;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, ObjectRef, Severity};
use crate::model::{Command, QualifiedName, Relation, Trigger, TriggerEvent, TriggerTiming, quote_ident};
use crate::parallel;
use crate::verdicts::plain;
use crate::verdicts::script::{Contrast, Script};

/// What a principal gains by writing to one table.
pub(super) struct Gain<'a> {
    pub(super) principal: &'a Principal,
    pub(super) written: &'a Relation,
    /// The columns that matter; sorted.
    pub(super) columns: Vec<String>,
    /// What comes within reach, and by which command.
    pub(super) reached: Vec<(&'a QualifiedName, Command)>,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    first: Escalation,
}

/// A write of a role by which rows of a relation come within reach of a command.
#[derive(Debug)]
pub(super) struct Escalates {
    role: String,
    relation: QualifiedName,
    by: Command,
    escalation: Escalation,
}

/// What is known of writes by which clients widen their own access.
#[derive(Debug, Default)]
pub(super) struct Escalations {
    found: Vec<Escalates>,
    /// How many tables there was no time for.
    unasked: usize,
    /// Tables for which some write was not decided.
    undecided: usize,
    /// Those for which nothing but the number of rows that were tried stands in the way.
    bounded: usize,
    /// That number.
    rows: usize,
}

/// How long all tables may take together; unoptimised, the same work takes ten times as long, and tests want an end.
const BUDGET: Duration = Duration::from_millis(if cfg!(debug_assertions) { 20_000 } else { 10_000 });

impl<'a> Context<'a> {
    /// What each client gains by writes of `command` of its own, if it is a user whom nobody has given anything: one for
    /// each table that is written, of the least trusted of those who gain most.
    pub(super) fn own_writes(&'a self, command: Command) -> Vec<Gain<'a>> {
        let mut gains: BTreeMap<(&QualifiedName, &str), Gain<'a>> = BTreeMap::new();
        let all = self.escalations.get_or_init(|| self.escalate());
        for one in all.found.iter().filter(|e| e.escalation.command == command) {
            let principal = self.effective.principals().iter().find(|p| p.role == one.role);
            if let Some((principal, table)) = principal.zip(self.schema.relation(&one.relation)) {
                self.add(&mut gains, principal, &table.name, one.by, one.escalation.clone());
            }
        }
        let mut gains: Vec<_> = gains.into_values().collect();
        let rank = |g: &Gain<'_>| (g.written.name.clone(), std::cmp::Reverse(g.severity), g.principal.who);
        gains.sort_by_key(rank);
        gains.dedup_by(|later, kept| later.written.name == kept.written.name);
        gains
    }

    /// Works out what [`Self::own_writes`] tells, if nobody has.
    pub(super) fn find_escalations(&self) {
        self.escalations.get_or_init(|| self.escalate());
    }

    /// The writes by which clients widen their access to any table. Every table is a question of its own, so the
    /// processors share them.
    fn escalate(&self) -> Escalations {
        let deadline = Instant::now() + BUDGET;
        let tables: Vec<_> = self.relations().filter(|r| r.row_security && r.policies.iter().any(looks_up)).collect();
        let asked = parallel::each(&tables, 1, |table| (Instant::now() <= deadline).then(|| self.escalate_to(table)));
        let mut all = Escalations::default();
        for one in asked {
            let Some((found, left)) = one else {
                all.unasked += 1;
                continue;
            };
            let rows = left.iter().filter_map(|r| if let Reason::Rows(rows) = r { Some(*rows) } else { None });
            all.rows = rows.chain([all.rows]).max().unwrap_or_default();
            let is_bounded = left.iter().all(|reason| matches!(reason, Reason::Rows(_)));
            if found.is_empty() && !left.is_empty() {
                *if is_bounded { &mut all.bounded } else { &mut all.undecided } += 1;
            }
            all.found.extend(found);
        }
        all
    }

    /// How many tables were not asked about for want of time, once somebody asked at all.
    pub(crate) fn own_writes_unasked(&self) -> usize {
        self.escalations.get().map_or(0, |e| e.unasked)
    }

    /// For how many tables some write was not decided.
    pub(crate) fn own_writes_undecided(&self) -> usize {
        self.escalations.get().map_or(0, |e| e.undecided)
    }

    /// For how many tables no such write was found with the few rows that are tried, and how many these are.
    pub(crate) fn own_writes_bounded(&self) -> (usize, usize) {
        self.escalations.get().map_or((0, 0), |e| (e.bounded, e.rows))
    }

    /// The writes that widen access to a table, and why others were not decided.
    fn escalate_to(&self, table: &'a Relation) -> (Vec<Escalates>, Vec<Reason>) {
        let mut left = Vec::new();
        let decider = Decider::brief(&self.effective);
        let by_policy = |a: &Access<'_>| a.is_some() && a.row_security.applies();
        let mut found = Vec::new();
        for principal in self.clients() {
            let role = &principal.role;
            let asker = if principal.who == Who::Anyone { Asker::Nobody } else { Asker::SomeUser };
            let mut commands: Vec<_> = Command::ALL.into_iter().collect();
            commands.retain(|c| by_policy(&self.effective.access(role, table, *c)));
            // Where rows can be read, what can be done to them is bounded by that: it is said once.
            if commands.contains(&Command::Select) {
                commands.retain(|c| *c == Command::Select);
            }
            for by in commands {
                let staying = decider.stays_within(role, table, by, Caller::DataApi, asker, By::Stranger);
                left.extend(staying.unknown.into_iter().map(|(_, _, reason)| reason));
                found.extend(staying.escalations.into_iter().map(|escalation| Escalates {
                    role: role.clone(),
                    relation: table.name.clone(),
                    by,
                    escalation,
                }));
            }
        }
        (found, left)
    }

    fn add(
        &'a self,
        gains: &mut BTreeMap<(&'a QualifiedName, &'a str), Gain<'a>>,
        principal: &'a Principal,
        reached: &'a QualifiedName,
        by: Command,
        escalation: Escalation,
    ) {
        let Some(written) = self.schema.relation(&escalation.relation) else { return };
        let exposed = self.exposes(principal, &written.name.schema) && self.exposes(principal, &reached.schema);
        let is_doubtful = escalation.doubt.is_some() && self.may_interfere(written, &escalation);
        let worst = if is_doubtful { Severity::Medium } else { Severity::Critical };
        let severity = self.severity(worst, principal, exposed);
        let confidence = if is_doubtful { Confidence::Possible } else { Confidence::Proved };
        let gain = gains.entry((&written.name, &principal.role)).or_insert_with(|| Gain {
            principal,
            written,
            columns: Vec::new(),
            reached: Vec::new(),
            severity,
            confidence,
            first: escalation.clone(),
        });
        gain.columns.extend(escalation.columns);
        gain.columns.sort();
        gain.columns.dedup();
        gain.reached.push((reached, by));
        gain.severity = gain.severity.max(severity);
        gain.confidence = gain.confidence.max(confidence);
    }

    /// Whether a trigger before the write may refuse it or change the columns that matter, by a look at its body: one that
    /// keeps a time stamp does neither.
    fn may_interfere(&self, written: &Relation, escalation: &Escalation) -> bool {
        let event = if escalation.command == Command::Insert { TriggerEvent::Insert } else { TriggerEvent::Update };
        let before = |t: &&Trigger| t.timing == TriggerTiming::Before && t.events.contains(&event);
        written.triggers.iter().filter(before).any(|trigger| {
            let function = self.schema.functions.iter().find(|f| f.id == trigger.function);
            let Some(body) = function.map(|f| f.body.to_lowercase()) else { return true };
            let fields = escalation.columns.iter().map(|c| format!("new.{}", c.to_lowercase()));
            let words = ["raise", "return null", "return old", "execute", "perform", "new :="].map(str::to_owned);
            fields.chain(words).any(|word| body.contains(&word))
        })
    }

    /// A finding on the table that is written.
    pub(super) fn gain_draft(&self, gain: &Gain<'_>, command: Command, fix: String) -> Draft {
        let mut reached: Vec<_> =
            gain.reached.iter().map(|(name, by)| format!("{} rows of {name}", verb(*by))).collect();
        reached.dedup();
        let role = &gain.principal.role;
        let (name, columns) = (&gain.written.name, and_list(&gain.columns));
        let write = match command {
            Command::Insert => format!("add a row to {name} that says so"),
            _ => format!("change {columns} of their own row of {name}"),
        };
        let mut message = format!(
            "{} can {write}, and then {} that were out of their reach: the policies look it up there.",
            subject(gain.principal),
            first_of(&reached, 3)
        );
        if let Some((before, _)) = &gain.first.first {
            message.push_str(&format!(" It takes a write to {before} first."));
        }
        if let Some(doubt) = gain.first.doubt.as_ref().filter(|_| gain.confidence == Confidence::Possible) {
            message.push_str(&format!(" But {doubt}."));
        }
        let mut draft = Draft::new(ObjectRef::relation(name), gain.severity, self.gain_title(gain, command), message)
            .confidence(gain.confidence)
            .principal(role)
            .fix(fix)
            .evidence("witness", self.show(&gain.first.witness, "then"))
            .origin(gain.written.origin);
        for policy in gain.written.policies.iter().filter(|p| p.permissive && p.command.covers(command)) {
            let text = policy.check.as_deref().or(policy.using.as_deref()).unwrap_or("true");
            draft = draft.evidence("policy", format!("{}: FOR {}: {text}", quote_ident(&policy.name), policy.command));
        }
        let (witness, table) = (&gain.first.witness, gain.written);
        let reproduce = self.reproduce(gain.principal, table, command);
        if let Some(script) = self.gain_script(gain, command) {
            return self.scripted(draft, table, witness, (Some(script), reproduce));
        }
        let (role, which) = (&gain.principal.role, which(command));
        let scene = self.scene(role, table, (command, which), Caller::DataApi);
        let mut reproduce = reproduce;
        let script = Script::of(&scene, &part(witness, command, gain.reached_rows()));
        reproduce.sql = script.as_ref().map(Script::text).or(reproduce.sql);
        draft = draft.witness(plain(witness, &table.name, self.schema, script.as_ref())).reproduce(reproduce);
        if let Some((target, by)) = gain.reached.first()
            && let Some(target) = self.schema.relation(target)
        {
            let then = self.statement(gain.principal, target, *by);
            draft = draft.then(&format!("-- what that reaches\n{then}\n"));
        }
        draft
    }

    /// The script that tries the row, writes, and reaches it; `None` where it takes more than one write.
    fn gain_script(&self, gain: &Gain<'_>, command: Command) -> Option<Script> {
        let (target, by) = gain.reached.first().filter(|_| gain.first.first.is_none())?;
        let role = &gain.principal.role;
        let writes = self.scene(role, gain.written, (command, which(command)), Caller::DataApi);
        let reaches = self.scene(role, self.schema.relation(target)?, (*by, which(*by)), Caller::DataApi);
        let witness = &gain.first.witness;
        let write = Script::of(&writes, &part(witness, command, gain.reached_rows()))?;
        let reach = Script::of(&reaches, &part(witness, *by, 0))?;
        let contrast = Some(Contrast::Write(write.act));
        Some(Script { rows: write.rows, act: reach.act, contrast, fires: write.fires || reach.fires, ..reach })
    }

    fn gain_title(&self, gain: &Gain<'_>, command: Command) -> String {
        let (role, name) = (&gain.principal.role, &gain.written.name);
        match command {
            Command::Insert => format!("{role} can make itself a member by adding to {name}"),
            _ => format!("{role} can change what {name} says of its own rights"),
        }
    }
}

impl Gain<'_> {
    /// How many subjects of the witness are the row that is reached.
    fn reached_rows(&self) -> usize {
        self.reached.first().map_or(0, |(_, by)| rows_of(*by))
    }
}

/// The row that a command is about.
fn which(command: Command) -> Which {
    if matches!(command, Command::Select | Command::Delete) { Which::Old } else { Which::New }
}

/// How many rows a command is about.
fn rows_of(command: Command) -> usize {
    if command == Command::Update { 2 } else { 1 }
}

/// The witness with the subjects of one command only; what is reached was named before what is written.
fn part(witness: &Witness, command: Command, from: usize) -> Witness {
    let mut part = witness.clone();
    part.subjects.sort_by_key(|subject| subject.row);
    part.subjects = part.subjects.into_iter().skip(from).take(rows_of(command)).collect();
    part
}

/// Whether a policy reads other rows, itself or by a function.
fn looks_up(policy: &crate::model::Policy) -> bool {
    let texts = policy.using.iter().chain(&policy.check);
    // Every call that is not one of the platform's may read.
    texts.into_iter().any(|t| t.contains("SELECT") || t.contains('('))
}
