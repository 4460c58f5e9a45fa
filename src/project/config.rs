//! `supabase/config.toml` with the place of every setting.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A setting.
pub(super) struct Setting<'a, 't> {
    /// Its path, such as `auth.email.otp_length`.
    pub(super) path: String,
    /// Its value.
    pub(super) value: &'a DeValue<'t>,
    /// From the key to the end of the value.
    pub(super) span: Range<usize>,
}

impl Setting<'_, '_> {
    pub(super) fn is_false(&self) -> bool {
        self.value.as_bool() == Some(false)
    }

    pub(super) fn is_true(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    pub(super) fn number(&self) -> Option<i64> {
        let number = self.value.as_integer()?;
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }
}

/// The text as a table; `None` if it is no TOML, which the Supabase CLI says better than we.
pub(super) fn parse(text: &str) -> Option<Spanned<DeTable<'_>>> {
    DeTable::parse(text).ok()
}

/// All settings, those within tables too, in the order of their places.
pub(super) fn settings<'a, 't>(table: &'a DeTable<'t>) -> Vec<Setting<'a, 't>> {
    let mut all = Vec::new();
    walk(table, "", &mut all);
    all.sort_by_key(|s| s.span.start);
    all
}

fn walk<'a, 't>(table: &'a DeTable<'t>, above: &str, all: &mut Vec<Setting<'a, 't>>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) => walk(inner, &path, all),
            other => all.push(Setting { path, value: other, span: key.span().start..value.span().end }),
        }
    }
}

/// A path without the branch that it is for: `remotes.production.auth.x` is `auth.x`.
pub(super) fn within(path: &str) -> &str {
    path.strip_prefix("remotes.").and_then(|rest| rest.split_once('.')).map_or(path, |(_, inner)| inner)
}
