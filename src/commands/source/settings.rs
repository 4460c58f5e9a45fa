//! What a Supabase project says of itself in `supabase/config.toml`, as far as a throw-away server can follow it.

use crate::project::config::Setting;

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
    /// What the settings of a project come to.
    pub(super) fn of(settings: &[Setting]) -> Self {
        let said = |path: &str| settings.iter().find(|setting| setting.path == path);
        let schemas = said("api.schemas").and_then(Setting::texts);
        Self {
            exposed_schemas: schemas.map(|list| list.into_iter().map(str::to_owned).collect()),
            expose_new_tables: said("api.auto_expose_new_tables").and_then(Setting::truth),
            major: said("db.major_version").and_then(|setting| u32::try_from(setting.number()?).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Files, Text};

    fn of(text: &str) -> ProjectConfig {
        let config = Text { path: "config.toml".to_owned(), text: text.to_owned() };
        ProjectConfig::of(Files::new(Vec::new(), Some(config), Vec::new()).settings())
    }

    #[test]
    fn says_what_the_file_says() {
        let text = "[api]\nschemas = ['api', 3]\nauto_expose_new_tables = false\n[db]\nmajor_version = 17\n";
        let expected = ProjectConfig {
            exposed_schemas: Some(vec!["api".to_owned()]),
            expose_new_tables: Some(false),
            major: Some(17),
        };
        assert_eq!(of(text), expected);
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for text in ["[api", "api = 3\ndb = []", "[api]\nschemas = 'x'\n[db]\nmajor_version = -1"] {
            assert_eq!(of(text), ProjectConfig::default(), "{text}");
        }
    }
}
