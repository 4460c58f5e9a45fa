//! Signs that a database is one of Supabase, beside the names that its SQL uses: a client of that platform among the
//! dependencies of the project around it, and the platform's name in a comment.

use std::path::{Path, PathBuf};

use super::platform::place;
use crate::migrations::layout::MigrationFile;

/// Manifests of dependencies, and by what a client of the platform is known there.
const MANIFESTS: [(&str, &str); 6] = [
    ("package.json", "\"@supabase/"),
    ("pubspec.yaml", "supabase_flutter:"),
    ("requirements.txt", "supabase"),
    ("pyproject.toml", "supabase"),
    ("go.mod", "supabase"),
    ("composer.json", "supabase"),
];

/// How far above the files a manifest may lie, where no repository ends before.
const LEVELS: usize = 6;

/// The manifest of the project around `paths` that depends on a client of the platform.
pub(super) fn of_project(paths: &[PathBuf]) -> Option<String> {
    paths.iter().find_map(|path| {
        let full = path.canonicalize().ok()?;
        let mut inside_repository = true;
        full.ancestors()
            .take(LEVELS)
            .take_while(|dir| std::mem::replace(&mut inside_repository, !dir.join(".git").exists()))
            .find_map(depends)
    })
}

fn depends(dir: &Path) -> Option<String> {
    MANIFESTS.iter().find_map(|(name, client)| {
        let file = dir.join(name);
        let text = std::fs::read_to_string(&file).ok()?;
        text.contains(client).then(|| format!("`{}` depends on a client of it", file.display()))
    })
}

/// The first place that speaks of the platform by name.
pub(super) fn of_words(files: &[MigrationFile]) -> Option<String> {
    files.iter().find_map(|file| {
        let at = file.text.to_ascii_lowercase().find("supabase")?;
        Some(format!("{} speaks of Supabase", place(file, at)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_the_platform_is_a_sign_inside_the_repository_only() {
        let outer = tempfile::tempdir().unwrap();
        let package = |dir: &Path, text: &str| std::fs::write(dir.join("package.json"), text).unwrap();
        let repository = outer.path().join("app");
        let migrations = repository.join("db/migrations");
        std::fs::create_dir_all(&migrations).unwrap();
        std::fs::create_dir(repository.join(".git")).unwrap();
        package(outer.path(), r#"{"dependencies": {"@supabase/ssr": "1"}}"#);
        assert_eq!(of_project(std::slice::from_ref(&migrations)), None, "what lies outside of the repository");
        package(&repository, r#"{"dependencies": {"pg": "8"}}"#);
        assert_eq!(of_project(std::slice::from_ref(&migrations)), None, "no client of it");
        package(&repository, r#"{"dependencies": {"@supabase/supabase-js": "2"}}"#);
        let sign = of_project(&[migrations]).unwrap();
        assert!(sign.ends_with("app/package.json` depends on a client of it"), "{sign}");
    }
}
