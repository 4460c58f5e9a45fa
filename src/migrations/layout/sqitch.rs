//! Sqitch: a plan.
//!
//! By its documentation: `sqitch.plan` lists the changes in the order in which they are deployed, one a line, beside
//! `%pragmas`, `@tags`, blank lines and `#` comments; a change's script is `deploy/<name>.sql`. A name that appears
//! again was reworked: the older script is `deploy/<name>@<tag>.sql`, with the first tag after it. `sqitch.conf` may
//! move `top_dir`, `deploy_dir` and `plan_file`. Scripts are run by psql and begin their own transactions.

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
    let top = root.join(core(&conf, "top_dir").unwrap_or("."));
    let plan = core(&conf, "plan_file").map_or_else(|| top.join("sqitch.plan"), |file| root.join(file));
    let deploy = core(&conf, "deploy_dir").map_or_else(|| top.join("deploy"), |dir| root.join(dir));
    let [plan, deploy] = [plan, deploy].map(|path| tidy(&path));
    let text = read::text(&plan)?;
    let steps: Vec<_> = text.lines().filter_map(step).collect();
    let mut used = BTreeSet::new();
    for (at, step) in steps.iter().enumerate() {
        let Step::Change(name) = step else { continue };
        let later = steps.get(at + 1..).unwrap_or_default();
        let file = match later.iter().position(|s| s == step) {
            None => deploy.join(format!("{name}.sql")),
            Some(again) => {
                let tag = later.iter().take(again).find_map(|s| match s {
                    Step::Tag(tag) => Some(*tag),
                    Step::Change(_) => None,
                });
                deploy.join(format!("{name}@{}.sql", tag.unwrap_or_default()))
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
    is_change.then(|| Step::Change(first.trim_start_matches('+')))
}

/// A setting of the section `[core]`, as git writes such files.
fn core<'a>(conf: &'a str, key: &str) -> Option<&'a str> {
    let mut within = false;
    for line in conf.lines().map(str::trim) {
        if line.starts_with('[') {
            within = line == "[core]";
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
        assert_eq!(
            core("[core]\n\tengine = pg\n\ttop_dir = db\n[engine \"pg\"]\n\ttop_dir = x\n", "top_dir"),
            Some("db")
        );
    }
}
