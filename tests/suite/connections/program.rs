//! The program on connections that fail: each ends with exit code 3, the reason and a help line, and says no secret.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pgwitness::shadow::Platform;

use super::certificates::{Authority, write};
use super::failures::closed_port;
use super::{AUTHORITY, GUARDED, OPEN, at, execute, start};
use crate::support::{self, program};

fn audit(text: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["audit", "--db-url", text]).args(more).env_clear().env("PGPASSFILE", "/nonexistent");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn fails(output: &Output, reason: &str, help: &str) {
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{talk}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let line = |start: &str| talk.lines().find(|l| l.starts_with(start)).unwrap_or_default().to_owned();
    assert!(line("error: ").contains(reason), "`{reason}` is not the error of:\n{talk}");
    assert!(line("help: ").contains(help), "`{help}` is not the help of:\n{talk}");
    assert!(!talk.contains("right") && !talk.contains("wrong-password"), "a password:\n{talk}");
}

#[test]
fn each_way_to_fail_has_its_reason_help_and_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let root = |name: &str, authority: &Authority| write(folder.path(), name, &authority.certificate, 0o644);
    let (ours, stranger) = (root("ours.crt", &AUTHORITY), root("stranger.crt", &Authority::new()));
    let expired = start(16, &["hostssl all all 127.0.0.1/32 trust"], Some(&AUTHORITY.server(true)));
    let verified = |root: &Path| format!("user=encrypted sslmode=verify-full sslrootcert={}", root.display());
    let open = |more: &str| at(&OPEN, more);
    let guarded = |more: &str| at(&GUARDED, more);
    let cases = [
        (format!("host=127.0.0.1 port={} user=me", closed_port()), "Connection refused", "check host and port"),
        ("host=no-such-host.invalid user=me".to_owned(), "cannot find the host `no-such-host.invalid`", "DNS"),
        (open("user=postgres").replace("dbname=postgres", "dbname=absent"), "(SQLSTATE 3D000)", "database's name"),
        (open("user=absent"), "role \"absent\" does not exist", "check the role's name"),
        (open("user=postgres sslmode=require"), "does not support TLS", "sslmode"),
        (guarded("user=scram password=wrong-password"), "(SQLSTATE 28P01)", "password"),
        (guarded("user=scram"), "wants a password", "PGPASSWORD"),
        (guarded("user=rejected"), "(SQLSTATE 28000)", "pg_hba.conf"),
        (guarded("user=crowded password=right"), "(SQLSTATE 53300)", ""),
        (guarded(&verified(&stranger)), "not signed by a trusted authority", "sslrootcert"),
        (guarded(&verified(&ours)).replace("host=localhost", "host=db.example.com"), "for another host name", ""),
        (at(&expired, &verified(&ours)), "not valid at this time", ""),
    ];
    for (text, reason, help) in cases {
        fails(&audit(&text, &[]).output().unwrap(), reason, help);
    }
}

#[test]
fn something_else_that_answers_is_not_blamed_for_its_tls() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(8).flatten() {
            let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let output = audit(&format!("host=127.0.0.1 port={port} user=me dbname=app"), &[]).output().unwrap();
    fails(&output, "cannot connect to `me@127.0.0.1", "");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("TLS"), "{output:?}");
}

#[test]
fn a_statement_timeout_and_a_server_killed_in_the_middle_of_an_audit() {
    let server = support::server(17, Platform::Postgres);
    execute(
        &server,
        "create role reader login; create function slow() returns boolean language sql volatile \
         as $$ select pg_sleep(1.5) is not null $$; create table t (id int); insert into t values (1); \
         alter table t enable row level security; create policy p on t using (slow()); grant select on t to reader",
    );
    let text = server.conn_string("postgres");
    fails(&audit(&text, &["--statement-timeout", "1ms"]).output().unwrap(), "(SQLSTATE 57014)", "statement timeout");

    // It reads `t` as `reader` for over a second, so that the kill strikes in the middle.
    let run = audit(&text, &[]).spawn().unwrap();
    let admin = support::connect(&server, server.superuser(), "postgres");
    let reading = "select count(*) from pg_stat_activity where application_name = 'pgwitness' and query like '%set local role reader%' \
                   and state = 'active' and pid <> pg_backend_pid()";
    let begun = std::time::Instant::now();
    while support::block_on(admin.query_one(reading, &[])).unwrap().get::<_, i64>(0) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the audit never read");
        std::thread::sleep(Duration::from_millis(10));
    }
    server.kill();
    fails(&run.wait_with_output().unwrap(), "the connection was lost", "server's log");
}
