//! The connection service file: named groups of settings, libpq's `pg_service.conf`.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::keyword::{self, Owner};
use crate::connector::ConnectError;

/// Debian's and the RPM packages' system-wide folders; libpq has one of them compiled in.
const SYSTEM_FOLDERS: [&str; 2] = ["/etc/postgresql-common", "/etc/sysconfig/pgsql"];

/// The settings of a service.
///
/// The user's file is `servicefile` (or `PGSERVICEFILE`), else `~/.pg_service.conf`; the system's file is consulted
/// when the user's does not know the service.
///
/// # Errors
///
/// When no file defines the service, and when a file cannot be read or has a line that is no setting.
pub(super) fn read(
    service: &str,
    servicefile: Option<&str>,
    env: &Environment,
) -> Result<Vec<(&'static str, String)>, ConnectError> {
    let named = servicefile.map(PathBuf::from);
    let mut files: Vec<PathBuf> =
        named.clone().or_else(|| env.home(".pg_service.conf").filter(|file| file.exists())).into_iter().collect();
    let system: Vec<&str> = match env.variable("PGSYSCONFDIR") {
        Some(folder) => vec![folder],
        None => SYSTEM_FOLDERS.to_vec(),
    };
    files.extend(
        system.into_iter().map(|folder| Path::new(folder).join("pg_service.conf")).filter(|file| file.exists()),
    );
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        if let Some(settings) = group(&text, service, file)? {
            return Ok(settings);
        }
    }
    Err(ConnectError::setting(
        format!("no service file defines the service `{service}`"),
        "define it in `~/.pg_service.conf`, or name the file with PGSERVICEFILE",
    ))
}

/// The first group named `[service]` in a file.
fn group(text: &str, service: &str, file: &Path) -> Result<Option<Vec<(&'static str, String)>>, ConnectError> {
    let mut settings = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            if settings.is_some() {
                break;
            }
            if name.strip_suffix(']') == Some(service) {
                settings = Some(Vec::new());
            }
        } else if let Some(settings) = &mut settings {
            let setting =
                setting(line).map_err(|error| error.within(&format!("`{}` line {number}", file.display())))?;
            settings.push(setting);
        }
    }
    Ok(settings)
}

fn setting(line: &str) -> Result<(&'static str, String), ConnectError> {
    let (name, value) = line.split_once('=').ok_or_else(|| {
        ConnectError::setting("this line is no setting", "write `keyword=value`, with no spaces around the `=`")
    })?;
    match keyword::lookup(name)? {
        Owner::Libpq(keyword) if !matches!(keyword.name, "service" | "servicefile") => {
            Ok((keyword.name, value.to_owned()))
        }
        _ => Err(ConnectError::setting(format!("`{name}` cannot be set in a service file"), "remove the line")),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> ConnectError {
    ConnectError::setting(
        format!("cannot read the service file `{}`: {error}", file.display()),
        "check PGSERVICEFILE and the file's permissions",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::group;

    const FILE: &str =
        "# ours\n[other]\nhost=nowhere\n\n[app]\nhost=db.example.com\nport=6432\npassword=a = b\n[late]\nx\n";

    fn read(text: &str, service: &str) -> Result<Option<Vec<(&'static str, String)>>, String> {
        group(text, service, Path::new("f")).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_named_group_counts() {
        let app = read(FILE, "app").unwrap().unwrap();
        assert_eq!(
            app,
            [("host", "db.example.com".to_owned()), ("port", "6432".to_owned()), ("password", "a = b".to_owned())]
        );
        assert_eq!(read(FILE, "absent").unwrap(), None);
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(read(FILE, "late").unwrap_err(), "`f` line 10: this line is no setting");
        assert_eq!(read("[a]\nhots=x", "a").unwrap_err(), "`f` line 2: unknown connection setting `hots`");
        let nested = read("[a]\nservice=b", "a").unwrap_err();
        assert_eq!(nested, "`f` line 2: `service` cannot be set in a service file");
    }
}
