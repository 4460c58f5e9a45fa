//! How a run of trials ends: with 1 for surprises, with 4 where the server shows that the tester or a proof is wrong.

use std::process::{Command, Stdio};

use crate::support::{binaries, program};

use super::trials::{OWN, fixture, project};

/// A run of the program: its exit code, and all that it said, a space for each break of lines.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command.args(arguments).arg("--pg-bin").arg(binaries(17).bin()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    (output.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn surprises_end_the_run_with_one_though_nobody_declared_a_rule() {
    let (code, said) = run(&["test", "--demo", "--allow-partial"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("did not come out as expected"), "{said}");
    assert!(said.contains("that the default reading denies: "), "{said}");
    assert!(said.contains("functions were called as everybody who may"), "{said}");
}

#[test]
fn a_sound_application_ends_the_run_with_zero() {
    let (code, said) = run(&["test", fixture("sound-saas").to_str().unwrap(), "--allow-partial"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("came out as expected."), "{said}");
}

#[test]
fn a_rule_is_named_in_headings_and_its_text_given_once() {
    let wide = "revoke truncate on public.notes from anon, authenticated;
        create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
        create policy blind on public.notes for delete to authenticated using (true);";
    let dir = project(wide, OWN);
    let (code, said) = run(&["test", dir.path().to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("access.toml:4:7 denies rule: owner_id = auth.uid()"), "{said}");
    assert_eq!(said.matches("rule: owner_id = auth.uid()").count(), 1, "{said}");
}

/// The application of one table, with a function that PostgREST is to call before each request.
fn before_each_request(does: &str) -> tempfile::TempDir {
    let own = format!(
        "revoke truncate on public.notes from anon, authenticated;
         create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
         create function public.before_request() returns void language plpgsql security definer set search_path = '' as
            $$ begin {does} end $$;
         alter role authenticator set pgrst.db_pre_request = 'public.before_request';"
    );
    project(&own, OWN)
}

/// What happens inside a request, the model of the catalog cannot know: a proof that it undoes must not stand.
#[test]
fn a_proof_that_leaks_ends_the_run_with_four() {
    let harmless = before_each_request("perform 1;");
    let widening =
        before_each_request("execute 'create policy wide on public.notes for select to authenticated using (true)';");
    for command in ["test", "audit"] {
        let (code, said) = run(&[command, harmless.path().to_str().unwrap(), "--allow-partial"]);
        assert!(code == Some(0) || command == "audit" && code == Some(1), "{command}: {code:?}: {said}");
        let (code, said) = run(&[command, widening.path().to_str().unwrap(), "--allow-partial"]);
        assert_eq!(code, Some(4), "{command}: {said}");
        assert!(said.contains("though pgwitness had proved that no row is (`owner_id = auth.uid()`)"), "{said}");
    }
}

#[test]
fn access_that_the_model_denies_ends_the_run_with_four() {
    let granting = before_each_request(
        "execute 'create policy wide on public.notes for select to anon using (true)';
         execute 'grant select on public.notes to anon';",
    );
    let closed = "\nrevoke all on public.notes from anon;";
    let file = granting.path().join("supabase/migrations/1_notes.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}{closed}")).unwrap();
    let (code, said) = run(&["test", granting.path().to_str().unwrap(), "--allow-partial"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the model says that anon cannot select on public.notes, but 5 rows came of it"), "{said}");
}

#[test]
fn a_control_that_is_not_seen_makes_the_run_void() {
    let blinding = before_each_request("execute 'drop policy if exists pgwitness_control on public.notes';");
    for command in ["test", "audit"] {
        let (code, said) = run(&[command, blinding.path().to_str().unwrap(), "--allow-partial"]);
        assert_eq!(code, Some(4), "{command}: {said}");
        assert!(said.contains("access that the tester widened itself was not seen: its run is void"), "{said}");
    }
}

#[test]
fn a_control_that_fails_is_said_and_ends_the_run_with_three() {
    let failing = before_each_request(
        "if exists (select from pg_catalog.pg_policies where policyname = 'pgwitness_control') then
             raise exception 'no such request';
         end if;",
    );
    let folder = failing.path().to_str().unwrap();
    let (code, said) = run(&["test", folder]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no control showed that the trials would notice a leak: no such request"), "{said}");
    assert_eq!(run(&["test", folder, "--allow-partial"]).0, Some(0));
    let harmless = before_each_request("perform 1;");
    assert_eq!(run(&["test", harmless.path().to_str().unwrap()]).0, Some(0));
}

#[test]
fn a_run_in_which_nothing_is_tried_is_no_pass() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("migrations")).unwrap();
    std::fs::write(dir.path().join("migrations/1_notes.sql"), "create table notes (id int primary key);").unwrap();
    let (code, said) = run(&["test", dir.path().join("migrations").to_str().unwrap()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("nothing was tried: "), "{said}");
}

#[test]
fn a_test_that_the_server_does_not_answer_is_not_run_and_the_run_incomplete() {
    let tests = "\n[[test]]\nas = 'user 1'\ndo = 'select pg_sleep(60)'\nrows = 1\n\
                 \n[[test]]\nas = 'user 1'\ndo = 'select 1 from public.notes'\nrows = 1\n";
    let own = "revoke truncate on public.notes from anon, authenticated;
               create policy own on public.notes for all to authenticated using (owner_id = auth.uid());";
    let dir = project(own, &format!("{OWN}{tests}"));
    let (code, said) = run(&["test", dir.path().to_str().unwrap()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("1 declared test came out as expected"), "{said}");
    assert!(said.contains("the test `select pg_sleep(60)` was not run: the server gave no answer: "), "{said}");
    let (code, said) = run(&["test", dir.path().to_str().unwrap(), "--allow-partial"]);
    assert_eq!(code, Some(0), "{said}");
}
