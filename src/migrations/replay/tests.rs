//! What is told of a run: places, refusals, unknown objects.

use super::*;
use crate::migrations::layout::{FileRole, Layout, Wanted, find};
use std::path::{Path, PathBuf};

/// A project of plain files.
fn project(files: &[&str]) -> Project {
    let file = |(number, text): (usize, &&str)| MigrationFile {
        path: format!("{number}.sql"),
        role: FileRole::Migration,
        version: None,
        text: (*text).to_owned(),
        parts: std::iter::once(0..text.len()).collect(),
        transaction: true,
    };
    let files = files.iter().enumerate().map(file).collect();
    Project { layout: Layout::Plain, root: PathBuf::new(), files, warnings: Vec::new() }
}

fn replayed(files: &[&str]) -> Replayed {
    let options = Options { platform: Platform::Postgres, major: 17, exposed_schemas: None, closed: false };
    replay(&project(files), &options)
}

fn name(name: &str) -> QualifiedName {
    QualifiedName::new("public", name)
}

#[test]
fn facts_carry_the_place_of_the_statement_that_made_or_changed_them() {
    let done =
        replayed(&["create table t (a int);\n  alter table t enable row level security;", "comment on table t is 'x'"]);
    let table = done.schema.relation(&name("t")).unwrap();
    assert!(table.row_security);
    let Origin::Statement(place) = table.origin else { panic!("no place") };
    assert_eq!((place.file, place.line, place.column), (0, 2, 3));
    assert_eq!(done.last_touched.get(&Object::Relation(name("t"))).map(|p| p.file), Some(1));
    assert_eq!(done.statements.len(), 3);
    assert_eq!(
        done.statements.first().map(|r| r.touched.as_slice()),
        Some([Arc::new(Object::Relation(name("t")))].as_slice())
    );
}

#[test]
fn what_is_taken_back_touched_nothing() {
    let done = replayed(&["create table t (a int);
begin; alter table t add b int; savepoint s;
alter table t add c int; comment on table t is 'x'; rollback to s; commit;
begin; alter table t enable row level security;
create table gone (a int); rollback;
alter table t add d int, drop nothing;
do $$ begin alter table t add e int; raise exception 'x'; exception when others then null; end $$;
begin; alter table t add f int;"]);
    let last = |object: &Object| done.last_touched.get(object).map(|place| place.line);
    assert_eq!(last(&Object::Relation(name("t"))), Some(2));
    assert_eq!(last(&Object::Relation(name("gone"))), None);
    let lines: Vec<_> =
        done.statements.iter().filter(|ran| !ran.touched.is_empty()).map(|ran| ran.place.line).collect();
    assert_eq!(lines, [1, 2]);
}

/// A row without its columns has those of the dump's own table, which may not be the platform's.
#[test]
fn buckets_without_columns_are_read_where_the_columns_are_known() {
    let row = "('a', 'a', null, now(), now(), true, false, null, null, null, 'STANDARD')";
    let insert = format!("insert into storage.buckets values {row};");
    let other = "create table storage.buckets (id text, public boolean);";
    let same =
        "create table storage.buckets (id text, name text, owner uuid, created_at timestamptz, updated_at timestamptz,
        public boolean, avif_autodetection boolean, file_size_limit bigint, allowed_mime_types text[], owner_id text,
        type storage.buckettype);";
    for (before, read) in [("", true), (same, true), (other, false)] {
        let mut project = project(&[&format!("{before}{insert}")]);
        project.files[0].role = FileRole::Initial;
        let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: true };
        let done = replay(&project, &options);
        let public: Vec<_> = done.schema.buckets.iter().map(|b| (b.id.as_str(), b.public)).collect();
        assert_eq!(public, if read { vec![("a", true)] } else { vec![] }, "{before}");
        assert_eq!(done.schema.gaps.iter().any(|gap| gap.what.contains("storage buckets")), !read, "{before}");
    }
}

#[test]
fn columns_count_characters_where_many_statements_share_a_line() {
    let done =
        replayed(&["select 'é'; create table a ();\n create table b (); create table c ();", "create table d ();"]);
    let places = ["a", "b", "c", "d"].map(|table| match done.schema.relation(&name(table)).unwrap().origin {
        Origin::Statement(place) => (place.file, place.line, place.column),
        Origin::Catalog => panic!("no place"),
    });
    assert_eq!(places, [(0, 1, 13), (0, 2, 2), (0, 2, 21), (1, 1, 1)]);
}

#[test]
fn what_postgres_refuses_is_noted_and_has_no_effect() {
    let done = replayed(&["create table t (a int); create table t (b int); alter table t add b int, drop c;"]);
    let states: Vec<_> = done.rejected.iter().map(|r| r.sqlstate).collect();
    assert_eq!(states, ["42P07", "42703"]);
    assert_eq!(done.schema.relation(&name("t")).unwrap().columns.len(), 1);
    assert_eq!(done.schema.gaps.len(), 2);
}

#[test]
fn what_nothing_makes_is_unknown_and_its_policies_are_kept() {
    let done = replayed(&["create policy p on elsewhere using (true); drop table elsewhere; select 1;"]);
    assert_eq!(done.unknown.keys().collect::<Vec<_>>(), [&Object::Relation(name("elsewhere"))]);
    let done = replayed(&["create policy p on elsewhere using (owner = current_user)"]);
    assert_eq!(done.schema.relation(&name("elsewhere")).unwrap().policies.len(), 1);
    assert!(done.schema.gaps.iter().all(|g| g.access_control));
    let done = replayed(&["create table t (); drop table t; create policy p on t using (true);"]);
    assert!(done.unknown.is_empty() && done.rejected.len() == 1);
}

#[test]
fn the_platform_is_replayed_without_a_gap() {
    for major in 14..=18 {
        let options = Options { platform: Platform::SUPABASE, major, exposed_schemas: None, closed: false };
        let done = replay(&project(&[]), &options);
        assert_eq!(done.schema.gaps, [], "{major}");
        assert!(done.schema.relation(&QualifiedName::new("auth", "users")).is_some());
    }
}

#[test]
fn guards_are_answered_from_the_catalog() {
    let guarded = |condition: &str| format!("do $$ begin if {condition} then create table made (); end if; end $$;");
    let before = "create type mood as enum ('sad', 'ok'); create table t (a int);
        create policy p on t using (true); create publication pub for table t;";
    for (condition, holds) in [
        (
            "not exists (select 1 from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typname = 'mood' and n.nspname = 'public')",
            false,
        ),
        (
            "exists (select 1 from pg_publication where pubname = 'pub') and not exists (select 1 from pg_publication_tables where pubname = 'pub' and tablename = 'u')",
            true,
        ),
        ("to_regclass('public.t') is not null and to_regclass('public.u') is null", true),
        (
            "exists (select 1 from pg_enum where enumlabel = 'ok' and enumtypid = (select oid from pg_type where typname = 'mood'))",
            true,
        ),
        ("exists (select 1 from pg_policy where polrelid = 'public.t'::regclass and polname in ('q', 'p'))", true),
        (
            "exists (select 1 from pg_class c, pg_namespace n where c.relnamespace = n.oid and n.nspname <> 'public' and relname = 't')",
            false,
        ),
    ] {
        let done = replayed(&[before, &guarded(condition)]);
        assert_eq!(done.schema.relation(&name("made")).is_some(), holds, "{condition}");
        assert_eq!(done.schema.gaps, [], "{condition}");
    }
    let done = replayed(&[before, &guarded("(select count(*) from t) > 3")]);
    assert_eq!(done.schema.gaps.len(), 1);
}

fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if folder.join("migrations").is_dir() {
        found.push(folder.to_owned());
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|e| depth > 0 && e.path().is_dir() && e.file_name() != "node_modules") {
        below(&entry.path(), depth - 1, found);
    }
}

/// Prints what was refused or not understood, and how long it took.
#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn real_projects_replay() {
    let Some(folder) = std::env::var_os("PGWITNESS_PROJECTS") else { panic!("PGWITNESS_PROJECTS names no folder") };
    let mut found = Vec::new();
    below(Path::new(&folder), 6, &mut found);
    found.sort();
    for path in found {
        let Ok(project) = find(&path, Wanted { seed: true, supabase: true, layout: None }) else { continue };
        let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
        let start = std::time::Instant::now();
        let done = replay(&project, &options);
        let path_of = |place: &model::Statement| project.files.get(place.file as usize).map(|f| f.path.clone());
        eprintln!(
            "{}: {} statements, {} relations, {} refused, {} gaps, {:?}",
            path.display(),
            done.statements.len(),
            done.schema.relations.len(),
            done.rejected.len(),
            done.schema.gaps.len(),
            start.elapsed()
        );
        for gap in done.schema.gaps.iter() {
            let Origin::Statement(place) = gap.origin else { continue };
            eprintln!("   {}:{} {}", path_of(&place).unwrap_or_default(), place.line, gap.what);
        }
    }
}
