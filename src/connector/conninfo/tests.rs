//! Resolution of connection settings: order, defaults, files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::{ConnInfo, Environment, Host, RootCertificates, SslMode, TargetSession};
use crate::connector::ConnectError;

fn env(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().copied(), None, Some("os-user"))
}

fn at_home(home: &Path, variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().copied(), Some(home), Some("os-user"))
}

fn resolve(flag: &str, env: &Environment) -> Result<ConnInfo, ConnectError> {
    ConnInfo::resolve(Some(flag), None, env)
}

fn shown(flag: &str, variables: &[(&str, &str)]) -> String {
    resolve(flag, &env(variables)).unwrap().to_string()
}

fn password(info: &ConnInfo) -> Option<&str> {
    info.endpoints[0].password.as_ref().map(|secret| secret.reveal())
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_first_connection_string_counts_alone() {
    let both = env(&[("DATABASE_URL", "postgres://c@third/z")]);
    let pick = |flag, config| ConnInfo::resolve(flag, config, &both).unwrap().to_string();
    assert_eq!(pick(Some("postgres://a@first/x"), Some("postgres://b@second")), "a@first:5432/x");
    assert_eq!(pick(None, Some("postgres://b@second")), "b@second:5432/b");
    assert_eq!(pick(None, None), "c@third:5432/z");
}

#[test]
fn variables_fill_what_the_string_leaves_out() {
    let variables =
        [("PGHOST", "h"), ("PGPORT", "6000"), ("PGUSER", "u"), ("PGDATABASE", "d"), ("PGSSLMODE", "require")];
    assert_eq!(shown("", &variables), "u@h:6000/d");
    assert_eq!(shown("postgres://me@other/mine", &variables), "me@other:6000/mine");
    assert_eq!(resolve("host=x", &env(&variables)).unwrap().ssl.mode, SslMode::Require);
}

#[test]
fn defaults_are_those_of_libpq() {
    let info = resolve("", &env(&[])).unwrap();
    assert!(matches!(info.endpoints[0].host, Host::Socket(_)));
    assert_eq!((info.user.as_str(), info.database.as_str()), ("os-user", "os-user"));
    assert_eq!(info.ssl.mode, SslMode::Prefer);
    assert_eq!(info.connect_timeout, Some(Duration::from_secs(10)));
    assert_eq!(info.target_session, TargetSession::Any);
    assert_eq!(resolve("connect_timeout=0", &env(&[])).unwrap().connect_timeout, None);
}

#[test]
fn whether_a_database_is_named_at_all() {
    assert!(!ConnInfo::is_given(None, None, &env(&[("PGUSER", "me"), ("DATABASE_URL", "")])));
    assert!(ConnInfo::is_given(None, None, &env(&[("PGHOST", "h")])));
    assert!(ConnInfo::is_given(None, Some("host=h"), &env(&[])));
}

#[test]
fn several_hosts_pair_with_their_ports() {
    assert_eq!(shown("postgres://u@a:1,[::1],c:3/d", &[]), "u@a:1,[::1]:5432,c:3/d");
    assert_eq!(shown("host=a,b port=7 user=u dbname=d", &[]), "u@a:7,b:7/d");
    let error = resolve("host=a,b,c port=1,2", &env(&[])).unwrap_err();
    assert_eq!(error.to_string(), "`port` lists 2 values for 3 servers");
    let info = resolve("host=name hostaddr=127.0.0.1", &env(&[])).unwrap();
    let address = Some("127.0.0.1".parse().unwrap());
    assert_eq!(info.endpoints[0].host, Host::Tcp { name: "name".to_owned(), address });
}

#[test]
fn a_service_beats_variables_and_yields_to_the_string() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join(".pg_service.conf"), "[app]\nhost=service-host\nport=6001\nuser=service-user\n", 0o644);
    let variables = [("PGHOST", "variable-host"), ("PGDATABASE", "variable-db"), ("PGSERVICE", "app")];
    let info = resolve("user=me", &at_home(home.path(), &variables)).unwrap();
    assert_eq!(info.to_string(), "me@service-host:6001/variable-db");
    let error = resolve("service=absent", &at_home(home.path(), &[])).unwrap_err();
    assert_eq!(error.to_string(), "no service file defines the service `absent`");
}

#[test]
fn the_password_file_is_the_last_resort() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    write(&file, "db:*:*:*:filed\n", 0o600);
    let env = at_home(home.path(), &[]);
    assert_eq!(password(&resolve("host=db", &env).unwrap()), Some("filed"));
    assert_eq!(password(&resolve("host=db password=given", &env).unwrap()), Some("given"));
    let variable = at_home(home.path(), &[("PGPASSWORD", "variable")]);
    assert_eq!(password(&resolve("host=db", &variable).unwrap()), Some("variable"));
}

#[test]
fn a_password_file_that_others_can_read_is_ignored_with_a_note() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("passwords");
    write(&file, "*:*:*:*:filed\n", 0o640);
    let env = at_home(home.path(), &[("PGPASSFILE", file.to_str().unwrap())]);
    let info = resolve("host=db", &env).unwrap();
    assert_eq!(password(&info), None);
    assert!(info.notes[0].contains("ignored: group or others have access"), "{:?}", info.notes);
}

#[test]
fn passwords_never_print() {
    let info = resolve("postgres://u:hunter2@h/d", &env(&[])).unwrap();
    assert_eq!(password(&info), Some("hunter2"));
    assert!(!format!("{info} {info:?}").contains("hunter2"));
    assert_eq!(password(&info.with_database("other")), Some("hunter2"));
    assert_eq!(password(&info.with_user("other")), None);
    let forgotten_host = resolve("postgres://u:hunter2", &env(&[])).unwrap_err();
    assert!(!format!("{forgotten_host:?}").contains("hunter2"), "{forgotten_host:?}");
}

#[test]
fn settings_of_other_tools_are_noted() {
    let url = "postgres://u@h:6543/d?pgbouncer=true&connection_limit=1&schema=public&keepalives=1";
    let info = resolve(url, &env(&[])).unwrap();
    assert_eq!(
        info.notes,
        [
            "connection settings without effect here: `keepalives`",
            "connection settings of other tools, ignored: `connection_limit`, `schema`",
        ]
    );
    assert_eq!(info.pooler.unwrap(), "`pgbouncer=true`");
    assert_eq!(resolve("postgres://u@h:6543", &env(&[])).unwrap().pooler.unwrap(), "port 6543");
    assert_eq!(resolve("postgres://u@h:5432", &env(&[])).unwrap().pooler, None);
}

#[test]
fn unknown_settings_and_words_are_errors_with_help() {
    let error = resolve("sslmod=require", &env(&[])).unwrap_err();
    assert_eq!(error.to_string(), "`--db-url`: unknown connection setting `sslmod`");
    assert_eq!(error.help().unwrap(), "did you mean `sslmode`?");
    let error = resolve("", &env(&[("PGSSLMODE", "verify_full")])).unwrap_err();
    assert_eq!(error.to_string(), "`sslmode` cannot be `verify_full`");
    assert_eq!(error.help().unwrap(), "did you mean `verify-full`?");
}

#[test]
fn what_would_weaken_a_connection_in_silence_is_refused() {
    for text in ["sslcrl=/x", "requirepeer=postgres", "gssencmode=require", "ssl_min_protocol_version=TLSv1.3"] {
        let error = resolve(text, &env(&[])).unwrap_err();
        assert!(error.to_string().contains("not supported"), "{error}");
    }
    resolve("gssencmode=disable requirepeer='' ssl_min_protocol_version=TLSv1.2", &env(&[])).unwrap();
    assert!(resolve("sslrootcert=system sslmode=require", &env(&[])).is_err());
    assert!(resolve("sslnegotiation=direct", &env(&[])).is_err());
}

#[test]
fn certificates_are_found_at_home() {
    let home = tempfile::tempdir().unwrap();
    let none = resolve("", &at_home(home.path(), &[])).unwrap().ssl;
    assert_eq!((none.root, none.client), (RootCertificates::None, None));
    let folder = home.path().join(".postgresql");
    fs::create_dir(&folder).unwrap();
    write(&folder.join("root.crt"), "", 0o644);
    write(&folder.join("postgresql.crt"), "", 0o644);
    let found = resolve("sslkey=/k", &at_home(home.path(), &[])).unwrap().ssl;
    assert_eq!(found.root, RootCertificates::File(folder.join("root.crt")));
    assert_eq!(found.client, Some((folder.join("postgresql.crt"), PathBuf::from("/k"))));
    assert_eq!(resolve("sslrootcert=system", &env(&[])).unwrap().ssl.mode, SslMode::VerifyFull);
}

proptest! {
    #[test]
    fn no_connection_string_panics(text in any::<String>(), rest in "[@:/?%=&,\\[\\]'\\\\ a]{0,12}") {
        let _ = resolve(&text, &env(&[]));
        let _ = resolve(&format!("postgres://{rest}"), &env(&[]));
        let _ = resolve(&format!("host={rest}"), &env(&[]));
    }

    #[test]
    fn any_password_survives_both_notations(secret in "[^\\x00]{1,20}") {
        let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let url = resolve(&format!("postgres://u:{encoded}@h/d"), &env(&[])).unwrap();
        prop_assert_eq!(password(&url), Some(secret.as_str()));
        let quoted = secret.replace('\\', "\\\\").replace('\'', "\\'");
        let pairs = resolve(&format!("password='{quoted}' host=h"), &env(&[])).unwrap();
        prop_assert_eq!(password(&pairs), Some(secret.as_str()));
    }
}
