//! Whether what users say of themselves decides anything.

use super::{Asker, Caller, Decider, Which};
use crate::analyzer::term::Term;
use crate::analyzer::verdict::{Reason, Verdict};
use crate::analyzer::witness::Witness;
use crate::model::{Command, Relation};

/// What a session says of its user and its user has a say in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Said {
    /// What users write into their own metadata: `user_metadata` of the claims, `raw_user_meta_data` of `auth.users`.
    Metadata,
    /// The e-mail address in the claims.
    Email,
}

impl Said {
    /// The claim that says it.
    #[must_use]
    pub fn claim(self) -> &'static str {
        match self {
            Self::Metadata => "user_metadata",
            Self::Email => "email",
        }
    }
}

/// A session that reaches a row or not by what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hinge {
    /// The session, and the rows.
    pub witness: Box<Witness>,
    /// Whether the row is reached with it and not without; else without and not with it.
    pub gains: bool,
}

impl<'a> Decider<'a> {
    /// A signed-in user's session that reaches a row with what it says and not without, or the other way round.
    ///
    /// # Errors
    /// When that is not known.
    pub fn hinges_on(
        &self,
        said: Said,
        role: &str,
        relation: &'a Relation,
        (command, which): (Command, Which),
    ) -> Result<Option<Hinge>, Reason> {
        let mut formula = self.access(role, relation, command, which, Caller::Sql);
        let whole = formula.whole();
        let terms = &mut formula.resolver.terms;
        let with = terms.and(&whole);
        let without = terms.replace(with, &|term| match term {
            Term::Claim(path, _) if path.first().is_some_and(|key| **key == *said.claim()) => Some(Term::Null),
            Term::Column(_, name) if said == Said::Metadata && &**name == "raw_user_meta_data" => Some(Term::Null),
            _ => None,
        });
        for (holds, fails, gains) in [(with, without, true), (without, with, false)] {
            match formula.decide(&[holds], &[fails], Asker::SomeUser) {
                Verdict::Proved => {}
                Verdict::Violated(witness) => return Ok(Some(Hinge { witness, gains })),
                Verdict::Unknown(reason) => return Err(reason),
            }
        }
        Ok(None)
    }
}
