//! `pgwitness.toml`: what a project wants to be audited with, and how the file is found.
//!
//! The serde types are also the source of the JSON Schema (`pgwitness schema config`), so that editors and the
//! program agree.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finding::{Confidence, Severity};
use crate::model::Platform;
use crate::suppression::{Ignore, IgnoreTable};

/// The configuration file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "the tables [database], [audit], [access] and [[ignore]]")]
pub struct Config {
    /// The database to audit when the command line names none.
    pub database: DatabaseConfig,
    /// Defaults of `audit`.
    pub audit: AuditConfig,
    /// Where access rules are.
    pub access: AccessConfig,
    /// Findings that are accepted.
    #[schemars(with = "Vec<IgnoreTable>")]
    pub ignore: Vec<toml::Spanned<IgnoreTable>>,
}

/// `[access]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [access]")]
pub struct AccessConfig {
    /// The files that hold access rules, relative to this file, `*` and `?` allowed in their names; `policies/*.toml` by
    /// default. With an empty list no file is read.
    pub files: Option<Vec<String>>,
}

/// `[database]`
#[derive(Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [database]")]
pub struct DatabaseConfig {
    /// A libpq URL or keyword=value pairs; better without a password, which PGPASSWORD or ~/.pgpass give.
    pub url: Option<String>,
    /// The migrations that the database was made by, relative to this file: findings then point into them.
    pub migrations: Option<PathBuf>,
}

/// Never the URL, which may hold a password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("url", &self.url.as_ref().map(|_| "..."))
            .field("migrations", &self.migrations)
            .finish()
    }
}

/// `[audit]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [audit]")]
pub struct AuditConfig {
    /// Exit with 1 from this severity on; `high` by default.
    pub fail_on: Option<FailOn>,
    /// Do not exit with 3 when something could not be examined.
    pub allow_partial: Option<bool>,
    /// The schemas that the Data API serves, where the database does not say.
    pub exposed_schemas: Option<Vec<String>>,
    /// What stands around the database; detected by default.
    pub platform: Option<Platform>,
    /// Confirm findings by reading as the roles they are about; true by default.
    pub probes: Option<bool>,
    /// How much a run lets pass; `regular` by default.
    pub profile: Option<Profile>,
    /// Run only these checks; `*` stands for any part of an id.
    pub only: Option<Vec<String>>,
    /// Do not run these checks; `*` stands for any part of an id.
    pub skip: Option<Vec<String>>,
    /// Show only findings of this severity and above.
    pub min_severity: Option<Severity>,
    /// Show only findings that are at least as sure.
    pub confidence: Option<Confidence>,
    /// A file of findings that stood there when it was written, relative to this file.
    pub baseline: Option<PathBuf>,
    /// Give up on a statement after this long, such as `30s`; `30s` by default.
    pub statement_timeout: Option<Timeout>,
}

/// How much a run lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Fails from high on; ignores and the baseline take findings out
    #[default]
    Regular,
    /// Fails from medium on; an ignore without a reason hides nothing
    Strict,
    /// Fails from low on; nothing is taken out, whoever accepted it
    Auditor,
}

impl Profile {
    /// The severity from which on it fails.
    #[must_use]
    pub fn fail_on(self) -> FailOn {
        match self {
            Self::Regular => FailOn::High,
            Self::Strict => FailOn::Medium,
            Self::Auditor => FailOn::Low,
        }
    }
}

/// The severity from which on a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of severities")]
pub enum FailOn {
    Critical,
    #[default]
    High,
    Medium,
    Low,
    Info,
    /// No finding makes a run fail
    Never,
}

impl FailOn {
    /// The least severity that fails a run; `None` when none does.
    #[must_use]
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// A time limit with its unit: `500ms`, `30s`, `2min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Timeout(pub Duration);

impl Default for Timeout {
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "expected a time with a unit, such as 500ms, 30s or 2min".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, unit) = text.split_at(digits);
        let number: u32 = number.parse().map_err(|_| bad())?;
        let millis = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            _ => return Err(bad()),
        };
        if number == 0 {
            return Err("a statement needs more time than none".to_owned());
        }
        Ok(Self(Duration::from_millis(u64::from(number) * millis)))
    }
}

impl TryFrom<String> for Timeout {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A configuration and the file it came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The file; `None` when there is none.
    pub file: Option<PathBuf>,
    /// What it says.
    pub config: Config,
    /// Its ignores, with their places.
    pub ignores: Vec<Ignore>,
}

impl Loaded {
    /// The migrations that `[database] migrations` names.
    #[must_use]
    pub fn migrations(&self) -> Option<PathBuf> {
        self.config.database.migrations.as_ref().map(|path| self.beside(path))
    }

    /// The file that `[audit] baseline` names.
    #[must_use]
    pub fn baseline(&self) -> Option<PathBuf> {
        self.config.audit.baseline.as_ref().map(|path| self.beside(path))
    }

    /// A path relative to the configuration.
    fn beside(&self, path: &Path) -> PathBuf {
        self.file.as_ref().and_then(|f| f.parent()).unwrap_or(Path::new("")).join(path)
    }
}

/// Reads `named`, or else the nearest configuration file at or above `from`.
///
/// # Errors
/// When the file cannot be read, or says something that is not known: with file and line.
pub fn load(named: Option<&Path>, from: &Path) -> Result<Loaded, Error> {
    let file = named.map(Path::to_owned).or_else(|| nearest(from, &["pgwitness.toml", "supabase/pgwitness.toml"]));
    let Some(file) = file else { return Ok(Loaded::default()) };
    let text = std::fs::read_to_string(&file).map_err(|source| Error::file("read", &file, source))?;
    let config = parse(&text, &file)?;
    let ignores = IgnoreTable::placed(&config.ignore, &text, &file)?;
    Ok(Loaded { file: Some(file), config, ignores })
}

/// The first of `names` that exists in `from` or above it, up to the root of the repository.
///
/// Outside a repository only `from` itself counts: a file that somebody left in `/tmp` is not this project's.
#[must_use]
pub fn nearest(from: &Path, names: &[&str]) -> Option<PathBuf> {
    let root = from.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(from);
    let inside = from.ancestors().take_while(|dir| dir.starts_with(root));
    inside.flat_map(|dir| names.iter().map(move |name| dir.join(name))).find(|path| path.exists())
}

fn parse(text: &str, file: &Path) -> Result<Config, Error> {
    toml::from_str(text).map_err(|e| {
        let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let message = crate::commands::secrets::mask(e.message());
        let mut names = message.split('`').skip(1).step_by(2);
        let unknown = message.starts_with("unknown field").then(|| names.next()).flatten();
        let help = unknown.and_then(|key| crate::commands::similar::to(key, names));
        Error::Usage { message: format!("{}:{line}: {}", file.display(), message.trim_end()), help }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        let e = parse(text, Path::new("pgwitness.toml")).unwrap_err();
        format!("{e} / {}", e.help().unwrap_or_default())
    }

    #[test]
    fn reads_every_key() {
        let text = "[database]\nurl = 'postgres://h/d'\n[audit]\nfail_on = 'never'\nallow_partial = true\n\
                    exposed_schemas = ['api']\nplatform = 'supabase'\nprobes = false\nstatement_timeout = '5s'\n\
                    [access]\nfiles = ['rules/*.toml']\n\
                    [[ignore]]\ncheck = 'to-public'\nobject = 'public.*'\nexpires = 2027-01-31\n";
        let config = parse(text, Path::new("x")).unwrap();
        assert_eq!(config.audit.fail_on, Some(FailOn::Never));
        assert_eq!(config.audit.statement_timeout, Some(Timeout(Duration::from_secs(5))));
        assert_eq!(config.ignore[0].get_ref().object, "public.*");
        assert_eq!(config.access.files, Some(vec!["rules/*.toml".to_owned()]));
        assert!(!format!("{config:?}").contains("postgres://"));
    }

    #[test]
    fn an_unknown_key_names_its_line_and_a_likely_one() {
        let message = message("[audit]\n\nfail-on = 'high'\n");
        assert!(message.starts_with("pgwitness.toml:3: unknown field `fail-on`"), "{message}");
        assert!(message.ends_with("did you mean `fail_on`?"), "{message}");
    }

    #[test]
    fn a_password_in_the_wrong_place_is_not_shown() {
        let message = message("database = 'postgres://u:hunter2@h/d'\n");
        assert!(!message.contains("hunter2") && message.contains("[database]"), "{message}");
    }

    #[test]
    fn times_have_units() {
        assert_eq!("500ms".parse(), Ok(Timeout(Duration::from_millis(500))));
        assert_eq!("2min".parse(), Ok(Timeout(Duration::from_secs(120))));
        for bad in ["", "5", "s", "0s", "5 parsecs", "99999999999s"] {
            assert!(bad.parse::<Timeout>().is_err(), "{bad}");
        }
    }
}
