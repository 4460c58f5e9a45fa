//! `check` on projects that others wrote.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Outcome, checks, command};

/// Every project below the folder that `PGWITNESS_PROJECTS` names: no panic, no hang, and never 0 with something unread.
#[test]
#[ignore = "reads the projects of a folder that PGWITNESS_PROJECTS names"]
fn real_projects_are_read() {
    let Some(folder) = std::env::var_os("PGWITNESS_PROJECTS") else {
        panic!("set PGWITNESS_PROJECTS to a folder of projects")
    };
    let mut projects = Vec::new();
    migrations_below(Path::new(&folder), 0, &mut projects);
    assert!(!projects.is_empty(), "no supabase/migrations below {}", folder.display());
    let mut codes = std::collections::BTreeMap::new();
    for path in &projects {
        let begun = Instant::now();
        let path = path.to_str().unwrap();
        let outcome =
            run_or_hang(&mut command(Path::new("/"), &["check", path, "--format", "json", "--fail-on", "never"]));
        let took = begun.elapsed();
        assert!(matches!(outcome.code, Some(0 | 3)), "{path}: {:?}\n{}", outcome.code, outcome.stderr);
        let report = outcome.json();
        let gaps =
            report["coverage"]["gaps"].as_array().unwrap().iter().filter(|g| g["access_control"] == true).count();
        assert_eq!(outcome.code == Some(3), gaps > 0, "{path}");
        eprintln!("{path}: {:?}, {gaps} gaps, {} findings, {took:.1?}", outcome.code, checks(&report).len());
        *codes.entry(outcome.code).or_insert(0) += 1;
    }
    eprintln!("{} projects: {codes:?}", projects.len());
}

/// As [`run`], but a program that has not ended after half an hour never will: the slowest project takes a minute, in a
/// debug build on a busy machine.
fn run_or_hang(command: &mut Command) -> Outcome {
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let to = |file: &File| Stdio::from(file.try_clone().unwrap());
    let mut child = command.stdout(to(&out)).stderr(to(&err)).spawn().unwrap();
    let begun = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if begun.elapsed() > Duration::from_secs(1800) => {
                child.kill().unwrap();
                panic!("{command:?} hangs");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let text = |file: &mut File| {
        file.rewind().unwrap();
        std::io::read_to_string(file).unwrap()
    };
    Outcome { code, stdout: text(&mut out), stderr: text(&mut err) }
}

fn migrations_below(folder: &Path, depth: usize, found: &mut Vec<std::path::PathBuf>) {
    if folder.ends_with("supabase/migrations") {
        return found.push(folder.to_path_buf());
    }
    if depth > 8 || folder.ends_with("node_modules") || folder.is_symlink() {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut below: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    below.sort();
    below.iter().for_each(|path| migrations_below(path, depth + 1, found));
}
