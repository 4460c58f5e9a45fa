//! Rows that a view shows a role and that its own policies keep from it.

use std::sync::Arc;

use super::Which;
use super::session::known;
use super::variants::{By, asker_of, nothing_given};
use super::{Decider, pick};
use crate::analyzer::effective::{Extent, Refusal};
use crate::analyzer::resolve::{Resolver, Rights};
use crate::analyzer::term::{Id, Query, Row};
use crate::analyzer::verdict::{Question, Reason, Subject, Verdict};
use crate::model::{Command, Policy, Relation};

impl<'a> Decider<'a> {
    /// Whether every row of `base` that a SELECT by `role` on the view reads into its result is one that the role may
    /// select itself, or one of which `own` is TRUE.
    #[must_use]
    pub fn shows_no_more(
        &self,
        role: &str,
        view: &'a Relation,
        base: &'a Relation,
        own: Option<&str>,
        by: By,
    ) -> Verdict {
        let mut resolver = Resolver::new(self.effective, Rights::Role(role.to_owned()));
        let unknown = |reason: String| Verdict::Unknown(Reason::Abstraction(vec![Arc::from(reason)]));
        let branches = match resolver.rows_of_view(view, false) {
            Ok(branches) => branches,
            Err(reason) => return unknown(reason),
        };
        let yes = resolver.terms.boolean(true);
        let queries: Vec<Query> = branches.iter().map(|b| b.query(&mut resolver.terms, yes)).collect();
        let mut verdict = Verdict::Proved;
        for query in queries {
            let is_base = |row: &Row| resolver.terms.row_info(*row).is_some_and(|info| *info.relation == base.name);
            let rows: Vec<Row> = query.rows.iter().copied().filter(is_base).collect();
            for row in rows {
                let mut kept = vec![self.selects(&mut resolver, role, base, row)];
                if let Some(own) = own {
                    let rights = resolver.set_rights(Rights::Everything);
                    kept.push(resolver.condition(own, base, row));
                    resolver.set_rights(rights);
                }
                match self.put(&mut resolver, role, &query, &kept, by) {
                    Verdict::Proved => {}
                    violated @ Verdict::Violated(_) => return violated,
                    unknown @ Verdict::Unknown(_) => verdict = unknown,
                }
            }
        }
        verdict
    }

    /// Whether the role may select a row.
    pub(super) fn selects(&self, resolver: &mut Resolver<'a>, role: &str, base: &'a Relation, row: Row) -> Id {
        let access = self.effective.access(role, base, Command::Select);
        if matches!(access.extent, Extent::None(Refusal::Schema | Refusal::Privilege)) {
            return resolver.terms.boolean(false);
        }
        if !access.row_security.applies() {
            return resolver.terms.boolean(true);
        }
        let policies: Vec<&Policy> = self.effective.policies(role, base, Command::Select).collect();
        let each = resolver.policies_of(&policies, base, row, pick(Which::Old));
        resolver.join(&each)
    }

    fn put(&self, resolver: &mut Resolver<'a>, role: &str, query: &Query, fails: &[Id], by: By) -> Verdict {
        let mut assume = known(&mut resolver.terms, asker_of(self.effective, role));
        let mut limits = self.limits;
        if by == By::Stranger {
            limits.rows = 0;
            assume.extend(nothing_given(&mut resolver.terms));
        }
        let world = resolver.world();
        let question = Question {
            terms: &resolver.terms,
            subjects: query.rows.iter().map(|row| Subject { row: *row, stored: true }).collect(),
            holds: vec![query.condition],
            fails: fails.to_vec(),
            assume,
            world: &world,
            limits,
        };
        question.decide()
    }
}
