//! The application's source: the text files of a folder that a client may come from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Text;

/// Larger files are data or bundles of a kind that nobody reads.
const LARGEST: u64 = 4 << 20;
/// More files than any application has by hand.
const MOST: usize = 100_000;
/// Folders that hold others' code, or none.
const SKIPPED: [&str; 12] = [
    "node_modules",
    ".git",
    ".hg",
    ".svn",
    "target",
    "vendor",
    ".venv",
    "venv",
    "__pycache__",
    ".pnpm-store",
    ".yarn",
    ".turbo",
];
/// Endings of files that are text with code or settings in it.
const ENDINGS: [&str; 28] = [
    "js",
    "jsx",
    "mjs",
    "cjs",
    "ts",
    "tsx",
    "mts",
    "cts",
    "vue",
    "svelte",
    "astro",
    "html",
    "htm",
    "json",
    "dart",
    "swift",
    "kt",
    "kts",
    "java",
    "gradle",
    "properties",
    "xcconfig",
    "cs",
    "mdx",
    "xml",
    "plist",
    "yaml",
    "yml",
];

/// What was read of a folder.
#[derive(Debug, Clone, Default)]
pub struct SourceTree {
    /// The files, by path.
    pub files: Vec<Text>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

impl SourceTree {
    /// Whether a file of this name is read.
    #[must_use]
    pub fn reads(path: &Path) -> bool {
        is_wanted(&path.file_name().unwrap_or_default().to_string_lossy(), path)
    }

    /// Reads the files below `folder`: code, markup, settings and `.env` files. Folders of dependencies, links, binary and
    /// large files are left out.
    ///
    /// # Errors
    /// When `folder` itself cannot be read; what fails below it becomes a note.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut tree = Self::default();
        if std::fs::metadata(folder)?.is_file() {
            tree.file(folder);
            return Ok(tree);
        }
        std::fs::read_dir(folder)?;
        let mut open = vec![folder.to_path_buf()];
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next.canonicalize().unwrap_or_else(|_| next.clone())) {
                tree.folder(&next, &mut open);
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.notes.sort();
        Ok(tree)
    }

    fn folder(&mut self, folder: &Path, open: &mut Vec<PathBuf>) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => return self.notes.push(format!("`{}` was not read: {e}", folder.display())),
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            // A link is somebody else's file, or one that is read anyway.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                open.push(path);
            } else if kind.is_file() && is_wanted(&name, &path) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if self.files.len() >= MOST {
            if self.files.len() == MOST {
                self.notes.push(format!("only the first {MOST} source files were read"));
            }
            return;
        }
        match read(path) {
            Ok(Ok(text)) => self.files.push(Text { path: path.display().to_string(), text }),
            Ok(Err(why)) => self.notes.push(format!("`{}` was not read: {why}", path.display())),
            Err(e) => self.notes.push(format!("`{}` was not read: {e}", path.display())),
        }
    }
}

fn is_wanted(name: &str, path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_lock = ["package-lock.json", "pnpm-lock.yaml", "composer.lock"].contains(&name);
    name.starts_with(".env") || (!is_lock && ENDINGS.contains(&ending.as_str()))
}

/// The text of a file, or why it is none to look at.
fn read(path: &Path) -> std::io::Result<Result<String, &'static str>> {
    if std::fs::metadata(path)?.len() > LARGEST {
        return Ok(Err("it has more than 4 MB"));
    }
    let bytes = std::fs::read(path)?;
    if bytes.iter().take(8192).any(|b| *b == 0) {
        return Ok(Err("it is binary"));
    }
    Ok(String::from_utf8(bytes).map_err(|_| "it is not UTF-8"))
}
