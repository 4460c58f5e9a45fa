use super::*;
use crate::finding::{Draft, Findings, ObjectRef};
use crate::model::{Origin, QualifiedName, SourceFile, Statement};
use crate::suppression::in_text;

const SQL: &str = "create table public.notes ();\ngrant select on public.notes to anon;\n";

/// Findings of `to-public` and `rls-off-exposed` at the second statement, and what was examined.
fn found(principals: &[&str]) -> (Vec<Finding>, Examined) {
    let files = [SourceFile { path: "a.sql".into() }];
    let mut out = Findings::new(&files);
    let notes = ObjectRef::relation(&QualifiedName::new("public", "notes"));
    let start = SQL.find("grant").unwrap();
    let place = Origin::Statement(Statement {
        file: 0,
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(SQL.len() - 1).unwrap(),
        line: 2,
        column: 1,
    });
    for check in ["rls-off-exposed", "to-public"] {
        out.enter(check);
        out.examine(notes.clone());
        for who in principals {
            let draft = Draft::new(notes.clone(), Severity::High, "t", "m").principal(*who).detail(*who);
            out.report(draft.origin(place));
        }
    }
    out.finish()
}

fn bounds(ignores: Vec<Ignore>) -> Bounds {
    Bounds {
        ignores,
        baseline: None,
        skipped: BTreeSet::new(),
        severity: Severity::Info,
        confidence: Confidence::Possible,
        explained: false,
        all: false,
        today: "2026-11-26".parse().unwrap(),
    }
}

/// The ignores of a comment before the second statement; its bytes do not count for the findings.
fn comment(text: &str) -> Vec<Ignore> {
    let sql = SQL.replace(";\ngrant", &format!("; -- \ngrant /* pgwitness: {text} */"));
    let mut all = in_text("a.sql", &sql);
    // As if the comment had been there when the findings were made.
    let start = u32::try_from(SQL.find("grant").unwrap()).unwrap();
    all.iter_mut().for_each(|one| one.scope = Scope::Statement(Some(start..start + 5)));
    all
}

fn config(keys: &str) -> Vec<Ignore> {
    let text = format!("[[ignore]]\ncheck = 'rls-off-exposed'\n{keys}\n");
    #[derive(serde::Deserialize)]
    struct File {
        ignore: Vec<toml::Spanned<crate::suppression::IgnoreTable>>,
    }
    let file: File = toml::from_str(&text).unwrap();
    crate::suppression::IgnoreTable::placed(&file.ignore, &text, "pgwitness.toml".as_ref()).unwrap()
}

/// What is open, as checks, and what was taken out, as checks with what did it.
fn sorted(bounds: &Bounds, principals: &[&str]) -> (Vec<String>, Vec<(String, SuppressedBy)>) {
    let (findings, mut examined) = found(principals);
    let kept = bounds.sort(findings, &mut examined);
    let out = kept.suppressed.iter().map(|one| (one.finding.check.clone(), one.by)).collect();
    (kept.open.iter().map(|f| f.check.clone()).collect(), out)
}

#[test]
fn a_comment_covers_one_finding_of_its_check() {
    let own = comment("ignore[rls-off-exposed] the same for all");
    let (open, out) = sorted(&bounds(own.clone()), &["anon"]);
    assert_eq!((open, out), (vec!["to-public".into()], vec![("rls-off-exposed".into(), SuppressedBy::Inline)]));
    // A second one of the same check at the same statement is not hidden with it, nor is the first.
    let (open, out) = sorted(&bounds(own), &["anon", "authenticated"]);
    assert_eq!(open, ["rls-off-exposed", "rls-off-exposed", "to-public", "to-public", "unused-ignore"]);
    assert_eq!(out, []);
    let fingerprint = found(&["anon"]).0[0].fingerprint.clone();
    let named = comment(&format!("ignore[rls-off-exposed:{fingerprint}] the same for all"));
    let (open, out) = sorted(&bounds(named), &["anon", "authenticated"]);
    assert_eq!((open.len(), out.len()), (3, 1));
}

#[test]
fn what_hides_nothing_or_says_nothing_is_told() {
    let open = |ignores| sorted(&bounds(ignores), &["anon"]).0;
    assert_eq!(open(comment("ignore[owner-move] x")), ["rls-off-exposed", "to-public"], "it examined nothing");
    assert_eq!(open(comment("ignore[no-check] x")), ["rls-off-exposed", "to-public", "unused-ignore"]);
    assert_eq!(open(config("object = 'public.x*'\nreason = 'r'")), ["rls-off-exposed", "to-public", "unused-ignore"]);
    assert_eq!(open(comment("ignore[rls-off-exposed]")), ["to-public", "unexplained-ignore"]);
    assert_eq!(open(config("object = 'public.*'\nreason = 'r'\nexpires = 2026-11-26")), ["to-public"], "today counts");
    let expired = open(config("object = 'public.*'\nreason = 'r'\nexpires = 2026-11-25"));
    assert_eq!(expired, ["rls-off-exposed", "to-public", "expired-ignore"]);
    let graver = open(config("object = 'public.notes'\nreason = 'r'\nseverity = 'medium'"));
    assert_eq!(graver, ["rls-off-exposed", "to-public"], "it is graver than what was accepted");
}

#[test]
fn profiles_hide_less() {
    let strict = Bounds { explained: true, ..bounds(comment("ignore[rls-off-exposed]")) };
    assert_eq!(sorted(&strict, &["anon"]).0, ["rls-off-exposed", "to-public", "unexplained-ignore"]);
    let auditor = Bounds { all: true, severity: Severity::Critical, ..bounds(comment("ignore[rls-off-exposed] r")) };
    assert_eq!(sorted(&auditor, &["anon"]), (vec!["rls-off-exposed".into(), "to-public".into()], vec![]));
}

#[test]
fn thresholds_and_choices_are_not_acceptance() {
    let high = Bounds { confidence: Confidence::Confirmed, ..bounds(Vec::new()) };
    let (open, out) = sorted(&high, &["anon"]);
    assert!(open.is_empty() && out.iter().all(|(_, by)| !by.is_accepted()) && out.len() == 2);
    let chosen = Bounds { skipped: ["to-public"].into(), ..bounds(Vec::new()) };
    let (findings, mut examined) = found(&["anon"]);
    assert_eq!(chosen.sort(findings, &mut examined).open.len(), 1);
    assert!(!examined.contains_key("to-public") && examined.contains_key("rls-off-exposed"));
}

#[test]
fn a_baseline_holds_what_was_there_and_no_more() {
    let (findings, _) = found(&["anon"]);
    let with = |baseline: Baseline| Bounds { baseline: Some(("b.json".into(), baseline)), ..bounds(Vec::new()) };
    let all = with(Baseline::of(&findings));
    let (open, out) = sorted(&all, &["anon"]);
    assert!(open.is_empty() && out.iter().all(|(_, by)| *by == SuppressedBy::Baseline));
    assert_eq!(sorted(&all, &["anon", "authenticated"]).0, ["rls-off-exposed", "to-public"], "what is new is open");
    let mut milder = Baseline::of(&findings);
    milder.findings.iter_mut().for_each(|entry| entry.severity = Severity::Medium);
    let (findings, mut examined) = found(&["anon"]);
    let kept = with(milder).sort(findings, &mut examined);
    assert_eq!(kept.open[0].evidence[0].text, "it was medium when the baseline was written");
    let text = serde_json::to_string(&Baseline::of(&kept.open)).unwrap();
    assert_eq!(Baseline::read(&text, "b.json".as_ref()).unwrap(), Baseline::of(&kept.open));
    assert!(Baseline::read("{}", "b.json".as_ref()).is_err());
    assert!(Baseline::read("{\"version\": 9, \"findings\": []}", "b.json".as_ref()).is_err());
    // One that is gone is told, once for the file.
    let gone = with(Baseline::of(&found(&["anon", "authenticated"]).0));
    let (findings, mut examined) = found(&["anon"]);
    let kept = gone.sort(findings, &mut examined);
    assert_eq!(kept.open.iter().map(|f| f.check.as_str()).collect::<Vec<_>>(), ["stale-baseline"]);
    assert!(kept.open[0].title.starts_with("2 entries"), "{}", kept.open[0].title);
}

#[test]
fn a_broken_declared_rule_is_never_accepted_in_silence() {
    let files = [];
    let mut out = Findings::new(&files);
    out.enter("rule-exceeded");
    let notes = ObjectRef::relation(&QualifiedName::new("public", "notes"));
    out.examine(notes.clone());
    out.report(Draft::new(notes, Severity::High, "anon can read", "m"));
    let (findings, examined) = out.finish();
    let ignore = |reason: &str| {
        let mut all = config(&format!("object = '*'\n{reason}"));
        all.iter_mut().for_each(|one| one.check = "rule-exceeded".into());
        bounds(all)
    };
    let silent = ignore("").sort(findings.clone(), &mut examined.clone());
    assert!(silent.suppressed.is_empty() && silent.open.len() == 2, "without a reason it stays open");
    let kept = ignore("reason = 'until June'").sort(findings, &mut examined.clone());
    assert_eq!((kept.suppressed.len(), kept.notes.len()), (1, 1));
    assert!(kept.notes[0].contains("until June") && kept.notes[0].contains("anon can read"), "{:?}", kept.notes);
}
