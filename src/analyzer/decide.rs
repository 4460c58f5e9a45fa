//! The questions that checks ask: what policies let a role do, decided for all rows and sessions.
//!
//! [`Decider::access`] joins privileges, memberships, row security and policies (SEMANTICS 5-13) into conditions on the
//! old and the new row of one command; [`Formula`] asks about them.

use super::effective::{Effective, Extent, Refusal};
use super::evaluate::Evaluator;
use super::resolve::{Resolver, Rights};
use super::term::{Access as ClaimAccess, Id, Row, Terms, Type};
use super::verdict::{Limits, Question, Subject, Verdict};
use super::witness::{Witness, WitnessRow};
use crate::model::{Command, Policy, PolicyCommand, QualifiedName, Relation, RelationKind, Schema};

/// How statements reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Caller {
    /// Any statement, also one that reads no column and so skips SELECT policies.
    #[default]
    Sql,
    /// UPDATE and DELETE with a WHERE, so that SELECT policies join in.
    DataApi,
}

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// Any session.
    Any,
    /// A session without user claims: no JWT, or the one of the anonymous key.
    Nobody,
    /// A session of a signed-in user.
    SomeUser,
}

/// Which row of a command a condition is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The row that is read, changed or deleted.
    Old,
    /// The row that is added, or what it is changed to.
    New,
}

/// Asks about the access of roles.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    effective: &'a Effective<'a>,
}

impl<'a> Decider<'a> {
    /// A decider over effective access.
    #[must_use]
    pub fn new(effective: &'a Effective<'a>) -> Self {
        Self { effective }
    }

    /// The condition under which `role` may do `command` to a row of `relation`: FALSE without the privilege, TRUE
    /// where row security does not apply. What a view shows is not
    /// understood here.
    #[must_use]
    pub fn access(
        &self,
        role: &str,
        relation: &'a Relation,
        command: Command,
        which: Which,
        caller: Caller,
    ) -> Formula<'a> {
        let mut formula = self.formula(role, relation, which);
        let row = formula.row;
        let mut all = vec![self.one(&mut formula.resolver, role, relation, command, which, row)];
        let reads =
            caller == Caller::DataApi && which == Which::Old && matches!(command, Command::Update | Command::Delete);
        if reads {
            all.push(self.one(&mut formula.resolver, role, relation, Command::Select, Which::Old, row));
        }
        formula.condition = formula.resolver.terms.and(&all);
        formula
    }

    /// The condition of some policies together, whoever they are for: permissive OR-ed, restrictive AND-ed.
    #[must_use]
    pub fn policies(&self, role: &str, relation: &'a Relation, policies: &[&Policy], which: Which) -> Formula<'a> {
        let mut formula = self.formula(role, relation, which);
        formula.condition = formula.resolver.combine(policies, relation, formula.row, pick(which));
        formula
    }

    /// The condition that every row meets, to hold rules against.
    #[must_use]
    pub fn everything(&self, role: &str, relation: &'a Relation) -> Formula<'a> {
        let mut formula = self.formula(role, relation, Which::Old);
        formula.condition = formula.resolver.terms.boolean(true);
        formula
    }

    fn formula(&self, role: &str, relation: &'a Relation, which: Which) -> Formula<'a> {
        let mut resolver = Resolver::new(self.effective.schema(), Some(self.effective), Rights::Role(role.to_owned()));
        let row = resolver.terms.row(&relation.name, &relation.name.name);
        let condition = resolver.terms.boolean(false);
        let is_api = |p: &&super::effective::Principal| p.role == role && p.is_api();
        let api_role = self.effective.principals().iter().find(is_api).map(|p| p.role.clone());
        Formula { resolver, relation, row, which, condition, api_role }
    }

    fn one(
        &self,
        resolver: &mut Resolver<'a>,
        role: &str,
        relation: &'a Relation,
        command: Command,
        which: Which,
        row: Row,
    ) -> Id {
        let access = self.effective.access(role, relation, command);
        if matches!(access.extent, Extent::None(Refusal::Schema | Refusal::Privilege | Refusal::NotUpdatable)) {
            return resolver.terms.boolean(false);
        }
        if relation.kind == RelationKind::View {
            return resolver.terms.opaque("the query of the view", Type::Bool, &[row]);
        }
        if !access.row_security.applies() {
            return resolver.terms.boolean(true);
        }
        let policies: Vec<&Policy> = self.effective.policies(role, relation, command).collect();
        resolver.combine(&policies, relation, row, pick(which))
    }
}

/// The expression of a policy for a row; for a new one USING stands in where there is no WITH CHECK.
fn pick(which: Which) -> fn(&Policy) -> Option<&str> {
    match which {
        Which::Old => |p| p.using.as_deref(),
        Which::New => |p| {
            let using = if p.command == PolicyCommand::Insert { None } else { p.using.as_deref() };
            p.check.as_deref().or(using)
        },
    }
}

/// A condition on one row of a relation, and questions about it.
#[derive(Debug)]
pub struct Formula<'a> {
    resolver: Resolver<'a>,
    relation: &'a Relation,
    row: Row,
    which: Which,
    condition: Id,
    /// The role, if it is one of the API's.
    api_role: Option<String>,
}

impl<'a> Formula<'a> {
    /// The condition in SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        self.resolver.terms.sql(self.condition)
    }

    /// Whether the condition is TRUE of the row of a witness of the same question; `None` where that is not known.
    #[must_use]
    pub fn holds(&self, witness: &Witness) -> Option<bool> {
        let stored = self.which == Which::Old && self.relation.view.is_none();
        let is_it = |s: &&WitnessRow| s.relation == self.relation.name && s.stored == stored;
        let subject = witness.subjects.iter().find(is_it)?;
        let evaluator = Evaluator::new(&self.resolver.terms, &witness.database, &witness.session);
        evaluator.holds(self.condition, &[(self.row, &subject.columns)]).ok()
    }

    /// The arena of its terms.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.resolver.terms
    }

    /// The row variable of the row.
    #[must_use]
    pub fn row(&self) -> Row {
        self.row
    }

    /// Whether the condition is TRUE for every row.
    #[must_use]
    pub fn is_always_true(&mut self, asker: Asker) -> Verdict {
        self.decide(&[], &[self.condition], asker)
    }

    /// Whether the condition is TRUE for no row.
    #[must_use]
    pub fn is_never_true(&mut self, asker: Asker) -> Verdict {
        self.decide(&[self.condition], &[], asker)
    }

    /// Whether it lets nothing through beyond a rule: a boolean expression over the relation's columns, evaluated
    /// without row security.
    #[must_use]
    pub fn never_exceeds(&mut self, rule: &str, asker: Asker) -> Verdict {
        let rule = self.rule(rule);
        self.decide(&[self.condition], &[rule], asker)
    }

    /// Whether it lets everything through that a rule says.
    #[must_use]
    pub fn grants_all(&mut self, rule: &str, asker: Asker) -> Verdict {
        let rule = self.rule(rule);
        self.decide(&[rule], &[self.condition], asker)
    }

    /// Whether each row that it lets through is let through by other policies as well.
    #[must_use]
    pub fn implies(&mut self, policies: &[&Policy], asker: Asker) -> Verdict {
        let other = self.resolver.combine(policies, self.relation, self.row, pick(self.which));
        self.decide(&[self.condition], &[other], asker)
    }

    fn rule(&mut self, text: &str) -> Id {
        let role = self.resolver.set_rights(Rights::Everything);
        let rule = self.resolver.condition(text, self.relation, self.row);
        self.resolver.set_rights(role);
        rule
    }

    /// A request made as a role by the API carries that role in its claims, if it has any.
    fn claimed_role(&mut self) -> Option<Id> {
        let role = self.api_role.clone()?;
        let terms = &mut self.resolver.terms;
        let (claimed, role) = (terms.claim(&["role"], ClaimAccess::Text), terms.text(&role));
        let (none, same) = (terms.is_null(claimed), terms.equal(claimed, role));
        Some(terms.or(&[none, same]))
    }

    fn decide(&mut self, holds: &[Id], fails: &[Id], asker: Asker) -> Verdict {
        let mut assume = session(&mut self.resolver.terms, asker);
        assume.extend(self.claimed_role());
        let world = self.resolver.world();
        let question = Question {
            terms: &self.resolver.terms,
            subjects: vec![Subject { row: self.row, stored: self.which == Which::Old }],
            holds: holds.to_vec(),
            fails: fails.to_vec(),
            assume,
            world: &world,
            limits: Limits::default(),
        };
        question.decide()
    }
}

/// What is known of the sessions of an asker.
fn session(terms: &mut Terms, asker: Asker) -> Vec<Id> {
    let sub = terms.claim(&["sub"], ClaimAccess::Text);
    let id = terms.cast(sub, &Type::Uuid);
    match asker {
        Asker::Any => Vec::new(),
        Asker::SomeUser => vec![terms.is_not_null(sub), terms.is_not_null(id)],
        Asker::Nobody => {
            // The key's own claims say nothing of a user.
            let of_key = ["role", "iss", "ref", "aud", "iat", "exp"];
            let of_user = |path: &[std::sync::Arc<str>]| path.first().is_some_and(|key| !of_key.contains(&&**key));
            let mut all = Vec::new();
            for claim in
                terms.claims().into_iter().filter(|(path, _)| of_user(path)).map(|(_, id)| id).collect::<Vec<_>>()
            {
                all.push(terms.is_null(claim));
            }
            all
        }
    }
}

/// What is known of a condition as the catalog prints it, without knowing who asks: whether it is TRUE for every row
/// and session, and whether for none.
#[must_use]
pub fn constancy(schema: &Schema, relation: &QualifiedName, text: &str) -> (bool, bool) {
    let Some(relation) = schema.relation(relation) else { return (false, false) };
    let mut resolver = Resolver::new(schema, None, Rights::Anyone);
    let row = resolver.terms.row(&relation.name, &relation.name.name);
    let condition = resolver.condition(text, relation, row);
    if resolver.failed {
        return (false, false);
    }
    let mut formula = Formula { resolver, relation, row, which: Which::Old, condition, api_role: None };
    let always = formula.is_always_true(Asker::Any) == Verdict::Proved;
    (always, !always && formula.is_never_true(Asker::Any) == Verdict::Proved)
}
