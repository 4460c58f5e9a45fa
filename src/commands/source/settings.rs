//! What a Supabase project says of itself in `supabase/config.toml`, as far as a throw-away server can follow it.

use std::path::Path;

use crate::migrations::layout;

/// The settings of a project; each `None` where the file does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProjectConfig {
    /// `[api] schemas`: what the Data API serves.
    pub(super) exposed_schemas: Option<Vec<String>>,
    /// `[api] auto_expose_new_tables`: whether new objects of `public` are granted to the Data API's roles.
    pub(super) expose_new_tables: Option<bool>,
    /// `[db] major_version`: the Postgres that it runs on.
    pub(super) major: Option<u32>,
}

impl ProjectConfig {
    /// The settings of the project that the migrations at `path` belong to.
    pub(super) fn of(path: &Path) -> Self {
        Self::read(path).unwrap_or_default()
    }

    fn read(path: &Path) -> Option<Self> {
        let file = layout::config_file(path)?;
        let config: toml::Table = std::fs::read_to_string(file).ok()?.parse().ok()?;
        let key = |table: &str, key: &str| config.get(table)?.get(key).cloned();
        let schemas = key("api", "schemas");
        let schemas = schemas.as_ref().and_then(toml::Value::as_array);
        Some(Self {
            exposed_schemas: schemas.map(|list| list.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect()),
            expose_new_tables: key("api", "auto_expose_new_tables").and_then(|v| v.as_bool()),
            major: key("db", "major_version").and_then(|v| u32::try_from(v.as_integer()?).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_from_the_project_and_from_its_migrations() {
        let dir = tempfile::tempdir().unwrap();
        let migrations = dir.path().join("supabase/migrations");
        std::fs::create_dir_all(&migrations).unwrap();
        let text = "[api]\nschemas = ['api']\nauto_expose_new_tables = false\n[db]\nmajor_version = 17\n";
        std::fs::write(dir.path().join("supabase/config.toml"), text).unwrap();
        let expected = ProjectConfig {
            exposed_schemas: Some(vec!["api".to_owned()]),
            expose_new_tables: Some(false),
            major: Some(17),
        };
        for path in [&migrations, dir.path()] {
            assert_eq!(ProjectConfig::of(path), expected);
        }
        let plain = dir.path().join("db");
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(ProjectConfig::of(&plain), ProjectConfig::default());
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["[api", "api = 3\ndb = []", "[api]\nschemas = 'x'\n[db]\nmajor_version = -1"] {
            std::fs::write(dir.path().join("config.toml"), text).unwrap();
            assert_eq!(ProjectConfig::of(dir.path()), ProjectConfig::default(), "{text}");
        }
    }
}
