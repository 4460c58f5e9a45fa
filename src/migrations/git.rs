//! Files as git has them at a commit: written to a temporary folder, so that no checkout is touched.
//!
//! The `git` program itself is asked (`rev-parse`, `ls-tree`, `cat-file`): it knows packs, worktrees, replacements and
//! every object format. Nothing is fetched, no filter or hook runs, and links are not followed.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// A state of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The top of the working tree.
    pub root: PathBuf,
    /// The full name of the commit.
    pub id: String,
}

/// What was taken out of a commit.
#[derive(Debug)]
pub struct Checkout {
    /// The folder that stands for the top of the working tree; removed when this is dropped.
    pub folder: tempfile::TempDir,
    /// Entries that were left out, in words: links and submodules.
    pub left_out: Vec<String>,
}

/// Why git could not give a state.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no program `git`.
    #[error("cannot run `git`: {0}")]
    Program(#[source] std::io::Error),
    /// The folder is in no repository.
    #[error("`{path}` is in no git repository: {message}")]
    NoRepository {
        /// The folder.
        path: String,
        /// What git said.
        message: String,
    },
    /// The name leads to no commit.
    #[error("git knows no commit `{name}`")]
    UnknownRef {
        /// The name.
        name: String,
        /// Whether the repository holds only the newest commits.
        shallow: bool,
    },
    /// The path is not in that commit.
    #[error("there is no `{path}` in `{name}`")]
    NoPath {
        /// The path below the top of the repository.
        path: String,
        /// The name of the commit, as the user said it.
        name: String,
    },
    /// Something else went wrong.
    #[error("git {what} failed: {message}")]
    Failed {
        /// The command.
        what: &'static str,
        /// What git said.
        message: String,
    },
    /// The temporary folder failed.
    #[error("cannot write `{path}`: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl GitError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Program(_) => Some("install git, or give `--base` a folder, a file or a snapshot".to_owned()),
            Self::NoRepository { .. } => {
                Some("outside of a repository `--base` takes a folder, a file or a snapshot".to_owned())
            }
            Self::UnknownRef { name, shallow: true } => Some(format!(
                "this clone is shallow: `git fetch --depth=1 origin {name}` and then `--base FETCH_HEAD`, or clone with \
                 its history (in GitHub Actions: `fetch-depth: 0`)"
            )),
            Self::UnknownRef { .. } => Some(
                "`--base` takes a branch, tag or commit, a folder, a file or a snapshot; there is no file of this name \
                 either"
                    .to_owned(),
            ),
            Self::NoPath { .. } => Some("name a state that has it; where there was nothing, any finding is new".to_owned()),
            Self::Failed { .. } | Self::File { .. } => None,
        }
    }
}

/// Finds the commit that `name` leads to in the repository around `at`; with `...` behind the name the last commit that it
/// and `HEAD` have in common.
///
/// # Errors
/// [`GitError`] when there is no program, repository or commit.
pub fn commit(at: &Path, name: &str) -> Result<Commit, GitError> {
    let folder =
        if at.is_dir() { at } else { at.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")) };
    let (found, root, message) = ask(folder, &["rev-parse", "--show-toplevel"])?;
    if !found {
        return Err(GitError::NoRepository { path: folder.display().to_string(), message });
    }
    let root = PathBuf::from(path_of(trimmed(root)));
    let (plain, merge_base) = name.strip_suffix("...").map_or((name, false), |n| (n, true));
    let id = verified(&root, plain)?;
    let id = if merge_base {
        let (found, common, _) = ask(&root, &["merge-base", &id, "HEAD"])?;
        let text = String::from_utf8_lossy(&common).trim().to_owned();
        if !found || text.is_empty() {
            return Err(unknown(&root, name));
        }
        text
    } else {
        id
    };
    Ok(Commit { root, id })
}

/// Whether `name` leads to a commit in the repository around `at`.
#[must_use]
pub fn is_known(at: &Path, name: &str) -> bool {
    commit(at, name).is_ok()
}

fn verified(root: &Path, name: &str) -> Result<String, GitError> {
    let wanted = format!("{name}^{{commit}}");
    let (found, id, _) = ask(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
    let id = String::from_utf8_lossy(&id).trim().to_owned();
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit());
    if found && is_id && !name.is_empty() { Ok(id) } else { Err(unknown(root, name)) }
}

fn unknown(root: &Path, name: &str) -> GitError {
    let shallow = ask(root, &["rev-parse", "--is-shallow-repository"])
        .is_ok_and(|(ok, out, _)| ok && String::from_utf8_lossy(&out).trim() == "true");
    GitError::UnknownRef { name: name.to_owned(), shallow }
}

/// The program, which may fetch nothing, ask nothing and lock nothing.
fn git(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).arg("--no-pager").args(arguments).stdin(Stdio::null());
    let quiet = [
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("LC_ALL", "C"),
    ];
    command.envs(quiet);
    command
}

/// Runs git: whether it succeeded, what it printed, and what it said.
fn ask(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<(bool, Vec<u8>, String), GitError> {
    let output = git(folder, arguments).output().map_err(GitError::Program)?;
    Ok((output.status.success(), output.stdout, said(&output.stderr)))
}

/// The first line of what git said.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().trim_start_matches("fatal: ").to_owned()
}

fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        bytes.pop();
    }
    bytes
}

fn path_of(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

/// An entry of a tree.
struct Entry {
    mode: String,
    id: String,
    path: PathBuf,
}

/// Endings of files whose text decides what runs; of the others only the names do.
const READ: [&str; 6] = ["sql", "toml", "plan", "conf", "ts", "js"];
/// Larger files are left empty, as the reader of files would refuse them.
const LARGEST: u64 = 1 << 30;

impl Commit {
    /// `abcdef123456`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The path of `path` below the top of the working tree.
    #[must_use]
    pub fn inside(&self, path: &Path) -> Option<PathBuf> {
        let root = self.root.canonicalize().ok()?;
        // What the commit has may be gone by now.
        let full = path.canonicalize().ok().or_else(|| {
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some(parent.canonicalize().ok()?.join(path.file_name()?))
        })?;
        full.strip_prefix(root).ok().map(Path::to_owned)
    }

    /// Writes what the commit has at `paths`, given below the top of the working tree, and around them, to a temporary folder:
    /// what stands beside a folder of migrations belongs to the project. `name` is for errors.
    ///
    /// # Errors
    /// [`GitError`] when a path is not in the commit, or git or the disk fails.
    pub fn check_out(&self, paths: &[PathBuf], name: &str) -> Result<Checkout, GitError> {
        self.check_out_those(paths, name, &|path| has_ending(path, &READ))
    }

    /// As [`Self::check_out`], with the text of those files that are `wanted`; the others are left empty.
    ///
    /// # Errors
    /// As there.
    pub fn check_out_those(
        &self,
        paths: &[PathBuf],
        name: &str,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<Checkout, GitError> {
        let folder = tempfile::tempdir()
            .map_err(|source| GitError::File { path: std::env::temp_dir().display().to_string(), source })?;
        let mut out = Checkout { folder, left_out: Vec::new() };
        let mut entries = Vec::new();
        for path in paths {
            let here = self.list(path, &mut out)?;
            if here.is_empty() {
                return Err(GitError::NoPath { path: path.display().to_string(), name: name.to_owned() });
            }
            entries.extend(self.list(&around(path), &mut out)?);
            entries.extend(here);
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        let (files, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.mode.starts_with("100"));
        let telling = |e: &Entry| e.mode.starts_with("120") && has_ending(&e.path, &["sql", ""]);
        for entry in others.iter().filter(|e| telling(e)) {
            out.left_out.push(format!("the link `{}` of {name} was not followed", entry.path.display()));
        }
        for entry in others.iter().filter(|e| e.mode.starts_with("160")) {
            out.left_out.push(format!("the submodule `{}` of {name} was not read", entry.path.display()));
        }
        self.write(&files, out.folder.path(), wanted)?;
        Ok(out)
    }

    /// The entries at and below a path; of those that could not be written here the names are noted.
    fn list(&self, path: &Path, out: &mut Checkout) -> Result<Vec<Entry>, GitError> {
        let mut arguments: Vec<OsString> =
            ["ls-tree", "-r", "-z", "--full-tree", &self.id].iter().map(OsString::from).collect();
        if !path.as_os_str().is_empty() {
            arguments.extend([OsString::from("--"), path.as_os_str().to_owned()]);
        }
        let (listed, text, message) = ask(&self.root, &arguments)?;
        if !listed {
            return Err(GitError::Failed { what: "ls-tree", message });
        }
        let mut all = Vec::new();
        for line in text.split(|b| *b == 0).filter(|line| !line.is_empty()) {
            match entry(line) {
                Some(entry) => all.push(entry),
                None => out.left_out.push(format!("the entry `{}` was not read", String::from_utf8_lossy(line))),
            }
        }
        Ok(all)
    }

    /// Writes files below `folder`, reading them all from one process.
    fn write(&self, files: &[Entry], folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<(), GitError> {
        let mut child = git(&self.root, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::Program)?;
        let (Some(mut asked), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("no pipe to it".to_owned()));
        };
        let mut answers = BufReader::new(answers);
        let written = files.iter().try_for_each(|file| {
            let to = folder.join(&file.path);
            let disk = |source| GitError::File { path: to.display().to_string(), source };
            std::fs::create_dir_all(to.parent().unwrap_or(folder)).map_err(disk)?;
            let text = if wanted(&file.path) { blob(&mut asked, &mut answers, &file.id)? } else { Vec::new() };
            std::fs::write(&to, text).map_err(disk)
        });
        drop((asked, answers));
        let _ = child.wait();
        written
    }
}

/// Where the rest of a project stands: beside a folder of migrations, and beside a file in one.
fn around(path: &Path) -> PathBuf {
    let is_file = has_ending(path, &["sql", "toml", "plan"]);
    let folder = if is_file { path.parent().unwrap_or(Path::new("")) } else { path };
    let is_part = folder.file_name().is_some_and(|name| name == "migrations" || name == "deploy");
    if is_part { folder.parent().unwrap_or(Path::new("")).to_owned() } else { folder.to_owned() }
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    endings.iter().any(|e| ending.eq_ignore_ascii_case(e))
}

/// `<mode> <type> <id>\t<path>`; `None` for a path that would leave the folder it is written to.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let head = std::str::from_utf8(line.get(..tab)?).ok()?;
    let path = PathBuf::from(path_of(line.get(tab + 1..)?.to_vec()));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(name) if name != ".git"));
    let mut words = head.split(' ');
    let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
    is_inside.then(|| Entry { mode: mode.to_owned(), id: id.to_owned(), path })
}

fn failed(message: String) -> GitError {
    GitError::Failed { what: "cat-file", message }
}

/// Asks a running `cat-file --batch` for an object.
fn blob(asked: &mut impl Write, answers: &mut impl BufRead, id: &str) -> Result<Vec<u8>, GitError> {
    let io = |e: std::io::Error| failed(e.to_string());
    writeln!(asked, "{id}").and_then(|()| asked.flush()).map_err(io)?;
    let mut head = String::new();
    answers.read_line(&mut head).map_err(io)?;
    let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
    let Some(size) = size.filter(|size| *size <= LARGEST) else {
        return Err(failed(format!("{}: a partial clone lacks it", head.trim_end())));
    };
    let mut text = Vec::new();
    answers.take(size).read_to_end(&mut text).map_err(io)?;
    let mut end = [0; 1];
    answers.read_exact(&mut end).map_err(io)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
