//! Frameworks as data: the files of `policies/frameworks`, and the topics by which controls cite checks.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::FrameworkRef;

/// A framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// What `--framework` calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The edition that the ids are of.
    pub edition: String,
    /// Where it is published.
    pub url: String,
    /// The public sources that the ids were held against.
    pub checked: Vec<String>,
    /// The controls that access in a database bears on.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// A control of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id in the framework.
    pub id: String,
    /// What it asks for, in our own words.
    pub title: String,
    /// The topics whose checks bear on it; none where no tool can tell.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Whether decisions about access count.
    #[serde(default)]
    pub verdicts: bool,
    /// Whether it takes statements that were tried as client roles: then an audit without a server cannot pass it.
    #[serde(default)]
    pub probes: bool,
    /// What is left to a person.
    pub manual: Option<String>,
}

/// Checks that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// What the topic is about.
    pub about: String,
    /// The checks.
    pub checks: Vec<String>,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(include_str!(concat!("../../policies/frameworks/", $name, ".toml"))),+]
    };
}

/// In the order in which `--framework all` gives them.
const FILES: &[&str] = files![
    "soc2",
    "iso27001",
    "hipaa",
    "pci-dss",
    "gdpr",
    "cis-postgresql",
    "owasp-asvs",
    "owasp-api",
    "nist-800-53",
    "supabase",
];

/// Every framework. The files are ours, and a test reads them all: one that cannot be read is left out.
#[must_use]
pub fn all() -> &'static [Framework] {
    static ALL: OnceLock<Vec<Framework>> = OnceLock::new();
    ALL.get_or_init(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect())
}

/// The framework of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Framework> {
    all().iter().find(|framework| framework.id == id)
}

/// The topics, by name.
#[must_use]
pub fn topics() -> &'static BTreeMap<String, Topic> {
    static TOPICS: OnceLock<BTreeMap<String, Topic>> = OnceLock::new();
    let read = || toml::from_str(include_str!("../../policies/frameworks/topics.toml")).unwrap_or_default();
    TOPICS.get_or_init(read)
}

impl Framework {
    /// Which it is.
    #[must_use]
    pub fn reference(&self) -> FrameworkRef {
        FrameworkRef {
            id: self.id.clone(),
            name: self.name.clone(),
            edition: self.edition.clone(),
            url: self.url.clone(),
        }
    }
}

impl Control {
    /// The checks that bear on it, each once, by id.
    #[must_use]
    pub fn checks(&self) -> Vec<&'static str> {
        let cited = self.topics.iter().filter_map(|name| topics().get(name));
        let mut all: Vec<_> = cited.flat_map(|topic| topic.checks.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether anything of it can be told from a database.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        !self.topics.is_empty() || self.verdicts
    }
}
