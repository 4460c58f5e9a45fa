//! What a project's files give away beside the schema: secrets in SQL, weak settings, keys in client code.
//!
//! None of this is in the model, so these checks have a trait of their own over texts; they share documentation, list
//! and findings with those of [`crate::checks`]. A secret never leaves this room whole: findings carry a masked form,
//! and [`Mask`] takes it out of whatever else is printed.

mod auth_config_weak;
pub(crate) mod config;
mod dummy;
mod edge_source;
mod edge_verify_jwt;
mod jwt;
mod mask;
mod model;
mod scan;
mod secret_in_sql;
mod service_key_in_client;
mod sign_in;
mod source;
mod vendor;

pub use mask::Mask;
pub use model::secrets;
pub use source::SourceTree;

use std::sync::OnceLock;

use crate::checks::Meta;
use crate::finding::{Examined, Finding, Findings, ObjectKind, ObjectRef};
use crate::model::{Origin, SourceFile, Statement};
use crate::parallel;

/// A check of a project's files.
pub trait FileCheck: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Looks at the files, notes what it examined and reports what is wrong.
    fn run(&self, files: &Files, out: &mut Findings<'_>);
}

/// Every check of files, by id.
pub const FILE_CHECKS: &[&dyn FileCheck] = &[
    &auth_config_weak::AuthConfigWeak,
    &edge_verify_jwt::EdgeVerifyJwt,
    &secret_in_sql::SecretInSql,
    &service_key_in_client::ServiceKeyInClient,
];

/// A text with the name that findings and snippets know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The path as the user named it.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The files of a project.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Migrations and seeds, whole.
    pub sql: Vec<Text>,
    /// `supabase/config.toml`.
    pub config: Option<Text>,
    /// The source of the project's edge functions; they run on the server and may hold what clients must not.
    pub functions: Vec<Text>,
    /// The application's source, when the user named it.
    pub source: Vec<Text>,
    /// What [`Files::scanned`] found, so that it is looked for once.
    found: Found,
    /// What `config` sets, likewise.
    said: OnceLock<Vec<config::Setting>>,
}

/// The secrets of each of [`Files::all`], once they were looked for. Not part of what files are.
#[derive(Debug, Clone, Default)]
struct Found(OnceLock<Vec<Vec<scan::Secret>>>);

impl Files {
    /// Those that findings point into; [`Statement::file`] of a finding counts in this order.
    pub fn all(&self) -> impl Iterator<Item = &Text> {
        self.sql.iter().chain(&self.config).chain(&self.source)
    }

    /// Whether there is nothing to look at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// A place in a file.
    fn origin(&self, file: &Text, span: std::ops::Range<usize>) -> Origin {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let before = file.text.get(..span.start).unwrap_or_default();
        let last = before.rsplit('\n').next().unwrap_or_default();
        let index = self.all().position(|other| std::ptr::eq(other, file)).unwrap_or_default();
        Origin::Statement(Statement {
            file: number(index),
            start: number(span.start),
            end: number(span.end),
            line: number(before.matches('\n').count() + 1),
            column: number(last.chars().count() + 1),
        })
    }

    /// The files of a project; its source may be added later.
    #[must_use]
    pub fn new(sql: Vec<Text>, config: Option<Text>, functions: Vec<Text>) -> Self {
        Self { sql, config, functions, ..Self::default() }
    }

    /// The same with the application's source.
    #[must_use]
    pub fn with_source(self, source: Vec<Text>) -> Self {
        Self { source, found: Found::default(), ..self }
    }

    /// What the configuration sets.
    pub(crate) fn settings(&self) -> &[config::Setting] {
        self.said.get_or_init(|| self.config.as_ref().map(|file| config::settings(&file.text)).unwrap_or_default())
    }

    /// Every secret in them, to be kept out of what is printed.
    #[must_use]
    pub fn mask(&self) -> Mask {
        let texts = |(file, secrets): (&Text, &Vec<scan::Secret>)| -> Vec<String> {
            secrets.iter().map(|s| s.text(&file.text).to_owned()).collect()
        };
        Mask::new(self.all().zip(self.scanned()).flat_map(texts))
    }

    /// The secrets in each of [`Self::all`], which the processors share.
    fn scanned(&self) -> &[Vec<scan::Secret>] {
        self.found.0.get_or_init(|| {
            let files: Vec<_> = self.all().collect();
            parallel::each(&files, 4, |file| scan::scan(&file.text))
        })
    }

    /// The secrets in one of them.
    fn secrets_of(&self, file: &Text) -> &[scan::Secret] {
        let at = self.all().position(|other| std::ptr::eq(other, file));
        at.and_then(|at| self.scanned().get(at)).map_or(&[], Vec::as_slice)
    }
}

/// Runs all checks of files.
#[must_use]
pub fn run_all(files: &Files) -> (Vec<Finding>, Examined) {
    let sources: Vec<_> = files.all().map(|file| SourceFile { path: file.path.replace('\\', "/") }).collect();
    let mut out = Findings::new(&sources);
    for check in FILE_CHECKS {
        out.enter(check.meta().id);
        check.run(files, &mut out);
    }
    out.finish()
}

/// A file as what a finding is about: the last parts of its path, which are the same wherever the project lies.
fn object(file: &Text) -> ObjectRef {
    let parts: Vec<_> = file.path.rsplit(['/', '\\']).take(2).filter(|part| !part.is_empty()).collect();
    ObjectRef::global(ObjectKind::File, parts.into_iter().rev().collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests;
