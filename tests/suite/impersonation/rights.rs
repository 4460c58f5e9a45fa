//! Doors that rights open, COPY, cascades and plans that are kept: each with what is open beside what is not.

use serde_json::Value;

use super::trials::{OWN, audit, project};

const SOUND: &str = "revoke truncate, trigger on public.notes from anon, authenticated;
    create policy own on public.notes for all to authenticated using (owner_id = auth.uid());";

fn door<'r>(report: &'r Value, kind: &str, role: &str, object: &str) -> &'r Value {
    let all = report["doors"].as_array().unwrap();
    let is = |d: &&Value| d["door"] == kind && d["role"] == role && d["object"] == object;
    all.iter().find(is).unwrap_or_else(|| panic!("{role} did not try {kind} {object}"))
}

fn reached(door: &Value) -> &str {
    door["reached"][0].as_str().unwrap_or_default()
}

fn outcome<'r>(report: &'r Value, persona: &str, action: &str, table: &str) -> &'r Value {
    let is = |t: &&Value| t["persona"] == persona && t["action"] == action && t["relation"]["name"] == table;
    let trial = report["trials"].as_array().unwrap().iter().find(is);
    trial.unwrap_or_else(|| panic!("{persona} did not try {action} on {table}"))
}

#[test]
fn what_rights_open_is_tried_and_what_they_do_not_is_refused() {
    let more = "create role rights_worker login; grant service_role to rights_worker; create role rights_plain login;
        grant usage on schema public to rights_worker, rights_plain;
        create table public.papers (id serial primary key); alter table public.papers enable row level security;
        revoke all on public.papers from anon, authenticated; grant trigger on public.papers to rights_plain;
        revoke all on sequence public.papers_id_seq from anon, authenticated;
        grant update on sequence public.papers_id_seq to rights_worker;
        create function public.told() returns trigger language plpgsql as $$
            begin perform pg_notify('papers', 'x'); return null; end $$;";
    for major in [14, 17] {
        let dir = project(&format!("{SOUND}{more}"), &OWN.replace("exactly", "at-most"));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let worker = reached(door(&report, "set_role", "rights_worker", "service_role"));
        assert_eq!(worker, "rights_worker can become service_role, which is exempt from row-level security");
        assert_eq!(door(&report, "set_role", "rights_plain", "service_role")["outcome"]["result"], "refused");
        let ran = reached(door(&report, "trigger", "rights_plain", "public.papers"));
        assert!(ran.starts_with("code of rights_plain ran as supabase_admin"), "{major}: {ran}");
        assert_eq!(reached(door(&report, "drop_owned", "rights_worker", "rights_worker")), "");
        let set = |role| door(&report, "sequence", role, "public.papers_id_seq")["outcome"]["result"].clone();
        assert_eq!(set("rights_worker"), "nothing_seen", "{major}");
        assert_eq!(set("rights_plain"), "refused", "{major}");
        assert_eq!(
            reached(door(&report, "channel", "rights_plain", "papers")),
            "rights_plain hears what is sent to papers"
        );
        let new = door(&report, "new_table", "anon", "public");
        assert_eq!(reached(new), "anon reads a table that postgres has just made in public");
        let all = report["doors"].as_array().unwrap();
        let surprised: Vec<_> = all.iter().filter_map(|d| d["surprise"]["text"].as_str()).collect();
        assert_eq!(surprised, [""; 0], "{major}");
    }
}

#[test]
fn copies_cascades_and_kept_plans_are_tried() {
    let more = "create table public.marks (id int primary key, note_id bigint not null references public.notes on delete cascade);
        alter table public.marks enable row level security;
        create policy seen on public.marks for select to authenticated using (true);
        create table public.open (id int primary key); revoke all on public.open from anon;";
    for major in [15, 18] {
        let dir = project(&format!("{SOUND}{more}"), &OWN.replace("exactly", "at-most"));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let user = |action, table| outcome(&report, "user 1 of tenant 1", action, table);
        assert_eq!(user("copy_out", "notes")["outcome"]["rows"], 1);
        let into_notes = |t: &&Value| t["action"] == "copy_in" && t["relation"]["name"] == "notes";
        assert!(!report["trials"].as_array().unwrap().iter().any(|t| into_notes(&t)), "row security keeps COPY out");
        assert_eq!(outcome(&report, "a signed-in user", "copy_in", "open")["outcome"]["rows"], 1);
        assert_eq!(user("delete_by_cascade", "marks")["outcome"]["rows"], 1, "of rows that it may not delete");
        assert_eq!(user("delete_blind", "marks")["outcome"]["result"], "hidden");
        assert_eq!(user("select_by_kept_plan", "notes")["outcome"]["rows"], 1);
        let kept = report["trials"].as_array().unwrap().iter().filter(|t| t["action"] == "select_by_kept_plan");
        assert!(kept.filter(|t| t.get("surprise").is_some()).count() == 0);
    }
}

#[test]
fn a_plan_that_keeps_the_first_user_is_noticed() {
    let immutable = "revoke truncate, trigger on public.notes from anon, authenticated;
        create function public.me() returns uuid language sql immutable as $$ select auth.uid() $$;
        create policy own on public.notes for all to authenticated using (owner_id = (select public.me()));
        create policy direct on public.notes for select to authenticated using (owner_id = public.me());";
    let dir = project(immutable, &OWN.replace("exactly", "at-most"));
    let (report, code) = audit(dir.path(), 16, &["--allow-partial"]);
    let kept = report["trials"].as_array().unwrap().iter().filter(|t| t["action"] == "select_by_kept_plan");
    let told: Vec<_> = kept.filter_map(|t| t["surprise"]["text"].as_str()).collect();
    let expected = "a plan on public.notes that other personas of the session had used gave other rows";
    assert!(told.iter().any(|text| text.contains(expected)), "{told:?}");
    assert_eq!(code, 1);
}

#[test]
fn trials_whose_control_fails_are_no_all_clear_in_an_audit_either() {
    let dir = project(SOUND, &OWN.replace("exactly", "at-most"));
    let guard = "create function public.no_policies() returns event_trigger language plpgsql as
            $$ begin raise exception 'no policies here'; end $$;
        create event trigger no_policies on ddl_command_start when tag in ('CREATE POLICY')
            execute function public.no_policies();";
    std::fs::write(dir.path().join("supabase/migrations/2_guard.sql"), guard).unwrap();
    let (report, code) = audit(dir.path(), 17, &["--fail-on", "never"]);
    let gaps = report["coverage"]["gaps"].to_string();
    assert!(gaps.contains("no control showed that the trials would notice a leak"), "{gaps}");
    assert_eq!(code, 3);
}

#[test]
fn procedures_large_objects_and_references_set_to_null_are_tried() {
    let more = "create role rights_clerk login; create role rights_guest login;
        grant usage on schema public to rights_clerk, rights_guest;
        create procedure public.wipe(out done boolean) language plpgsql security definer set search_path = '' as
            $$ begin delete from public.notes; done := true; end $$;
        create procedure public.idle(note bigint) language plpgsql as $$ begin perform note; end $$;
        revoke execute on procedure public.wipe(), public.idle(bigint) from public, anon, authenticated;
        grant execute on procedure public.wipe(), public.idle(bigint) to rights_clerk;
        select lo_from_bytea(4711, 'secret'); grant select on large object 4711 to rights_clerk;
        create table public.folders (id int primary key);
        alter table public.folders enable row level security;
        create policy seen on public.folders to authenticated using (true);
        alter table public.notes add column folder_id int references public.folders on delete set null;";
    let clerk = "[[rule]]\non = 'public.notes'\nrole = 'rights_clerk'\nall = false\n";
    for major in [14, 18] {
        let dir = project(&format!("{SOUND}{more}"), &format!("{}{clerk}", OWN.replace("exactly", "at-most")));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let wiped = door(&report, "call", "rights_clerk", "public.wipe()");
        let text = wiped["surprise"]["text"].as_str().unwrap_or_default();
        assert!(
            text.contains("calling public.wipe() deleted 5 rows of public.notes that the rule at "),
            "{major}: {wiped}"
        );
        let idle = door(&report, "call", "rights_clerk", "public.idle(bigint)");
        assert!(idle.get("surprise").is_none() && idle["outcome"]["result"] == "nothing_seen", "{major}: {idle}");
        assert_eq!(
            reached(door(&report, "large_object", "rights_clerk", "4711")),
            "rights_clerk reads the large object 4711"
        );
        assert_eq!(door(&report, "large_object", "rights_guest", "4711")["outcome"]["result"], "refused", "{major}");
        let set_null = outcome(&report, "a signed-in user", "delete_by_cascade", "notes");
        assert_eq!(set_null["outcome"]["rows"], 5, "{major}: of rows that it may not update");
    }
}

#[test]
fn new_keys_of_what_rows_refer_to_are_tried() {
    let memos = |name: &str, column: &str| {
        format!(
            "create table public.{name} (id int primary key, owner_id uuid not null references auth.users, {column});
             alter table public.{name} enable row level security;
             create policy own on public.{name} to authenticated using (owner_id = auth.uid());"
        )
    };
    let more = format!(
        "create table public.folders (code text primary key, name text not null default 'x');
        alter table public.folders enable row level security;
        create policy seen on public.folders for select to authenticated using (name <> '');
        create policy tidy on public.folders for update to authenticated using (name <> '');
        insert into public.folders values ('spare');
        create table public.shelves (code text primary key, owner_id uuid not null references auth.users);
        alter table public.shelves enable row level security;
        create policy own on public.shelves to authenticated using (owner_id = auth.uid());
        {} {} {} {}",
        memos("moved", "folder text not null references public.folders on update cascade"),
        memos("emptied", "folder text references public.folders on update set null"),
        memos("reset", "folder text default 'spare' references public.folders on update set default"),
        memos("kept", "shelf text not null references public.shelves on update cascade"),
    );
    for major in [14, 18] {
        let dir = project(&format!("{SOUND}{more}"), &OWN.replace("exactly", "at-most"));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        for table in ["moved", "emptied", "reset"] {
            let trial = outcome(&report, "a signed-in user", "update_by_cascade", table);
            assert_eq!(trial["outcome"]["rows"], 1, "{major}: a row of {table} that it may not update: {trial}");
            let direct = outcome(&report, "a signed-in user", "update_filtered", table);
            assert_eq!(direct["outcome"]["result"], "hidden", "{major}: {direct}");
        }
        let kept = outcome(&report, "a signed-in user", "update_by_cascade", "kept");
        assert_eq!(kept["outcome"]["result"], "hidden", "{major}: {kept}");
        let findings = report["findings"].as_array().unwrap();
        let found: Vec<_> = findings.iter().filter(|f| f["check"] == "fk-cascade-bypass").collect();
        let [found] = found[..] else { panic!("{major}: {found:?}") };
        assert_eq!((&found["object"]["name"], &found["confidence"]), (&"folders".into(), &"confirmed".into()));
        let evidence = found["evidence"].to_string();
        assert!(evidence.contains("a signed-in user: new key of what rows refer to on public."), "{evidence}");
    }
}
