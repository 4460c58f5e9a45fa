//! The sound fixtures keep to their own rules: every question is proved, and the audit has nothing to say.

use std::path::{Path, PathBuf};

use pgwitness::access;
use pgwitness::checks::{Context, run_all};
use pgwitness::finding::{Finding, Findings, Severity};
use pgwitness::migrations::layout::{self, FileRole, MigrationFile, Project, Wanted};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::model::Schema;
use pgwitness::report::{Decided, VerdictEntry};
use pgwitness::shadow::Platform;
use pgwitness::verdicts::{self, Verdicts};

pub(crate) const SOUND: [&str; 5] = ["claims-tenancy", "team-roles", "social", "storage", "sound-saas"];

pub(crate) fn folder(fixture: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures").join(fixture)
}

/// The migrations of a fixture, and more SQL behind them.
pub(crate) fn project(fixture: &str, more: &str) -> Project {
    let wanted = Wanted { seed: false, supabase: true, layout: None };
    let mut project = layout::find(&folder(fixture), wanted).unwrap();
    if !more.is_empty() {
        project.files.push(MigrationFile {
            path: "99999999999999_change.sql".to_owned(),
            role: FileRole::Migration,
            version: None,
            text: more.to_owned(),
            parts: std::iter::once(0..more.len()).collect(),
            transaction: false,
        });
    }
    project
}

/// What the migrations come to, as `check` reads them.
pub(crate) fn model(project: &Project) -> Schema {
    let exposed_schemas = Some(vec!["public".to_owned(), "graphql_public".to_owned()]);
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas, closed: false };
    let replayed = replay::replay(project, &options);
    assert!(replayed.rejected.is_empty(), "{:?}", replayed.rejected);
    let mut schema = replayed.schema;
    schema.server.throw_away = true;
    schema
}

/// The rules of a fixture.
pub(crate) fn rules(fixture: &str) -> access::Rules {
    access::load(&[folder(fixture).join("policies/access.toml")]).unwrap_or_else(|e| panic!("{fixture}: {e:?}"))
}

/// What the checks and the verdicts find.
pub(crate) fn findings(cx: &Context<'_>, verdicts: &Verdicts<'_>) -> Vec<Finding> {
    let mut out = Findings::new(&cx.schema.files);
    run_all(cx, &mut out);
    verdicts::findings(cx, verdicts, &|_, _| true, &mut out);
    out.finish().0
}

/// What the analyzer cannot decide yet, by fixture: such a question is no violation, and no proof either.
const KNOWN: [(&str, &str); 1] = [("team-roles", "too large for the limits on work")];

#[test]
fn keep_to_their_own_rules() {
    let mut wrong = Vec::new();
    for fixture in SOUND {
        let schema = model(&project(fixture, ""));
        let cx = Context::new(&schema, None);
        let intent = rules(fixture).resolve(&cx.effective).unwrap_or_else(|e| panic!("{fixture}: {e:?}"));
        let verdicts = verdicts::judge(&cx, &intent);
        let is_known = |e: &VerdictEntry| {
            e.verdict == Decided::Unknown && KNOWN.iter().any(|(f, why)| *f == fixture && e.reason.contains(why))
        };
        let undecided = verdicts.judged.iter().filter(|one| is_known(&one.entry)).count();
        let open = verdicts.judged.iter().filter(|one| one.entry.verdict != Decided::Proved && !is_known(&one.entry));
        wrong.extend(open.map(|one| {
            let e = &one.entry;
            let witness = e.witness.as_ref().map(|w| w.in_words()).unwrap_or_default();
            format!(
                "{fixture}: {:?} {:?} {} {} {:?} `{}`\n    {}\n    {witness}",
                e.verdict, e.question, e.principal, e.command, e.row, e.rule.text, e.reason
            )
        }));
        let bad = findings(&cx, &verdicts).into_iter().filter(|f| f.severity > Severity::Low);
        wrong.extend(bad.map(|f| format!("{fixture}: {} {}: {}", f.severity.word(), f.check, f.title)));
        let trivial = verdicts.judged.iter().filter(|one| one.entry.trivial).count();
        println!(
            "{fixture}: {} questions, {trivial} of them trivial, {undecided} known to be undecided",
            verdicts.judged.len()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
