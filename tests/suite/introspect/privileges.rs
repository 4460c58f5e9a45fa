//! What a role with few privileges sees, and how it is told what it does not see.

use pgwitness::model::{Bucket, Gap, Platform, QualifiedName, Schema};

use super::{execute, fresh, read, rich};
use crate::support::{MAJORS, connect, database};

fn gaps(schema: &Schema) -> Vec<&str> {
    schema.gaps.iter().map(|gap: &Gap| gap.what.as_str()).collect()
}

/// CONNECT is all that the role has; catalogs are for everybody.
#[test]
fn a_plain_role_reads_the_same_model() {
    for major in MAJORS {
        let (server, by_superuser) = rich(major);
        let admin = connect(server, server.superuser(), "rich");
        execute(&admin, "create role plain login; grant connect on database rich to plain");
        let as_plain = read(&connect(server, "plain", "rich"));
        execute(&admin, "revoke connect on database rich from plain; drop role plain");
        assert!(as_plain.role("plain").is_some());
        let mut expected = by_superuser.clone();
        expected.server.current_user = "plain".into();
        // Other tests make roles meanwhile.
        expected.roles = as_plain.roles.clone();
        expected.database.acl = as_plain.database.acl.clone();
        expected.server_settings.retain(|s| !s.name.contains("preload"));
        expected.gaps = as_plain.gaps.clone();
        assert!(as_plain == expected, "{major}");
        let gaps = gaps(&as_plain);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!(gaps[0].contains("shared_preload_libraries") && gaps[0].contains("pg_read_all_settings"), "{gaps:?}");
    }
}

/// Some providers take catalogs away from PUBLIC: that must not end the reading of the rest.
#[test]
fn a_catalog_that_may_not_be_read_is_a_gap() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let admin = fresh(server, "hardened", "");
        execute(
            &admin,
            "create role hard login;
             revoke select on pg_catalog.pg_policy, pg_catalog.pg_database, pg_catalog.pg_largeobject_metadata,
                 pg_catalog.pg_subscription from public;
             create table public.t (id int); alter table public.t enable row level security;
             create policy p on public.t using (true);",
        );
        let schema = read(&connect(server, "hard", "hardened"));
        let table = schema.relation(&QualifiedName::new("public", "t")).unwrap();
        assert!(table.row_security && table.policies.is_empty() && table.columns.len() == 1, "{major}");
        assert_eq!(schema.database.name, "hardened");
        let gap = |part: &str| schema.gaps.iter().any(|g| g.access_control && g.what.contains(part));
        assert!(gap("policies were not read: this role lacks SELECT on pg_policy"), "{:?}", schema.gaps);
        assert!(gap("pg_database") && gap("pg_largeobject_metadata") && gap("pg_subscription"), "{:?}", schema.gaps);
        assert!(read(&admin).gaps.is_empty());
        execute(&admin, "drop role hard");
    }
}

#[test]
fn buckets_are_read_or_said_to_be_hidden() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let admin = fresh(server, "supa", "");
        execute(
            &admin,
            "create role anon; create role authenticated; create role service_role; create role peeker login;
             create schema auth; create schema storage;
             create table storage.buckets (id text primary key, name text, owner uuid, public boolean default false,
                 file_size_limit bigint, allowed_mime_types text[]);
             insert into storage.buckets values ('open', 'open', null, true, 5000, '{image/png,image/jpeg}'), ('shut', 'shut', null, false, null, null);
             alter table storage.buckets enable row level security;",
        );
        let schema = read(&admin);
        assert_eq!((schema.server.platform, schema.gaps.len()), (Platform::Supabase, 0), "{major}");
        let open = Bucket {
            id: "open".into(),
            public: true,
            file_size_limit: Some(5000),
            allowed_mime_types: vec!["image/png".into(), "image/jpeg".into()],
        };
        let shut = Bucket { id: "shut".into(), public: false, file_size_limit: None, allowed_mime_types: Vec::new() };
        assert_eq!(schema.buckets, [open, shut]);

        let refused = |why: &str| {
            let schema = read(&connect(server, "peeker", "supa"));
            assert!(schema.buckets.is_empty());
            let told = gaps(&schema).iter().any(|g| g.starts_with("storage.buckets was not read") && g.contains(why));
            assert!(told, "{major} {why}: {:?}", schema.gaps);
        };
        refused("USAGE on schema storage");
        execute(&admin, "grant usage on schema storage to peeker");
        refused("lacks SELECT");
        execute(&admin, "grant select (id) on storage.buckets to peeker");
        refused("lacks SELECT");
        execute(&admin, "grant select on storage.buckets to peeker");
        refused("row security hides rows");
        execute(
            &admin,
            "alter table storage.buckets disable row level security, drop column file_size_limit, drop column allowed_mime_types",
        );
        let old = read(&connect(server, "peeker", "supa"));
        assert_eq!(
            old.buckets.iter().map(|b| (b.id.as_str(), b.public)).collect::<Vec<_>>(),
            [("open", true), ("shut", false)]
        );
        // A view of that name could run anything.
        execute(
            &admin,
            "alter table storage.buckets rename to real; create view storage.buckets as select * from storage.real; grant select on storage.buckets to peeker",
        );
        refused("not the table that Supabase makes");
        execute(&admin, "drop owned by peeker; drop role anon, authenticated, service_role, peeker");
        assert_eq!(read(&admin).server.platform, Platform::Postgres);
    }
}

/// The platform as the shadow makes it, read as its project owner `postgres`, who is no superuser there.
#[test]
fn supabase_is_recognised() {
    for major in MAJORS {
        let project = database(
            major,
            pgwitness::shadow::Platform::SUPABASE,
            "create table public.notes (id int); alter table public.notes enable row level security;",
        );
        let schema = read(&project.client);
        assert_eq!(schema.server.platform, Platform::Supabase, "{major}");
        assert_eq!(schema.server.current_user, "postgres");
        assert!(!schema.role("postgres").unwrap().superuser);
        let notes = schema.relation(&QualifiedName::new("public", "notes")).unwrap();
        assert!(notes.acl.0.iter().any(|g| g.grantee.is_role("anon")), "{:?}", notes.acl);
        assert!(schema.functions.iter().any(|f| f.id.to_string() == "auth.uid()"));
        assert!(schema.relation(&QualifiedName::new("storage", "objects")).is_some());
        assert_eq!(schema.gaps, [], "{major}");
    }
}

/// `select ctid` needs no other column, and shows how many rows there are.
#[test]
fn a_grant_on_a_system_column_is_a_gap() {
    let (server, _) = rich(16);
    let admin = fresh(server, "system_columns", "");
    execute(
        &admin,
        "create table public.t (id int); create table public.u (id int);
         grant select (ctid) on public.t to public; grant select (xmin) on public.u to public;
         revoke select (xmin) on public.u from public",
    );
    let schema = read(&admin);
    assert_eq!(gaps(&schema), ["the grants on the system column ctid of public.t are not judged"]);
    assert!(schema.gaps[0].access_control);
    assert_eq!(schema.relations.iter().map(|r| r.columns.len()).collect::<Vec<_>>(), [1, 1]);
}
