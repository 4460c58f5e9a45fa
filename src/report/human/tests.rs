use super::*;
use crate::finding::{Confidence, Evidence, Location, ObjectRef, Reproduce};
use crate::model::{Command, Platform, QualifiedName, Statement};
use crate::report::{
    Coverage, CoverageGap, Grade, MatrixEntry, Probe, ProbeOutcome, Source, SourceKind, Summary, Tool, VERSION,
};

/// What a hostile user might call a table: an escape sequence, a line break, a direction override, quotes.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\n\u{202e}b\"'<script>🦀";

fn finding(severity: Severity, name: &str) -> Finding {
    Finding {
        check: "rls-off-exposed".into(),
        severity,
        confidence: Confidence::Confirmed,
        object: ObjectRef::relation(&QualifiedName::new("public", name)),
        principal: Some(name.into()),
        title: format!("public.{name} is open"),
        message: format!("anyone can read public.{name}."),
        reproduce: Some(Reproduce {
            sql: Some(format!("begin;\nselect * from \"{name}\";\nrollback;")),
            curl: Some(format!("curl {name}")),
            supabase_js: Some(format!("await supabase.from('{name}')")),
        }),
        fix: Some(format!("alter table {name} enable row level security;")),
        fingerprint: "0123456789abcdef".into(),
        locations: vec![Location {
            file: format!("{name}.sql"),
            span: Statement { file: 0, start: 3, end: 17, line: 2, column: 1 },
        }],
        evidence: vec![Evidence { kind: "privilege".into(), text: format!("SELECT granted to {name}") }; 9],
        witness: None,
        confirm: Vec::new(),
        doors: Vec::new(),
        script: None,
    }
}

fn report(findings: Vec<Finding>) -> Report {
    let mut summary = Summary::of(&findings);
    summary.verdict = format!("{HOSTILE} can be read by anyone.");
    summary.exit = 1;
    let name = QualifiedName::new(HOSTILE, HOSTILE);
    Report {
        version: VERSION,
        tool: Tool { name: "pgwitness".into(), version: "0".into() },
        time: None,
        hashes: None,
        source: Source {
            kind: SourceKind::Live,
            description: HOSTILE.into(),
            server_version: HOSTILE.into(),
            platform: Platform::Supabase,
            exposed_schemas: Some(vec![HOSTILE.into()]),
            files: vec![HOSTILE.into()],
            notes: vec![HOSTILE.into(); 20],
        },
        summary,
        coverage: Coverage {
            gaps: vec![CoverageGap {
                what: HOSTILE.into(),
                file: Some(HOSTILE.into()),
                line: Some(1),
                access_control: true,
            }],
            ..Coverage::default()
        },
        change: None,
        findings,
        suppressed: Vec::new(),
        verdicts: Vec::new(),
        matrix: vec![MatrixEntry {
            principal: HOSTILE.into(),
            relation: name.clone(),
            command: Command::Select,
            access: Grade::All,
            columns: None,
            condition: None,
            because: HOSTILE.into(),
        }],
        probes: vec![Probe {
            persona: HOSTILE.into(),
            role: HOSTILE.into(),
            relation: name,
            command: Command::Select,
            outcome: ProbeOutcome::Seen { rows: 1, at_least: false },
        }],
        trials: Vec::new(),
        doors: Vec::new(),
        tests: Vec::new(),
    }
}

fn written(report: &Report, verbose: bool) -> String {
    let path = format!("{HOSTILE}.sql");
    let texts = BTreeMap::from([(path, format!("--\ncreate table {HOSTILE} (id int);\n"))]);
    let text = Human { width: 80, verbose, texts: &texts }.report(report);
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn nothing_hostile_reaches_the_screen() {
    let severities = [Severity::Critical, Severity::Medium, Severity::Info];
    let report = report(severities.map(|s| finding(s, HOSTILE)).to_vec());
    let texts = BTreeMap::from([(format!("{HOSTILE}.sql"), format!("--\ncreate table {HOSTILE} (id int);\n"))]);
    for verbose in [false, true] {
        let styled = Human { width: 80, verbose, texts: &texts }.report(&report);
        assert!(!styled.contains("\u{1b}[2J") && !styled.contains('\u{9b}'), "{styled}");
        let text = written(&report, verbose);
        let bad: Vec<_> = text.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert!(bad.is_empty(), "{bad:?} in {text}");
        // A line break in a name must not begin a line of its own, where it could pass for one of ours; copied SQL may.
        assert!(text.contains("\\u{1b}[2J\\u{9b}31m\\n\\u{202e}b"), "{text}");
    }
}

#[test]
fn tells_the_verdict_first_and_the_exit_code_last() {
    let text = written(&report(vec![finding(Severity::Critical, "notes")]), false);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("can be read by anyone."), "{text}");
    assert_eq!(lines[2], "critical[rls-off-exposed]: public.notes is open (confirmed on the server)");
    assert!(lines.last().unwrap().starts_with("exit 1:"), "{text}");
    assert!(text.contains("see it with psql\n      begin;\n      select * from \"notes\";"), "{text}");
    assert!(text.contains("and 5 more facts (--verbose shows them)"), "{text}");
    assert!(text.contains("  - and 12 more (--verbose shows them)"), "{text}");
    assert!(text.contains("notes.sql:2:1"), "{text}");
}

#[test]
fn long_lists_are_cut_with_a_count() {
    let many: Vec<_> = (0..40).map(|n| finding(Severity::High, &format!("t{n:02}"))).collect();
    let report = report(many);
    let short = written(&report, false);
    assert!(short.contains("27 more findings of rls-off-exposed (--verbose shows all)"), "{short}");
    // The first shows the ways to see it, the other full ones only the shortest.
    assert_eq!((short.matches("see it with psql").count(), short.matches("see it with curl").count()), (1, FULL));
    assert!(!short.contains("t39"));
    let long = written(&report, true);
    assert_eq!(long.matches("see it with psql").count(), 40);
}

#[test]
fn the_findings_at_a_glance_come_first() {
    let named = |n: usize| format!("t{n}");
    let mut all: Vec<_> = (1..=5).map(|n| finding(Severity::Critical, &named(n))).collect();
    all.iter_mut().for_each(|f| f.principal = Some("anon".into()));
    all[1].confidence = Confidence::Proved;
    let mut policy = finding(Severity::Medium, "notes");
    policy.check = "to-public".into();
    policy.object = ObjectRef::policy(&QualifiedName::new("public", "notes"), "a policy");
    policy.principal = Some("anon".into());
    all.push(policy);
    for width in [60, 80, 200] {
        let texts = BTreeMap::new();
        let text = Human { width, verbose: false, texts: &texts }.report(&report(all.clone()));
        let text = anstream::adapter::strip_str(&text).to_string();
        let table: Vec<_> = text.lines().skip_while(|l| !l.is_empty()).skip(1).take_while(|l| !l.is_empty()).collect();
        assert!(table.iter().all(|l| l.len() <= width), "{text}");
        let words = table.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words,
            "critical rls-off-exposed public.t1, public.t2, public.t3 and 2 others (anon), 4 of 5 confirmed \
             medium to-public public.notes (anon), confirmed"
        );
    }
    // One kind of finding needs no overview.
    assert!(!written(&report(all[..2].to_vec()), false).contains(" confirmed\n"));
}

#[test]
fn shows_the_lines_of_the_file() {
    let text = written(&report(vec![finding(Severity::High, HOSTILE)]), false);
    assert!(text.contains("create table a"), "{text}");
    assert!(text.contains("^^^^"), "{text}");
}
