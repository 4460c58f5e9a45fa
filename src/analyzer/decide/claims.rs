//! Claims that users choose for themselves.

use std::sync::Arc;

use super::Assumption;
use crate::analyzer::term::{Id, Term, Terms};

/// The first key of claims of another session; no token has it.
const OTHER: &str = "\u{1}other";

/// The claim that Supabase lets users write.
const CHOSEN: &str = "user_metadata";

/// The term in another session of the same user: claims whose first key is not trusted may differ.
pub(super) fn with_other_claims(terms: &mut Terms, id: Id, trusted: &[String]) -> Id {
    let other = |term: &Term| match term {
        Term::Claim(path, access) => match path.first() {
            Some(key) if !trusted.iter().any(|t| **t == **key) => {
                let path: Vec<Arc<str>> = std::iter::once(Arc::from(OTHER)).chain(path.iter().cloned()).collect();
                Some(Term::Claim(path.into(), *access))
            }
            _ => None,
        },
        _ => None,
    };
    terms.replace(id, &other)
}

/// What the user makes it, where it is read.
pub(super) fn read(terms: &Terms) -> Option<Assumption> {
    let is_read = terms.claims().iter().any(|(path, _)| path.first().is_some_and(|key| &**key == CHOSEN));
    is_read.then(|| Assumption::UserChosen(CHOSEN.to_owned()))
}
