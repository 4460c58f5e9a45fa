//! How a reader can see a finding with their own eyes: psql, curl and supabase-js.

use super::Context;
use crate::analyzer::effective::{Principal, Who};
use crate::finding::Reproduce;
use crate::impersonation::Persona;
use crate::model::{Platform, Relation, quote_ident, quote_literal};

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
    let role = quote_ident(&principal.role);
    let persona = Persona::of(principal).into_iter().next();
    let claims = persona.and_then(|p| p.claims).map(|claims| {
        let literal = quote_literal(&claims.to_string());
        format!("select set_config('request.jwt.claims', {literal}, true);\n")
    });
    let claims = claims.unwrap_or_default();
    format!("begin;\nset local role {role};\n{claims}{statement}\nrollback;")
}

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
