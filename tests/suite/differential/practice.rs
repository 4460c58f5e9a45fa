//! Real projects: how many questions under the default reading are decided, and what keeps the rest from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pgwitness::access;
use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::{Effective, Extent, Who};
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::migrations::layout::{self, Wanted};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::model::{Command, Relation};
use pgwitness::shadow::Platform;

/// How deep below the folder projects are looked for.
const DEPTH: usize = 6;

/// Bytes of stack of each thread, of which only those that are used take memory: functions, views and policies nest.
const STACK: usize = 256 << 20;

#[derive(Debug, Clone, Default)]
struct Counts {
    projects: usize,
    questions: usize,
    trivial: usize,
    proved: usize,
    violated: usize,
    reasons: BTreeMap<String, usize>,
    times: Vec<Duration>,
}

fn projects(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    if folder.join("supabase/migrations").is_dir() {
        found.push(folder.join("supabase"));
    }
    let is_folder = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_dir() && !path.is_symlink() && name != "node_modules" && !name.starts_with('.')
    };
    for entry in entries.iter().filter(is_folder).filter(|_| depth > 0) {
        projects(entry, depth - 1, found);
    }
}

#[test]
#[ignore = "reads the folder that PGWITNESS_PRACTICE names"]
fn most_questions_of_real_projects_are_decided() {
    let folder = PathBuf::from(std::env::var_os("PGWITNESS_PRACTICE").expect("PGWITNESS_PRACTICE names a folder"));
    let mut found = Vec::new();
    projects(&folder, DEPTH, &mut found);
    let (mut whole, mut broken) = (Counts::default(), Counts::default());
    for (applies, counts) in each(&found) {
        if applies { whole.add(counts) } else { broken.add(counts) }
    }
    let mut all = whole.clone();
    all.add(broken.clone());
    println!("{} projects", found.len());
    println!("those whose migrations apply: {}", whole.told());
    println!("those that name what their migrations do not make: {}", broken.told());
    println!("all: {}", all.told());
    for (counts, of) in [(&whole, "projects whose migrations apply"), (&all, "all projects")] {
        let decided = counts.proved + counts.violated;
        let others = counts.questions - counts.trivial;
        assert!((decided + counts.trivial) * 100 >= counts.questions * 95, "not 95 % of all questions of {of}");
        assert!(decided * 100 >= others * 85, "not 85 % of the rest of {of}");
    }
}

/// The counts of each project, with whether its migrations apply, the processors sharing the projects.
fn each(found: &[PathBuf]) -> Vec<(bool, Counts)> {
    let next = AtomicUsize::new(0);
    let run = || {
        let take = || found.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(take).filter_map(|path| project(path)).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).unwrap();
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.projects += other.projects;
        self.questions += other.questions;
        self.trivial += other.trivial;
        self.proved += other.proved;
        self.violated += other.violated;
        self.times.extend(other.times);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }

    /// The shares that are decided, and what keeps the rest from it.
    fn told(&mut self) -> String {
        self.times.sort();
        let Self { projects, questions, trivial, proved, violated, reasons, times } = &*self;
        let decided = proved + violated;
        let share = |of: usize, all: usize| 100.0 * of as f64 / all.max(1) as f64;
        let mut text = format!(
            "{projects} projects, {questions} questions: {trivial} trivial, {proved} proved, {violated} violated; decided \
             {:.1} % of all, {:.1} % of the rest; median {:?}, worst {:?}",
            share(decided + trivial, *questions),
            share(decided, questions - trivial),
            times.get(times.len() / 2),
            times.last(),
        );
        let mut reasons: Vec<_> = reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        reasons.iter().take(60).for_each(|(reason, count)| text.push_str(&format!("\n{count:6} {reason}")));
        text
    }
}

#[expect(clippy::print_stdout, reason = "the case that was asked for is for people")]
fn project(path: &Path) -> Option<(bool, Counts)> {
    let project = layout::find(path, Wanted { seed: false, supabase: true, layout: None }).ok()?;
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: true };
    let replayed = replay::replay(&project, &options);
    // A policy that names what is not there is none on any server.
    let applies = replayed.rejected.is_empty();
    let mut counts = Counts { projects: 1, ..Counts::default() };
    let schema = replayed.schema;
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let intent = access::reading(&effective);
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    for relation in schema.relations.iter().filter(|r| !effective.is_platform_object(&r.name.schema, &r.owner)) {
        if relation.kind == pgwitness::model::RelationKind::Sequence {
            continue;
        }
        for principal in effective.principals().iter().filter(|p| matches!(p.who, Who::Anyone | Who::SignedIn)) {
            let asker = if principal.who == Who::Anyone { Asker::Nobody } else { Asker::SomeUser };
            for (command, which) in [
                (Command::Select, Which::Old),
                (Command::Insert, Which::New),
                (Command::Update, Which::Old),
                (Command::Update, Which::New),
                (Command::Delete, Which::Old),
            ] {
                counts.questions += 1;
                if matches!(effective.access(&principal.role, relation, command).extent, Extent::None(_)) {
                    counts.trivial += 1;
                    continue;
                }
                let declared = intent.declarations.iter().find(|d| {
                    d.relation == relation.name && d.role == principal.role && d.command == command && d.row == which
                });
                let rule = declared.map_or_else(|| owner(relation), |d| d.predicate.sql.clone());
                let start = Instant::now();
                let mut formula = decider.access(&principal.role, relation, command, which, Caller::Sql);
                let verdict = formula.never_exceeds(&rule, asker);
                counts.times.push(start.elapsed());
                match verdict {
                    Verdict::Proved => counts.proved += 1,
                    Verdict::Violated(_) => counts.violated += 1,
                    Verdict::Unknown(reason) => {
                        if !wanted.is_empty() && reason.to_string().contains(&wanted) {
                            println!(
                                "{} {} {command} {which:?}: {reason}\n   {}\n   {rule}",
                                path.display(),
                                relation.name,
                                formula.sql()
                            );
                        }
                        *counts.reasons.entry(reason.to_string()).or_default() += 1;
                    }
                }
            }
        }
    }
    Some((applies, counts))
}

/// A crude reading: rows are their owner's.
fn owner(relation: &Relation) -> String {
    let names = ["user_id", "owner_id", "owner", "author_id", "created_by", "profile_id", "account_id", "id"];
    let column = names.iter().find(|n| relation.column(n).is_some_and(|c| c.data_type == "uuid"));
    column.map_or_else(|| "false".to_owned(), |c| format!("{c} = auth.uid()"))
}
