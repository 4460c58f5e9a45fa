//! What a verdict rests on beside the model, said out loud.

use std::fmt;

use super::Caller;
use crate::model::{FunctionId, QualifiedName, printable};

/// Something that a verdict assumes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assumption {
    /// How statements reach the database.
    Caller(Caller),
    /// The claim `role`, if there is one, names the role that asks.
    ClaimedRole,
    /// Whoever holds the public key alone has no user claims.
    KeyWithoutUser,
    /// Sessions of the role carry the user's claim `sub`.
    SignedIn,
    /// A `sub` claim that is read as a uuid is one.
    SubjectIsUuid,
    /// The function reads the session's token, as the platform's own of that name does.
    KnownBody(FunctionId),
    /// The function has no `search_path` of its own and is read under the usual one.
    SearchPath(FunctionId),
    /// The function is not read, and means the same before and after.
    SameFunction(QualifiedName),
    /// NOT NULL, keys and CHECK constraints of the relation, as the server enforces them.
    Constraints(QualifiedName),
    /// The claim is taken as it comes, and users can choose it.
    UserChosen(String),
    /// Arithmetic stays within the range of its type.
    InRange,
    /// What is not understood, and decides nothing in the witness, raises no error there.
    NoError(String),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(Caller::Sql) => f.write_str("the role may run any statement"),
            Self::Caller(Caller::DataApi) => {
                f.write_str("statements come through the Data API: each UPDATE and DELETE has a WHERE")
            }
            Self::ClaimedRole => f.write_str("the claim role, if there is one, names the role that asks"),
            Self::SignedIn => f.write_str("sessions of the role carry the claim sub of a signed-in user"),
            Self::KeyWithoutUser => f.write_str("requests with the public key alone carry no claims of a user"),
            Self::SubjectIsUuid => f.write_str("the claim sub, where it is read as a uuid, is one"),
            Self::KnownBody(function) => {
                write!(f, "{function} reads the claims in request.jwt.claims; claims are not set one by one")
            }
            Self::SearchPath(function) => {
                write!(
                    f,
                    "{function} sets no search_path: it runs under public, extensions, and nobody shadows what it names"
                )
            }
            Self::SameFunction(name) => write!(f, "{name}, which is not understood, does the same before and after"),
            Self::Constraints(relation) => write!(f, "NOT NULL, keys and CHECK constraints of {relation} hold"),
            Self::UserChosen(claim) => write!(f, "the claim {} is what the user makes it", printable(claim)),
            Self::NoError(what) => match what.strip_prefix("::") {
                Some(cast) => write!(f, "a cast to {cast} raises no error, whatever it gives"),
                None => write!(f, "{what} raises no error, whatever it gives"),
            },
            Self::InRange => f.write_str("arithmetic stays within the range of its type"),
        }
    }
}
