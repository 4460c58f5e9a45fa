//! The six sslmodes, certificates of both sides, and channel binding.

use pgwitness::connector::{Cause, ConnectError, SessionOptions};
use tempfile::TempDir;

use super::certificates::{Authority, write};
use super::{AUTHORITY, GUARDED, OPEN, at, environment, open, open_in, refused, start, value};

const ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

fn encrypted(text: &str) -> bool {
    value(&open(text).unwrap_or_else(|e| panic!("{text}: {e}")), ENCRYPTED) == "true"
}

/// A folder with the certificates of our authority (`root.crt`) and of a stranger (`stranger.crt`).
fn roots() -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let ours = write(folder.path(), "root.crt", &AUTHORITY.certificate, 0o644);
    let stranger = write(folder.path(), "stranger.crt", &Authority::new().certificate, 0o644);
    (folder, ours.display().to_string(), stranger.display().to_string())
}

#[test]
fn modes_without_certificates() {
    let role = "user=scram password=right";
    for (mode, tls) in [("disable", false), ("allow", false), ("prefer", true), ("require", true)] {
        assert_eq!(encrypted(&at(&GUARDED, &format!("{role} sslmode={mode}"))), tls, "{mode}");
    }
    let error = refused(&at(&GUARDED, &format!("{role} sslmode=verify-full")));
    assert_eq!(error.to_string(), "there is no root certificate to verify the server with");
}

#[test]
fn allow_and_prefer_take_the_other_channel_when_the_server_insists() {
    assert!(encrypted(&at(&GUARDED, "user=encrypted sslmode=allow")));
    assert!(!encrypted(&at(&GUARDED, "user=unencrypted sslmode=prefer")));
    let insisting = refused(&at(&GUARDED, "user=unencrypted sslmode=require"));
    assert_eq!((insisting.cause(), insisting.sqlstate()), (Some(Cause::NotAdmitted), Some("28000")));
    assert_eq!(refused(&at(&GUARDED, "user=encrypted sslmode=disable")).cause(), Some(Cause::NotAdmitted));
}

#[test]
fn a_server_without_tls() {
    assert!(!encrypted(&at(&OPEN, "user=postgres sslmode=prefer")));
    assert!(!encrypted(&at(&OPEN, "user=postgres sslmode=allow")));
    let error = refused(&at(&OPEN, "user=postgres sslmode=require"));
    assert_eq!(error.cause(), Some(Cause::NoTls));
    assert!(error.to_string().contains("the server does not support TLS"), "{error}");
}

#[test]
fn a_trusted_certificate_passes_every_verification() {
    let (_folder, ours, _) = roots();
    for mode in ["require", "verify-ca", "verify-full"] {
        let text = at(&GUARDED, &format!("user=encrypted sslmode={mode} sslrootcert={ours}"));
        assert!(encrypted(&text), "{mode}");
    }
    let direct = at(&GUARDED, &format!("user=encrypted sslmode=verify-full sslrootcert={ours} sslnegotiation=direct"));
    assert!(encrypted(&direct));
}

#[test]
fn a_certificate_for_another_host_is_refused_by_verify_full_alone() {
    let (_folder, ours, _) = roots();
    let text = |mode: &str| {
        let text = at(&GUARDED, &format!("user=encrypted sslmode={mode} sslrootcert={ours}"));
        text.replace("host=localhost", "host=db.example.com")
    };
    let error = refused(&text("verify-full"));
    assert_eq!(error.cause(), Some(Cause::WrongHostName));
    assert!(error.to_string().contains("it is for localhost, not for db.example.com"), "{error}");
    assert!(encrypted(&text("verify-ca")));
}

#[test]
fn a_certificate_from_a_stranger_is_refused() {
    let (_folder, _, stranger) = roots();
    // With a root certificate at hand, `require` verifies as `verify-ca` does.
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = refused(&at(&GUARDED, &format!("user=encrypted sslmode={mode} sslrootcert={stranger}")));
        assert_eq!(error.cause(), Some(Cause::UnknownAuthority), "{mode}: {error}");
        assert!(error.help().unwrap().contains("sslrootcert"));
    }
    let system = refused(&at(&GUARDED, "user=encrypted sslrootcert=system"));
    assert!(matches!(system.cause(), Some(Cause::UnknownAuthority) | None), "{system}");
}

#[test]
fn an_expired_certificate_is_refused() {
    let (_folder, ours, _) = roots();
    let server = start(16, &["hostssl all all 127.0.0.1/32 trust"], Some(&AUTHORITY.server(true)));
    let error = refused(&at(&server, &format!("user=postgres sslmode=verify-ca sslrootcert={ours}")));
    assert_eq!(error.cause(), Some(Cause::ExpiredCertificate), "{error}");
    assert!(encrypted(&at(&server, "user=postgres sslmode=require")));
}

#[test]
fn a_self_signed_certificate_vouches_for_itself_only_when_it_is_the_root() {
    let own = Authority::self_signed();
    let server = start(14, &["hostssl all all 127.0.0.1/32 trust"], Some(&own));
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str, root: &str| {
        let root = write(folder.path(), name, root, 0o644);
        at(&server, &format!("user=postgres sslmode=verify-full sslrootcert={}", root.display()))
    };
    assert!(encrypted(&text("own.crt", &own.0)));
    let other = text("other.crt", &Authority::self_signed().0);
    assert_eq!(refused(&other).sqlstate(), None);
}

#[test]
fn the_root_certificate_at_home_counts() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".postgresql");
    std::fs::create_dir(&folder).unwrap();
    write(&folder, "root.crt", &Authority::new().certificate, 0o644);
    let text = at(&GUARDED, "user=encrypted sslmode=require");
    let error = open_in(&text, &environment(Some(home.path())), &SessionOptions::default()).err().unwrap();
    assert_eq!(error.cause(), Some(Cause::UnknownAuthority));
}

#[test]
fn a_client_certificate_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = AUTHORITY.client("certified");
    let certificate = write(folder.path(), "client.crt", &certificate, 0o644);
    let key = write(folder.path(), "client.key", &key, 0o600);
    let more = format!("sslmode=require sslcert={} sslkey={}", certificate.display(), key.display());
    assert!(encrypted(&at(&GUARDED, &format!("user=certified {more}"))));

    // The certificate's common name is not this role's.
    let other = refused(&at(&GUARDED, &format!("user=scram {more}")));
    assert_eq!(other.cause(), Some(Cause::NoPassword), "{other}");
    let without = refused(&at(&GUARDED, "user=certified sslmode=require"));
    assert_eq!(without.cause(), Some(Cause::NotAdmitted), "{without}");

    let stranger = write(folder.path(), "stranger.crt", &Authority::new().client("certified").0, 0o644);
    let mismatched = more.replace("client.crt", stranger.file_name().unwrap().to_str().unwrap());
    assert!(matches!(refused(&at(&GUARDED, &format!("user=certified {mismatched}"))), ConnectError::Setting { .. }));

    write(folder.path(), "client.key", "", 0o644);
    let exposed = refused(&at(&GUARDED, &format!("user=certified {more}")));
    assert!(exposed.to_string().ends_with("cannot be used: group or others have access"), "{exposed}");
}

#[test]
fn a_client_certificate_from_a_stranger_is_turned_down() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = Authority::new().client("certified");
    let certificate = write(folder.path(), "client.crt", &certificate, 0o644);
    let key = write(folder.path(), "client.key", &key, 0o600);
    let more = format!("sslmode=require sslcert={} sslkey={}", certificate.display(), key.display());
    let error = refused(&at(&GUARDED, &format!("user=certified {more}")));
    assert_eq!(error.cause(), Some(Cause::ClientCertificate), "{error}");
}

#[test]
fn channel_binding() {
    let role = "user=scram password=right channel_binding=require";
    assert!(encrypted(&at(&GUARDED, &format!("{role} sslmode=require"))));
    let plain = refused(&at(&GUARDED, &format!("{role} sslmode=disable")));
    assert_eq!(plain.cause(), Some(Cause::ChannelBinding), "{plain}");
    let trusted = refused(&at(&GUARDED, "user=encrypted channel_binding=require sslmode=require"));
    assert_eq!(trusted.cause(), Some(Cause::ChannelBinding), "{trusted}");
}
