//! Being let in: passwords and where they come from, sockets, several hosts, few privileges.

use pgwitness::connector::{Cause, ConnInfo, ConnectError, Database, Environment, SessionOptions};
use pgwitness::shadow::Platform;

use super::certificates::write;
use super::{GUARDED, OPEN, at, environment, open, open_in, refused, value};
use crate::support::{self, MAJORS};

#[test]
fn sockets_of_every_major() {
    for major in MAJORS {
        let server = support::shared(major, Platform::Postgres);
        let info = ConnInfo::for_socket(server.socket_dir(), server.port(), "postgres", "postgres");
        let database = support::block_on(Database::open(&info, &SessionOptions::default())).unwrap();
        assert!(value(&database, "select version()").contains(&format!("PostgreSQL {major}.")));
        assert_eq!(database.notes(), [] as [&str; 0]);
        assert!(open(&server.conn_string("postgres")).is_ok());
    }
}

#[test]
fn right_and_wrong_passwords() {
    let database = open(&at(&GUARDED, "user=scram password=right")).unwrap();
    assert_eq!(value(&database, "select current_user"), "scram");
    assert_eq!(database.target(), format!("scram@localhost:{}/postgres", GUARDED.port()));

    let wrong = refused(&at(&GUARDED, "user=scram password=wr0ng"));
    assert_eq!((wrong.cause(), wrong.sqlstate()), (Some(Cause::WrongPassword), Some("28P01")));
    assert!(
        wrong.to_string().contains("password authentication failed for user \"scram\" (SQLSTATE 28P01)"),
        "{wrong}"
    );
    assert!(!format!("{wrong:?} {wrong}").contains("wr0ng"));
    assert_eq!(refused(&at(&GUARDED, "user=absent password=x")).cause(), Some(Cause::WrongPassword));
    assert_eq!(refused(&at(&GUARDED, "user=scram")).cause(), Some(Cause::NoPassword));
    assert_eq!(refused(&at(&GUARDED, "user=rejected")).cause(), Some(Cause::NotAdmitted));
}

#[test]
fn the_password_file_lets_in() {
    let home = tempfile::tempdir().unwrap();
    let line = format!("localhost:{}:*:scram:right\n", GUARDED.port());
    write(home.path(), ".pgpass", &line, 0o600);
    let log_in = || open_in(&at(&GUARDED, "user=scram"), &environment(Some(home.path())), &SessionOptions::default());
    assert!(log_in().is_ok());
    write(home.path(), ".pgpass", &line, 0o644);
    assert_eq!(log_in().err().unwrap().cause(), Some(Cause::NoPassword));
}

#[test]
fn the_service_file_lets_in() {
    let home = tempfile::tempdir().unwrap();
    let group = format!("[app]\nhost=127.0.0.1\nport={}\nuser=scram\npassword=right\n", GUARDED.port());
    let file = write(home.path(), "services", &group, 0o644);
    let variables = [("PGSERVICE", "app"), ("PGSERVICEFILE", file.to_str().unwrap()), ("PGDATABASE", "postgres")];
    let env = Environment::new(variables, None, None);
    let info = ConnInfo::resolve(None, None, &env).unwrap();
    assert!(support::block_on(Database::open(&info, &SessionOptions::default())).is_ok());
}

#[test]
fn a_dead_host_gives_way_to_the_next() {
    let text = |first: u16| {
        let hosts = "host=127.0.0.1,127.0.0.1 user=postgres dbname=postgres";
        format!("{hosts} port={first},{}", OPEN.port())
    };
    let database = open(&text(super::failures::closed_port())).unwrap();
    assert_eq!(database.target(), format!("postgres@127.0.0.1:{}/postgres", OPEN.port()));
    // A host that turns us away is an answer: the next is not asked to overrule it.
    assert_eq!(refused(&text(GUARDED.port())).cause(), Some(Cause::NoPassword));
}

#[test]
fn target_session_attributes() {
    let reader = |wanted: &str| at(&GUARDED, &format!("user=reader password=right target_session_attrs={wanted}"));
    for wanted in ["any", "read-only", "primary", "prefer-standby"] {
        assert!(open(&reader(wanted)).is_ok(), "{wanted}");
    }
    for wanted in ["read-write", "standby"] {
        let error = refused(&reader(wanted));
        assert!(matches!(&error, ConnectError::Unsuitable { wanted: w, .. } if *w == wanted), "{error}");
    }
}

#[test]
fn settings_reach_the_session() {
    let database = open(&at(&OPEN, "user=postgres")).unwrap();
    for (setting, expected) in [
        ("application_name", "pgwitness"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("transaction_read_only", "on"),
        ("transaction_isolation", "repeatable read"),
        ("search_path", "\"\""),
    ] {
        assert_eq!(value(&database, &format!("select current_setting('{setting}')")), expected, "{setting}");
    }
    let own = open(&at(&OPEN, "user=postgres application_name=theirs options='-c geqo=off'")).unwrap();
    assert_eq!(value(&own, "select current_setting('application_name') || current_setting('geqo')"), "theirsoff");
}

#[test]
fn a_role_with_few_privileges_reads_the_catalog_and_writes_nothing() {
    let database = open(&at(&GUARDED, "user=scram password=right")).unwrap();
    assert_eq!(value(&database, "select count(*) > 100 from pg_class"), "true");
    let write = "create table public.t ()";
    let attempt = support::block_on(database.read_only(async |client| {
        client.batch_execute(write).await.map_err(|source| ConnectError::query("writing", source))
    }));
    assert!(["25006", "42501"].contains(&attempt.unwrap_err().sqlstate().unwrap()));
    let hidden = support::block_on(
        database.read_only(async |client| super::text(client, "select rolpassword from pg_authid limit 1").await),
    );
    let hidden = hidden.unwrap_err();
    assert_eq!((hidden.cause(), hidden.sqlstate()), (Some(Cause::Privilege), Some("42501")));
    assert_eq!(hidden.to_string(), "asking: permission denied for table pg_authid (SQLSTATE 42501)");
}
