//! Private channels of Realtime, joined as everybody: with policies that keep to the topic, and with one that does not.

use serde_json::Value;

use super::trials::{OWN, audit, project};

const ROOMS: &str = "revoke truncate, trigger on public.notes from anon, authenticated;
    create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
    create table public.rooms (id uuid primary key default gen_random_uuid(), owner_id uuid not null references auth.users);
    alter table public.rooms enable row level security; revoke truncate, trigger on public.rooms from anon, authenticated;
    create policy own on public.rooms for all to authenticated using (owner_id = auth.uid());
    create policy listen on realtime.messages for select to authenticated using (extension = 'broadcast' and exists
        (select 1 from public.rooms r where 'room:' || r.id::text = realtime.topic() and r.owner_id = auth.uid()));";

const RULE: &str = "[[rule]]\non = 'realtime.messages'\nrole = 'authenticated'\nselect = \"exists (select 1 from public.rooms r \
    where 'room:' || r.id::text = topic and r.owner_id = auth.uid())\"\ninsert = false\n";

/// What a persona saw and sent: its own topics first, then those of another user.
fn joined<'r>(report: &'r Value, persona: &str) -> Vec<&'r Value> {
    let all = report["doors"].as_array().unwrap();
    all.iter().filter(|d| d["door"] == "topic" && d["persona"] == persona && d["role"] == "authenticated").collect()
}

fn listened(door: &Value) -> bool {
    door["statement"].as_str().unwrap().contains("select extension")
}

#[test]
fn topics_are_joined_as_realtime_asks_and_one_of_another_user_is_told() {
    for major in [15, 17] {
        let own = OWN.replace("exactly", "at-most");
        let dir = project(ROOMS, &format!("{own}{RULE}"));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let user = joined(&report, "user 1 of tenant 1");
        let result = |d: &&Value| d["outcome"]["result"].as_str().unwrap().to_owned();
        let rooms: Vec<_> = user.iter().filter(|d| listened(d)).collect();
        assert!(
            rooms.len() > 2 && rooms.iter().all(|d| d["object"].as_str().unwrap().starts_with("room:")),
            "{rooms:?}"
        );
        let seen: Vec<_> = rooms.iter().filter(|d| result(d) == "seen").collect();
        assert_eq!((seen.len(), &seen[0]["outcome"]["rows"]), (1, &1.into()), "its own room, and broadcasts only");
        assert!(seen[0].get("reached").is_none());
        assert!(user.iter().filter(|d| !listened(d)).all(|d| result(d) == "refused"), "{user:?}");

        let wide =
            "create policy everyone on realtime.messages to authenticated using (realtime.topic() like 'room:%');";
        let dir = project(&format!("{ROOMS}{wide}"), &format!("{own}{RULE}"));
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let user = joined(&report, "user 1 of tenant 1");
        let told = |does: &str| {
            let texts = user.iter().filter_map(|d| d["surprise"]["text"].as_str());
            texts.filter(|text| text.starts_with(&format!("user 1 of tenant 1 {does} the topic `room:"))).count()
        };
        assert!(told("listens to") > 0 && told("sends on") > 0, "{major}: {user:?}");
        let reached =
            |d: &&&Value| d["reached"][0].as_str().is_some_and(|r| r.ends_with("named by what is another user's"));
        assert!(user.iter().any(|d| reached(&d)), "{major}: {user:?}");
    }
}
