//! Roles: how statements name them, their options and their membership.

use super::cursor::{Cursor, Fragment, Result};
use crate::migrations::lex::Kind;

/// A role as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleSpec {
    /// By name.
    Name(String),
    /// `PUBLIC`.
    Public,
    /// `CURRENT_USER` or `CURRENT_ROLE`.
    Current,
    /// `SESSION_USER`.
    Session,
}

/// `GRANT role TO role` or its `REVOKE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipGrant {
    /// Whether it takes away.
    pub revoke: bool,
    /// The roles to be member of.
    pub roles: Vec<String>,
    /// The new members.
    pub members: Vec<RoleSpec>,
    /// `WITH ADMIN OPTION` or `WITH ADMIN TRUE`; with REVOKE, that only this option is taken (`ADMIN OPTION FOR`).
    pub admin: Option<bool>,
    /// `WITH INHERIT`, as `admin`.
    pub inherit: Option<bool>,
    /// `WITH SET`, as `admin`.
    pub set: Option<bool>,
    /// `GRANTED BY`.
    pub granted_by: Option<RoleSpec>,
    /// `CASCADE`.
    pub cascade: bool,
}

/// An option of CREATE or ALTER ROLE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleOption {
    /// `SUPERUSER` and its like: the word without `NO`, in lower case, and whether it is given.
    Flag(&'static str, bool),
    /// `CONNECTION LIMIT`.
    ConnectionLimit(String),
    /// `PASSWORD`; whether there is one, never which.
    Password(bool),
    /// `VALID UNTIL`.
    ValidUntil(Option<String>),
    /// `IN ROLE`.
    InRole(Vec<RoleSpec>),
    /// `ROLE` or `USER`: new members.
    Role(Vec<RoleSpec>),
    /// `ADMIN`: new members that may pass on.
    Admin(Vec<RoleSpec>),
    /// `SYSID`, which does nothing.
    SysId,
}

/// CREATE ROLE, USER or GROUP, or ALTER ... with options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The role.
    pub role: RoleSpec,
    /// Whether it is new; `CREATE USER` has `LOGIN` among its options.
    pub create: bool,
    /// Its options, in order.
    pub options: Vec<RoleOption>,
}

/// `ALTER ROLE ... SET` or `ALTER DATABASE ... SET`, or their RESET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFor {
    /// The role; `None` for all.
    pub role: Option<RoleSpec>,
    /// The database; `None` for all.
    pub database: Option<String>,
    /// What is set.
    pub setting: super::setting::Setting,
}

/// `ALTER GROUP ... ADD USER` or `DROP USER` in the form of a membership.
pub(crate) fn alter_group(c: &mut Cursor<'_>, group: &RoleSpec) -> Result<Option<MembershipGrant>> {
    let revoke = match () {
        () if c.accept("add user") => false,
        () if c.accept("drop user") => true,
        () => return Ok(None),
    };
    let RoleSpec::Name(name) = group else { return c.wanted("a role's name") };
    let members = c.list(Cursor::role)?;
    c.end()?;
    Ok(Some(MembershipGrant {
        revoke,
        roles: vec![name.clone()],
        members,
        admin: None,
        inherit: None,
        set: None,
        granted_by: None,
        cascade: false,
    }))
}

/// The part after GRANT or REVOKE when no `ON` follows.
pub(crate) fn membership(c: &mut Cursor<'_>, revoke: bool) -> Result<MembershipGrant> {
    let mut options = [None; 3];
    if revoke {
        for (slot, word) in options.iter_mut().zip(["admin option for", "inherit option for", "set option for"]) {
            *slot = c.accept(word).then_some(true);
        }
    }
    let roles = c.idents()?;
    c.expect(if revoke { "from" } else { "to" })?;
    let members = c.list(Cursor::role)?;
    if !revoke && c.accept("with") {
        c.list(|c| {
            let which = match () {
                () if c.accept("admin") => 0,
                () if c.accept("inherit") => 1,
                () if c.accept("set") => 2,
                () => return c.wanted("`ADMIN`, `INHERIT` or `SET`"),
            };
            let on = match () {
                () if c.accept("option") || c.accept("true") => true,
                () if c.accept("false") => false,
                () => return c.wanted("`OPTION`, `TRUE` or `FALSE`"),
            };
            if let Some(slot) = options.get_mut(which) {
                *slot = Some(on);
            }
            Ok(())
        })?;
    }
    let granted_by = if c.accept("granted by") { Some(c.role()?) } else { None };
    let cascade = c.behavior();
    c.end()?;
    let [admin, inherit, set] = options;
    Ok(MembershipGrant { revoke, roles, members, admin, inherit, set, granted_by, cascade })
}

const FLAGS: [(&str, &str, bool); 14] = [
    ("superuser", "superuser", true),
    ("nosuperuser", "superuser", false),
    ("createdb", "createdb", true),
    ("nocreatedb", "createdb", false),
    ("createrole", "createrole", true),
    ("nocreaterole", "createrole", false),
    ("inherit", "inherit", true),
    ("noinherit", "inherit", false),
    ("login", "login", true),
    ("nologin", "login", false),
    ("replication", "replication", true),
    ("noreplication", "replication", false),
    ("bypassrls", "bypassrls", true),
    ("nobypassrls", "bypassrls", false),
];

/// The options of CREATE or ALTER ROLE, up to the end.
pub(crate) fn options(c: &mut Cursor<'_>) -> Result<Vec<RoleOption>> {
    c.accept("with");
    let mut options = Vec::new();
    while !c.at_end() {
        if let Some((_, flag, on)) = FLAGS.iter().find(|(word, ..)| c.is(word)) {
            c.bump();
            options.push(RoleOption::Flag(flag, *on));
            continue;
        }
        options.push(match () {
            () if c.accept("connection limit") => RoleOption::ConnectionLimit(number(c)),
            () if c.accept("encrypted password") || c.accept("unencrypted password") || c.accept("password") => {
                // psql's `:'variable'` stands for a string too.
                c.accept_punct(b':');
                RoleOption::Password(!c.accept("null") && c.string().map(|_| true)?)
            }
            () if c.accept("valid until") => {
                RoleOption::ValidUntil(if c.accept("null") { None } else { Some(c.string()?) })
            }
            () if c.accept("in role") || c.accept("in group") => RoleOption::InRole(c.list(Cursor::role)?),
            () if c.accept("role") || c.accept("user") => RoleOption::Role(c.list(Cursor::role)?),
            () if c.accept("admin") => RoleOption::Admin(c.list(Cursor::role)?),
            () if c.accept("sysid") => {
                number(c);
                RoleOption::SysId
            }
            () => return c.wanted("a role's option"),
        });
    }
    Ok(options)
}

fn number(c: &mut Cursor<'_>) -> String {
    let start = c.position();
    c.accept_operator("-");
    if c.peek().is_some_and(|t| t.kind == Kind::Number) {
        c.bump();
    }
    let Fragment { text, .. } = c.since(start);
    text
}

impl Cursor<'_> {
    /// A role.
    pub(crate) fn role(&mut self) -> Result<RoleSpec> {
        let plain = self.peek().is_some_and(|t| t.kind == Kind::Word);
        let session = self.is_any(&["current_user", "current_role", "session_user"]);
        let name = if session { self.label()? } else { self.ident()? };
        // Postgres takes `public` for PUBLIC even in quotes, and lets no role be called so.
        Ok(match name.as_str() {
            "public" => RoleSpec::Public,
            "current_user" | "current_role" if plain => RoleSpec::Current,
            "session_user" if plain => RoleSpec::Session,
            _ => RoleSpec::Name(name),
        })
    }

    /// `CASCADE` or `RESTRICT`, if one is written; whether it cascades.
    pub(crate) fn behavior(&mut self) -> bool {
        !self.accept("restrict") && self.accept("cascade")
    }
}
