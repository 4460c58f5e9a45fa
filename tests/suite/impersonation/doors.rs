//! Doors other than commands on relations: functions that show or write what rules deny their callers.

use serde_json::Value;

use super::trials::{OWN, audit, project};

/// The doors of a report that lead through an object.
fn doors<'r>(report: &'r Value, kind: &str, object: &str) -> Vec<&'r Value> {
    let is = |d: &&Value| d["door"] == kind && d["object"] == object;
    report["doors"].as_array().map(|all| all.iter().filter(is).collect()).unwrap_or_default()
}

fn of<'r>(all: &[&'r Value], persona: &str) -> &'r Value {
    all.iter().find(|d| d["persona"] == persona).unwrap_or_else(|| panic!("{persona} did not try: {all:?}"))
}

fn told(door: &Value) -> String {
    door["surprise"]["text"].as_str().unwrap_or_default().to_owned()
}

const SOUND: &str = "revoke truncate on public.notes from anon, authenticated;
    create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
    create function public.mine() returns setof public.notes language sql stable security definer set search_path = ''
        as $$ select * from public.notes where owner_id = auth.uid() $$;
    create function public.add_note(body text) returns bigint language sql security definer set search_path = ''
        as $$ insert into public.notes (owner_id, body) values (auth.uid(), body) returning id $$;
    create function public.search(term text) returns setof public.notes language plpgsql stable set search_path = ''
        as $$ begin return query execute format('select * from public.notes where body = %L', term); end $$;
    revoke execute on function public.mine(), public.add_note(text), public.search(text) from public, anon;";

#[test]
fn functions_that_keep_to_the_caller_show_nothing() {
    let dir = project(SOUND, &OWN.replace("exactly", "at-most"));
    let (report, code) = audit(dir.path(), 17, &["--allow-partial"]);
    assert_eq!(code, 0, "{}", report["doors"]);
    let is_call = |d: &&Value| d["door"] == "call" || d["door"] == "injection";
    let all: Vec<_> = report["doors"].as_array().unwrap().iter().filter(is_call).collect();
    assert!(all.iter().all(|d| d.get("surprise").is_none() && d.get("reached").is_none()), "{all:?}");
    let ran = of(&doors(&report, "call", "public.add_note(text)"), "user 1 of tenant 1");
    assert_eq!(ran["outcome"]["result"], "seen");
    assert!(!doors(&report, "injection", "public.search(text)").is_empty());
}

#[test]
fn what_definer_functions_show_and_write_beyond_the_rules_is_told() {
    let leaky = "create function public.of_user(user_id uuid) returns jsonb language sql stable security definer
            set search_path = '' as $$ select jsonb_agg(to_jsonb(n)) from public.notes n where n.owner_id = user_id $$;
        create function public.wipe(p_note_id bigint) returns void language sql security definer set search_path = ''
            as $$ delete from public.notes where id = p_note_id $$;
        create function public.take(p_note_id bigint) returns void language sql security definer set search_path = ''
            as $$ update public.notes set owner_id = auth.uid() where id = p_note_id $$;
        create function public.find(term text) returns setof public.notes language plpgsql stable security definer
            set search_path = '' as $$ begin
                return query execute 'select * from public.notes where body = ''' || term || ''''; end $$;
        alter table public.notes add column secret text not null default 'secret-' || gen_random_uuid();";
    for major in [14, 18] {
        let dir = project(&format!("{SOUND}{leaky}"), &OWN.replace("exactly", "at-most"));
        let (report, code) = audit(dir.path(), major, &["--allow-partial"]);
        assert_eq!(code, 1, "{major}");
        for (object, what) in [
            ("public.of_user(uuid)", "showed secret of rows of public.notes that the rule at "),
            ("public.wipe(bigint)", "deleted 1 row of public.notes that the rule at "),
            ("public.take(bigint)", "changed 1 row of public.notes that the rule at "),
        ] {
            let text = told(of(&doors(&report, "call", object), "user 1 of tenant 1"));
            assert!(text.contains(what), "{major}: {object}: {text}");
        }
        let wiped = of(&doors(&report, "call", "public.wipe(bigint)"), "user 1 of tenant 1");
        let show = &wiped["surprise"]["reproduce"];
        assert!(show["curl"].as_str().unwrap().contains("/rest/v1/rpc/wipe\""), "{show}");
        let js = show["supabase_js"].as_str().unwrap();
        assert!(js.starts_with("await supabase.rpc(\"wipe\", {\"p_note_id\":\""), "{js}");
        let broken = of(&doors(&report, "injection", "public.find(text)"), "user 1 of tenant 1");
        assert_eq!(broken["reached"][0], "a text that was given became part of the SQL that the function runs");
        let confirmed = |check: &str, name: &str| {
            let is = |f: &&Value| f["check"] == check && f["object"]["name"] == name;
            let found = report["findings"].as_array().unwrap().iter().find(is);
            found.map(|f| f["confidence"].as_str().unwrap().to_owned())
        };
        assert_eq!(confirmed("dynamic-sql-injection", "find(text)").as_deref(), Some("confirmed"), "{major}");
        assert_eq!(confirmed("secdef-exposed", "of_user(uuid)").as_deref(), Some("confirmed"), "{major}");
    }
}

/// What policies open to everybody is confirmed by the command that they are for, by somebody whose no row is.
#[test]
fn policies_are_confirmed_by_what_they_let_strangers_do() {
    let open = "create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
        create policy \"Service role adds\" on public.notes for insert to authenticated with check (true);
        create policy drop_them on public.notes for delete to authenticated using (true);
        create policy change on public.notes for update to authenticated using (true) with check (true);
        create function public.refuse() returns trigger language plpgsql as $$ begin raise 'frozen'; end $$;
        create trigger refuse before update on public.notes for each row execute function public.refuse();";
    let dir = project(open, &OWN.replace("exactly", "at-most"));
    let (report, _) = audit(dir.path(), 17, &["--allow-partial"]);
    let shown = |check: &str, policy: &str| {
        let is = |f: &&Value| f["check"] == check && f["object"]["part"] == policy;
        let found = report["findings"].as_array().unwrap().iter().find(is);
        let evidence = found.unwrap_or_else(|| panic!("{check} {policy}"))["evidence"].as_array().unwrap();
        evidence.iter().find(|e| e["kind"] == "live trial").map(|e| e["text"].as_str().unwrap().to_owned())
    };
    let added = shown("policy-name-audience", "Service role adds").unwrap();
    assert!(added.contains("insert for another user on public.notes reached 1 row"), "{added}");
    let deleted = shown("policy-tautology", "drop_them").unwrap();
    assert!(deleted.contains("delete") && !deleted.starts_with("as user 1"), "{deleted}");
    assert_eq!(shown("policy-tautology", "change"), None);
}
