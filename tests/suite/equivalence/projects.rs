//! Any real projects: those below the folder that `PGWITNESS_PROJECTS` names.

use super::compare::{self, Difference};
use super::world::World;
use crate::support::block_on;
use pgwitness::migrations::layout::{self, Project, Wanted, config_file};
use pgwitness::migrations::replay::{self, Options, Replayed};
use pgwitness::shadow::{self, Platform};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How deep below the folder projects are looked for.
const DEPTH: usize = 6;

/// Every folder below `folder` that has migrations of the Supabase CLI.
fn projects(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    if folder.join("supabase/migrations").is_dir() {
        found.push(folder.join("supabase"));
    }
    let skipped = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && !path.is_symlink() && name != "node_modules" && !name.starts_with('.')
    };
    for entry in entries.iter().filter(skipped).filter(|_| depth > 0) {
        projects(entry, depth - 1, found);
    }
}

/// The major version that the project's configuration names, if a hosted project can have it.
fn major(folder: &Path) -> u32 {
    let text = config_file(folder).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let named =
        text.lines().find_map(|line| line.trim().strip_prefix("major_version")?.split('=').nth(1)?.trim().parse().ok());
    named.filter(|major| [14, 15, 16, 17, 18].contains(major)).unwrap_or(17)
}

/// What came of one project.
struct Outcome {
    strict: Result<(), String>,
    differences: Vec<Difference>,
    replayed: Replayed,
}

fn outcome(project: &Project, major: u32) -> Outcome {
    let platform = Platform::SUPABASE;
    let world = World::new(major, platform);
    let applied = block_on(shadow::run(world.server().at("postgres"), project, shadow::Mode::Strict));
    let replayed = replay::replay(project, &Options { platform, major, exposed_schemas: None, closed: true });
    let differences = match &applied {
        Ok(_) => compare::differences(&replayed.schema, &world.read()),
        Err(_) => Vec::new(),
    };
    Outcome { strict: applied.map(|_| ()).map_err(|e| e.to_string()), differences, replayed }
}

/// A report of every project, and a failure if one of those that apply is not the same.
#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn real_projects_give_the_same_model() {
    let folder = std::env::var_os("PGWITNESS_PROJECTS").map(PathBuf::from);
    let Some(folder) = folder else { panic!("PGWITNESS_PROJECTS names no folder") };
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    let mut found = Vec::new();
    projects(&folder, DEPTH, &mut found);
    found.retain(|path| path.to_string_lossy().contains(&wanted));
    let (mut strict, mut same, mut gaps) = (0, 0, 0);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for path in &found {
        let project = match layout::find(path, Wanted { seed: true, supabase: true, layout: None }) {
            Ok(project) => project,
            Err(e) => {
                eprintln!("{}: {e}", path.display());
                continue;
            }
        };
        let major = major(path);
        let outcome = outcome(&project, major);
        let unread = &outcome.replayed.schema.gaps;
        gaps += unread.len();
        eprintln!(
            "{} ({major}): {} statements, {} not understood, {} refused, {} differences{}",
            path.display(),
            outcome.replayed.statements.len(),
            unread.len(),
            outcome.replayed.rejected.len(),
            outcome.differences.len(),
            outcome.strict.as_ref().err().map(|e| format!("; does not apply: {e}")).unwrap_or_default()
        );
        for gap in unread.iter().take(10) {
            eprintln!("    gap: {}", gap.what);
        }
        if outcome.strict.is_ok() {
            strict += 1;
            same += usize::from(outcome.differences.is_empty());
            for rejected in outcome.replayed.rejected.iter().take(10) {
                let file = project.files.get(rejected.place.file as usize).map(|f| f.path.as_str()).unwrap_or_default();
                eprintln!("    refused: {file}:{} {}", rejected.place.line, rejected.message);
            }
            eprint!("{}", compare::report(&outcome.differences, 10));
            for difference in &outcome.differences {
                *kinds.entry(difference.kind()).or_default() += 1;
            }
        }
    }
    eprintln!(
        "equivalence: {} projects, {strict} apply, {same} of them equal; {gaps} statements not understood",
        found.len()
    );
    for (kind, count) in &kinds {
        eprintln!("  {count:5} {kind}");
    }
    assert_eq!(same, strict, "projects equal, of those that apply");
}
