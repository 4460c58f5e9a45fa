//! How a reader can see a finding with their own eyes: psql, curl and supabase-js.

use super::Context;
use crate::analyzer::effective::{Principal, Who};
use crate::finding::Reproduce;
use crate::model::{Platform, Relation};

impl Context<'_> {
    /// How to see that `principal` can read rows of `relation`.
    #[must_use]
    pub fn reproduce_read(&self, principal: &Principal, relation: &Relation) -> Reproduce {
        let select = format!("select * from {} limit 5;", relation.name);
        let sql = Some(as_principal(principal, &select));
        if !(principal.is_api() && self.effective.exposure().includes(&relation.name.schema))
            || self.schema.server.platform != Platform::Supabase
        {
            return Reproduce { sql, ..Reproduce::default() };
        }
        let token = if principal.who == Who::Anyone { "$SUPABASE_ANON_KEY" } else { "$USER_JWT" };
        let profile = match relation.name.schema.as_str() {
            "public" => String::new(),
            other => format!(" -H 'Accept-Profile: {}'", shell_quoted(other)),
        };
        let path = percent_encoded(&relation.name.name);
        let curl = format!(
            "curl \"$SUPABASE_URL/rest/v1/{path}?select=*&limit=5\" -H \"apikey: $SUPABASE_ANON_KEY\" -H \"Authorization: Bearer {token}\"{profile}"
        );
        let from = serde_json::Value::from(relation.name.name.as_str());
        let client = match relation.name.schema.as_str() {
            "public" => "supabase".to_owned(),
            other => format!("supabase.schema({})", serde_json::Value::from(other)),
        };
        let js = format!("await {client}.from({from}).select('*').limit(5)");
        Reproduce { sql, curl: Some(curl), supabase_js: Some(js) }
    }
}

/// A psql script that runs `statement` as the principal and changes nothing.
#[must_use]
pub(super) fn as_principal(principal: &Principal, statement: &str) -> String {
    let role = crate::model::quote_ident(&principal.role);
    let claims = match principal.who {
        Who::Anyone => Some(r#"{"role":"anon"}"#.to_owned()),
        Who::SignedIn => Some(format!(r#"{{"role":"authenticated","sub":"{NOBODY}"}}"#)),
        _ => None,
    };
    let claims = claims.map(|c| format!("select set_config('request.jwt.claims', '{c}', true);\n")).unwrap_or_default();
    format!("begin;\nset local role {role};\n{claims}{statement}\nrollback;")
}

/// A user id that no row carries by chance: what such a user sees, any user sees.
pub(super) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn shell_quoted(text: &str) -> String {
    text.replace('\'', r"'\''")
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
