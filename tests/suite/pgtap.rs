//! pgTAP suites of real projects below the folder that `PGWITNESS_PROJECTS` names, on our shadow.
//!
//! pgTAP is SQL only. Debian's package is fetched with apt-get and unpacked beside the tests, and its SQL runs in the
//! shadow as it would in `create extension`.

use crate::{projects, support};
use pgwitness::migrations::layout::{self, Wanted};
use pgwitness::shadow::{Mode, Platform, Server, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The text of pgTAP's install script, without its psql commands.
fn pgtap() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pgtap");
    let script = folder.join("usr/share/postgresql/15/extension");
    let find = || {
        let mut files: Vec<_> = std::fs::read_dir(&script).ok()?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let name = |f: &Path| f.file_name().unwrap().to_string_lossy().into_owned();
        files.retain(|f| name(f).starts_with("pgtap--") && name(f).matches("--").count() == 1);
        std::fs::read_to_string(files.last()?).ok()
    };
    if let Some(text) = find() {
        return text;
    }
    std::fs::create_dir_all(&folder).unwrap();
    let shell = "apt-get download postgresql-15-pgtap && dpkg -x postgresql-15-pgtap_*.deb .";
    let done = Command::new("sh").args(["-c", shell]).current_dir(&folder).status().unwrap();
    assert!(done.success(), "pgTAP cannot be had: `{shell}` failed in {}", folder.display());
    find().unwrap_or_else(|| panic!("the package of Debian holds no pgtap--<version>.sql"))
}

/// What the files of one suite came to.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: Vec<String>,
}

/// Runs one test file as psql would, and reads the TAP that its queries return. Files of a suite share one database, as
/// helpers that one of them leaves behind are used by the next.
fn run_file(server: &Server, file: &Path, tally: &mut Tally) {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).unwrap();
    let sql: String =
        text.lines().map(|line| if line.starts_with('\\') { "\n".to_owned() } else { format!("{line}\n") }).collect();
    support::block_on(pgwitness::shadow::provide(server.at("postgres"), &sql)).unwrap();
    let client = support::connect(server, "postgres", "postgres");
    support::block_on(client.batch_execute("set statement_timeout = '60s'")).unwrap();
    for piece in pgwitness::migrations::split::split(&sql) {
        let statement = &sql[piece.range.clone()];
        if statement.to_ascii_lowercase().starts_with("create extension") {
            extension(server, statement);
            continue;
        }
        match support::block_on(client.simple_query(statement)) {
            Ok(messages) => {
                for message in messages {
                    let tokio_postgres::SimpleQueryMessage::Row(row) = message else { continue };
                    let text = row.get(0).unwrap_or_default();
                    for line in text.lines() {
                        match line {
                            l if l.starts_with("ok ") => tally.passed += 1,
                            l if l.starts_with("not ok ") => tally.failed.push(format!("{name}: {text}")),
                            l if l.starts_with("# Looks like you planned") => tally.failed.push(format!("{name}: {l}")),
                            _ => (),
                        }
                    }
                }
            }
            Err(error) => {
                tally.failed.push(format!("{name}:{}: {}", piece.line, support::explain(&error)));
                break;
            }
        }
    }
}

/// The platform makes extensions as its superuser. pgTAP and the stand-ins are there already.
fn extension(server: &Server, statement: &str) {
    support::block_on(pgwitness::shadow::provide(server.at("postgres"), statement)).unwrap();
    let admin = support::connect(server, server.superuser(), "postgres");
    let _ = support::block_on(admin.batch_execute(statement));
}

fn suite_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|e| e == "sql") => files.push(path),
                false => (),
            }
        }
    }
    if !files.iter().any(|file| std::fs::read_to_string(file).is_ok_and(|text| has_plan(&text.to_ascii_lowercase()))) {
        files.clear();
    }
    files.sort();
    files
}

/// Whether a file is one of pgTAP's; other scripts of tests have functions whose names end alike.
fn has_plan(text: &str) -> bool {
    let is_part_of_a_name = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    ["plan(", "no_plan("].iter().any(|call| text.match_indices(call).any(|(at, _)| !is_part_of_a_name(&text[..at])))
}

/// Prints passed of total for each suite. What fails for a reason of the project's own is for people to judge.
#[test]
#[ignore = "reads the folder that PGWITNESS_PROJECTS names"]
fn suites_of_real_projects_pass() {
    let Some(root) = std::env::var_os("PGWITNESS_PROJECTS").map(PathBuf::from) else {
        panic!("PGWITNESS_PROJECTS names no folder")
    };
    let wanted = std::env::var("PGWITNESS_CASE").unwrap_or_default();
    let script = format!("set search_path = extensions, public; {}; reset search_path;", pgtap());
    let (mut passed, mut total) = (0, 0);
    for folder in projects::supabase_projects(&root) {
        let files = suite_files(&folder.with_file_name("tests"));
        if files.is_empty() || !folder.to_string_lossy().contains(&wanted) {
            continue;
        }
        let server = support::server(projects::major(&folder), Platform::SUPABASE);
        let project = layout::find(&folder, Wanted { seed: true, supabase: true, layout: None }).unwrap();
        let applied = support::block_on(run(server.at("postgres"), &project, Mode::Resilient)).unwrap();
        let admin = support::connect(&server, server.superuser(), "postgres");
        support::block_on(admin.batch_execute(&script)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
        let grant = "grant usage on schema extensions to public";
        support::block_on(admin.batch_execute(grant)).unwrap();
        drop(admin);
        let mut tally = Tally::default();
        files.iter().for_each(|file| run_file(&server, file, &mut tally));
        let all = tally.passed + tally.failed.len();
        (passed, total) = (passed + tally.passed, total + all);
        let name = folder.strip_prefix(&root).unwrap().display();
        eprintln!("{name}: {} of {all} passed in {} files; {}% applied", tally.passed, files.len(), applied.percent());
        tally.failed.iter().take(25).for_each(|f| eprintln!("    {}", f.replace('\n', " | ")));
    }
    eprintln!("{passed} of {total} passed");
    assert!(total > 0, "no suite was found");
}

/// The suite that `test --emit pgtap` writes passes on a fresh database of the same migrations, and notices a wider policy.
#[test]
fn emitted_suites_pass_and_notice_a_wider_policy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures/sound-saas");
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("trials.sql");
    let mut command = Command::new(support::program());
    command.arg("test").arg(&folder).args(["--allow-partial", "--format", "json", "--emit", "pgtap"]).arg(dir.path());
    command.arg("--log-sql").arg(&log).arg("--pg-bin").arg(support::binaries(16).bin());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let statements = std::fs::read_to_string(&log).unwrap();
    assert!(
        statements.contains("set local role anon; ") && statements.contains("; insert into public.tasks ("),
        "{}",
        statements.len()
    );

    let server = support::server(16, Platform::SUPABASE);
    let project = layout::find(&folder, Wanted { seed: true, supabase: true, layout: None }).unwrap();
    support::block_on(run(server.at("postgres"), &project, Mode::Strict)).unwrap();
    let admin = support::connect(&server, server.superuser(), "postgres");
    let script = format!("set search_path = extensions, public; {}; reset search_path;", pgtap());
    support::block_on(admin.batch_execute(&script)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    support::block_on(admin.batch_execute("grant usage on schema extensions to public")).unwrap();
    let suite = std::fs::read_to_string(dir.path().join("pgwitness.test.sql")).unwrap();
    let suite = suite.replace("create extension if not exists pgtap with schema extensions;\n", "");
    let tap = || {
        let answer =
            support::block_on(admin.simple_query(&suite)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
        let text = |message: &tokio_postgres::SimpleQueryMessage| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        answer.iter().filter_map(text).collect::<Vec<_>>()
    };
    let lines = tap();
    let failed: Vec<_> =
        lines.iter().filter(|line| line.starts_with("not ok") || line.contains("Looks like")).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(lines.iter().filter(|line| line.starts_with("ok ")).count() > 1_000, "{}", lines.len());
    prove(&server, &suite, true);
    let wide = "create policy wide on public.projects for select to authenticated using (true)";
    support::block_on(admin.batch_execute(wide)).unwrap();
    let failed =
        tap().iter().filter(|line| line.starts_with("not ok") && line.contains("select on public.projects")).count();
    assert!(failed > 0, "a wider policy went unnoticed");
    prove(&server, &suite, false);
}

/// pg_prove, from PATH or from Debian's package, which is fetched with apt-get and unpacked beside the tests.
fn pg_prove() -> Command {
    if Command::new("pg_prove").arg("--version").output().is_ok() {
        return Command::new("pg_prove");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pg_prove");
    let script = folder.join("usr/bin/pg_prove");
    if !script.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let package = "libtap-parser-sourcehandler-pgtap-perl";
        let shell = format!("apt-get download {package} && dpkg -x {package}_*.deb .");
        let done = Command::new("sh").args(["-c", &shell]).current_dir(&folder).status().unwrap();
        assert!(done.success() && script.exists(), "pg_prove cannot be had: `{shell}` failed in {}", folder.display());
    }
    let mut command = Command::new("perl");
    command.arg(script).env("PERL5LIB", folder.join("usr/share/perl5"));
    command
}

/// Runs a suite as people do, by pg_prove: all of it passes, or the run fails.
fn prove(server: &Server, suite: &str, passes: bool) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pgwitness.test.sql");
    std::fs::write(&file, suite).unwrap();
    let mut command = pg_prove();
    command.arg("--host").arg(server.socket_dir()).args(["--port", &server.port().to_string(), "--dbname", "postgres"]);
    command
        .args(["--username", server.superuser(), "--set", "ON_ERROR_STOP=1"])
        .arg(&file)
        .env("PGOPTIONS", "--client-min-messages=warning");
    let output = command.output().unwrap_or_else(|e| panic!("pg_prove cannot be run: {e}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), passes, "{said}");
    assert!(said.contains(if passes { "Result: PASS" } else { "Result: FAIL" }), "{said}");
}
