//! What the process tells about its user: environment variables, home directory, login name. A plain value, so that
//! tests resolve settings without touching the environment of the test process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Everything outside the command line and the configuration file that connection settings may come from.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

impl Environment {
    /// An environment made by hand: variables, home directory and login name.
    pub fn new<N, V>(variables: impl IntoIterator<Item = (N, V)>, home: Option<&Path>, user: Option<&str>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        Self {
            variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            home: home.map(Path::to_owned),
            user: user.map(str::to_owned),
        }
    }

    /// The environment of this process. Variables that are not UTF-8 are left out: no setting of ours can hold them.
    #[must_use]
    pub fn from_process() -> Self {
        let variables: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let user = login_name().or_else(|| variables.get("USER").cloned());
        Self { variables, home: etcetera::home_dir().ok(), user }
    }

    /// A variable's value; an empty variable counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path below the home directory.
    pub(super) fn home(&self, below: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(below))
    }

    /// The login name: libpq's default for `user`.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: PGPASSWORD and DATABASE_URL are among the variables.
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .field("user", &self.user)
            .finish()
    }
}

/// The name of the effective user in `/etc/passwd`, which is what libpq asks for too; `$USER` lies after `sudo` or `su`.
fn login_name() -> Option<String> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn debug_output_names_variables_but_not_their_values() {
        let env = Environment::new([("PGPASSWORD", "hunter2")], None, Some("alice"));
        let shown = format!("{env:?}");
        assert!(shown.contains("PGPASSWORD") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn the_process_has_a_login_name() {
        assert!(Environment::from_process().user().is_some());
    }
}
