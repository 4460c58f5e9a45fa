//! Whole projects: the platforms alone, and every scenario of `migrations-fixtures`.

use super::compare;
use super::world::{World, gaps};
use crate::support::{MAJORS, block_on};
use pgwitness::migrations::layout::{self, Layout, Project, Wanted};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::shadow::{self, Platform};
use std::path::{Path, PathBuf};

/// What differs after the files of `project`; nothing if both ways agree.
fn wrong(project: &Project, major: u32, platform: Platform) -> String {
    let world = World::new(major, platform);
    block_on(shadow::run(world.server().at("postgres"), project, shadow::Mode::Strict))
        .unwrap_or_else(|e| panic!("{major}: {e}"));
    let replayed = replay::replay(project, &Options { platform, major, exposed_schemas: None, closed: true });
    let mut wrong = compare::report(&compare::differences(&replayed.schema, &world.read()), 40);
    for gap in gaps(&replayed) {
        wrong.push_str(&format!("    gap: {}\n", gap.what));
    }
    for rejected in &replayed.rejected {
        wrong.push_str(&format!("    refused: line {} {}\n", rejected.place.line, rejected.message));
    }
    wrong
}

fn nothing() -> Project {
    Project { layout: Layout::Plain, root: PathBuf::new(), files: Vec::new(), warnings: Vec::new() }
}

#[test]
fn an_empty_database_is_the_same_on_every_major() {
    for major in MAJORS {
        let wrong = wrong(&nothing(), major, Platform::Postgres);
        assert!(wrong.is_empty(), "{major}\n{wrong}");
    }
}

#[test]
fn the_supabase_platform_is_the_same_on_every_major() {
    for major in MAJORS {
        for expose_new_tables in [true, false] {
            let wrong = wrong(&nothing(), major, Platform::Supabase { expose_new_tables });
            assert!(wrong.is_empty(), "{major} {expose_new_tables}\n{wrong}");
        }
    }
}

#[test]
fn every_fixture_gives_the_same_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 2);
    for folder in &folders {
        let supabase = folder.join("supabase").is_dir();
        let platform = if supabase { Platform::SUPABASE } else { Platform::Postgres };
        let project = layout::find(folder, Wanted { seed: true, supabase, layout: None }).unwrap();
        for major in [15, 17] {
            let wrong = wrong(&project, major, platform);
            assert!(wrong.is_empty(), "{} {major}\n{wrong}", folder.display());
        }
    }
    eprintln!("equivalence: {} fixtures on two majors each", folders.len());
}
