//! Policies as conditions, and what row security shows of what a sub-select reads.

use super::privilege::is_rewriter;
use super::{Outcome, Resolver, Rights, ThroughView};
use crate::analyzer::effective::Columns;
use crate::analyzer::term::{Id, Row, Type};
use crate::model::{Command, Policy, QualifiedName, Relation};
use crate::sql::lex::Kind;
use crate::sql::parse;

/// Each policy with its condition; one without an expression has none.
pub(crate) type Conditions<'p> = Vec<(&'p Policy, Option<Id>)>;

impl Resolver<'_> {
    /// Whether a row of `relation` is seen by whoever evaluates.
    pub(super) fn row_security(&mut self, relation: &Relation, row: Row) -> Outcome<Id> {
        let (Rights::Role(role), Some(effective)) = (self.rights.clone(), self.effective) else {
            let is_bound = relation.row_security && self.rights != Rights::Everything;
            return Ok(match is_bound {
                true => self.terms.opaque(&format!("the row security of {}", relation.name), Type::Bool, &[row]),
                false => self.terms.boolean(true),
            });
        };
        let Some(relation) = self.schema.relation(&relation.name) else { return Ok(self.terms.boolean(true)) };
        if let Some(refused) = self.refused(relation) {
            return Ok(refused);
        }
        if !effective.row_security(&role, relation).applies() {
            return Ok(self.terms.boolean(true));
        }
        let policies: Vec<&Policy> = effective.policies(&role, relation, Command::Select).collect();
        let each = self.policies_of(&policies, relation, row, |p| p.using.as_deref());
        Ok(self.join(&each))
    }

    /// What is demanded of a row of `relation` by a write that a view passes on.
    pub(super) fn written(&mut self, write: ThroughView, relation: &Relation, row: Row) -> Outcome<Id> {
        let condition = self.policies_of_write(write, relation, row)?;
        self.written = Some((row, condition));
        Ok(condition)
    }

    fn policies_of_write(&mut self, write: ThroughView, relation: &Relation, row: Row) -> Outcome<Id> {
        let (Rights::Role(role), Some(effective)) = (self.rights.clone(), self.effective) else {
            return Ok(self.terms.boolean(true));
        };
        let Some(relation) = self.schema.relation(&relation.name) else { return Ok(self.terms.boolean(true)) };
        let access = effective.access(&role, relation, write.command);
        if access.columns == Columns::None {
            return Ok(self.terms.boolean(false));
        }
        if !access.row_security.applies() {
            return Ok(self.terms.boolean(true));
        }
        let policies: Vec<&Policy> = effective.policies(&role, relation, write.command).collect();
        let each = self.policies_of(&policies, relation, row, write.pick);
        let own = self.join(&each);
        if !write.reads {
            return Ok(own);
        }
        let seen = self.row_security(relation, row)?;
        Ok(self.terms.and(&[own, seen]))
    }

    /// The conditions of policies, each by itself.
    pub(crate) fn each_policy<'p>(
        &mut self,
        policies: &[&'p Policy],
        relation: &Relation,
        row: Row,
        pick: fn(&Policy) -> Option<&str>,
    ) -> Conditions<'p> {
        policies.iter().map(|p| (*p, pick(p).map(|text| self.condition(text, relation, row)))).collect()
    }

    /// The conditions of the policies that row security adds to a query of `relation`. Where they have sub-selects that
    /// come back to the same policies, the server refuses the whole query (42P17).
    pub(crate) fn policies_of<'p>(
        &mut self,
        policies: &[&'p Policy],
        relation: &Relation,
        row: Row,
        pick: fn(&Policy) -> Option<&str>,
    ) -> Conditions<'p> {
        if !policies.iter().filter_map(|p| pick(p)).any(has_sub_select) {
            return self.each_policy(policies, relation, row, pick);
        }
        let name = policies_name(&relation.name);
        if let Some(at) = self.inside.iter().rposition(|inside| *inside == name) {
            // Within a function it is found only when that runs.
            let between = self.inside.get(at..).unwrap_or_default();
            let is_rewritten = between.iter().all(|name| is_rewriter(name));
            // Only what no function stands around fails whatever is evaluated.
            if self.inside.iter().all(|name| is_rewriter(name)) {
                self.recursion.get_or_insert_with(|| relation.name.clone());
            }
            let reason = format!("{name}, which refer to themselves");
            let whole = match is_rewritten {
                true => self.terms.raise(Type::Bool),
                false => self.terms.opaque(&reason, Type::Bool, &[row]),
            };
            return policies.iter().map(|p| (*p, Some(whole))).collect();
        }
        if self.inside.len() >= super::DEPTH {
            let deep = self.terms.opaque("policies nested too deep", Type::Bool, &[row]);
            return policies.iter().map(|p| (*p, Some(deep))).collect();
        }
        self.inside.push(name);
        let each = self.each_policy(policies, relation, row, pick);
        self.inside.pop();
        each
    }

    /// Permissive policies OR-ed, restrictive ones AND-ed on top. A permissive policy without an expression lets
    /// nothing through, a restrictive one narrows nothing.
    pub(crate) fn join(&mut self, each: &Conditions<'_>) -> Id {
        let (mut any, mut all) = (Vec::new(), Vec::new());
        for (policy, condition) in each {
            if policy.permissive { any.extend(condition) } else { all.extend(condition) }
        }
        all.push(self.terms.or(&any));
        self.terms.and(&all)
    }
}

/// What stands before the relation while its policies are read.
pub(super) const POLICIES: &str = "the policies of ";

fn policies_name(relation: &QualifiedName) -> String {
    format!("{POLICIES}{relation}")
}

/// Whether the text of an expression has a sub-select.
fn has_sub_select(text: &str) -> bool {
    let is_select = |t: &crate::sql::lex::Token| {
        t.kind == Kind::Word && text.get(t.range()).is_some_and(|word| word.eq_ignore_ascii_case("select"))
    };
    // Migrations write VALUES and TABLE there too rarely to look for them; what cannot be read is taken to have one.
    parse::tokens(text).map_or(true, |tokens| tokens.iter().any(is_select))
}
