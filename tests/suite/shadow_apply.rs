//! The platform's bootstrap, and migrations run on it.

use crate::support::{self, MAJORS};
use pgwitness::migrations::layout::{self, FileRole, Project, Wanted};
use pgwitness::shadow::{
    Applied, BinariesRequest, Mode, Platform, Server, Shadow, ShadowError, ShadowRequest, apply, run,
};
use std::path::Path;

#[test]
fn makes_the_supabase_platform_on_every_major() {
    for major in MAJORS {
        let database =
            support::database(major, Platform::SUPABASE, "create table public.notes (id uuid, owner_id uuid)");
        let sql = "select rolsuper, rolbypassrls, rolcreaterole,
                          has_table_privilege('anon', 'public.notes', 'select'),
                          has_table_privilege('anon', 'auth.users', 'select'),
                          pg_has_role('authenticator', 'service_role', 'member'),
                          (select relrowsecurity from pg_class where oid = 'storage.objects'::regclass),
                          (select relowner::regrole::text from pg_class where oid = 'auth.users'::regclass)
                   from pg_roles where rolname = current_user";
        let row = support::block_on(database.client.query_one(sql, &[])).unwrap();
        let flags: Vec<bool> = (0..7).map(|at| row.get(at)).collect();
        assert_eq!(flags, [false, true, true, true, false, true, true], "major {major}");
        assert_eq!(row.get::<_, String>(7), "supabase_auth_admin");
        let claims = r#"{"sub":"00000000-0000-4000-8000-000000000001"}"#;
        database.execute(&format!("select set_config('request.jwt.claims', '{claims}', false)"));
        let row = support::block_on(database.client.query_one("select auth.uid()::text, auth.role()", &[])).unwrap();
        assert_eq!(row.get::<_, &str>(0), "00000000-0000-4000-8000-000000000001");
        assert_eq!(row.get::<_, Option<&str>>(1), None);
    }
}

#[test]
fn new_projects_expose_nothing_by_default() {
    let platform = Platform::Supabase { expose_new_tables: false };
    let database = support::database(17, platform, "create table public.notes (id uuid)");
    let sql = "select has_table_privilege('anon', 'public.notes', 'select'),
                      has_table_privilege('service_role', 'public.notes', 'select')";
    let row = support::block_on(database.client.query_one(sql, &[])).unwrap();
    assert!(!row.get::<_, bool>(0) && !row.get::<_, bool>(1));
}

/// A server with `files` applied, each a (name, text) in a folder of migrations.
fn applied(server: &Server, files: &[(&str, &str)], seed: Option<&str>) -> Result<Vec<String>, ShadowError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("migrations");
    std::fs::create_dir(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    if let Some(text) = seed {
        std::fs::write(dir.path().join("seed.sql"), text).unwrap();
    }
    support::block_on(apply(server, "postgres", &folder, seed.is_some()))
}

fn one(server: &Server, sql: &str) -> i64 {
    let client = support::connect(server, "postgres", "postgres");
    support::block_on(client.query_one(sql, &[])).unwrap_or_else(|e| panic!("{}", support::explain(&e))).get(0)
}

#[test]
fn applies_files_in_order_and_demotes_postgres_again() {
    let server = support::server(17, Platform::SUPABASE);
    let files = [
        ("20240101_a.sql", "\u{feff}create table public.t (a int);\r\ncreate type public.mood as enum ('x');\r\n"),
        ("20240102_b.sql", ""),
        ("20240103_c.sql", "create index concurrently t_a on public.t (a);\ninsert into public.t values (1);"),
        ("20240104_d.sql", "alter type public.mood add value 'y';\ncreate table public.m (m public.mood default 'y');"),
        (
            "20240105_e.sql",
            "create policy own on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
             create function public.f() returns trigger language plpgsql security definer as $$ begin return new; end $$;
             create trigger on_user after insert on auth.users for each row execute function public.f();
             alter publication supabase_realtime add table public.t;",
        ),
    ];
    let notes = applied(&server, &files, Some("insert into public.t values (2), (3);")).unwrap();
    assert_eq!(notes, [""; 0]);
    assert_eq!(one(&server, "select count(*) from public.t"), 3);
    assert_eq!(one(&server, "select count(*) from pg_roles where rolname = 'postgres' and rolsuper"), 0);
    assert_eq!(one(&server, "select count(*) from pg_class where relname = 't' and relowner = 'postgres'::regrole"), 1);
}

#[test]
fn errors_name_file_line_state_and_hint() {
    let server = support::server(16, Platform::SUPABASE);
    let cases = [
        ("create table public.a (x int);\r\n\r\nselect y from public.a;", ":3: ", "42703"),
        (
            "create table public.b (x int primary key);\ninsert into public.b values (1);\n\ninsert into public.b\nvalues (1);",
            ":4: ",
            "23505",
        ),
        ("-- é\nbegin;\ncreate tabel x ();\ncommit;", ":3: ", "42601"),
        ("begin;\nselect 1;\ncommit;\nalter type public.none add value 'x';", ":4: ", "42704"),
        ("create index concurrently i on public.none (x);", ":1: ", "42P01"),
    ];
    for (text, line, state) in cases {
        let error = applied(&server, &[("1_x.sql", text)], None).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(&format!("1_x.sql{line}")) && shown.contains(state), "{shown}");
        assert_eq!(one(&server, "select count(*) from pg_roles where rolname = 'postgres' and rolsuper"), 0);
    }
    let error = applied(&server, &[("1_x.sql", "select lowr('A')")], None).unwrap_err();
    assert!(error.help().is_some_and(|hint| hint.contains("No function matches")), "{error:?}");
}

#[test]
fn remarks_names_that_the_platform_would_not_apply() {
    let server = support::server(17, Platform::SUPABASE);
    let files = [("1_a.sql", "select 1"), ("1_b.sql", "select 1"), ("2-c.sql", "select 1")];
    let notes = applied(&server, &files, None).unwrap();
    assert_eq!(
        notes,
        [
            "`2-c.sql` is applied here, but its name is none that the Supabase CLI ever applies",
            "version 1 is used by several files: `1_a.sql`, `1_b.sql`",
        ]
    );
    let error = support::block_on(apply(&server, "postgres", Path::new("/nonexistent"), false)).unwrap_err();
    assert!(error.to_string().contains("cannot read `/nonexistent`"), "{error}");
}

#[test]
fn absent_extensions_get_stand_ins() {
    for major in [15, 17] {
        let server = support::server(major, Platform::SUPABASE);
        let text = "create extension if not exists pg_net;
        create extension if not exists vector with schema extensions;
        create extension if not exists pg_trgm with schema extensions;
        create extension if not exists timescaledb;
        comment on extension timescaledb is 'time';
        comment on extension vector is 'numbers';
        create table public.e (id int, v extensions.vector(3));
        create index on public.e using hnsw (v extensions.vector_cosine_ops);
        insert into public.e values (1, '[1,2,3]');
        select net.http_post('http://example.invalid', '{}'::jsonb);
        do $$ begin create extension if not exists http with schema extensions; end $$;
        do $$ begin perform cron.schedule('nightly', '0 0 * * *', 'select 1'); end $$;";
        let applied = resilient(&server, &project(&[("1_a.sql", text)]));
        assert_eq!(failures(&applied), []);
        let stood_in = applied.stood_in();
        let mut notes = applied.notes;
        notes.sort();
        assert_eq!(
            notes,
            [
                "1 indexes of kinds that this server lacks were left out",
                "extension `timescaledb` is not available here: its `create extension` was skipped",
            ]
        );
        assert_eq!((applied.stand_ins.len(), applied.absent), (4, vec!["timescaledb".to_owned()]));
        assert_eq!(
            stood_in.as_deref(),
            Some(
                "not available here, so that stand-ins without their behaviour were made: `pg_net`, `vector`, `http`, `pg_cron`"
            )
        );
        assert_eq!(one(&server, "select count(*) from cron.job"), 1);
        let text = "drop extension if exists pg_net;\ncreate extension pg_net with schema extensions;\n\
                    drop extension http;\nselect net.http_get('x');\ncreate extension timescaledb;\nselect nothing;";
        let error = self::applied(&server, &[("2_a.sql", text)], None).unwrap_err();
        assert!(error.to_string().contains("2_a.sql:6: "), "{error}");
    }
}

/// Every stand-in is an extension with members on every major, and dropping it leaves nothing of it.
#[test]
fn stand_ins_are_extensions_that_can_be_dropped() {
    const NAMES: [&str; 15] = [
        "http",
        "hypopg",
        "index_advisor",
        "pg_cron",
        "pg_graphql",
        "pg_jsonschema",
        "pg_net",
        "pg_tle",
        "pgjwt",
        "pgmq",
        "pgsodium",
        "plpgsql_check",
        "postgis",
        "vector",
        "wrappers",
    ];
    for major in MAJORS {
        let server = support::server(major, Platform::SUPABASE);
        let text: String = NAMES.map(|name| format!("create extension \"{name}\" schema extensions;\n")).concat();
        let made = resilient(&server, &project(&[("1_a.sql", &text)]));
        assert_eq!((failures(&made), made.stand_ins.len()), (vec![], NAMES.len()), "{major}: {:?}", made.notes);
        let members = "select count(distinct e.oid) from pg_extension e join pg_depend d
                       on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
                       where e.extversion = 'stand-in'";
        assert_eq!(one(&server, members), 1 + i64::try_from(NAMES.len()).unwrap(), "supabase_vault is one too");
        let admin = support::connect(&server, server.superuser(), "postgres");
        for name in NAMES {
            let drop = format!("drop extension \"{name}\"");
            support::block_on(admin.batch_execute(&drop))
                .unwrap_or_else(|e| panic!("{name}: {}", support::explain(&e)));
        }
        let left = "select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                    where n.nspname in ('cron', 'net', 'pgmq') or p.proname in ('st_distance', 'http_get', 'hypopg_reset')";
        assert_eq!(one(&server, left), 0);
    }
}

#[test]
fn plain_postgres_has_no_platform() {
    let server = support::server(18, Platform::Postgres);
    let error = applied(&server, &[("1_a.sql", "select auth.uid()")], None).unwrap_err();
    assert!(error.to_string().contains("schema \"auth\" does not exist"), "{error}");
    assert_eq!(applied(&server, &[("a.sql", "create table t (a int)")], None).unwrap(), [""; 0]);
}

/// A project of these files.
fn project(files: &[(&str, &str)]) -> Project {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    layout::find(&folder, Wanted { seed: false, supabase: true, layout: None }).unwrap()
}

fn resilient(server: &Server, project: &Project) -> Applied {
    support::block_on(run(server.at("postgres"), project, Mode::Resilient)).unwrap()
}

/// Place, SQLSTATE and weight of each failure.
fn failures(applied: &Applied) -> Vec<(String, &str, bool)> {
    let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let of = |f: &pgwitness::shadow::Failure| format!("{}:{}", name(&f.path), f.place.line);
    applied.failures.iter().map(|f| (of(f), f.code.as_str(), f.access_control)).collect()
}

#[test]
fn goes_on_past_what_fails_and_lists_it() {
    let server = support::server(17, Platform::SUPABASE);
    let files = [
        (
            "1_a.sql",
            "create table public.t (a int primary key);\n\ncreate policy p on public.none for select using (true);\n\
             insert into public.t values (1);\ninsert into public.t values (1);\nset local search_path = public;\n\
             create table u (a int);",
        ),
        (
            "2_b.sql",
            "create type public.mood as enum ('x');\nselect nothing;\nalter type public.mood add value 'y';\n\
                     create table public.m (m public.mood default 'y');",
        ),
        (
            "3_c.sql",
            "begin;\ncreate table public.kept (a int);\nselect nothing;\ncommit;\nbegin;\n\
                     create table public.gone (a int);\nrollback;\ncreate index concurrently i on public.kept (a);",
        ),
        (
            "4_d.sql",
            "create table public.d (a int unique deferrable initially deferred);\n\
                     insert into public.d values (1);\ninsert into public.d values (1);\ncreate table public.e (a int);",
        ),
        ("5_e.sql", "create table public.f (a int);\nselect 'open"),
    ];
    let applied = resilient(&server, &project(&files));
    assert_eq!(
        failures(&applied),
        [
            ("1_a.sql:3".to_owned(), "42P01", true),
            ("1_a.sql:5".to_owned(), "23505", false),
            ("2_b.sql:2".to_owned(), "42703", false),
            ("3_c.sql:3".to_owned(), "42703", false),
            ("4_d.sql:3".to_owned(), "23505", false),
            ("5_e.sql:2".to_owned(), "42601", true),
        ]
    );
    assert_eq!((applied.total, applied.applied(), applied.percent()), (24, 18, 75));
    let there = "select count(*) from pg_class where relname in ('t', 'u', 'm', 'kept', 'i', 'd', 'e', 'f', 'gone')";
    assert_eq!(one(&server, there), 8, "all but `gone`");
    assert_eq!(one(&server, "select count(*) from pg_roles where rolname = 'postgres' and rolsuper"), 0);
}

#[test]
fn a_run_without_errors_is_the_same_in_both_modes() {
    let files = [("1_a.sql", "create table public.t (a int);\ninsert into public.t values (1);"), ("2_b.sql", "")];
    for mode in [Mode::Strict, Mode::Resilient] {
        let server = support::server(16, Platform::SUPABASE);
        let applied = support::block_on(run(server.at("postgres"), &project(&files), mode)).unwrap();
        assert_eq!((applied.total, applied.percent(), applied.failures.len()), (2, 100, 0));
        assert_eq!(one(&server, "select count(*) from public.t"), 1);
    }
}

/// The text of a dump of a project that began in the dashboard, as a file before its migrations.
fn with_dump(dump: &str, files: &[(&str, &str)]) -> Project {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dump.sql");
    std::fs::write(&path, dump).unwrap();
    let mut project = project(files);
    project.begin_with_dump(&path).unwrap();
    project
}

#[test]
fn starts_from_a_dump_with_owners_rows_and_missing_roles() {
    let server = support::server(17, Platform::SUPABASE);
    let dump = "\\restrict abc\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
        CREATE SCHEMA auth;\nCREATE TABLE auth.users (id uuid);\n\
        CREATE TABLE public.notes (id integer NOT NULL, body text);\nALTER TABLE public.notes OWNER TO keeper;\n\
        COPY public.notes (id, body) FROM stdin;\n1\tone\n2\t\\N\n\\.\n\n\
        ALTER TABLE ONLY public.notes ADD CONSTRAINT notes_pkey PRIMARY KEY (id);\n\
        GRANT SELECT ON TABLE public.notes TO \"read er\";\n\\unrestrict abc\n";
    let migration = [("1_a.sql", "alter table public.notes enable row level security;\nselect 1 from public.notes;")];
    let project = with_dump(dump, &migration);
    assert_eq!(project.files[0].role, FileRole::Initial);
    for mode in [Mode::Strict, Mode::Resilient] {
        let server = support::server(17, Platform::SUPABASE);
        let applied: Applied = support::block_on(run(server.at("postgres"), &project, mode)).unwrap();
        assert_eq!(failures(&applied), []);
        assert!(
            applied.notes[0].ends_with(
                "dump.sql: 2 statements make what the platform has made already, and that was left as it is"
            )
        );
        let unknown =
            ["keeper", "read er"].map(|role| format!("the dump names the role `{role}`, which nothing makes"));
        assert!(applied.gaps.iter().all(|gap| gap.access_control) && applied.gaps.len() == unknown.len());
        assert!(
            applied.gaps.iter().zip(unknown).all(|(gap, begins)| gap.what.starts_with(&begins)),
            "{:?}",
            applied.gaps
        );
        assert_eq!(one(&server, "select count(*) from public.notes where body is null and id = 2"), 1);
        let owned = "select count(*) from pg_class where relname = 'notes' and relowner = 'keeper'::regrole
                     and relrowsecurity and has_table_privilege('read er', oid, 'select')";
        assert_eq!(one(&server, owned), 1);
    }
    let broken = with_dump("create table public.x (a int);\nselect nothing;\n", &[("1_a.sql", "select 1")]);
    let error = support::block_on(run(server.at("postgres"), &broken, Mode::Strict)).unwrap_err();
    assert!(error.to_string().contains("dump.sql:2: ") && error.to_string().contains("42703"), "{error}");
}

/// Uses whatever server a user's run would use, which is an installed one where there is one.
#[test]
fn a_shadow_is_one_call() {
    support::binaries(17);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("supabase/migrations")).unwrap();
    std::fs::write(dir.path().join("supabase/migrations/1_a.sql"), "create table public.t (a int);").unwrap();
    std::fs::write(dir.path().join("supabase/seed.sql"), "insert into public.t values (1);").unwrap();
    let request = ShadowRequest {
        binaries: BinariesRequest { offline: true, ..BinariesRequest::default() },
        server: support::options(Platform::SUPABASE),
        migrations: Some(dir.path().to_path_buf()),
        seed: true,
    };
    let shadow = support::block_on(Shadow::start(request, &|text| panic!("fetches: {text}"))).unwrap();
    assert_eq!(shadow.notes, [""; 0]);
    assert_eq!(one(&shadow.server, "select count(*) from public.t"), 1);
    support::block_on(shadow.server.stop());
}
