//! The password file `~/.pgpass`: lines of `host:port:database:user:password`, first match wins.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::secret::Secret;

/// What libpq was compiled to take as the folder of a local server's socket, upstream and in the distributions; a
/// connection there matches `localhost`.
pub(super) const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// A password file that may be used; empty when there is none.
#[derive(Default)]
pub(super) struct Passfile {
    text: String,
}

impl Passfile {
    /// Opens the file `path`, else `~/.pgpass`. One that others can read is not used, as in libpq; the second value
    /// says so.
    pub(super) fn open(path: Option<&str>, env: &Environment) -> (Self, Option<String>) {
        let Some(path) = path.map(PathBuf::from).or_else(|| env.home(".pgpass")) else {
            return (Self::default(), None);
        };
        match read(&path) {
            Ok(text) => (Self { text }, None),
            Err(Unused::Absent) => (Self::default(), None),
            Err(Unused::Because(reason)) => {
                (Self::default(), Some(format!("password file `{}` ignored: {reason}", path.display())))
            }
        }
    }

    /// The password of the first line that matches.
    pub(super) fn password(&self, host: &str, port: u16, database: &str, user: &str) -> Option<Secret> {
        let host = if SOCKET_FOLDERS.contains(&host) { "localhost" } else { host };
        let port = port.to_string();
        let wanted = [host, port.as_str(), database, user];
        self.text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
            let mut fields = Fields(line);
            let matches = wanted.iter().all(|wanted| fields.next().is_some_and(|field| field.matches(wanted)));
            let password = matches.then(|| fields.next()).flatten()?.value();
            (!password.is_empty()).then(|| Secret::new(password))
        })
    }
}

enum Unused {
    Absent,
    Because(String),
}

fn read(path: &Path) -> Result<String, Unused> {
    let because = |reason: &str| Unused::Because(reason.to_owned());
    let metadata = std::fs::metadata(path).map_err(|_| Unused::Absent)?;
    if !metadata.is_file() {
        return Err(because("it is not a plain file"));
    }
    if readable_by_others(&metadata) {
        return Err(because("group or others have access; its permissions should be u=rw (0600) or less"));
    }
    std::fs::read_to_string(path).map_err(|error| Unused::Because(error.to_string()))
}

#[cfg(unix)]
fn readable_by_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::Metadata) -> bool {
    // The profile folder is private on Windows, and libpq does not check there either.
    false
}

/// The fields of a line, separated by colons that no backslash precedes.
struct Fields<'a>(&'a str);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let mut escaped = false;
        let end = self.0.find(|c| {
            let separator = c == ':' && !escaped;
            escaped = c == '\\' && !escaped;
            separator
        });
        let (field, rest) = match end {
            Some(end) => (self.0.get(..end)?, self.0.get(end + 1..)?),
            None => (self.0, ""),
        };
        self.0 = rest;
        Some(Field(field))
    }
}

/// A field as written.
struct Field<'a>(&'a str);

impl Field<'_> {
    /// Without its backslashes.
    fn value(&self) -> String {
        let mut chars = self.0.chars();
        let mut value = String::new();
        while let Some(c) = chars.next() {
            value.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
        }
        value
    }

    fn matches(&self, wanted: &str) -> bool {
        self.0 == "*" || self.value() == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::Passfile;

    fn password(text: &str, host: &str, database: &str) -> Option<String> {
        let file = Passfile { text: text.to_owned() };
        file.password(host, 5432, database, "al").map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn the_first_matching_line_wins() {
        let text = "# db:5432:app:al:comment\nother:*:*:*:no\ndb:5432:app:al:first\n*:*:*:*:second\n";
        assert_eq!(password(text, "db", "app").unwrap(), "first");
        assert_eq!(password(text, "elsewhere", "app").unwrap(), "second");
        assert_eq!(password("db:5433:*:*:no", "db", "app"), None);
    }

    #[test]
    fn escapes() {
        assert_eq!(password(r"::1:5432:*:*:no", "::1", "app"), None);
        assert_eq!(password(r"\:\:1:*:*:*:a\:b\\c:rest", "::1", "app").unwrap(), r"a:b\c");
        assert_eq!(password(r"db:*:\*:*:no", "db", "app"), None);
        assert_eq!(password(r"db:*:\*:*:yes", "db", "*").unwrap(), "yes");
    }

    #[test]
    fn a_default_socket_folder_is_localhost() {
        assert_eq!(password("localhost:*:*:*:yes", "/tmp", "app").unwrap(), "yes");
        assert_eq!(password("localhost:*:*:*:yes", "/srv/pg", "app"), None);
        assert_eq!(password("/srv/pg:*:*:*:yes", "/srv/pg", "app").unwrap(), "yes");
    }

    #[test]
    fn short_and_empty_lines_match_nothing() {
        assert_eq!(password("*:*:*\n\n*:*:*:*:\n:::::", "db", "app"), None);
    }
}
