//! What pg_dump writes in its many ways: the dump replayed, and the dump restored with psql.

use super::compare;
use super::projects;
use super::rich;
use super::world::{World, gaps};
use crate::support::{MAJORS, block_on};
use pgwitness::migrations::layout::{self, Layout, Project, Wanted};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::shadow::{self, Platform};
use std::path::Path;
use std::process::Command;

/// Ways to dump.
const WAYS: [&[&str]; 7] = [
    &[],
    &["--inserts"],
    &["--column-inserts", "--rows-per-insert=2", "--disable-triggers"],
    &["--schema-only"],
    &["--schema-only", "--no-owner", "--no-privileges"],
    &["--no-owner"],
    &["--clean", "--if-exists"],
];

/// Rows of the rich database, so that there is something to copy.
const ROWS: &str = "
insert into app.team (id, name, region) values (1, E'tab\\there', null), (2, 'a ''quote''; -- and more', E'\\\\.');
insert into app.person (nick, mail, team_id, lead_id, other) values ('a', 'a@b', 1, 1, 7), ('b', 'c@d', 1, null, 8);
insert into app.event values ('2020-02-03', 'a', 1);
select setval('app.counter', 7);
do $$ begin perform lo_put(90001, 0, 'some text'); end $$;
";

/// What a program of Postgres says about a world.
pub(super) fn told(program: &str, world: &World, arguments: &[&str]) -> String {
    let server = world.server();
    let mut command = Command::new(program);
    command.args(["-U", server.superuser(), "-h"]).arg(server.socket_dir());
    let out = command.args(["-p", &server.port().to_string()]).args(arguments).output().unwrap();
    assert!(out.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Restores as the role `postgres`, past what fails.
fn restore(world: &World, file: &Path) {
    let server = world.server();
    world.as_postgres(|| {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-U", "postgres", "-d", "postgres", "-h"]).arg(server.socket_dir());
        let out = command.args(["-p", &server.port().to_string(), "-f"]).arg(file).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    });
}

/// What differs between a file restored and a file replayed, upon `before`.
fn wrong(before: Option<&str>, dump: &str, major: u32, platform: Platform) -> String {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(major, platform);
    let mut parts = vec![("1.sql", dump)];
    if let Some(before) = before {
        let _ = world.stay(before);
        parts.insert(0, ("0.sql", before));
    }
    let mut project = Project { layout: Layout::Plain, root: folder.path().into(), files: vec![], warnings: vec![] };
    for (name, text) in parts {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let found = layout::find(&path, Wanted { seed: true, supabase: false, layout: None }).unwrap();
        assert!(name == "0.sql" || found.layout == Layout::Dump, "{:?}", found.layout);
        project.files.extend(found.files);
        project.warnings.extend(found.warnings);
    }
    if platform != Platform::Postgres {
        block_on(shadow::provide(world.server().at("postgres"), dump)).unwrap();
    }
    restore(&world, &folder.path().join("1.sql"));
    let replayed = replay::replay(&project, &Options { platform, major, exposed_schemas: None, closed: true });
    let mut wrong = compare::report(&compare::differences(&replayed.schema, &world.read()), 20);
    for gap in gaps(&replayed) {
        wrong.push_str(&format!("    gap: {}\n", gap.what));
    }
    wrong
}

#[test]
fn every_way_to_dump_a_rich_database_gives_the_same_model() {
    let newest = rich::dumper();
    for major in MAJORS.into_iter().filter(|major| *major <= newest) {
        let world = World::new(major, Platform::Postgres);
        let statements = format!("{}{ROWS}", rich::statements(major));
        let _ = world.stay(&statements);
        let globals = told("pg_dumpall", &world, &["--globals-only"]);
        let roles = rich::roles(&statements);
        // A dump of every way takes time; one major shows what they have in common.
        let ways = if major == newest { WAYS.as_slice() } else { &WAYS[..2] };
        for way in ways {
            let dump = told("pg_dump", &world, &[way, ["postgres"].as_slice()].concat());
            let wrong = wrong(None, &format!("{}{roles}{}", HEADING, dump), major, Platform::Postgres);
            assert!(wrong.is_empty(), "{major} {way:?}\n{wrong}");
        }
        let dump = told("pg_dump", &world, &["postgres"]);
        let wrong_with_globals = wrong(None, &format!("{HEADING}{globals}{dump}"), major, Platform::Postgres);
        assert!(wrong_with_globals.is_empty(), "{major} with globals\n{wrong_with_globals}");
        let dump = told("pg_dump", &world, &["--clean", "--if-exists", "postgres"]);
        let wrong = wrong(Some(&statements), &dump, major, Platform::Postgres);
        assert!(wrong.is_empty(), "{major} over what is there\n{wrong}");
    }
}

/// The line that every dump has, before what is put in front of it here.
const HEADING: &str = "--\n-- PostgreSQL database dump\n--\n";

#[test]
fn dumps_of_newer_programs_are_read() {
    for (major, more) in [(17, ""), (18, include_str!("dumps/since_18.sql"))] {
        let dump = include_str!("dumps/since_17.sql").replace("-- more\n", more);
        let wrong = wrong(None, &dump, major, Platform::Postgres);
        assert!(wrong.is_empty(), "{major}\n{wrong}");
    }
}

/// The schemas that a project made, and `public`.
fn schemas(world: &World, major: u32) -> Vec<String> {
    let nothing = Project { layout: Layout::Plain, root: "".into(), files: vec![], warnings: vec![] };
    let options = Options { platform: Platform::SUPABASE, major, exposed_schemas: None, closed: true };
    let platform = replay::replay(&nothing, &options).schema;
    let read = world.read();
    let own = read.namespaces.iter().filter(|n| platform.namespaces.iter().all(|p| p.name != n.name));
    let of_extension = |name: &str| read.extensions.iter().any(|e| e.schema == name && name != "public");
    let own = own.map(|n| n.name.clone()).filter(|name| !of_extension(name) && !name.starts_with("pg_"));
    own.chain(["public".to_owned()]).collect()
}

/// What differs after dumps of the schemas of a Supabase project, restored on a fresh platform.
fn wrong_of_project(folder: &Path, ways: &[&[&str]]) -> Result<String, String> {
    let major = 15;
    let project = layout::find(folder, Wanted { seed: true, supabase: true, layout: None }).unwrap();
    let world = World::new(major, Platform::SUPABASE);
    let applied = block_on(shadow::run(world.server().at("postgres"), &project, shadow::Mode::Strict));
    applied.map_err(|e| e.to_string())?;
    let schemas: Vec<String> = schemas(&world, major).into_iter().map(|name| format!("--schema=\"{name}\"")).collect();
    let mut all = String::new();
    for way in ways {
        // Rows would refer to users, which stand in a schema of the platform.
        let way = [&["--schema-only"], *way].concat();
        let chosen: Vec<&str> = schemas.iter().map(String::as_str).chain(way.iter().copied()).collect();
        let dump = told("pg_dump", &world, &[&chosen, ["postgres"].as_slice()].concat());
        let wrong = wrong(None, &dump, major, Platform::SUPABASE);
        if !wrong.is_empty() {
            all.push_str(&format!("{} {way:?}\n{wrong}", folder.display()));
        }
    }
    Ok(all)
}

#[test]
fn dumps_of_a_fixture_give_the_same_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures");
    let wrong = wrong_of_project(&root.join("leaky-saas"), &[&[], &["--no-owner"]]).unwrap();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn dumps_of_real_projects_give_the_same_model() {
    let mut wrong = String::new();
    let (mut same, mut skipped) = (0, 0);
    for folder in projects::wanted() {
        match wrong_of_project(&folder, &[&[], &["--no-owner"], &["--clean", "--if-exists"]]) {
            Ok(text) => {
                eprintln!("{}: {}", folder.display(), if text.is_empty() { "the same" } else { &text });
                same += usize::from(text.is_empty());
                wrong.push_str(&text);
            }
            Err(_) => skipped += 1,
        }
    }
    eprintln!("equivalence: dumps of {same} projects are the same, {skipped} projects do not apply");
    assert!(wrong.is_empty(), "{wrong}");
}
