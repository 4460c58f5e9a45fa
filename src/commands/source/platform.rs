//! What stands around the database of migration files: said, known by their folder, or by what they use and do not make.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::settings::ProjectConfig;
use super::signs;
use crate::cli::NewTables;
use crate::migrations::layout::MigrationFile;
use crate::migrations::split::Lines;
use crate::model::Platform;
use crate::shadow;
use crate::sql::lex::{Kind, Token, tokens};

/// Supabase's when a path is part of a Supabase project.
pub(super) fn of_paths(paths: &[PathBuf]) -> Platform {
    if paths.iter().any(|path| is_in_project(path)) { Platform::Supabase } else { Platform::Postgres }
}

fn is_in_project(path: &Path) -> bool {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    full.components().any(|part| part.as_os_str() == "supabase") || full.join("supabase").is_dir()
}

/// Supabase's when the files use what only that platform has and none of them makes, or when they or the project around
/// `paths` speak of it; `notes` says what decided. A schema without any of this is open to everybody on that platform and
/// to nobody but its owner elsewhere, so that a wrong guess here would hide all of it.
pub(super) fn of_files(paths: &[PathBuf], files: &[MigrationFile], notes: &mut Vec<String>) -> Platform {
    let mut used = Vec::new();
    let mut made = BTreeSet::new();
    for file in files {
        let sql = file.sql();
        let all = tokens(&sql, 0..sql.len());
        read(&sql, &all, &mut made, &mut |what, at| used.push((what, file, at)));
    }
    let makes_its_own = ROLES.iter().chain(&["auth"]).any(|name| made.contains(*name));
    let sign = used
        .into_iter()
        .find(|(what, ..)| !made.contains(maker(what)))
        .map(|(what, file, at)| format!("{} uses `{what}`, which no file makes", place(file, at)))
        .or_else(|| if makes_its_own { None } else { signs::of_project(paths).or_else(|| signs::of_words(files)) });
    let Some(sign) = sign else {
        notes.push(PLAIN.to_owned());
        return Platform::Postgres;
    };
    notes.push(format!("taken for a Supabase project: {sign} (`--platform postgres` says otherwise)"));
    Platform::Supabase
}

/// Where a byte of a file stands: `file:line`.
pub(super) fn place(file: &MigrationFile, at: usize) -> String {
    format!("{}:{}", file.path, Lines::new(&file.text).place(at).0)
}

/// What a run on files without any sign of a platform has to assume.
const PLAIN: &str = "taken for plain Postgres, where new tables are their owner's alone: nothing here speaks of Supabase \
                     (`--platform supabase` says otherwise)";

const ROLES: [&str; 3] = ["anon", "authenticated", "service_role"];

/// What the schemas of the platform are known by.
const OBJECTS: [&str; 8] = [
    "auth.uid",
    "auth.jwt",
    "auth.role",
    "auth.email",
    "auth.users",
    "storage.objects",
    "storage.buckets",
    "realtime.messages",
];

/// What has to be created for a name to be the project's own: the role, or the schema of an object.
fn maker(what: &str) -> &str {
    what.split('.').next().unwrap_or(what)
}

/// Tells `used` of each name of the platform, bodies between dollars included, and keeps what is made.
fn read(sql: &str, all: &[Token], made: &mut BTreeSet<String>, used: &mut dyn FnMut(String, usize)) {
    let word = |at: usize| all.get(at).map(|t| text(sql, *t)).unwrap_or_default();
    let mut in_grantees = false;
    for (at, token) in all.iter().enumerate() {
        match token.kind {
            Kind::Dollar => {
                let inside = tokens(sql, body(sql, *token));
                read(sql, &inside, made, used);
            }
            Kind::Word | Kind::Quoted => {
                let name = word(at);
                let object = format!("{name}.{}", word(at + 2));
                if name == "create" {
                    made.extend(created(&word(at + 1), at + 2, &word));
                } else if word(at + 1) == "." && OBJECTS.contains(&object.as_str()) {
                    used(object, token.start);
                } else if in_grantees && ROLES.contains(&name.as_str()) {
                    used(name.clone(), token.start);
                }
                in_grantees = name == "to" || name == "from" || (in_grantees && word(at + 1) == ",");
            }
            Kind::Punct(b',') => {}
            _ => in_grantees = false,
        }
    }
}

/// The name of a role or schema that a CREATE makes; `at` is the token behind the kind of object.
fn created(kind: &str, at: usize, word: &dyn Fn(usize) -> String) -> Option<String> {
    match kind {
        "role" | "user" => Some(word(at)),
        "schema" if word(at) == "if" => Some(word(at + 3)),
        "schema" => Some(word(at)),
        _ => None,
    }
}

/// The bytes between the tags of a dollar quote.
fn body(sql: &str, token: Token) -> std::ops::Range<usize> {
    let tag = text(sql, token).get(1..).and_then(|rest| rest.find('$')).map_or(0, |end| end + 2);
    token.start + tag..token.end.saturating_sub(tag).max(token.start + tag)
}

fn text(sql: &str, token: Token) -> String {
    let text = sql.get(token.range()).unwrap_or_default();
    match token.kind {
        Kind::Quoted => text.trim_matches('"').to_owned(),
        Kind::Word => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

/// The platform to imitate: what new tables are granted is said on the command line, by the project, or assumed.
pub(super) fn supabase(asked: Option<NewTables>, config: &ProjectConfig, notes: &mut Vec<String>) -> shadow::Platform {
    let granted = |exposed| if exposed { "are granted" } else { "are not granted" };
    let expose_new_tables = match (asked, config.expose_new_tables) {
        (Some(asked), _) => asked == NewTables::Exposed,
        (None, Some(said)) => {
            let what = format!("new tables of public {} to anon and authenticated", granted(said));
            notes.push(format!("from supabase/config.toml: {what} (auto_expose_new_tables)"));
            said
        }
        (None, None) => {
            notes.push(DEFAULT_GRANTS.to_owned());
            true
        }
    };
    shadow::Platform::Supabase { expose_new_tables }
}

/// What a migration run has to assume, because no file says it.
const DEFAULT_GRANTS: &str = "assumed: a Supabase project created before 2026-05-30, in which new tables of public \
                              are granted to anon and authenticated (`--new-tables private` assumes the opposite)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::layout::{Wanted, find};

    #[test]
    fn a_supabase_project_is_known_by_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let migrations = dir.path().join("supabase/migrations");
        std::fs::create_dir_all(&migrations).unwrap();
        for path in [migrations, dir.path().to_owned()] {
            assert_eq!(of_paths(&[path]), Platform::Supabase);
        }
        let plain = dir.path().join("db");
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(of_paths(&[plain]), Platform::Postgres);
    }

    fn of_text(text: &str) -> (Platform, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.sql"), text).unwrap();
        let project = find(dir.path(), Wanted { layout: None, seed: true, supabase: false }).unwrap();
        let mut notes = Vec::new();
        (of_files(&[dir.path().to_owned()], &project.files, &mut notes), notes)
    }

    #[test]
    fn a_supabase_project_is_known_by_what_it_uses_and_does_not_make() {
        let uses = [
            "create table t (a uuid);\ncreate policy p on t using (Auth.uid() = a);",
            "create table t (a int);\ngrant select on t to postgres, anon;",
            "create table t (a int);\ncreate policy p on t to \"authenticated\" using (true);",
            "create table t (a int);\ncreate function f() returns uuid language sql as $x$ select auth.uid() $x$;",
            "create table t (a int);\nrevoke all on t from service_role;",
        ];
        for text in uses {
            let (platform, notes) = of_text(text);
            assert_eq!(platform, Platform::Supabase, "{text}");
            assert!(notes[0].contains("a.sql:2 uses `"), "{notes:?}");
        }
        let does_not = [
            "create table t (anon bool, authenticated bool); -- auth.uid() to anon",
            "create role anon; create table t (a int); grant select on t to anon;",
            "create schema if not exists auth; create function auth.uid() returns uuid language sql return null;",
            "insert into t values ('to anon, auth.users');",
            "create table t (a int); grant select on t to app;",
        ];
        for text in does_not {
            assert_eq!(of_text(text), (Platform::Postgres, vec![PLAIN.to_owned()]), "{text}");
        }
    }

    #[test]
    fn files_that_speak_of_supabase_are_its_unless_they_make_its_roles() {
        let (platform, notes) = of_text("create table t (a int);\n-- paste this into the SUPABASE editor");
        assert_eq!(platform, Platform::Supabase);
        assert!(notes[0].contains("a.sql:2 speaks of Supabase"), "{notes:?}");
        let (platform, _) = of_text("-- as Supabase has them\ncreate role anon; create table t (a int);");
        assert_eq!(platform, Platform::Postgres);
    }

    #[test]
    fn what_new_tables_are_granted_is_asked_then_read_then_assumed() {
        let says = |said| ProjectConfig { expose_new_tables: said, ..ProjectConfig::default() };
        let of = |asked, said| {
            let mut notes = Vec::new();
            (supabase(asked, &says(said), &mut notes), notes)
        };
        let is = |expose_new_tables| shadow::Platform::Supabase { expose_new_tables };
        assert_eq!(of(Some(NewTables::Private), Some(true)), (is(false), Vec::new()));
        assert_eq!(of(None, None), (is(true), vec![DEFAULT_GRANTS.to_owned()]));
        let (platform, notes) = of(None, Some(false));
        assert_eq!(platform, is(false));
        assert!(notes[0].contains("are not granted"), "{notes:?}");
    }
}
