//! Who is asking: what is known of a session's claims.

use crate::analyzer::term::{Access, Id, Json, Terms, Type, Value};

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// Any session.
    Any,
    /// A session without user claims: no JWT, or the one of the anonymous key.
    Nobody,
    /// A session of a signed-in user.
    SomeUser,
    /// A session of a user who signed in without an account (`is_anonymous`).
    AnonymousUser,
    /// A session of a user who gave one factor only (`aal1`).
    OneFactor,
}

/// What is known of the sessions of an asker.
pub(super) fn known(terms: &mut Terms, asker: Asker) -> Vec<Id> {
    match asker {
        Asker::Any => Vec::new(),
        Asker::Nobody => nobody(terms),
        Asker::SomeUser => signed_in(terms),
        Asker::AnonymousUser => {
            let mut all = signed_in(terms);
            all.extend(claim_is(terms, "is_anonymous", "true", Json::Bool(true)));
            all
        }
        Asker::OneFactor => {
            let mut all = signed_in(terms);
            all.extend(claim_is(terms, "aal", "aal1", Json::String("aal1".into())));
            all
        }
    }
}

fn signed_in(terms: &mut Terms) -> Vec<Id> {
    let sub = terms.claim(&["sub"], Access::Text);
    let id = terms.cast(sub, &Type::Uuid);
    vec![terms.is_not_null(sub), terms.is_not_null(id)]
}

/// The claims of the key itself say nothing of a user.
fn nobody(terms: &mut Terms) -> Vec<Id> {
    let of_key = ["role", "iss", "ref", "aud", "iat", "exp"];
    let claims = terms.claims();
    let of_user = claims.iter().filter(|(path, _)| path.first().is_some_and(|key| !of_key.contains(&&**key)));
    of_user.map(|(_, claim)| terms.is_null(*claim)).collect()
}

/// The claim as text and as JSON.
fn claim_is(terms: &mut Terms, key: &str, text: &str, json: Json) -> [Id; 2] {
    let (as_text, text) = (terms.claim(&[key], Access::Text), terms.text(text));
    let (as_json, json) = (terms.claim(&[key], Access::Json), terms.literal(Value::Json(json.into()), Type::Jsonb));
    [terms.equal(as_text, text), terms.equal(as_json, json)]
}
