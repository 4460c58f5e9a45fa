//! Storage, bucket by bucket: files of oneself and of another user are listed and replaced as everybody, with policies that
//! keep them apart and with ones that do not.

use serde_json::Value;

use super::trials::{OWN, audit, project};

const SOUND: &str = "revoke truncate, trigger on public.notes from anon, authenticated;
    create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
    insert into storage.buckets (id, name, public) values ('docs', 'docs', false), ('pics', 'pics', true);
    create policy \"own docs\" on storage.objects to authenticated
        using (bucket_id = 'docs' and (storage.foldername(name))[1] = auth.uid()::text);";

const WIDE: &str = "create policy \"see pics\" on storage.objects for select using (bucket_id = 'pics');
    create policy \"add pics\" on storage.objects for insert to authenticated with check (bucket_id = 'pics');
    create policy \"change pics\" on storage.objects for update to authenticated using (bucket_id = 'pics');
    create policy \"see texts\" on storage.objects for select to authenticated using (name like '%.txt');";

const RULE: &str = "[[rule]]\non = 'storage.objects'\nrole = 'authenticated'\nmode = 'exactly'\n\
    all = \"bucket_id = 'docs' and (storage.foldername(name))[1] = auth.uid()::text\"\n";

fn door<'r>(report: &'r Value, persona: &str, kind: &str, bucket: &str) -> &'r Value {
    let is = |d: &&Value| d["persona"] == persona && d["door"] == kind && d["object"] == bucket;
    report["doors"].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("{persona}: no {kind} of {bucket}"))
}

fn is_storage(door: &&Value) -> bool {
    door["door"].as_str().unwrap().starts_with("bucket_")
}

#[test]
fn files_in_each_bucket_are_kept_apart_or_told() {
    let rules = format!("{}{RULE}", OWN.replace("exactly", "at-most"));
    for major in [14, 17] {
        let dir = project(SOUND, &rules);
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let user = |kind, bucket| door(&report, "user 1 of tenant 1", kind, bucket);
        let own = user("bucket_list", "docs");
        assert_eq!((&own["outcome"]["rows"], &own["expected"]), (&1.into(), &"1 of 4 files".into()), "{major}: {own}");
        for bucket in ["docs", "pics", "pgwitness-bucket"] {
            let replaced = user("bucket_overwrite", bucket);
            assert_eq!(replaced["outcome"]["result"], "refused", "{major}: {replaced}");
        }
        assert_eq!(user("bucket_list", "pics")["outcome"]["result"], "hidden");
        assert_eq!(door(&report, "anon", "bucket_list", "docs")["outcome"]["result"], "hidden");
        let all = report["doors"].as_array().unwrap().iter().filter(is_storage);
        let told: Vec<_> = all.filter(|d| d.get("reached").is_some() || d.get("surprise").is_some()).collect();
        assert!(told.is_empty(), "{major}: {told:?}");

        let dir = project(&format!("{SOUND}{WIDE}"), &rules);
        let (report, _) = audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]);
        let text = |persona, kind, bucket| door(&report, persona, kind, bucket)["surprise"]["text"].as_str().unwrap();
        let listed = text("user 1 of tenant 1", "bucket_list", "pgwitness-bucket");
        assert!(listed.ends_with("in the bucket pgwitness-bucket, which a declared rule denies"), "{listed}");
        let replaced = text("a signed-in user", "bucket_overwrite", "pics");
        assert!(replaced.starts_with("a signed-in user replaces a0000000"), "{replaced}");
        let anon = door(&report, "anon", "bucket_list", "pics");
        assert_eq!(
            anon["reached"][0].as_str().unwrap().split(':').next(),
            Some("anon lists files of another user in the bucket pics")
        );
        let confirmed = |check: &str| {
            let findings = report["findings"].as_array().unwrap().iter();
            findings.filter(|f| f["check"] == check && f["confidence"] == "confirmed").count()
        };
        let checks = ["storage-public-bucket", "storage-overwrite", "storage-no-bucket"];
        assert_eq!(checks.map(confirmed), [1, 1, 1], "{major}: {}", report["findings"]);
    }
}

#[test]
fn a_rule_that_grants_files_which_nobody_lists_is_told() {
    let rules = format!("{}{}", OWN.replace("exactly", "at-most"), RULE.replace("bucket_id = 'docs' and ", ""));
    let dir = project(SOUND, &rules);
    let (report, _) = audit(dir.path(), 17, &["--allow-partial", "--fail-on", "never"]);
    let missing = &door(&report, "user 1 of tenant 1", "bucket_list", "pics")["surprise"];
    assert_eq!((&missing["kind"], missing["declared"].as_bool()), (&"missing".into(), Some(true)), "{missing}");
    let human = std::process::Command::new(crate::support::program())
        .args(["test", dir.path().to_str().unwrap(), "--pg-bin"])
        .arg(crate::support::binaries(17).bin())
        .output()
        .unwrap();
    let text = String::from_utf8(human.stdout).unwrap();
    assert!(text.contains("Files of oneself and of another user, in each bucket"), "{text}");
    assert!(text.contains("pgwitness-bucket"), "{text}");
}
