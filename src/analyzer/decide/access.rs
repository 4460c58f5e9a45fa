//! The conditions of commands: privileges, row security and policies on the rows that a command has.

use super::formula::Part;
use super::{Caller, Decider, Formula, Which};
use crate::analyzer::effective::{Columns, Extent, Principal, Refusal};
use crate::analyzer::resolve::{Resolver, Rights};
use crate::analyzer::term::{Id, Row, Terms, Type};
use crate::analyzer::verdict::Subject;
use crate::model::{
    Column, Command, FiresWhen, Policy, PolicyCommand, Relation, RelationKind, Schema, Trigger, TriggerEvent,
    TriggerTiming,
};

/// A command of a role on a relation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'q, 'a> {
    pub(super) role: &'q str,
    pub(super) relation: &'a Relation,
    pub(super) command: Command,
    pub(super) caller: Caller,
}

impl<'a> Decider<'a> {
    /// The condition under which `role` may do `command` to a row of `relation`: FALSE without the privilege, TRUE
    /// where row security does not apply. UPDATE has two rows: the condition is on that of `which`, and what it demands
    /// of the other joins in where that narrows. Of a view it is whether the view shows the row.
    #[must_use]
    pub fn access(
        &self,
        role: &str,
        relation: &'a Relation,
        command: Command,
        which: Which,
        caller: Caller,
    ) -> Formula<'a> {
        self.over(Asked { role, relation, command, caller }, which, Terms::new(), None)
    }

    /// The same in an arena that has terms already; with another model, whose rows it shares, only what both guarantee
    /// is assumed.
    pub(super) fn over(
        &self,
        asked: Asked<'_, 'a>,
        which: Which,
        terms: Terms,
        other: Option<(&'a Schema, Option<Vec<Subject>>)>,
    ) -> Formula<'a> {
        let Asked { role, relation, command, caller } = asked;
        let (also, rows) = other.map_or((None, None), |(schema, rows)| (Some(schema), rows));
        let mut formula = self.formula_in(role, relation, which, terms, rows.as_ref().and_then(|r| r.first().copied()));
        formula.caller = Some(caller);
        formula.resolver.caller = caller;
        formula.resolver.also = also;
        let row = formula.row;
        if relation.kind == RelationKind::View {
            self.of_view(&mut formula, asked);
            return formula;
        }
        if command == Command::Update {
            let given = rows.and_then(|rows| rows.get(1).map(|subject| subject.row));
            let other = given.unwrap_or_else(|| formula.resolver.terms.row(&relation.name, &relation.name.name));
            let (old, new) = if which == Which::Old { (row, other) } else { (other, row) };
            formula.subjects.push(Subject { row: other, stored: which == Which::New });
            let old_row = self.old_row(&mut formula, asked, old);
            let new_row = self.new_row(&mut formula, asked, new);
            (formula.condition, formula.beside) =
                if which == Which::Old { (old_row, new_row) } else { (new_row, old_row) };
            formula.kept = self.kept(asked, old, new);
        } else {
            if command == Command::Insert && which == Which::New {
                formula.left_out = Some(LeftOut { relation, row, columns: self.left_out(asked) });
            }
            formula.condition = match which {
                Which::Old => self.old_row(&mut formula, asked, row),
                Which::New => self.new_row(&mut formula, asked, row),
            };
        }
        if formula.resolver.recursion.is_some() {
            formula.condition = formula.resolver.terms.raise(Type::Bool);
        }
        formula
    }

    /// The condition of some policies together, whoever they are for: permissive OR-ed, restrictive AND-ed.
    #[must_use]
    pub fn policies(&self, role: &str, relation: &'a Relation, policies: &[&Policy], which: Which) -> Formula<'a> {
        let mut formula = self.formula(role, relation, which);
        let (resolver, row) = (&mut formula.resolver, formula.row);
        let each = resolver.each_policy(policies, relation, row, pick(which));
        formula.condition = resolver.join(&each);
        formula
    }

    /// The condition of the restrictive ones of some policies: the floor under whatever is permitted.
    #[must_use]
    pub fn floor(&self, role: &str, relation: &'a Relation, policies: &[&Policy], which: Which) -> Formula<'a> {
        let restrictive: Vec<_> = policies.iter().copied().filter(|p| !p.permissive).collect();
        let mut formula = self.formula(role, relation, which);
        let (resolver, row) = (&mut formula.resolver, formula.row);
        let each: Vec<_> = resolver
            .each_policy(&restrictive, relation, row, pick(which))
            .into_iter()
            .filter_map(|(_, id)| id)
            .collect();
        formula.condition = resolver.terms.and(&each);
        formula
    }

    /// The condition that every row meets, to hold rules against.
    #[must_use]
    pub fn everything(&self, role: &str, relation: &'a Relation) -> Formula<'a> {
        let mut formula = self.formula(role, relation, Which::Old);
        formula.condition = formula.resolver.terms.boolean(true);
        formula
    }

    /// Whether the role may empty the relation: a privilege alone, whatever the rows.
    #[must_use]
    pub fn truncates(&self, role: &str, relation: &Relation) -> bool {
        let privilege = crate::model::Privilege::Truncate;
        let usage = self.effective.schema().namespace(&relation.name.schema);
        usage.is_some_and(|n| self.effective.holds_on_namespace(role, n, crate::model::Privilege::Usage).is_some())
            && matches!(
                relation.kind,
                RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable
            )
            && self.effective.holds_on_relation(role, relation, privilege).is_some()
    }

    pub(super) fn formula(&self, role: &str, relation: &'a Relation, which: Which) -> Formula<'a> {
        self.formula_in(role, relation, which, Terms::new(), None)
    }

    fn formula_in(
        &self,
        role: &str,
        relation: &'a Relation,
        which: Which,
        terms: Terms,
        given: Option<Subject>,
    ) -> Formula<'a> {
        let mut resolver = Resolver::new(self.effective, Rights::Role(role.to_owned()));
        resolver.terms = terms;
        let stored = which == Which::Old && relation.kind != RelationKind::View;
        let subject =
            given.unwrap_or_else(|| Subject { row: resolver.terms.row(&relation.name, &relation.name.name), stored });
        let condition = resolver.terms.boolean(false);
        let mut formula = Formula::new(resolver, relation, which, subject, condition);
        formula.limits = self.limits;
        let is_api = |p: &&Principal| p.role == role && p.is_api();
        formula.api_role = self.effective.principals().iter().find(is_api).map(|p| p.role.clone());
        formula
    }

    /// What is demanded of the row that a command finds.
    pub(super) fn old_row(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>, row: Row) -> Id {
        let own = self.one(formula, asked, Which::Old, row);
        if !reads(asked) || asked.command == Command::Select {
            return own;
        }
        let select = self.one(formula, Asked { command: Command::Select, ..asked }, Which::Old, row);
        formula.resolver.terms.and(&[own, select])
    }

    /// What is demanded of the row that a command writes: SELECT policies too if the statement reads.
    pub(super) fn new_row(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>, row: Row) -> Id {
        let own = self.one(formula, asked, Which::New, row);
        if !reads(asked) || asked.command != Command::Update {
            return own;
        }
        let select = self.one(formula, Asked { command: Command::Select, ..asked }, Which::Old, row);
        formula.resolver.terms.and(&[own, select])
    }

    pub(super) fn one(&self, formula: &mut Formula<'a>, asked: Asked<'_, 'a>, which: Which, row: Row) -> Id {
        let Asked { role, relation, command, .. } = asked;
        let access = self.effective.access(role, relation, command);
        let resolver = &mut formula.resolver;
        if matches!(access.extent, Extent::None(Refusal::Schema | Refusal::Privilege | Refusal::NotUpdatable)) {
            formula.refusal = true;
            return resolver.terms.boolean(false);
        }
        if !access.row_security.applies() {
            formula.open = true;
            return resolver.terms.boolean(true);
        }
        let policies: Vec<&'a Policy> = self.effective.policies(role, relation, command).collect();
        let each = resolver.policies_of(&policies, relation, row, pick(which));
        for (policy, condition) in &each {
            formula.parts.extend(condition.map(|condition| Part {
                policy: policy.name.clone(),
                permissive: policy.permissive,
                condition,
            }));
        }
        formula.resolver.join(&each)
    }

    /// Pairs of columns that an UPDATE leaves as they are, because the role may not set them and no trigger does.
    pub(super) fn kept(&self, asked: Asked<'_, 'a>, old: Row, new: Row) -> Option<Kept<'a>> {
        let Columns::Only(held) = &self.effective.access(asked.role, asked.relation, Command::Update).columns else {
            return None;
        };
        if self.is_rewritten(asked.relation, TriggerEvent::Update) {
            return None;
        }
        let fixed = |c: &&crate::model::Column| c.generated.is_none() && !held.iter().any(|(name, _)| *name == c.name);
        let columns = asked.relation.columns.iter().filter(fixed).map(|c| c.name.clone()).collect();
        Some(Kept { relation: asked.relation, old, new, columns })
    }

    /// Whether a trigger or rule may change what is written before it is checked and stored.
    pub(super) fn is_rewritten(&self, relation: &Relation, event: TriggerEvent) -> bool {
        let changes = |r: &Relation| {
            let before = |t: &Trigger| t.timing == TriggerTiming::Before && t.for_each_row && t.events.contains(&event);
            r.triggers.iter().any(|t| t.fires != FiresWhen::Disabled && before(t)) || !r.rules.is_empty()
        };
        changes(relation) || self.effective.bindings().lineage().below(&relation.name).into_iter().any(changes)
    }
}

/// Columns that are the same in both rows of an UPDATE.
#[derive(Debug, Clone)]
pub(super) struct Kept<'a> {
    pub(super) relation: &'a Relation,
    pub(super) old: Row,
    pub(super) new: Row,
    pub(super) columns: Vec<String>,
}

/// Columns of a new row that an INSERT leaves to their defaults.
#[derive(Debug, Clone)]
pub(super) struct LeftOut<'a> {
    pub(super) relation: &'a Relation,
    pub(super) row: Row,
    pub(super) columns: Vec<&'a Column>,
}

/// Whether the statement reads columns, so that SELECT policies join in.
pub(super) fn reads(asked: Asked<'_, '_>) -> bool {
    asked.caller == Caller::DataApi && matches!(asked.command, Command::Update | Command::Delete)
}

/// The expression of a policy for a row; for a new one USING stands in where there is no WITH CHECK.
pub(crate) fn pick(which: Which) -> fn(&Policy) -> Option<&str> {
    match which {
        Which::Old => |p| p.using.as_deref(),
        Which::New => |p| {
            let using = if p.command == PolicyCommand::Insert { None } else { p.using.as_deref() };
            p.check.as_deref().or(using)
        },
    }
}
