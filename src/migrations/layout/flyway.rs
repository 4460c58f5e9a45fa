//! Flyway: everything is in the names.
//!
//! Held against version 11.20 run on a server: `V<version>__<description>.sql` in the order of the versions, whose parts
//! are numbers between dots or single underscores; the description may be missing. `R__<description>.sql` run after all of
//! them, by description, in which underscores are blanks; `U...` undoes and is never part of a migration run;
//! `B<version>__` is a baseline that stands for every version up to its own in a new database. The suffix counts in any
//! case. Folders are searched in depth, links too and dot files not; other names are ignored; two files of one version or
//! description are an error. `<file>.conf` may say `executeInTransaction=false`. Placeholders are `${name}`, in comments
//! and bodies too, and one without a value is an error. Callbacks such as `afterMigrate.sql` or
//! `afterMigrate__<description>.sql` run around the migrations.

use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

/// What a name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Versioned(Vec<u128>),
    Baseline(Vec<u128>),
    Repeatable(String),
    Undo,
}

/// Callbacks in the order of a run in which something was to be done, and the kind of migration before which they stand.
const CALLBACKS: [(&str, Step); 6] = [
    ("beforeMigrate", Step::Versioned),
    ("afterVersioned", Step::Repeatable),
    ("beforeRepeatables", Step::Repeatable),
    ("afterMigrateApplied", Step::End),
    ("afterMigrate", Step::End),
    ("afterMigrateOperationFinish", Step::End),
];
/// Callbacks that such a run calls too, at times of which nothing is known here.
const OTHER_CALLBACKS: [&str; 10] = [
    "beforeConnect",
    "afterConnect",
    "createSchema",
    "beforeCreateSchema",
    "beforeValidate",
    "afterValidate",
    "beforeEachMigrate",
    "afterEachMigrate",
    "beforeEachMigrateStatement",
    "afterEachMigrateStatement",
];

/// What comes next in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Versioned,
    Repeatable,
    End,
}

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let entries = if place.is_file() { place.sql_files()? } else { read::below(&place.path)? };
    let (mut versioned, mut repeatable, mut baselines) = (Vec::new(), Vec::new(), Vec::new());
    let mut callbacks = Vec::new();
    for entry in entries {
        match name(&entry.name) {
            Some(Name::Versioned(version)) => versioned.push((version, entry)),
            Some(Name::Baseline(version)) => baselines.push((version, entry)),
            Some(Name::Repeatable(description)) => repeatable.push((description, entry)),
            Some(Name::Undo) => (),
            None if place.is_file() => versioned.push((Vec::new(), entry)),
            None => match callback(&entry.name) {
                Some(order) => callbacks.push((order, entry)),
                None => ignored(&entry, out),
            },
        }
    }
    versioned.sort_by(|a, b| a.0.cmp(&b.0));
    repeatable.sort_by(|a, b| a.0.cmp(&b.0));
    callbacks.sort_by(|a, b| a.0.cmp(&b.0));
    let call = |step: Step, out: &mut Collected| -> Result<(), LayoutError> {
        let due = |at: usize| CALLBACKS.get(at).is_some_and(|(_, before)| *before == step);
        for (_, entry) in callbacks.iter().filter(|((at, _), _)| due(*at)) {
            add(place, entry, FileRole::Repeatable, None, out)?;
        }
        Ok(())
    };
    call(Step::Versioned, out)?;
    let baseline = baselines.into_iter().max_by(|a, b| a.0.cmp(&b.0));
    if let Some((version, entry)) = baseline {
        for (_, old) in versioned.iter().filter(|(v, _)| *v <= version) {
            let message = format!("`{}` is left out: the baseline `{}` stands for it", old.name, entry.name);
            out.warn(&old.path, None, WarningKind::NeverApplied, message);
        }
        versioned.retain(|(v, _)| *v > version);
        add(place, &entry, FileRole::Migration, Some(shown(&version)), out)?;
    }
    for (version, entry) in versioned {
        let version = Some(shown(&version)).filter(|v| !v.is_empty());
        add(place, &entry, FileRole::Migration, version, out)?;
    }
    call(Step::Repeatable, out)?;
    twice(&repeatable, out);
    for (_, entry) in repeatable {
        add(place, &entry, FileRole::Repeatable, None, out)?;
    }
    call(Step::End, out)
}

/// The place of a callback in the run, and its description; `None` if it is none that we follow.
fn callback(name: &str) -> Option<(usize, String)> {
    let (event, description) = event(name)?;
    CALLBACKS.iter().position(|(known, _)| *known == event).map(|at| (at, description.replace('_', " ")))
}

/// The event and the description in the name of a callback.
fn event(name: &str) -> Option<(&str, &str)> {
    let stem = stem(name)?;
    Some(stem.split_once("__").unwrap_or((stem, "")))
}

/// Says of descriptions that several files bear.
fn twice(repeatable: &[(String, read::Entry)], out: &mut Collected) {
    for pair in repeatable.windows(2) {
        if let [(one, _), (other, entry)] = pair
            && one == other
        {
            let message = format!("`{}` is there twice: Flyway refuses the folder", entry.name);
            out.warn(&entry.path, None, WarningKind::DuplicateVersion, message);
        }
    }
}

fn ignored(entry: &read::Entry, out: &mut Collected) {
    let callback = event(&entry.name).is_some_and(|(event, _)| OTHER_CALLBACKS.contains(&event));
    let (kind, message) = if callback {
        (WarningKind::NotRead, format!("`{}` is a callback of Flyway, which was not run", entry.name))
    } else {
        let why = "Flyway wants names like V1__name.sql or R__name.sql";
        (WarningKind::NeverApplied, format!("`{}` is never applied: {why}", entry.name))
    };
    out.warn(&entry.path, None, kind, message);
}

/// A name without its suffix.
fn stem(name: &str) -> Option<&str> {
    let (stem, suffix) = name.split_at_checked(name.len().checked_sub(".sql".len())?)?;
    suffix.eq_ignore_ascii_case(".sql").then_some(stem)
}

/// Reads a name; `None` if Flyway would ignore it.
pub(super) fn name(name: &str) -> Option<Name> {
    let stem = stem(name)?;
    let (head, description) = stem.split_once("__").unwrap_or((stem, ""));
    let version = |digits: &str| -> Option<Vec<u128>> {
        let mut parts: Vec<u128> =
            digits.split(['.', '_']).map(str::parse).collect::<Result<_, std::num::ParseIntError>>().ok()?;
        // 1.0 is the version 1.
        while parts.len() > 1 && parts.last() == Some(&0) {
            parts.pop();
        }
        Some(parts)
    };
    let mut letters = head.chars();
    match (letters.next()?, letters.as_str()) {
        ('V', digits) => version(digits).map(Name::Versioned),
        ('B', digits) => version(digits).map(Name::Baseline),
        ('U', digits) => version(digits).map(|_| Name::Undo),
        ('R', "") if head != stem => Some(Name::Repeatable(description.replace('_', " "))),
        _ => None,
    }
}

fn shown(version: &[u128]) -> String {
    version.iter().map(u128::to_string).collect::<Vec<_>>().join(".")
}

fn add(
    place: &Place,
    entry: &read::Entry,
    role: FileRole,
    version: Option<String>,
    out: &mut Collected,
) -> Result<(), LayoutError> {
    let text = place.text(&entry.path)?;
    let mut runs = Runs::whole(&text);
    let conf = entry.path.with_file_name(format!("{}.conf", entry.name));
    if conf.is_file() {
        let settings: String = read::text(&conf)?.chars().filter(|c| !c.is_whitespace()).collect();
        runs.no_transaction = settings.contains("executeInTransaction=false");
    }
    if let Some(at) = text.find("${") {
        let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        runs.remarks.push((line, WarningKind::NotRead, "placeholders of Flyway are not replaced".to_owned()));
    }
    out.add(&entry.path, role, version, text, runs);
    Ok(())
}
