//! Sqitch: a plan.
//!
//! By its documentation and sources, and tried on version 1.3: `sqitch.plan` lists the changes in the order in which they
//! are deployed, one a line, beside `%pragmas`, `@tags`, blank lines and `#` comments; a change's script is
//! `deploy/<name>.sql`. A name that appears again was reworked: the older script is `<name>@<tag>.sql`, with a tag of
//! the changes before the reworked one, the last of them first, for which there is a file. `sqitch.conf` may move
//! `top_dir`, `deploy_dir`, `reworked_dir`, `plan_file` and `extension`, for the engine or for all. Scripts are run by psql
//! and begin their own transactions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Collected, FileRole, LayoutError, Place, WarningKind, psql, read};

/// A line of the plan.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Change(&'a str),
    Tag(&'a str),
}

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let root = place.root();
    let conf = root.join("sqitch.conf");
    let conf = if conf.is_file() { read::text(&conf)? } else { String::new() };
    let top = root.join(setting(&conf, "top_dir").unwrap_or("."));
    let plan = setting(&conf, "plan_file").map_or_else(|| top.join("sqitch.plan"), |file| root.join(file));
    let deploy = setting(&conf, "deploy_dir").map_or_else(|| top.join("deploy"), |dir| root.join(dir));
    let reworked = setting(&conf, "reworked_dir").map_or_else(|| deploy.clone(), |dir| root.join(dir).join("deploy"));
    let reworked = setting(&conf, "reworked_deploy_dir").map_or(reworked, |dir| root.join(dir));
    let [plan, deploy, reworked] = [plan, deploy, reworked].map(|path| tidy(&path));
    let extension = setting(&conf, "extension").unwrap_or("sql");
    if !plan.is_file() {
        let help = "name the folder that holds it, or sqitch.conf";
        return Err(LayoutError::project(format!("there is no `{}`", plan.display()), help));
    }
    let text = read::text(&plan)?;
    let steps: Vec<_> = text.lines().filter_map(step).collect();
    let mut used = BTreeSet::new();
    for (at, step) in steps.iter().enumerate() {
        let Step::Change(name) = step else { continue };
        let later = steps.get(at + 1..).unwrap_or_default();
        let file = match later.iter().position(|s| s == step) {
            None => deploy.join(format!("{name}.{extension}")),
            Some(again) => {
                let file = |tag: &str| reworked.join(format!("{name}@{tag}.{extension}"));
                let tags = rework_tags(later.get(..again).unwrap_or_default());
                let there = tags.iter().map(|tag| file(tag)).find(|file| file.is_file());
                there.unwrap_or_else(|| file(tags.first().copied().unwrap_or_default()))
            }
        };
        add(&plan, &file, name, out)?;
        used.insert(file);
    }
    let unused = if deploy.is_dir() { read::below(&deploy)? } else { Vec::new() };
    for entry in unused.into_iter().filter(|entry| !used.contains(&entry.path)) {
        let message = format!("`{}` is never applied: sqitch.plan does not name it", entry.name);
        out.warn(&entry.path, None, WarningKind::NeverApplied, message);
    }
    Ok(())
}

/// The tags between a change and its reworked form: those of the last change first.
fn rework_tags<'a>(between: &[Step<'a>]) -> Vec<&'a str> {
    let mut of_changes: Vec<Vec<&str>> = vec![Vec::new()];
    for step in between {
        match step {
            Step::Change(_) => of_changes.push(Vec::new()),
            Step::Tag(tag) => of_changes.iter_mut().last().into_iter().for_each(|tags| tags.push(tag)),
        }
    }
    of_changes.into_iter().rev().flatten().collect()
}

fn add(plan: &Path, file: &Path, name: &str, out: &mut Collected) -> Result<(), LayoutError> {
    if !file.is_file() {
        let message = format!("sqitch.plan names `{name}`, and there is no `{}`", file.display());
        out.warn(plan, None, WarningKind::NotRead, message);
        return Ok(());
    }
    let text = read::text(file)?;
    let mut runs = psql::runs(&text);
    runs.no_transaction = true;
    out.add(file, FileRole::Migration, None, text, runs);
    Ok(())
}

fn step(line: &str) -> Option<Step<'_>> {
    let line = line.trim();
    let first = line.split_whitespace().next()?;
    if let Some(tag) = first.strip_prefix('@') {
        return Some(Step::Tag(tag));
    }
    let is_change = !first.starts_with(['%', '#', '-']);
    // A plus may stand before the name.
    line.trim_start_matches('+').split_whitespace().next().filter(|_| is_change).map(Step::Change)
}

/// A setting of the engine for Postgres, or else of `[core]`.
fn setting<'a>(conf: &'a str, key: &str) -> Option<&'a str> {
    of_section(conf, "[engine \"pg\"]", key).or_else(|| of_section(conf, "[core]", key))
}

/// A setting of a section, as git writes such files.
fn of_section<'a>(conf: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut within = false;
    for line in conf.lines().map(str::trim) {
        if line.starts_with('[') {
            within = line == section;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| within)
            && name.trim() == key
        {
            return Some(value.trim().trim_matches('"'));
        }
    }
    None
}

/// The path without `.` in it, so that paths compare.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_a_plan() {
        assert_eq!(step("%syntax-version=1.0.0"), None);
        assert_eq!(step("# note"), None);
        assert_eq!(step("users [app] 2024-01-01T00:00:00Z A <a@b> # x"), Some(Step::Change("users")));
        assert_eq!(step("@v1 2024-01-01T00:00:00Z A <a@b>"), Some(Step::Tag("v1")));
        assert_eq!(step("+ users 2024-01-01T00:00:00Z A <a@b>"), Some(Step::Change("users")));
        assert_eq!(step("-users 2024-01-01T00:00:00Z A <a@b>"), None);
        let conf = "[core]\n\tengine = pg\n\ttop_dir = db\n[engine \"pg\"]\n\tdeploy_dir = x\n";
        assert_eq!((setting(conf, "top_dir"), setting(conf, "deploy_dir")), (Some("db"), Some("x")));
        let between = [Step::Tag("v1"), Step::Change("c"), Step::Tag("v2"), Step::Tag("v3")];
        assert_eq!(rework_tags(&between), ["v2", "v3", "v1"]);
    }
}
