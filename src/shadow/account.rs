//! The unprivileged account that a server of ours runs as.
//!
//! Postgres refuses to run as root, and containers and CI runners are root. There the server becomes `nobody`; everywhere
//! else it runs as the user, and nothing here does anything.

use super::ShadowError;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// A user and group id, both numeric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `nobody` if we are root, else `None`.
    pub(crate) fn for_server() -> Result<Option<Self>, ShadowError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = Path::new("/etc/passwd");
        let text = std::fs::read_to_string(passwd).map_err(ShadowError::file("read", passwd))?;
        text.lines().find_map(Self::nobody).map(Some).ok_or_else(|| ShadowError::Start {
            message: "postgres refuses to run as root, and there is no user `nobody` to run it as".to_owned(),
            help: Some("run pgwitness as an ordinary user".to_owned()),
        })
    }

    /// Reads one line of passwd(5); macOS writes the ids as negative numbers.
    fn nobody(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let (uid, gid) = (fields.nth(1)?, fields.next()?);
        let id = |s: &str| s.parse::<u32>().ok().or_else(|| s.parse::<i32>().ok().map(i32::cast_unsigned));
        (name == "nobody").then_some(Self { uid: id(uid)?, gid: id(gid)? })
    }

    /// The user id that owns a server's files.
    pub(crate) fn owner(account: Option<Self>) -> u32 {
        account.map_or_else(|| rustix::process::geteuid().as_raw(), |a| a.uid)
    }

    /// Makes `command` run as this account. The standard library then also clears the supplementary groups.
    pub(crate) fn run(account: Option<Self>, command: &mut Command) {
        if let Some(Self { uid, gid }) = account {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives one file or directory to this account.
    pub(crate) fn give(account: Option<Self>, path: &Path) -> Result<(), ShadowError> {
        match account {
            Some(Self { uid, gid }) => std::os::unix::fs::lchown(path, Some(uid), Some(gid))
                .map_err(ShadowError::file("change the owner of", path)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn reads_passwd_lines() {
        let linux = Account::nobody("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin");
        assert_eq!(linux, Some(Account { uid: 65534, gid: 65534 }));
        let mac = Account::nobody("nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false");
        assert_eq!(mac, Some(Account { uid: u32::MAX - 1, gid: u32::MAX - 1 }));
        assert_eq!(Account::nobody("root:x:0:0:root:/root:/bin/bash"), None);
        assert_eq!(Account::nobody("nobody:x"), None);
    }
}
