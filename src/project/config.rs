//! `supabase/config.toml` with the place of every setting.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// Its path, such as `auth.email.otp_length`.
    pub(crate) path: String,
    /// Its value.
    value: Value,
    /// From the key to the end of the value.
    pub(super) span: Range<usize>,
}

/// A value, as far as somebody asks for it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Truth(bool),
    Number(i64),
    Text(String),
    List(Vec<Value>),
    Other,
}

impl Value {
    fn of(value: &DeValue<'_>) -> Self {
        let number = |n: &toml::de::DeInteger<'_>| i64::from_str_radix(n.as_str(), n.radix()).ok();
        match value {
            DeValue::Boolean(truth) => Self::Truth(*truth),
            DeValue::Integer(n) => number(n).map_or(Self::Other, Self::Number),
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Array(list) => Self::List(list.iter().map(|one| Self::of(one.get_ref())).collect()),
            _ => Self::Other,
        }
    }
}

impl Setting {
    pub(crate) fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    pub(super) fn is_false(&self) -> bool {
        self.truth() == Some(false)
    }

    pub(super) fn is_true(&self) -> bool {
        self.truth() == Some(true)
    }

    pub(crate) fn number(&self) -> Option<i64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The texts of a list, and nothing else of it.
    pub(crate) fn texts(&self) -> Option<Vec<&str>> {
        let Value::List(list) = &self.value else { return None };
        let texts = list.iter().filter_map(|one| match one {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        Some(texts.collect())
    }
}

/// All settings of a text, those within tables too, in the order of their places; none if it is no TOML, which the
/// Supabase CLI says better than we.
pub(super) fn settings(text: &str) -> Vec<Setting> {
    let mut all = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(table.get_ref(), "", &mut all);
    }
    all.sort_by_key(|s| s.span.start);
    all
}

fn walk(table: &DeTable<'_>, above: &str, all: &mut Vec<Setting>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) => walk(inner, &path, all),
            other => all.push(Setting { path, value: Value::of(other), span: key.span().start..value.span().end }),
        }
    }
}

/// A path without the branch that it is for: `remotes.production.auth.x` is `auth.x`.
pub(super) fn within(path: &str) -> &str {
    path.strip_prefix("remotes.").and_then(|rest| rest.split_once('.')).map_or(path, |(_, inner)| inner)
}
