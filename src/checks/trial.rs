//! What checks find in a piece of SQL, replayed on the Supabase platform: for the tests beside each check.

use super::{Context, SignIn, run_all};
use crate::finding::{Finding, Findings};
use crate::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use crate::migrations::replay::{self, Options};
use crate::model::Schema;
use crate::shadow::Platform;

/// The model after `sql`.
fn schema(sql: &str) -> Schema {
    let text = format!("set search_path = public, extensions;\n{sql}");
    let file = MigrationFile {
        path: "trial.sql".to_owned(),
        role: FileRole::Migration,
        version: None,
        parts: std::iter::once(0..text.len()).collect(),
        text,
        transaction: true,
    };
    let project =
        Project { layout: Layout::Plain, root: std::path::PathBuf::new(), files: vec![file], warnings: Vec::new() };
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: true };
    let replayed = replay::replay(&project, &options);
    assert!(replayed.rejected.is_empty(), "{sql}\n{:#?}", replayed.rejected);
    replayed.schema
}

/// The findings of one check.
pub(super) fn findings(check: &str, sql: &str) -> Vec<Finding> {
    findings_with(check, sql, SignIn::default())
}

/// The same where it is known how users sign in.
pub(super) fn findings_with(check: &str, sql: &str, sign_in: SignIn) -> Vec<Finding> {
    let schema = schema(sql);
    let mut out = Findings::new(&schema.files);
    run_all(&Context::new(&schema, None).with_sign_in(sign_in), &mut out);
    let (mut found, _) = out.finish();
    found.retain(|f| f.check == check);
    found
}

/// Holds the severity words of a check against those that each piece of SQL should give, the worst first.
pub(super) fn assert_found(check: &str, base: &str, cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        let found = findings(check, &format!("{base}\n{sql}"));
        let words: Vec<_> = found.iter().map(|f| f.severity.word()).collect();
        assert_eq!(words, *expected, "{sql}\n{found:#?}");
    }
}
