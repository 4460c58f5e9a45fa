//! What is accepted and what is not shown: comments, `[[ignore]]`, baselines, thresholds, profiles, and that none of it is
//! ever an all-clear.

use std::path::Path;

use serde_json::Value;

use super::{Outcome, command, run};
use crate::writers::FORMATS;

/// A leak of which the first location is the grant.
const LEAK: &str = "create table public.countries (code text primary key);\n\
                    grant select on public.countries to anon;\n";

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    dir
}

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = dir.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

fn check(dir: &Path, arguments: &[&str]) -> Outcome {
    let mut all = vec!["check", "supabase/migrations"];
    all.extend(arguments);
    run(command(dir, &all).env("PGWITNESS_PG_BIN", "/nonexistent").env("SOURCE_DATE_EPOCH", "1795693200"))
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json", "--fail-on", "never"];
    all.extend(arguments);
    check(dir, &all).ends_with(0).json()
}

fn ids(list: &Value) -> Vec<String> {
    let of = |one: &Value| one.pointer("/finding/check").unwrap_or(&one["check"]).as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(of).collect()
}

/// The findings of the leak with the place of the statement that they point at first.
fn at_the_leak(dir: &Path) -> (Vec<String>, u64) {
    let report = json(dir, &[]);
    let all = report["findings"].as_array().unwrap().iter().filter(|f| f["object"]["name"] == "countries");
    let all: Vec<_> = all.cloned().collect();
    let line = all[0]["locations"][0]["span"]["line"].as_u64().unwrap();
    (ids(&Value::Array(all)), line)
}

/// The file with an ignore of everything that is found at each statement.
fn ignored(reason: &str) -> tempfile::TempDir {
    let dir = project(&[("supabase/migrations/1_a.sql", LEAK)]);
    let (checks, line) = at_the_leak(dir.path());
    let comment = format!("-- pgwitness: ignore[{}] {reason}\n", checks.join(", "));
    let mut lines: Vec<_> = LEAK.split_inclusive('\n').collect();
    lines.insert(usize::try_from(line).unwrap() - 1, &comment);
    write(dir.path(), &[("supabase/migrations/1_a.sql", &lines.concat())]);
    dir
}

#[test]
fn an_accepted_risk_is_no_pass_in_any_format() {
    let dir = ignored("the same for everybody");
    let outcome = check(dir.path(), &[]).ends_with(0);
    let first = outcome.stdout.split("\n\n").next().unwrap().replace('\n', " ");
    assert!(first.contains("accepted as a risk") && !first.contains("Nothing wrong"), "{first}");
    assert!(outcome.stdout.contains("Accepted as a risk\n"), "{}", outcome.stdout);
    let report = json(dir.path(), &[]);
    let fingerprint = report["suppressed"][0]["finding"]["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(report["suppressed"][0]["by"], "inline");
    for format in FORMATS {
        let text = check(dir.path(), &["--format", format]).ends_with(0).stdout;
        assert!(text.contains(&fingerprint), "{format} does not tell of what was accepted:\n{text}");
    }
    // The auditor's profile shows it as open, and the strict one asks for the reason alone.
    let auditor = check(dir.path(), &["--profile", "auditor"]).ends_with(1);
    assert!(auditor.stdout.contains("profile auditor"), "{}", auditor.stdout);
    check(dir.path(), &["--profile", "strict"]).ends_with(0);
    let bare = ignored("");
    check(bare.path(), &["--profile", "strict"]).ends_with(1);
    assert_eq!(ids(&json(bare.path(), &[])["findings"])[0], "unexplained-ignore");
    // A stored audit makes it an accepted risk of controls, which is neither a pass nor a failure.
    let stored = dir.path().join("audit.json");
    std::fs::write(&stored, check(dir.path(), &["--format", "json"]).stdout).unwrap();
    let arguments = ["report", "--from", "audit.json", "--framework", "soc2", "--format", "json", "--allow-partial"];
    let answer = run(&mut command(dir.path(), &arguments)).ends_with(0).json();
    let controls = answer["assessments"][0]["controls"].as_array().unwrap();
    let status = |id: &str| controls.iter().find(|c| c["id"] == id).unwrap()["status"].clone();
    assert_eq!(status("CC6.1"), "accepted_risk");
    run(&mut command(dir.path(), &["report", "--from", "audit.json", "--framework", "soc2", "--skip", "rls-*"]))
        .ends_with(2);
}

#[test]
fn the_configuration_accepts_until_a_day() {
    let dir = project(&[("supabase/migrations/1_a.sql", LEAK)]);
    let (checks, _) = at_the_leak(dir.path());
    let config = |more: &str| {
        let one = |check: &String| format!("[[ignore]]\ncheck = '{check}'\nobject = 'public.countries'\n{more}\n");
        checks.iter().map(one).collect::<String>()
    };
    write(dir.path(), &[("pgwitness.toml", &config("reason = 'a list'\nexpires = 2026-11-26"))]);
    let report = json(dir.path(), &[]);
    assert_eq!(ids(&report["findings"]), ["default-privileges"]);
    assert_eq!(report["suppressed"][0]["place"], "pgwitness.toml:1");
    assert_eq!(report["suppressed"][0]["expires"], "2026-11-26");
    write(dir.path(), &[("pgwitness.toml", &config("reason = 'a list'\nexpires = '2026-11-25'"))]);
    let report = json(dir.path(), &[]);
    assert_eq!(report["suppressed"].as_array().unwrap().len(), 0);
    assert!(ids(&report["findings"]).contains(&"expired-ignore".to_owned()));
    write(dir.path(), &[("pgwitness.toml", "[[ignore]]\ncheck = 'rls-of-exposed'\nobject = '*'\n")]);
    let wrong = check(dir.path(), &[]).ends_with(2);
    assert!(wrong.stderr.contains("pgwitness.toml:1: there is no check") && wrong.stderr.contains("rls-off-exposed"));
    write(dir.path(), &[("pgwitness.toml", "[[ignore]]\ncheck = 'rls-off-exposed'\nobjects = '*'\n")]);
    let wrong = check(dir.path(), &[]).ends_with(2);
    assert!(wrong.stderr.contains("did you mean `object`"), "{}", wrong.stderr);
    // What is for another table hides nothing, and says so.
    write(
        dir.path(),
        &[("pgwitness.toml", "[[ignore]]\ncheck = 'rls-off-exposed'\nobject = 'public.x'\nreason = 'r'\n")],
    );
    assert!(ids(&json(dir.path(), &[])["findings"]).contains(&"unused-ignore".to_owned()));
}

#[test]
fn a_baseline_hides_what_was_there_and_nothing_new() {
    let dir = project(&[("supabase/migrations/1_a.sql", LEAK)]);
    let written = check(dir.path(), &["--write-baseline", "baseline.json"]).ends_with(1);
    assert!(written.stderr.contains("wrote baseline.json with"), "{}", written.stderr);
    let known = check(dir.path(), &["--baseline", "baseline.json"]).ends_with(0);
    assert!(known.stdout.contains("in the baseline") && !known.stdout.contains("Nothing wrong"), "{}", known.stdout);
    let again = LEAK.replace("countries", "people");
    write(
        dir.path(),
        &[("supabase/migrations/2_b.sql", &again), ("pgwitness.toml", "[audit]\nbaseline = 'baseline.json'\n")],
    );
    let report = json(dir.path(), &[]);
    let objects: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| &f["object"]["name"]).collect();
    assert!(!objects.is_empty() && objects.iter().all(|name| *name == "people"), "{objects:?}");
    std::fs::remove_file(dir.path().join("supabase/migrations/1_a.sql")).unwrap();
    assert!(ids(&json(dir.path(), &[])["findings"]).contains(&"stale-baseline".to_owned()));
    write(dir.path(), &[("baseline.json", "{}")]);
    let wrong = check(dir.path(), &[]).ends_with(2);
    assert!(
        wrong.stderr.contains("is not a baseline") && wrong.stderr.contains("--write-baseline"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn what_is_not_shown_still_counts() {
    let dir = project(&[("supabase/migrations/1_a.sql", LEAK)]);
    let hidden = check(dir.path(), &["--confidence", "confirmed"]).ends_with(1);
    assert!(
        hidden.stdout.contains("below the threshold") && !hidden.stdout.contains("Nothing wrong"),
        "{}",
        hidden.stdout
    );
    let (checks, _) = at_the_leak(dir.path());
    let skip: Vec<_> = checks.iter().flat_map(|check| ["--skip", check.as_str()]).collect();
    let skipped = check(dir.path(), &skip).ends_with(0);
    let squeezed = skipped.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed.contains("not run (--only, --skip)") && squeezed.contains("1 check did not run"), "{squeezed}");
    assert_eq!(ids(&json(dir.path(), &["--only", "to-*,rls-off-exposed"])["findings"]).len(), 1);
    let wrong = check(dir.path(), &["--only", "rls-of-exposed"]).ends_with(2);
    assert!(wrong.stderr.contains("did you mean `rls-off-exposed`"), "{}", wrong.stderr);
    check(dir.path(), &["--skip", "*"]).ends_with(2);
    check(dir.path(), &["--profile", "auditor", "--min-severity", "high"]).ends_with(2);
}

/// A reviewer must see what a change accepts by itself.
#[test]
fn a_change_that_accepts_its_own_leak_says_so() {
    let dir =
        project(&[("base/1_a.sql", "create table public.a ();\nalter table public.a enable row level security;\n")]);
    let leak = ignored("trust me");
    let text = std::fs::read_to_string(leak.path().join("supabase/migrations/1_a.sql")).unwrap();
    let first = std::fs::read_to_string(dir.path().join("base/1_a.sql")).unwrap();
    write(dir.path(), &[("supabase/migrations/1_a.sql", &first), ("supabase/migrations/2_b.sql", &text)]);
    let outcome = check(dir.path(), &["--base", "./base"]).ends_with(0);
    let sentence = outcome.stdout.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        sentence.contains("widens access") && sentence.contains("new or graver and accepted as a risk at once"),
        "{sentence}"
    );
    assert!(!sentence.contains("nothing is wrong"), "{sentence}");
    // Merged, it stands on both sides, and is still shown.
    std::fs::copy(dir.path().join("supabase/migrations/2_b.sql"), dir.path().join("base/2_b.sql")).unwrap();
    let outcome = check(dir.path(), &["--base", "./base"]).ends_with(0);
    assert!(
        outcome.stdout.contains("accepted as a risk as before") && !outcome.stdout.contains("at once"),
        "{}",
        outcome.stdout
    );
}

/// A comment without a fingerprint covers whichever finding stands alone at its statement: another one that takes the
/// place of the first is told to the reviewer of the change that brings it.
#[test]
fn another_finding_behind_an_older_comment_is_told() {
    let comment = "-- pgwitness: ignore[rls-off-exposed] the same for everybody\n";
    let of = |who: &str| {
        let table = "create table public.a (id int);\nrevoke all on public.a from anon, authenticated;\n";
        format!("{comment}{table}{comment}grant select on public.a to {who};\n")
    };
    let dir = project(&[("base/1_a.sql", &of("anon")), ("supabase/migrations/1_a.sql", &of("authenticated"))]);
    let accepted = json(dir.path(), &[]);
    assert_eq!(ids(&accepted["suppressed"]), ["rls-off-exposed"], "one finding is covered, whichever it is");
    let outcome = check(dir.path(), &["--base", "./base"]);
    let sentence = outcome.stdout.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(sentence.contains("1 finding is new or graver and accepted as a risk at once"), "{sentence}");
}

#[test]
fn a_declared_rule_is_never_broken_in_silence() {
    let rules = "[[rule]]\non = 'public.countries'\nrole = 'anon'\nall = false\nreason = 'nobody'\n";
    let config = "[[ignore]]\ncheck = '*'\nobject = '*'\n";
    let dir =
        project(&[("supabase/migrations/1_a.sql", LEAK), ("policies/access.toml", rules), ("pgwitness.toml", config)]);
    check(dir.path(), &[]).ends_with(2);
    let ignore = |reason: &str| {
        let checks = ["rule-exceeded", "rls-off-exposed", "hidden-column-readable"];
        checks.map(|c| format!("[[ignore]]\ncheck = '{c}'\nobject = 'public.*'\n{reason}\n")).concat()
    };
    write(dir.path(), &[("pgwitness.toml", &ignore(""))]);
    let silent = json(dir.path(), &[]);
    assert!(ids(&silent["findings"]).contains(&"rule-exceeded".to_owned()), "no reason, no silence");
    write(dir.path(), &[("pgwitness.toml", &ignore("reason = 'until June'"))]);
    let report = json(dir.path(), &[]);
    assert!(ids(&report["suppressed"]).contains(&"rule-exceeded".to_owned()));
    let notes = report["source"]["notes"].as_array().unwrap();
    assert!(notes[0].as_str().unwrap().starts_with("a declared rule is broken, and that is ignored"), "{notes:?}");
}
