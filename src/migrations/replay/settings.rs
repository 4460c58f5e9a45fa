//! SET, RESET, `set_config` and DISCARD: what a session does to itself.

use super::catalog::Id;
use super::catalog::names::Space;
use super::run::{Result, Run, reject, state};
use super::session;
use crate::migrations::parse::data::Call;
use crate::migrations::parse::role::RoleSpec;
use crate::migrations::parse::setting::{Scope, Set, Setting, SettingValue};
use crate::model::quote_ident;

/// Settings that are lists of names, which are kept quoted.
const LISTS: [&str; 6] = [
    "search_path",
    "local_preload_libraries",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// The value of a setting as the catalog keeps it.
pub(super) fn text_of(name: &str, values: &[String]) -> String {
    if !LISTS.iter().any(|list| name.eq_ignore_ascii_case(list)) {
        return values.join(", ");
    }
    let quoted: Vec<_> = values.iter().map(|v| quote_ident(v)).collect();
    quoted.join(", ")
}

impl Run {
    pub(super) fn set(&mut self, set: &Set) -> Result {
        match set {
            Set::Setting(scope, setting) => self.set_setting(*scope == Scope::Local, setting),
            Set::Role(scope, role) => {
                let role = match role {
                    Some(role) => Some(self.role_to_become(role)?),
                    None => None,
                };
                self.session.set(*scope == Scope::Local, |state, _| state.role = role);
                Ok(())
            }
            Set::SessionAuthorization(scope, role) => {
                let role = match role {
                    Some(role) => Some(self.role(role)?),
                    None => None,
                };
                self.session.set(*scope == Scope::Local, |state, start| {
                    state.session_user = role.unwrap_or(start.session_user);
                    state.role = None;
                });
                Ok(())
            }
            Set::Other(_) => Ok(()),
        }
    }

    /// The role of a SET ROLE, which asks about the session's user, not about the role of now.
    fn role_to_become(&mut self, role: &RoleSpec) -> Result<Id> {
        let role = self.role(role)?;
        self.may_become(self.session.now.session_user, role)?;
        Ok(role)
    }

    fn set_setting(&mut self, local: bool, setting: &Setting) -> Result {
        let Some(name) = &setting.name else {
            // RESET ALL leaves role and session authorization alone.
            self.session.set(local, |state, start| {
                state.search_path.clone_from(&start.search_path);
                state.settings.clone_from(&start.settings);
            });
            return Ok(());
        };
        let value = match &setting.value {
            SettingValue::To(values) if name == "role" => return self.set_role_text(local, values),
            SettingValue::To(values) => Some(text_of(name, values)),
            SettingValue::FromCurrent => return Ok(()),
            SettingValue::Default => None,
        };
        self.set_text(local, name, value.as_deref());
        Ok(())
    }

    fn set_role_text(&mut self, local: bool, values: &[String]) -> Result {
        let role = match values.first().map(String::as_str) {
            None | Some("none") => None,
            Some(name) => Some(self.role_to_become(&RoleSpec::Name(name.to_owned()))?),
        };
        self.session.set(local, |state, _| state.role = role);
        Ok(())
    }

    fn set_text(&mut self, local: bool, name: &str, value: Option<&str>) {
        let path = value.map(session::path);
        self.session.set(local, |state, start| {
            if name.eq_ignore_ascii_case("search_path") {
                state.search_path = path.clone().unwrap_or_else(|| start.search_path.clone());
                return;
            }
            match value.or_else(|| start.settings.get(name).map(String::as_str)) {
                Some(value) => drop(state.settings.insert(name.to_owned(), value.to_owned())),
                None => drop(state.settings.remove(name)),
            }
        });
    }

    /// The value that a setting has now, if a statement said it.
    pub(super) fn current_setting(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case("search_path") {
            return Some(text_of(name, &self.session.now.search_path));
        }
        self.session.now.settings.get(name).cloned()
    }

    /// `set_config('name', 'value', local)`.
    pub(super) fn set_config(&mut self, call: &Call) -> Result {
        let literal = |at: usize| {
            let text = call.arguments.get(at)?.text.trim();
            let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(inner.replace("''", "'"))
        };
        let local = call.arguments.get(2).is_some_and(|a| a.text.trim().eq_ignore_ascii_case("true"));
        let (Some(name), Some(value)) = (literal(0), literal(1)) else { return Ok(()) };
        if name.eq_ignore_ascii_case("role") {
            return self.set_role_text(local, &[value]);
        }
        self.set_text(local, &name, Some(&value));
        Ok(())
    }

    pub(super) fn discard(&mut self, what: &str) {
        if what == "all" {
            self.session.discard();
        }
        if matches!(what, "all" | "temp" | "temporary") {
            self.drop_temporary();
        }
    }

    pub(super) fn connect(&mut self, user: Option<&str>) -> Result {
        self.session.discard();
        let Some(user) = user else { return Ok(()) };
        let Some(role) = self.catalog.role(user) else {
            return reject(state::UNDEFINED_OBJECT, format!("role `{user}` does not exist"));
        };
        self.session.set(false, |state, _| state.session_user = role);
        Ok(())
    }

    pub(super) fn language(&self, name: &str) -> Result<Id> {
        self.global(Space::Language, name, "language")
    }
}
