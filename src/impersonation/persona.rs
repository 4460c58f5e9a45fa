//! Personas: the sessions that clients can have, each a role with the claims of its token.
//!
//! Findings tell readers how to see a leak in psql with the claims of the first persona of a principal, so that they
//! see what the tester saw.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::analyzer::effective::{Principal, Who};

/// A user id that no row carries by chance: what such a user sees, any user sees.
pub const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The same for a user who signed in without giving a name.
const ANONYMOUS: &str = "00000000-0000-4000-8000-000000000001";

/// The claims that stacks older than PostgREST 9 read, one setting each.
const OLDER_CLAIMS: [&str; 3] = ["email", "role", "sub"];

/// A session that a client can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Who it is, fit to follow `as`: `anon`, `a signed-in user`.
    pub name: String,
    /// The role it acts as.
    pub role: String,
    /// Whether it comes through the Data API.
    pub is_api: bool,
    /// The claims of its token; `None` for a request without one, and for roles that log in.
    pub claims: Option<Value>,
}

impl Persona {
    /// The sessions that clients of a principal can have, the most telling first.
    ///
    /// None of them is anybody: the signed-in user owns no row, so that what it sees, every user sees.
    #[must_use]
    pub fn of(principal: &Principal) -> Vec<Self> {
        let role = principal.role.as_str();
        let persona = |name: &str, claims: Option<Value>| Self {
            name: name.to_owned(),
            role: role.to_owned(),
            is_api: principal.is_api(),
            claims,
        };
        let plain = crate::model::printable(role);
        match principal.who {
            Who::Anyone => {
                vec![persona(&plain, Some(json!({ "role": role }))), persona(&format!("{plain} without a token"), None)]
            }
            Who::SignedIn => vec![
                persona("a signed-in user", Some(user(role, NOBODY, "nobody@example.invalid", false))),
                persona("an anonymous sign-in", Some(user(role, ANONYMOUS, "", true))),
            ],
            Who::ApiRole | Who::Service => vec![persona(&plain, Some(json!({ "role": role })))],
            Who::Login | Who::Group => vec![persona(&plain, None)],
        }
    }

    /// What tells it from other personas: roles may bear any name, even that of a persona.
    pub(super) fn key(&self) -> (String, String) {
        (self.role.clone(), self.name.clone())
    }

    /// The settings that a request of this persona starts with, by name, as PostgREST makes them.
    ///
    /// The path of the relation is not among them. Empty for roles that log in: nobody sets anything for them.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, String> {
        if !self.is_api {
            return BTreeMap::new();
        }
        let claims = self.claims.as_ref().map(Value::to_string).unwrap_or_default();
        let older = OLDER_CLAIMS.map(|name| {
            let claim = self.claims.as_ref().and_then(|c| c.get(name)?.as_str());
            (format!("request.jwt.claim.{name}"), claim.unwrap_or_default().to_owned())
        });
        let request = [
            ("request.cookies", "{}"),
            ("request.headers", "{}"),
            ("request.jwt.claims", claims.as_str()),
            ("request.method", "GET"),
        ];
        request.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().chain(older).collect()
    }
}

/// The claims of a user's token, as Supabase's authentication server makes them.
fn user(role: &str, id: &str, email: &str, is_anonymous: bool) -> Value {
    json!({
        "aal": "aal1",
        "app_metadata": {},
        "aud": "authenticated",
        "email": email,
        "is_anonymous": is_anonymous,
        "role": role,
        "sub": id,
        "user_metadata": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn personas(role: &str, who: Who) -> Vec<Persona> {
        Persona::of(&Principal { role: role.to_owned(), who })
    }

    #[test]
    fn the_anon_key_carries_its_role_and_no_user() {
        let [key, bare] = personas("anon", Who::Anyone).try_into().unwrap();
        assert_eq!(key.settings()["request.jwt.claims"], r#"{"role":"anon"}"#);
        assert_eq!(key.settings()["request.jwt.claim.sub"], "");
        assert_eq!(bare.settings()["request.jwt.claims"], "");
    }

    #[test]
    fn signed_in_users_are_somebody_else() {
        let [user, anonymous] = personas("authenticated", Who::SignedIn).try_into().unwrap();
        assert_eq!(user.settings()["request.jwt.claim.sub"], NOBODY);
        assert_eq!(anonymous.claims.unwrap()["is_anonymous"], true);
    }

    #[test]
    fn roles_that_log_in_have_no_claims() {
        assert!(personas("reporting", Who::Login).iter().all(|p| p.settings().is_empty()));
    }
}
