//! Several conditions on the same row of a relation, and on variants of it, as one role: for questions that hold one
//! command, policy or row against another.
//!
//! A [`Formula`](super::Formula) asks about one condition. Here any number of them share an arena, so that a question may
//! demand some and deny others: rows that can be deleted and not read, a new row that passes where the old one would not.

use std::collections::HashMap;

use super::access::pick;
use super::session::known;
use super::{Asker, Decider, Which};
use crate::analyzer::effective::{Effective, Extent, Refusal, Who};
use crate::analyzer::resolve::{Resolver, Rights};
use crate::analyzer::term::{Access, Id, Row, Terms};
use crate::analyzer::verdict::{Question, Subject, Verdict, World};
use crate::analyzer::witness::Witness;
use crate::model::{Command, ConstraintKind, Policy, Relation, RelationKind};

/// Who a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Any session of the role, with any rows in the database.
    Anyone,
    /// A session of the role of which nothing is known but who it is: no rows beside those in question, no claim that
    /// the application gave it. What such a session can do, everyone who signs up can.
    Stranger,
}

/// The claims that whoever signs in has, and those that users choose themselves; any other is given by the application.
const COMMON_CLAIMS: &[&str] = &[
    "aal",
    "amr",
    "aud",
    "email",
    "exp",
    "iat",
    "is_anonymous",
    "iss",
    "jti",
    "phone",
    "ref",
    "role",
    "session_id",
    "sub",
    "user_metadata",
];

/// Conditions on one stored row and its variants.
#[derive(Debug)]
pub struct Variants<'a> {
    decider: Decider<'a>,
    relation: &'a Relation,
    role: String,
    asker: Asker,
    resolver: Resolver<'a>,
    row: Row,
    /// CHECK constraints of variants.
    assume: Vec<Id>,
    known: HashMap<(Row, String), Id>,
    /// What the schema guarantees, and for how many row variables that was worked out.
    world: (usize, World),
}

impl<'a> Decider<'a> {
    /// No conditions yet, on a stored row of `relation`, for questions about `role`.
    #[must_use]
    pub fn variants(&self, role: &str, relation: &'a Relation) -> Variants<'a> {
        let mut resolver = Resolver::new(self.effective, Rights::Role(role.to_owned()));
        let row = resolver.terms.row(&relation.name, &relation.name.name);
        Variants {
            decider: *self,
            relation,
            role: role.to_owned(),
            asker: asker_of(self.effective, role),
            resolver,
            row,
            assume: Vec::new(),
            known: HashMap::new(),
            world: (usize::MAX, World::default()),
        }
    }
}

impl<'a> Variants<'a> {
    /// The row in question.
    #[must_use]
    pub fn row(&self) -> Row {
        self.row
    }

    /// A row that is about to be written and is like the one in question but for some columns.
    pub fn variant(&mut self, columns: &[&str]) -> Row {
        self.variant_of(self.row, columns)
    }

    /// Any row that is about to be written.
    pub fn new_row(&mut self) -> Row {
        let all: Vec<_> = self.relation.columns.iter().map(|c| c.name.as_str()).collect();
        self.variant(&all)
    }

    /// A row that is about to be written and is like another but for some columns. The other must not be like a third.
    pub fn variant_of(&mut self, other: Row, columns: &[&str]) -> Row {
        let row = self.resolver.terms.row(&self.relation.name, "new");
        self.resolver.vary(row, other, columns);
        for constraint in self.relation.constraints.iter().filter(|c| c.enforced) {
            if let ConstraintKind::Check(text) = &constraint.kind {
                let check = self.condition(text, row);
                let terms = &mut self.resolver.terms;
                let refused = terms.not(check);
                let refused = terms.is_true(refused);
                self.assume.push(terms.not(refused));
            }
        }
        row
    }

    /// The condition under which the role may do `command` to `row`, by the policies' condition on the old or new row.
    pub fn access(&mut self, command: Command, which: Which, row: Row) -> Id {
        let access = self.decider.effective.access(&self.role, self.relation, command);
        let refused =
            matches!(access.extent, Extent::None(Refusal::Schema | Refusal::Privilege | Refusal::NotUpdatable));
        if refused || self.relation.kind == RelationKind::View || !access.row_security.applies() {
            return self.resolver.terms.boolean(!refused);
        }
        let policies: Vec<_> = self.decider.effective.policies(&self.role, self.relation, command).collect();
        self.policies(&policies, which, row)
    }

    /// The condition of some policies together: permissive OR-ed, restrictive AND-ed.
    pub fn policies(&mut self, policies: &[&Policy], which: Which, row: Row) -> Id {
        let each: Vec<_> =
            policies.iter().map(|p| (*p, pick(which)(p).map(|text| self.condition(text, row)))).collect();
        self.resolver.join(&each)
    }

    /// A condition as the catalog prints it. The same text on the same row is the same condition.
    pub fn condition(&mut self, text: &str, row: Row) -> Id {
        let key = (row, text.to_owned());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = self.resolver.condition(text, self.relation, row);
        self.known.insert(key, id);
        id
    }

    /// That a column is NULL.
    pub fn is_null(&mut self, column: &str, row: Row) -> Id {
        let column = self.column(column, row);
        self.resolver.terms.is_null(column)
    }

    /// That a column has a value in both rows, and not the same.
    pub fn differs(&mut self, column: &str, one: Row, other: Row) -> Id {
        let (one, other) = (self.column(column, one), self.column(column, other));
        self.resolver.terms.not_equal(one, other)
    }

    /// That all of them hold.
    pub fn all(&mut self, conditions: &[Id]) -> Id {
        self.resolver.terms.and(conditions)
    }

    /// Whether the condition reads the columns of a row at all.
    #[must_use]
    pub fn reads_row(&self, condition: Id) -> bool {
        !self.resolver.terms.free_rows(condition).is_empty()
    }

    fn column(&mut self, name: &str, row: Row) -> Id {
        match self.resolver.column_named(self.relation, row, name) {
            Some(id) => id,
            None => self.resolver.terms.null(crate::analyzer::term::Type::Bool),
        }
    }

    /// A session and rows in which all of `holds` are TRUE and none of `fails` is, if there are any.
    pub fn find(&mut self, holds: &[Id], fails: &[Id], by: By) -> Option<Box<Witness>> {
        match self.ask(holds, fails, by) {
            Verdict::Violated(witness) => Some(witness),
            _ => None,
        }
    }

    /// Whether all of `holds` can be TRUE and none of `fails`: "violated" says that they can.
    pub fn ask(&mut self, holds: &[Id], fails: &[Id], by: By) -> Verdict {
        // Most questions end here. Policies that call for themselves let nothing through.
        let is_not = |id: &Id| self.resolver.terms.constant(*id).is_some_and(|c| c != Some(true));
        if holds.iter().any(is_not) || self.resolver.recursion.is_some() {
            return Verdict::Proved;
        }
        let mut assume = self.assume.clone();
        assume.extend(known(&mut self.resolver.terms, self.asker));
        if self.decider.effective.principals().iter().any(|p| p.role == self.role && p.is_api()) {
            assume.push(self.claimed_role());
        }
        let mut limits = self.decider.limits;
        if by == By::Stranger {
            limits.rows = 0;
            assume.extend(nothing_given(&mut self.resolver.terms));
        }
        if self.world.0 != self.resolver.terms.rows().count() {
            let world = self.resolver.world();
            self.world = (self.resolver.terms.rows().count(), world);
        }
        let terms = &self.resolver.terms;
        let mut rows: Vec<Row> = holds.iter().chain(fails).flat_map(|id| terms.free_rows(*id).to_vec()).collect();
        rows.sort_unstable();
        rows.dedup();
        let subjects = rows.into_iter().map(|row| Subject { row, stored: row == self.row }).collect();
        let world = &self.world.1;
        Question { terms, subjects, holds: holds.to_vec(), fails: fails.to_vec(), assume, world, limits }.decide()
    }

    /// A request made as a role by the API carries that role in its claims, if it has any.
    fn claimed_role(&mut self) -> Id {
        let terms = &mut self.resolver.terms;
        let (claimed, role) = (terms.claim(&["role"], Access::Text), terms.text(&self.role));
        let (none, same) = (terms.is_null(claimed), terms.equal(claimed, role));
        terms.or(&[none, same])
    }
}

/// Whose sessions a role's are.
pub(super) fn asker_of(effective: &Effective<'_>, role: &str) -> Asker {
    match effective.principals().iter().find(|p| p.role == role).map(|p| p.who) {
        Some(Who::Anyone) => Asker::Nobody,
        Some(Who::SignedIn) => Asker::SomeUser,
        _ => Asker::Any,
    }
}

/// That the session has no claim that the application gave it.
pub(super) fn nothing_given(terms: &mut Terms) -> Vec<Id> {
    let given = terms.claims();
    let given = given.into_iter().filter(|(path, _)| path.first().is_some_and(|k| !COMMON_CLAIMS.contains(&&**k)));
    given.map(|(_, claim)| terms.is_null(claim)).collect()
}
