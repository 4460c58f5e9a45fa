//! Guests: the personas of a seeded database, who own rows in it, with the claims that its policies read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cast::{SLOTS, USERS, email, slot_of, tenant_id, user_id};
use super::persona::Persona;
use super::seed::{Seeded, primary_key};
use crate::access::{self, DeclaredPersona, words};
use crate::analyzer::effective::{Effective, Principal, Who};
use crate::model::{QualifiedName, Schema};

/// A persona, and who it is among the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The session.
    pub persona: Persona,
    /// The user that it is, if it is one of the cast.
    pub user: Option<usize>,
    /// Settings of the application beside those of a request.
    pub settings: BTreeMap<String, String>,
    /// Whether its session is one that the platform makes, so that proofs speak of it.
    pub is_standard: bool,
}

impl Guest {
    /// Who is somebody else to it: in another tenant, where it is in one.
    #[must_use]
    pub fn other(&self) -> usize {
        match self.user {
            Some(2) | None => 0,
            Some(3) => 1,
            Some(_) => 2,
        }
    }

    /// The slot of its own rows.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.user.map_or(0, slot_of)
    }
}

/// The guests of a principal, the least known first.
#[must_use]
pub fn guests(effective: &Effective<'_>, seeded: &Seeded, principal: &Principal) -> Vec<Guest> {
    let keys = Keys::of(effective.schema());
    let mut all: Vec<_> = Persona::of(principal)
        .into_iter()
        .map(|persona| Guest { persona, user: None, settings: BTreeMap::new(), is_standard: true })
        .collect();
    let users = match principal.who {
        Who::SignedIn => USERS,
        // Programs say who asks by a setting.
        Who::Login | Who::Group | Who::ApiRole if !keys.settings.is_empty() => USERS,
        _ => 0,
    };
    let cast = Cast { effective, seeded, keys };
    all.extend((0..users).map(|user| cast.guest(principal, user)));
    if principal.who == Who::SignedIn {
        let mut bare = cast.guest(principal, 0);
        bare.persona.name = "user 1 without app_metadata".to_owned();
        if let Some(Value::Object(claims)) = &mut bare.persona.claims {
            claims.retain(|key, _| ["sub", "role", "aud"].contains(&key.as_str()));
        }
        all.push(bare);
        if cast.keys.claims.iter().any(|path| path == &["aal"]) {
            let mut strong = cast.guest(principal, 0);
            strong.persona.name = "user 1 with a second factor".to_owned();
            if let Some(claims) = &mut strong.persona.claims {
                claims["aal"] = json!("aal2");
            }
            all.push(strong);
        }
    }
    all
}

/// What of the session the application's code reads.
struct Keys {
    /// Paths of claims.
    claims: Vec<Vec<String>>,
    /// Settings of its own.
    settings: Vec<String>,
}

impl Keys {
    fn of(schema: &Schema) -> Self {
        let bodies =
            schema.functions.iter().filter(|f| f.extension.is_none() && f.id.schema != "auth").map(|f| &f.body);
        let policies = schema.relations.iter().flat_map(|r| &r.policies).flat_map(|p| [&p.using, &p.check]).flatten();
        let views = schema.relations.iter().filter_map(|r| r.view.as_ref()).map(|v| &v.definition);
        let (mut claims, mut settings) = (Vec::new(), Vec::new());
        for text in bodies.chain(policies).chain(views) {
            claims.extend(claim_paths(text));
            settings.extend(setting_names(text));
        }
        claims.sort();
        claims.dedup();
        settings.sort();
        settings.dedup();
        Self { claims, settings }
    }
}

/// `auth.jwt() -> 'app_metadata' ->> 'org_id'` is the path `app_metadata`, `org_id`.
fn claim_paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("->") {
        if before.contains("jwt") || before.contains("claims") || before.contains(';') {
            path.clear();
        }
        let last = after.starts_with('>');
        let after = after.trim_start_matches('>').trim_start();
        let Some((key, tail)) = after.strip_prefix('\'').and_then(|t| t.split_once('\'')) else {
            rest = after;
            continue;
        };
        path.push(key.to_owned());
        if last {
            found.push(std::mem::take(&mut path));
        }
        rest = tail;
    }
    found.retain(|path| path.first().is_some_and(|key| key != "user_metadata") && path.len() < 5);
    found
}

/// `current_setting('app.tenant_id', true)` is `app.tenant_id`.
fn setting_names(text: &str) -> Vec<String> {
    let each = text
        .split("current_setting(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('\'')?.split_once('\''));
    each.map(|(name, _)| name.to_owned()).filter(|name| name.contains('.') && !name.starts_with("request.")).collect()
}

struct Cast<'c, 'a> {
    effective: &'c Effective<'a>,
    seeded: &'c Seeded,
    keys: Keys,
}

impl Cast<'_, '_> {
    fn guest(&self, principal: &Principal, user: usize) -> Guest {
        let id = user_key(self.seeded, user);
        let mut claims = json!({
            "aal": "aal1",
            "app_metadata": {},
            "aud": "authenticated",
            "email": email(user),
            "is_anonymous": false,
            "role": principal.role,
            "sub": id,
            "user_metadata": {},
        });
        for path in &self.keys.claims {
            if let Some(value) = self.value(path.last().map_or("", String::as_str), user) {
                set(&mut claims, path, value);
            }
        }
        let settings = self.keys.settings.iter().filter_map(|name| {
            let key = name.rsplit('.').next().unwrap_or(name);
            Some((name.clone(), self.value(key, user)?.as_str()?.to_owned()))
        });
        let tenant = match user {
            2 => "tenant 2",
            3 => "both tenants",
            _ => "tenant 1",
        };
        Guest {
            settings: settings.collect(),
            persona: Persona {
                name: format!("user {} of {tenant}", user + 1),
                role: principal.role.clone(),
                is_api: principal.is_api(),
                claims: principal.is_api().then_some(claims),
            },
            user: Some(user),
            is_standard: true,
        }
    }

    /// What a key of the session says of a user, by what columns are compared with it, or else by its name.
    fn value(&self, key: &str, user: usize) -> Option<Value> {
        if let Some(value) = self.compared(key, user) {
            return Some(json!(value));
        }
        let name = key.to_lowercase();
        let many = name.strip_suffix('s').filter(|one| words::is_tenant(one) || one.ends_with("_id"));
        if let Some(one) = many {
            return Some(json!([self.value(one, user)?]));
        }
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if words::is_tenant(&name) || says(&["tenant", "org"]) {
            return Some(json!(self.tenant(user)));
        }
        if words::is_owner(&name) || says(&["user", "uid"]) {
            return Some(json!(user_key(self.seeded, user)));
        }
        if says(&["role"]) { Some(json!("member")) } else { None }
    }

    /// The value that a column which policies compare with the key has in the user's row.
    fn compared(&self, key: &str, user: usize) -> Option<String> {
        let quoted = [format!("'{key}'"), format!(".{key}'")];
        self.seeded.rows.iter().find_map(|(name, _)| {
            let relation = self.effective.schema().relation(name)?;
            let pairs = access::compared(self.effective, relation);
            let pair = pairs.iter().find(|p| quoted.iter().any(|q| p.asking.contains(q)))?;
            self.seeded.row(name, slot_of(user))?.cells.get(&pair.column)?.clone()
        })
    }

    fn tenant(&self, user: usize) -> String {
        tenant_key(self.effective.schema(), self.seeded, user)
    }
}

/// The id of a user in the database.
#[must_use]
pub fn user_key(seeded: &Seeded, user: usize) -> String {
    let tables = [QualifiedName::new("auth", "users"), QualifiedName::new("public", "users")];
    let row = tables.iter().find_map(|name| seeded.rows.get(name)?.iter().find(|row| row.slot == user));
    row.and_then(|row| row.cells.get("id")?.clone()).unwrap_or_else(|| user_id(user))
}

/// The id of a user's tenant in the database.
#[must_use]
pub fn tenant_key(schema: &Schema, seeded: &Seeded, user: usize) -> String {
    let is_tenants = |name: &&QualifiedName| words::is_tenant(name.name.strip_suffix('s').unwrap_or(&name.name));
    let id = seeded.rows.keys().find(is_tenants).and_then(|name| {
        let key = primary_key(schema.relation(name)?).first()?;
        seeded.row(name, slot_of(user))?.cells.get(key)?.clone()
    });
    id.unwrap_or_else(|| tenant_id(SLOTS.get(slot_of(user)).map_or(0, |slot| slot.tenant)))
}

/// The guest that a project declares.
#[must_use]
pub fn declared(effective: &Effective<'_>, seeded: &Seeded, persona: &DeclaredPersona) -> Guest {
    let principal = effective.principals().iter().find(|p| p.role == persona.role).cloned();
    let principal = principal.unwrap_or(Principal { role: persona.role.clone(), who: Who::ApiRole });
    let cast = Cast { effective, seeded, keys: Keys::of(effective.schema()) };
    let mut guest = cast.guest(&principal, persona.user);
    guest.persona.name.clone_from(&persona.name);
    guest.is_standard = false;
    let fill = |text: &str| {
        let both = (persona.user, guest.other());
        super::cases::fill(text, effective.schema(), seeded, both, str::to_owned)
    };
    let settings: BTreeMap<_, _> = persona.settings.iter().map(|(name, text)| (name.clone(), fill(text))).collect();
    let claims = persona.claims.as_ref().map(|claims| {
        let mut claims = each_text(&Value::Object(claims.clone()), &fill);
        set(&mut claims, &["role".to_owned()], json!(persona.role));
        claims
    });
    if claims.is_some() {
        guest.persona.is_api = true;
        guest.persona.claims = claims;
    }
    guest.settings.extend(settings);
    guest
}

/// A value with every text in it changed.
fn each_text(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => json!(change(text)),
        Value::Array(items) => items.iter().map(|item| each_text(item, change)).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), each_text(v, change))).collect()),
        other => other.clone(),
    }
}

/// Sets a claim unless it is there.
fn set(claims: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let Value::Object(map) = claims else { return };
    if rest.is_empty() {
        map.entry(first.clone()).or_insert(value);
    } else {
        set(map.entry(first.clone()).or_insert_with(|| Value::Object(Map::new())), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{claim_paths, setting_names};

    #[test]
    fn code_says_which_claims_it_reads() {
        let text = "(org_id = (((auth.jwt() -> 'app_metadata'::text) ->> 'org_id'::text))::uuid) and \
                    (auth.jwt() ->> 'aal') = 'aal2' and auth.jwt() -> 'user_metadata' ->> 'admin' = 'true'";
        assert_eq!(claim_paths(text), [vec!["app_metadata", "org_id"], vec!["aal"]]);
        assert_eq!(
            setting_names("current_setting( 'app.tenant_id', true) || current_setting('request.method')"),
            ["app.tenant_id"]
        );
    }
}
