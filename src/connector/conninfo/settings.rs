//! Settings as text, gathered in libpq's order; the first source to name a setting wins.

use std::collections::BTreeMap;

use super::environment::Environment;
use super::keyword::{self, KEYWORDS, Owner, Support};
use super::{keyvalue, service, url};
use crate::connector::ConnectError;

/// libpq settings by keyword, with what there was to say about the ones that are not used.
#[derive(Default)]
pub(super) struct Settings {
    values: BTreeMap<&'static str, String>,
    foreign: BTreeMap<String, String>,
}

impl Settings {
    /// Gathers settings: connection string (and where it stands), then service file, then environment; libpq's order.
    ///
    /// # Errors
    ///
    /// For what cannot be read, is unknown, or demands something that we cannot give.
    pub(super) fn gather(conninfo: Option<(&str, &str)>, env: &Environment) -> Result<Self, ConnectError> {
        let mut settings = Self::default();
        if let Some((place, text)) = conninfo {
            settings.read_conninfo(text).map_err(|error| error.within(&format!("`{place}`")))?;
        }
        for keyword in ["service", "servicefile"] {
            settings.fill_from_environment(keyword, env);
        }
        if let Some(name) = settings.get("service") {
            let found = service::read(name, settings.get("servicefile"), env)?;
            for (keyword, value) in found {
                settings.fill(keyword, value);
            }
        }
        for keyword in KEYWORDS {
            settings.fill_from_environment(keyword.name, env);
        }
        settings.refuse_what_we_cannot_give()?;
        Ok(settings)
    }

    /// A setting's value; an empty one means the default, as it does to libpq.
    pub(super) fn get(&self, keyword: &str) -> Option<&str> {
        self.values.get(keyword).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that only another tool understands.
    pub(super) fn foreign(&self, keyword: &str) -> Option<&str> {
        self.foreign.get(keyword).map(String::as_str)
    }

    /// What the user wrote to no effect, one sentence for each kind.
    pub(super) fn notes(&self) -> Vec<String> {
        let idle: Vec<_> = KEYWORDS
            .iter()
            .filter(|keyword| keyword.support == Support::NoEffect && self.get(keyword.name).is_some())
            .map(|keyword| format!("`{}`", keyword.name))
            .collect();
        let foreign: Vec<_> =
            self.foreign.keys().filter(|name| *name != "pgbouncer").map(|name| format!("`{name}`")).collect();
        let mut notes = Vec::new();
        if !idle.is_empty() {
            notes.push(format!("connection settings without effect here: {}", idle.join(", ")));
        }
        if !foreign.is_empty() {
            notes.push(format!("connection settings of other tools, ignored: {}", foreign.join(", ")));
        }
        notes
    }

    fn read_conninfo(&mut self, text: &str) -> Result<(), ConnectError> {
        let pairs = if url::is_url(text) { url::parse(text)? } else { keyvalue::parse(text)? };
        for (name, value) in pairs {
            match keyword::lookup(&name)? {
                // Within one connection string the last mention wins.
                Owner::Libpq(keyword) => drop(self.values.insert(keyword.name, value)),
                Owner::Foreign => drop(self.foreign.insert(name, value)),
            }
        }
        Ok(())
    }

    fn fill(&mut self, keyword: &'static str, value: String) {
        self.values.entry(keyword).or_insert(value);
    }

    fn fill_from_environment(&mut self, name: &str, env: &Environment) {
        let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) else { return };
        if let Some(value) = keyword.variable.and_then(|variable| env.variable(variable)) {
            self.fill(keyword.name, value.to_owned());
        }
    }

    fn refuse_what_we_cannot_give(&self) -> Result<(), ConnectError> {
        for keyword in KEYWORDS {
            let Support::Refused(default) = keyword.support else { continue };
            if self.get(keyword.name).is_some_and(|value| value != default) {
                let message = format!("the connection setting `{}` is not supported", keyword.name);
                return Err(ConnectError::setting(message, "remove it for this connection, if you can do without it"));
            }
        }
        match self.get("gssencmode") {
            Some("require") => Err(ConnectError::setting(
                "`gssencmode=require` is not supported",
                "use TLS: `sslmode=verify-full` with `gssencmode=disable`",
            )),
            _ => Ok(()),
        }
    }
}
