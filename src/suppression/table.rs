//! `[[ignore]]` of the configuration.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{Day, Ignore, Scope};
use crate::Error;
use crate::checks;
use crate::finding::{Location, Severity};
use crate::migrations::split::Lines;
use crate::model::Statement;
use crate::report::SuppressedBy;

/// `[[ignore]]`: findings that somebody accepts.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table [[ignore]]")]
pub struct IgnoreTable {
    /// The check, such as `rls-off-exposed`.
    pub check: String,
    /// The objects: `public.countries`, `public.countries.policy name`; `*` and `?` as wildcards.
    pub object: String,
    /// Why; without one the ignore is a finding itself.
    pub reason: Option<String>,
    /// The last day on which it holds, such as 2027-01-31.
    pub expires: Option<Day>,
    /// The worst severity that is accepted; a graver finding stays open.
    pub severity: Option<Severity>,
    /// The fingerprint of the one finding that is accepted.
    pub fingerprint: Option<String>,
}

impl IgnoreTable {
    /// The tables of a configuration as ignores with their places.
    ///
    /// # Errors
    /// When a check is not known.
    pub fn placed(tables: &[Spanned<Self>], text: &str, file: &Path) -> Result<Vec<Ignore>, Error> {
        let lines = Lines::new(text);
        tables.iter().map(|table| table.get_ref().at(table.span(), &lines, file)).collect()
    }

    fn at(&self, span: std::ops::Range<usize>, lines: &Lines<'_>, file: &Path) -> Result<Ignore, Error> {
        let (line, column) = lines.place(span.start);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        if checks::find(&self.check).is_none() {
            let known = checks::all().into_iter().map(|meta| meta.id);
            let help = crate::commands::similar::to(&self.check, known);
            let message = format!("{}:{line}: there is no check `{}`", file.display(), self.check);
            return Err(Error::Usage {
                message,
                help: help.or_else(|| Some("`pgwitness checks` lists them".to_owned())),
            });
        }
        let span = Statement {
            file: 0,
            start: number(span.start),
            end: number(span.end),
            line: number(line),
            column: number(column),
        };
        Ok(Ignore {
            by: SuppressedBy::Config,
            check: self.check.clone(),
            scope: Scope::Object(self.object.clone()),
            fingerprint: self.fingerprint.clone(),
            most: self.severity,
            reason: self.reason.clone().map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()),
            expires: self.expires.clone(),
            place: Location { file: file.display().to_string(), span },
            mistake: None,
        })
    }
}
