//! Any real projects: those below the folder that `PGWITNESS_PROJECTS` names.

use super::compare::{self, Difference};
use super::permitted;
use super::world::World;
use crate::support::block_on;
use pgwitness::migrations::layout::{self, Project, Wanted, config_file};
use pgwitness::migrations::replay::{self, Object, Options, Replayed};
use pgwitness::model::Origin;
use pgwitness::shadow::{self, Platform};
use std::collections::{BTreeMap, BTreeSet};
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

/// The projects below the folder that `PGWITNESS_PROJECTS` names, of which `PGWITNESS_CASE` may choose some.
pub(super) fn wanted() -> Vec<PathBuf> {
    let folder = std::env::var_os("PGWITNESS_PROJECTS").map(PathBuf::from);
    let Some(folder) = folder else { panic!("PGWITNESS_PROJECTS names no folder") };
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    let mut found = Vec::new();
    projects(&folder, DEPTH, &mut found);
    found.retain(|path| path.to_string_lossy().contains(&wanted));
    found
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
    /// What the run past its errors does not agree on: statements that one side alone refuses, by file and line.
    disagreed: Vec<String>,
    differences: Vec<Difference>,
    replayed: Replayed,
}

fn outcome(project: &Project, major: u32) -> Outcome {
    let platform = Platform::SUPABASE;
    let world = World::new(major, platform);
    let applied = block_on(shadow::run(world.server().at("postgres"), project, shadow::Mode::Strict));
    let replayed = replay::replay(project, &Options { platform, major, exposed_schemas: None, closed: true });
    let strict = applied.map(|_| ()).map_err(|e| e.to_string());
    if strict.is_ok() {
        let differences = compare::differences(&replayed.schema, &world.read());
        return Outcome { strict, disagreed: Vec::new(), differences, replayed };
    }
    let world = World::new(major, platform);
    let applied = block_on(shadow::run(world.server().at("postgres"), project, shadow::Mode::Resilient));
    let applied = applied.unwrap_or_else(|e| panic!("{e}"));
    let mut differences = compare::differences(&replayed.schema, &world.read());
    let of_rows = of_rows(&replayed, &applied);
    differences.retain(|d| !of_rows.iter().any(|object| permitted::follows(d, object)));
    Outcome { strict, disagreed: disagreed(project, &replayed, &applied, &of_rows), differences, replayed }
}

/// What a statement made in the replay that the server refused because of rows.
fn of_rows(replayed: &Replayed, applied: &shadow::Applied) -> BTreeSet<Object> {
    let refused = applied.failures.iter().filter(|f| permitted::of_rows(&f.code));
    let places: Vec<_> = refused.map(|f| f.place).collect();
    let within = |p: &pgwitness::model::Statement| {
        places.iter().any(|place| p.file == place.file && place.start <= p.start && p.start < place.end)
    };
    replayed
        .statements
        .iter()
        .filter(|ran| within(&ran.place))
        .flat_map(|ran| ran.touched.iter().map(|touched| touched.as_ref().clone()))
        .collect()
}

/// The statements that only one side refuses, but for those that only rows decide.
fn disagreed(
    project: &Project,
    replayed: &Replayed,
    applied: &shadow::Applied,
    of_rows: &BTreeSet<Object>,
) -> Vec<String> {
    let path = |file: u32| project.files.get(file as usize).map(|f| f.path.clone()).unwrap_or_default();
    let mut wrong = Vec::new();
    for failure in &applied.failures {
        let place = failure.place;
        let known =
            |p: &pgwitness::model::Statement| p.file == place.file && place.start <= p.start && p.start < place.end;
        let unread = replayed.schema.gaps.iter().any(|gap| match gap.origin {
            Origin::Statement(p) => known(&p),
            _ => false,
        });
        let permitted = permitted::running(&failure.code, &failure.what()).is_some();
        if !permitted && !unread && !replayed.rejected.iter().any(|r| known(&r.place)) {
            wrong.push(format!("{}:{} the server alone: {}", path(place.file), place.line, failure.what()));
        }
    }
    for rejected in &replayed.rejected {
        let place = rejected.place;
        let same = |f: &shadow::Failure| {
            f.place.file == place.file
                && f.place.start <= place.start
                && place.start < f.place.end.max(f.place.start + 1)
        };
        // What only an extension's own index method takes is not run where a stand-in stands for the extension.
        let left_out = applied.indexes_left_out > 0 && makes_index(project, &place);
        let follows = of_rows.iter().any(|object| permitted::names(&rejected.message, object));
        if !follows && !left_out && !applied.failures.iter().any(same) {
            wrong.push(format!("{}:{} the replay alone: {}", path(place.file), place.line, rejected.message));
        }
    }
    wrong
}

fn makes_index(project: &Project, place: &pgwitness::model::Statement) -> bool {
    let text = project.files.get(place.file as usize).map(|f| f.text.as_str()).unwrap_or_default();
    let statement = text.get(place.start as usize..place.end as usize).unwrap_or_default().to_ascii_lowercase();
    statement.starts_with("create index") || statement.starts_with("create unique index")
}

/// How much of what differs is printed: `PGWITNESS_SHOWN`.
fn shown() -> usize {
    std::env::var("PGWITNESS_SHOWN").ok().and_then(|n| n.parse().ok()).unwrap_or(8)
}

/// A report of every project, and a failure if one of those that apply is not the same.
#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn real_projects_give_the_same_model() {
    let found = wanted();
    let (mut strict, mut same, mut gaps) = (0, 0, 0);
    let (mut agreed, mut apart, mut further) = (0, 0, 0);
    let mut wrong = Vec::new();
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
        } else {
            let (statements, fields) = (outcome.disagreed.len(), outcome.differences.len());
            agreed += usize::from(statements == 0 && fields == 0);
            if statements + fields > 0 {
                wrong.push(path.display().to_string());
            }
            (apart, further) = (apart + statements, further + fields);
            eprintln!("    past its errors: {statements} statements that one side alone refuses, {fields} differences");
            outcome.disagreed.iter().take(shown()).for_each(|one| eprintln!("    {one}"));
            eprint!("{}", compare::report(&outcome.differences, shown()));
        }
    }
    eprintln!(
        "equivalence: past their errors {agreed} of {} projects agree; {apart} statements that one side alone refuses, {further} differences",
        found.len() - strict
    );
    eprintln!(
        "equivalence: {} projects, {strict} apply, {same} of them equal; {gaps} statements not understood",
        found.len()
    );
    for (kind, count) in &kinds {
        eprintln!("  {count:5} {kind}");
    }
    assert_eq!(same, strict, "projects equal, of those that apply");
    assert!(wrong.is_empty(), "not the same past their errors: {wrong:?}");
}
