//! Positions as each format tells them: of findings about every kind of object, of what a change does, of what was not
//! read.

use serde_json::Value;

use super::{Outcome, command, run};

/// What stands before the statement that a format must point at.
const HERE: &str = "/*here*/";

struct Case {
    check: &'static str,
    /// Files of a Supabase project, and the mark in one of them.
    files: &'static [(&'static str, &'static str)],
}

const TABLE: &str = "create table public.t (id int primary key, owner_id uuid, plan text);\n\
                     alter table public.t enable row level security;\n\
                     create policy own on public.t to authenticated using (owner_id = (select auth.uid()));\n";

const CASES: &[Case] = &[
    Case {
        check: "rls-off-with-policies",
        files: &[
            ("1_a.sql", TABLE),
            ("2_b.sql", "-- \u{e9}\u{e9}\n select 1; /*here*/alter table public.t disable row level security;"),
        ],
    },
    Case { check: "rls-off-exposed", files: &[("1_a.sql", "\u{feff}/*here*/create table public.t (id int);\r\n")] },
    Case {
        check: "rls-off-with-policies",
        files: &[
            ("1_a.sql", TABLE),
            ("2_b.sql", "\r\n\r\n/*here*/alter table public.t disable row level security;\r\n"),
        ],
    },
    Case {
        check: "rls-off-exposed",
        files: &[
            ("1_a.sql", "create table public.o (id int);"),
            ("2_b.sql", "/*here*/alter table public.o rename to t;"),
        ],
    },
    Case {
        check: "rls-off-exposed",
        files: &[
            ("1_a.sql", "create table public.t (id int);\nrevoke all on public.t from anon, authenticated;"),
            ("2_b.sql", "\n/*here*/grant select on public.t to anon;"),
        ],
    },
    Case {
        check: "policy-tautology",
        files: &[
            ("1_a.sql", TABLE),
            ("2_b.sql", "do $$\nbegin\n  /*here*/alter policy own on public.t using (true);\nend $$;"),
        ],
    },
    Case {
        check: "policy-tautology",
        files: &[
            ("1_a.sql", TABLE),
            ("2_b.sql", "drop policy own on public.t;\n/*here*/create policy own on public.t using (true);"),
        ],
    },
    Case {
        check: "policy-tautology",
        files: &[
            ("1_a.sql", TABLE),
            (
                "2_b.sql",
                "create function public.opens() returns void language plpgsql as\n\
            $$ begin alter policy own on public.t using (true); end $$;\nrevoke all on function public.opens() from public, anon, authenticated;\n\
            /*here*/select public.opens();",
            ),
        ],
    },
    Case {
        check: "column-grant-defeated",
        files: &[("1_a.sql", TABLE), ("2_b.sql", "/*here*/grant update (plan) on public.t to authenticated;")],
    },
    Case {
        check: "definer-view",
        files: &[
            ("1_a.sql", TABLE),
            (
                "2_b.sql",
                "create view public.v with (security_invoker) as select * from public.t;\n\
            /*here*/alter view public.v set (security_invoker = false);",
            ),
        ],
    },
    Case {
        check: "matview-exposed",
        files: &[
            ("1_a.sql", TABLE),
            (
                "2_b.sql",
                "/*here*/create materialized view public.m as select * from public.t;\n\
            create index on public.m (id); refresh materialized view public.m;",
            ),
        ],
    },
    Case {
        check: "foreign-table-exposed",
        files: &[(
            "1_a.sql",
            "create extension postgres_fdw;\ncreate server s foreign data wrapper postgres_fdw;\n\
            /*here*/create foreign table public.f (id int) server s;",
        )],
    },
    Case {
        check: "secdef-exposed",
        files: &[
            ("1_a.sql", TABLE),
            (
                "2_b.sql",
                "create function public.all_of() returns setof public.t language sql\n\
            set search_path = '' as $$ select * from public.t $$;\n/*here*/alter function public.all_of() security definer;",
            ),
        ],
    },
    Case {
        check: "bypassrls-login",
        files: &[("1_a.sql", "create role app login;"), ("2_b.sql", "\n/*here*/alter role app bypassrls;")],
    },
    Case {
        check: "default-privileges",
        files: &[(
            "1_a.sql",
            "create schema api;\n/*here*/alter default privileges in schema public grant all on tables to anon;",
        )],
    },
    Case {
        check: "secret-in-sql",
        files: &[
            ("1_a.sql", TABLE),
            (
                "../seed.sql",
                "-- rows\n\ninsert into public.t (id, plan)\n\
            values (1, '/*here*/sb_secret_h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1');",
            ),
        ],
    },
];

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    for (name, text) in files {
        std::fs::write(migrations.join(name), text).unwrap();
    }
    dir
}

/// File, line and column behind the mark, the column in characters.
fn marked(files: &[(&str, &str)]) -> (String, u64, u64) {
    let (name, text) = files.iter().find(|(_, text)| text.contains(HERE)).unwrap();
    let before = &text[..text.find(HERE).unwrap() + HERE.len()];
    let column = before.rsplit('\n').next().unwrap().chars().filter(|c| *c != '\u{feff}').count() + 1;
    let file = format!("supabase/migrations/{name}").replace("migrations/../", "");
    (file, before.matches('\n').count() as u64 + 1, column as u64)
}

fn places(locations: &Value) -> Vec<(String, u64, u64)> {
    let place = |l: &Value| {
        let span = &l["span"];
        (l["file"].as_str().unwrap().to_owned(), span["line"].as_u64().unwrap(), span["column"].as_u64().unwrap())
    };
    locations.as_array().unwrap().iter().map(place).collect()
}

fn check(dir: &tempfile::TempDir, arguments: &[&str]) -> Outcome {
    let all = [&["check", "--fail-on", "never", "--allow-partial"], arguments].concat();
    run(command(dir.path(), &all).env("PGWITNESS_PG_BIN", "/nonexistent")).ends_with(0)
}

#[test]
fn findings_of_every_kind_point_at_the_statement_that_last_touched_their_object() {
    let mut wrong = Vec::new();
    for case in CASES {
        let dir = project(case.files);
        let wanted = marked(case.files);
        let human = check(&dir, &["--verbose", "--output", "json=report.json"]).stdout;
        let report = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let found: Vec<_> =
            findings.iter().filter(|f| f["check"] == case.check).map(|f| places(&f["locations"])).collect();
        if !found.iter().any(|places| places.contains(&wanted)) {
            let all: Vec<_> =
                findings.iter().map(|f| format!("{} {:?}", f["check"], places(&f["locations"]))).collect();
            wrong.push(format!("json, {}: wanted {wanted:?}, found {found:?} of {all:?}", case.check));
        }
        let arrow = format!("{}:{}:{}", wanted.0, wanted.1, wanted.2);
        let heading = format!("[{}]: ", case.check);
        let mut shown = human.split(&heading).skip(1);
        if !shown.by_ref().map(|rest| rest.split("fingerprint").next().unwrap()).any(|text| text.contains(&arrow)) {
            wrong.push(format!("human, {}: wanted {arrow} in\n{human}", case.check));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A dump has psql's commands and rows between its statements, and comments before them.
#[test]
fn dumps_keep_their_places() {
    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n\nSET statement_timeout = 0;\n\
        CREATE TABLE public.a (id integer);\n\nCOPY public.a (id) FROM stdin;\n1\n2\n\\.\n\n\n\
        --\n-- Name: t; Type: TABLE\n--\n\n/*here*/CREATE TABLE public.t (\n    id integer,\n    owner_id uuid\n);\n\n\
        ALTER TABLE ONLY public.a ENABLE ROW LEVEL SECURITY;\n\\unrestrict x\n";
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("db")).unwrap();
    std::fs::write(dir.path().join("db/structure.sql"), DUMP).unwrap();
    let before = &DUMP[..DUMP.find(HERE).unwrap() + HERE.len()];
    let (line, column) = (before.matches('\n').count() as u64 + 1, HERE.len() as u64 + 1);
    let report = check(&dir, &["--platform", "supabase", "--format", "json", "db/structure.sql"]).json();
    let open = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "rls-off-exposed").unwrap();
    assert_eq!(places(&open["locations"]), [("db/structure.sql".to_owned(), line, column)]);
    let human = check(&dir, &["--platform", "supabase", "db/structure.sql"]).stdout;
    assert!(human.contains(&format!("db/structure.sql:{line}:{column}")), "{human}");
}

/// What was not read, and what a change does, in each format.
#[test]
fn gaps_and_changes_have_places() {
    let dir = project(&[("1_a.sql", TABLE), ("2_b.sql", "select 1;\n\n  grant nonsense;")]);
    let report = check(&dir, &["--format", "json"]).json();
    let gap = &report["coverage"]["gaps"][0];
    assert_eq!((&gap["file"], &gap["line"]), (&"supabase/migrations/2_b.sql".into(), &3.into()), "{gap}");
    let human = check(&dir, &[]).stdout;
    assert!(human.contains("supabase/migrations/2_b.sql:3"), "{human}");
    let before = project(&[("1_a.sql", TABLE)]);
    let changes = [
        ("/*here*/alter table public.t disable row level security;", "alter"),
        ("select 1;\n /*here*/create policy more on public.t for select to anon using (plan = 'x');", "policy"),
        ("/*here*/create view public.v as select * from public.t;", "view"),
        ("drop policy own on public.t;\n/*here*/create policy own on public.t using (true);", "again"),
        ("do $$ begin /*here*/alter policy own on public.t to public using (true); end $$;", "block"),
        ("create role app login;\n/*here*/grant authenticated to app;", "membership"),
        ("/*here*/alter role authenticated bypassrls;", "role"),
        (
            "create function public.f() returns int language sql as 'select 1';\n/*here*/alter function public.f() security definer;",
            "function",
        ),
        (
            "revoke execute on all functions in schema public from public;\n/*here*/alter default privileges in schema public grant all on tables to public;",
            "default",
        ),
        ("\n/*here*/grant create on schema public to anon;", "schema"),
    ];
    let base = before.path().join("supabase/migrations");
    for (text, what) in changes {
        let files = [("1_a.sql", TABLE), ("2_b.sql", text)];
        let (dir, wanted) = (project(&files), marked(&files));
        let arguments = ["--base", base.to_str().unwrap()];
        let human = check(&dir, &[&arguments[..], &["--output", "json=report.json"]].concat()).stdout;
        let report = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let access = report["change"]["access"].as_array().unwrap();
        let widened = access.iter().filter(|one| one["direction"] == "widened");
        let told: Vec<_> = widened.flat_map(|one| places(&one["locations"])).collect();
        assert!(told.contains(&wanted), "{what}: {wanted:?} in {told:?} of {access:?}");
        let arrow = format!("--> {}:{}:{}", wanted.0, wanted.1, wanted.2);
        assert!(human.contains(&arrow), "{what}: {arrow} in {human}");
    }
}
