//! Rules from files to findings: exit codes, positions, the JSON contract, replay on a server, and `diff`.

use std::path::Path;

use serde_json::Value;

use super::{Outcome, command, run};

const LETTERS: &str = "create table public.letters (id bigint generated always as identity primary key,
  reader uuid not null, sender uuid not null, body text);
alter table public.letters enable row level security;
revoke all on public.letters from anon, authenticated;
grant select on public.letters to authenticated;
create policy own on public.letters for select to authenticated using (reader = (select auth.uid()));
";
const WIDE: &str =
    "alter policy own on public.letters using (reader = (select auth.uid()) or sender = (select auth.uid()));\n";
const RULES: &str = "[[rule]]
on = \"public.letters\"
role = \"authenticated\"
select = \"reader = auth.uid()\"
mode = \"exactly\"
";

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.0.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn here(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut command(self.here(), arguments))
    }
}

fn letters() -> Project {
    Project::new(&[("supabase/migrations/1_a.sql", LETTERS), ("policies/access.toml", RULES)])
}

fn of<'r>(report: &'r Value, verdict: &str) -> Vec<&'r Value> {
    report["verdicts"].as_array().unwrap().iter().filter(|v| v["verdict"] == verdict).collect()
}

#[test]
fn kept_rules_are_proved_and_broken_ones_are_found() {
    let project = letters();
    let sound = project.run(&["check", "--format", "json"]).ends_with(0).json();
    assert_eq!((of(&sound, "proved").len(), sound["verdicts"].as_array().unwrap().len()), (2, 2), "{sound:#}");
    project.write("supabase/migrations/2_b.sql", WIDE);
    let report = project.run(&["check", "--format", "json"]).ends_with(1).json();
    let [broken] = of(&report, "violated").try_into().unwrap();
    for key in ["principal", "relation", "command", "row", "rule", "question", "verdict", "confidence", "reason"] {
        assert!(!broken[key].is_null(), "{key}: {broken:#}");
    }
    assert_eq!((&broken["rule"]["file"], &broken["rule"]["line"]), (&"policies/access.toml".into(), &4.into()));
    assert_eq!((&broken["trivial"], &broken["confidence"]), (&false.into(), &"proved".into()));
    assert!(broken["witness"]["sql"].as_str().unwrap().ends_with("rollback;\n"), "{broken:#}");
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "rule-exceeded").unwrap();
    assert_eq!(finding["locations"][0]["file"], "supabase/migrations/2_b.sql", "{finding:#}");
    let text = project.run(&["check"]).ends_with(1).stdout;
    for part in
        ["policies/access.toml:4: reader = auth.uid()", "decided by: policy \"own\"", "│ reached ┆", "1 violated"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_rule_that_cannot_be_decided_is_no_all_clear() {
    let project = letters();
    project.write(
        "supabase/migrations/2_b.sql",
        "create policy odd on public.letters for select to authenticated using (body ~ reader::text);\n",
    );
    let open = project.run(&["check"]).ends_with(3).stdout;
    assert!(open.contains("policies/access.toml:4: not decided: whether SELECT on public.letters"), "{open}");
    project.run(&["check", "--allow-partial"]).ends_with(0);
}

#[test]
fn a_server_of_our_own_confirms_witnesses() {
    let project = letters();
    project.write("supabase/migrations/2_b.sql", WIDE);
    let report = project.run(&["check", "--shadow", "--format", "json"]).ends_with(1).json();
    let [broken] = of(&report, "violated").try_into().unwrap();
    assert_eq!(
        (&broken["confidence"], &broken["witness"]["replay"]["reproduced"]),
        (&"confirmed".into(), &true.into())
    );
    assert!(report["source"]["notes"].to_string().contains("1 of 1 witnesses"), "{}", report["source"]);
}

#[test]
fn what_the_base_breaks_too_is_no_news() {
    let project = letters();
    project.write("base/1_a.sql", &format!("{LETTERS}{WIDE}"));
    project.write("supabase/migrations/2_b.sql", WIDE);
    project.run(&["check", "--base", "base", "--platform", "supabase"]).ends_with(0);
}

#[test]
fn two_states_are_compared_by_what_they_mean() {
    let project = letters();
    project.write("wide/1_a.sql", &format!("{LETTERS}{WIDE}"));
    project.write("same/1_a.sql", &LETTERS.replace("(reader = (select auth.uid()))", "(auth.uid() in (reader))"));
    let diff = |a: &str, b: &str| project.run(&["diff", a, b, "--platform", "supabase", "--format", "json"]);
    let wider = diff("supabase/migrations", "wide").ends_with(1).json();
    let [one] = wider["change"]["access"].as_array().unwrap().as_slice() else { panic!("{wider:#}") };
    assert_eq!(one["direction"], "widened", "{one:#}");
    assert!(one["witness"]["sql"].as_str().unwrap().contains("set local role authenticated"), "{one:#}");
    diff("wide", "supabase/migrations").ends_with(0);
    let same = diff("supabase/migrations", "same").ends_with(0).json();
    assert_eq!(same["change"]["access"].as_array().unwrap().len(), 0, "{same:#}");
    let text = project.run(&["diff", "supabase/migrations", "wide", "--platform", "supabase"]).ends_with(1).stdout;
    assert!(text.contains("widened") && text.contains("seen with claims"), "{text}");
}

/// A trigger may undo what policies let through: that is open offline, and settled by a server, on which it fires.
#[test]
fn what_triggers_may_undo_is_open_until_a_server_shows_it() {
    let table = |name: &str, body: &str| {
        format!(
            "create table public.{name} (id int primary key, owner uuid, n int);
alter table public.{name} enable row level security;
create policy everything on public.{name} for insert to authenticated with check (true);
create function public.{name}_before() returns trigger language plpgsql as $$ begin {body} return new; end $$;
create trigger before_row before insert on public.{name} for each row execute function public.{name}_before();
"
        )
    };
    let sql = table("sets", "new.owner := auth.uid();")
        + &table("refuses", "if new.owner is distinct from auth.uid() then raise exception 'not yours'; end if;")
        + &table("minds_others", "if new.n < 0 then raise exception 'too few'; end if;")
        + &table("harmless", "new.n := 1; raise notice 'written';");
    let rule = |name: &str| {
        format!("[[rule]]\non = \"public.{name}\"\nrole = \"authenticated\"\ninsert = \"owner = auth.uid()\"\n")
    };
    let rules: String = ["sets", "refuses", "minds_others", "harmless"].into_iter().map(rule).collect();
    let project = Project::new(&[("supabase/migrations/1_a.sql", &sql), ("policies/access.toml", &rules)]);
    let verdicts = |arguments: &[&str]| {
        let report = project.run(&[&["check", "--format", "json"], arguments].concat()).ends_with(1).json();
        let all = report["verdicts"].as_array().unwrap().iter();
        let inserts = all.filter(|v| v["command"] == "INSERT").map(|v| {
            let name = v["relation"]["name"].as_str().unwrap().to_owned();
            (name, v["verdict"].as_str().unwrap().to_owned(), v["reason"].as_str().unwrap().to_owned())
        });
        inserts.collect::<Vec<_>>()
    };
    let words = |all: &[(String, String, String)]| {
        let mut all: Vec<_> = all.iter().map(|(name, verdict, _)| format!("{name} {verdict}")).collect();
        all.sort();
        all
    };
    let offline = verdicts(&[]);
    assert_eq!(words(&offline), ["harmless violated", "minds_others unknown", "refuses unknown", "sets unknown"]);
    let reason = &offline.iter().find(|(name, ..)| name == "sets").unwrap().2;
    assert!(
        reason.starts_with("the trigger before_row (public.sets_before()) may change owner; but for that,"),
        "{reason}"
    );
    let shown = words(&verdicts(&["--shadow"]));
    assert_eq!(shown, ["harmless violated", "minds_others violated", "refuses unknown", "sets unknown"]);
}

#[test]
fn what_rules_assume_is_said_in_every_format() {
    let project = letters();
    project.write("supabase/migrations/2_wide.sql", WIDE);
    project.write("policies/access.toml", &format!("[assume]\ncaller = \"data-api\"\n{RULES}"));
    for format in ["human", "json", "sarif", "github", "gitlab", "junit", "markdown", "csv", "html", "oscal"] {
        let told = project.run(&["check", "--verbose", "--format", format]).ends_with(1).stdout;
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("rules assume that statements come through the Data API"), "{format}: {told}");
    }
    let usual = letters();
    usual.write("supabase/migrations/2_wide.sql", WIDE);
    assert!(!usual.run(&["check"]).ends_with(1).stdout.contains("assume that"));
}

#[test]
fn claims_that_users_choose_are_named_with_the_verdict() {
    let project = letters();
    project.write(
        "supabase/migrations/2_claim.sql",
        "alter policy own on public.letters using (auth.jwt() ->> 'team' = body);\n",
    );
    let rule =
        "[[rule]]\non = \"public.letters\"\nrole = \"authenticated\"\nselect = \"auth.jwt() ->> 'team' = body\"\n";
    for (trusted, told) in [("[\"sub\"]", true), ("[\"sub\", \"team\"]", false)] {
        project.write("policies/access.toml", &format!("[assume]\nclaims.trusted = {trusted}\n{rule}"));
        let report = project.run(&["check", "--format", "json"]).ends_with(0).json();
        let said = report["verdicts"].to_string().contains("the claim team is what the user makes it");
        assert_eq!(said, told, "{trusted}");
    }
}
