//! Whether what users write about themselves decides anything.

use super::{Asker, Caller, Decider, Which};
use crate::analyzer::term::Term;
use crate::analyzer::verdict::Verdict;
use crate::model::{Command, Relation};

impl<'a> Decider<'a> {
    /// Whether what users write into their own metadata (`user_metadata` of the claims, `raw_user_meta_data` of
    /// `auth.users`) changes nothing: with it and without, a signed-in user reaches the same rows.
    #[must_use]
    pub fn ignores_user_metadata(&self, role: &str, relation: &'a Relation, command: Command, which: Which) -> Verdict {
        let mut formula = self.access(role, relation, command, which, Caller::Sql);
        let whole = formula.whole();
        let terms = &mut formula.resolver.terms;
        let with = terms.and(&whole);
        let without = terms.replace(with, &|term| match term {
            Term::Claim(path, _) if path.first().is_some_and(|key| &**key == "user_metadata") => Some(Term::Null),
            Term::Column(_, name) if &**name == "raw_user_meta_data" => Some(Term::Null),
            _ => None,
        });
        match formula.decide(&[with], &[without], Asker::SomeUser) {
            Verdict::Proved => formula.decide(&[without], &[with], Asker::SomeUser),
            other => other,
        }
    }
}
