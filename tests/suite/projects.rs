//! Real projects below the folder that `PGWITNESS_PROJECTS` names: how much of each applies, and what stands in the way.

use crate::support;
use pgwitness::migrations::layout::{self, Project, Wanted};
use pgwitness::shadow::{Applied, Mode, Platform, run};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The folders of migrations of every Supabase project below `root`, by name.
pub(crate) fn supabase_projects(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !path.is_symlink()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let has_sql = || {
                std::fs::read_dir(&path).unwrap().flatten().any(|f| f.path().extension().is_some_and(|e| e == "sql"))
            };
            if name == "migrations" && folder.to_string_lossy().contains("supabase") && has_sql() {
                found.push(path);
            } else if !matches!(name.as_str(), "node_modules" | ".git") {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The major version in `config.toml`, as far as we run it.
pub(crate) fn major(folder: &Path) -> u32 {
    let text = layout::config_file(folder).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("major_version")).unwrap_or_default();
    line.trim_start_matches([' ', '=']).trim().parse().ok().filter(|major| *major == 15).unwrap_or(17)
}

fn apply(folder: &Path, project: &Project, mode: Mode) -> Result<Applied, String> {
    let server = support::server(major(folder), Platform::SUPABASE);
    support::block_on(run(server.at("postgres"), project, mode)).map_err(|e| e.to_string())
}

/// Prints a line for each project, and fails if a run ends otherwise than with an error of the project's own.
#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn real_projects_apply_as_far_as_they_can() {
    let Some(root) = std::env::var_os("PGWITNESS_PROJECTS").map(PathBuf::from) else {
        panic!("PGWITNESS_PROJECTS names no folder")
    };
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    let (mut strictly, mut statements, mut ran) = (0, 0, 0);
    let folders: Vec<_> =
        supabase_projects(&root).into_iter().filter(|f| f.to_string_lossy().contains(&wanted)).collect();
    // A folder of migrations in a repository that is called after the platform is not for that yet.
    let folders: Vec<_> = folders.into_iter().filter(|f| f.parent().is_some_and(|p| p.ends_with("supabase"))).collect();
    for folder in &folders {
        let name = folder.strip_prefix(&root).unwrap().display();
        let project = layout::find(folder, Wanted { seed: true, supabase: true, layout: None }).unwrap();
        let begun = Instant::now();
        let strict = apply(folder, &project, Mode::Strict);
        let strict_time = begun.elapsed();
        strictly += usize::from(strict.is_ok());
        let begun = Instant::now();
        let all = apply(folder, &project, Mode::Resilient).unwrap();
        statements += all.total;
        ran += all.applied();
        let heavy = all.failures.iter().filter(|f| f.access_control).count();
        eprintln!(
            "{name}: {} files, {} of {} statements ({}%), {heavy} of {} failures may matter, {strict_time:.1?} + {:.1?}",
            project.files.len(),
            all.applied(),
            all.total,
            all.percent(),
            all.failures.len(),
            begun.elapsed()
        );
        if let Err(error) = &strict {
            eprintln!("    strict: {error}");
        }
        let shown = std::env::var("PGWITNESS_SHOWN").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
        all.failures.iter().take(shown).for_each(|f| eprintln!("    {f}"));
        all.notes
            .iter()
            .filter(|n| n.contains("not available") || n.contains("could not"))
            .for_each(|n| eprintln!("    - {n}"));
        assert_eq!(strict.is_ok(), all.failures.is_empty(), "{name}: both modes agree on whether all of it runs");
    }
    eprintln!("{strictly} of {} projects apply strictly; {ran} of {statements} statements ran", folders.len());
}
