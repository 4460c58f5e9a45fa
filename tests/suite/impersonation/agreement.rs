//! Findings and effective access held against the server; and negative controls: a wider access must be noticed.

use super::world::{World, options, outcome, seen, test_with};
use crate::support::block_on;
use pgwitness::analyzer::effective::Effective;
use pgwitness::checks::{self, Context};
use pgwitness::connector::{Database, SessionOptions};
use pgwitness::finding::{Confidence, Finding, Findings};
use pgwitness::impersonation::{Agreement, confirm};
use pgwitness::model::Schema;
use pgwitness::report::ProbeOutcome::{Hidden, Refused};

const APP: &str = r#"
    create table notes (id int); insert into notes select generate_series(1, 3);
    create table blank (id int);
    create table own (id int, owner_id uuid); insert into own values (1, gen_random_uuid());
    alter table own enable row level security;
    create policy own on own to authenticated using (owner_id = auth.uid());
    create table closed (id int); insert into closed values (1); alter table closed enable row level security;
    create table withheld (id int); insert into withheld values (1);
    grant select on notes, blank, own, closed to anon, authenticated;
"#;

fn findings(schema: &Schema) -> Vec<Finding> {
    let cx = Context::new(schema, None);
    let mut out = Findings::new(&schema.files);
    checks::run_all(&cx, &mut out);
    out.finish().0
}

/// The findings by a model that is read first, held against the server after `change`.
fn after(change: &str) -> (Vec<Finding>, Agreement) {
    let world = World::new(17, APP);
    let schema = world.schema();
    world.execute(change);
    let mut findings = findings(&schema);
    let tested = test_with(&[&world.client], &schema, &options());
    let agreement = confirm(&mut findings, &tested, &Effective::new(&schema, None));
    (findings, agreement)
}

fn texts(agreement: &Agreement) -> Vec<&str> {
    agreement.contradictions.iter().map(|c| c.text.as_str()).collect()
}

fn live(findings: &[Finding], table: &str) -> (Confidence, Vec<String>) {
    let of_table = |f: &&Finding| f.check == "rls-off-exposed" && f.object.name == table;
    let finding = findings.iter().find(of_table).unwrap_or_else(|| panic!("no finding on {table}"));
    let live = finding.evidence.iter().filter(|e| e.kind == "live read").map(|e| e.text.clone()).collect();
    (finding.confidence, live)
}

#[test]
fn rows_seen_confirm_a_finding_and_an_empty_table_does_not() {
    let (findings, agreement) = after("");
    let (confidence, evidence) = live(&findings, "notes");
    assert_eq!(confidence, Confidence::Confirmed);
    let expected = ["as anon: 3 rows seen in public.notes", "as a signed-in user: 3 rows seen in public.notes"];
    assert_eq!(evidence, expected);
    let (confidence, evidence) = live(&findings, "blank");
    assert_eq!(confidence, Confidence::Proved);
    assert_eq!(evidence, ["public.blank is empty: nothing to see yet"]);
    assert!(agreement.not_reproduced.is_empty() && agreement.contradictions.is_empty(), "{agreement:?}");
    let confirmed = findings.iter().filter(|f| f.confidence == Confidence::Confirmed).count();
    assert_eq!(agreement.confirmed, u64::try_from(confirmed).unwrap());
}

#[test]
fn a_finding_that_does_not_show_is_said_aloud() {
    let (findings, agreement) = after("revoke select on notes from anon; alter table notes enable row level security");
    let (confidence, evidence) = live(&findings, "notes");
    assert_eq!(confidence, Confidence::Proved);
    assert_eq!(
        evidence,
        [
            "not reproduced: as anon reading public.notes was refused (SQLSTATE 42501)",
            "not reproduced: as a signed-in user no row was seen in public.notes, though it has rows",
        ]
    );
    let said = |text: &str| agreement.not_reproduced.iter().any(|n| n.contains(text));
    assert!(said("rls-off-exposed public.notes: not reproduced: as anon"), "{agreement:?}");
    let contradicted = |text: &str| agreement.contradictions.iter().any(|c| c.text == text);
    assert!(contradicted("the model says anon has the privilege to read public.notes, but the server refused"));
    assert!(contradicted(
        "the model says a signed-in user reads every row of public.notes, but none of its rows came back"
    ));
}

#[test]
fn access_that_the_model_denies_is_a_contradiction() {
    let (_, agreement) = after("grant select on withheld to anon; create policy wide on closed using (true)");
    let expected = [
        "the model says anon cannot read public.closed, but 1 row came back",
        "the model says anon cannot read public.withheld, but 1 row came back",
        "the model says anon without a token cannot read public.closed, but 1 row came back",
        "the model says anon without a token cannot read public.withheld, but 1 row came back",
        "the model says a signed-in user cannot read public.closed, but 1 row came back",
        "the model says an anonymous sign-in cannot read public.closed, but 1 row came back",
    ];
    assert_eq!(texts(&agreement), expected);
    let (_, agreement) = after("delete from withheld; grant select on withheld to anon");
    let expected = "the model says anon has no privilege to read public.withheld, but the server did not refuse";
    assert_eq!(texts(&agreement).first(), Some(&expected));
}

#[test]
fn what_a_migration_changed_meanwhile_is_no_contradiction() {
    let world = World::new(17, APP);
    let database = block_on(Database::open(&world.info("postgres"), &SessionOptions::default())).unwrap();
    let schema = world.schema();
    let effective = Effective::new(&schema, None);
    let before = test_with(&[&world.client], &schema, &options());
    world.execute("revoke select on notes from anon; drop table blank");
    let tested = test_with(&[&world.client], &schema, &options());
    let mut agreement = confirm(&mut [], &tested, &effective);
    assert!(!agreement.contradictions.is_empty());
    block_on(agreement.recheck(&database, &schema)).unwrap();
    assert_eq!(texts(&agreement), [""; 0]);
    assert!(!agreement.overtaken.is_empty());

    // The same model twice, and a read that cannot be: that stands.
    let schema = world.schema();
    let mut wrong = before;
    for probe in wrong.probes.iter_mut().filter(|p| p.relation.name == "closed" && p.persona == "anon") {
        probe.outcome = super::world::seen(1);
    }
    wrong.probes.retain(|p| p.relation.name == "closed");
    let mut agreement = confirm(&mut [], &wrong, &Effective::new(&schema, None));
    block_on(agreement.recheck(&database, &schema)).unwrap();
    assert_eq!(texts(&agreement), ["the model says anon cannot read public.closed, but 1 row came back"]);
    assert!(agreement.overtaken.is_empty());
}

/// Negative control: if the tester could not see a leak, its silence would mean nothing.
#[test]
fn a_planted_policy_that_widens_access_is_seen() {
    let world = World::new(16, APP);
    let user = || outcome(&world.test(), "a signed-in user", "own");
    assert_eq!(user(), Hidden);
    world.execute("create policy planted on own to authenticated using (owner_id is not null)");
    assert_eq!(user(), seen(1));
    world.execute("drop policy planted on own");
    assert_eq!(user(), Hidden);
    assert_eq!(outcome(&world.test(), "anon", "withheld"), Refused);
    world.execute("grant select on withheld to public");
    assert_eq!(outcome(&world.test(), "anon", "withheld"), seen(1));
}
