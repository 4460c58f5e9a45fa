//! GRANT and REVOKE of privileges, and ALTER DEFAULT PRIVILEGES.

use super::cursor::{Cursor, Result, refuse};
use super::role::RoleSpec;
use super::routine::Signature;
use crate::migrations::names::Name;
use crate::model::{GrantObject, Privilege};

/// `GRANT` or `REVOKE` of privileges on objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegeGrant {
    /// Whether it takes away.
    pub revoke: bool,
    /// `REVOKE GRANT OPTION FOR`: only the option is taken.
    pub option_only: bool,
    /// What is granted.
    pub privileges: Vec<PrivilegeItem>,
    /// On what.
    pub target: GrantTarget,
    /// To or from whom.
    pub grantees: Vec<RoleSpec>,
    /// `WITH GRANT OPTION`.
    pub grant_option: bool,
    /// `GRANTED BY`.
    pub granted_by: Option<RoleSpec>,
    /// `CASCADE`.
    pub cascade: bool,
}

/// One privilege of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivilegeItem {
    /// The privilege; `None` is `ALL`.
    pub privilege: Option<Privilege>,
    /// The columns, if only some are meant.
    pub columns: Vec<String>,
}

/// The objects of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantTarget {
    /// Tables, views and the like; without the word `TABLE` a sequence may be among them.
    Relations(Vec<Name>),
    /// `SEQUENCE`.
    Sequences(Vec<Name>),
    /// `FUNCTION`, `PROCEDURE` or `ROUTINE`.
    Routines(RoutineKind, Vec<Signature>),
    /// `SCHEMA`.
    Schemas(Vec<String>),
    /// `DATABASE`.
    Databases(Vec<String>),
    /// `TYPE` or `DOMAIN`.
    Types(Vec<Name>),
    /// `LANGUAGE`.
    Languages(Vec<String>),
    /// `FOREIGN DATA WRAPPER`.
    ForeignDataWrappers(Vec<String>),
    /// `FOREIGN SERVER`.
    ForeignServers(Vec<String>),
    /// `PARAMETER`; dotted names as one text.
    Parameters(Vec<String>),
    /// `TABLESPACE`.
    Tablespaces(Vec<String>),
    /// `LARGE OBJECT`, by number.
    LargeObjects(Vec<String>),
    /// `ALL ... IN SCHEMA`: all that are there now.
    AllIn(AllKind, Vec<String>),
}

/// What word names the routines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum RoutineKind {
    Function,
    Procedure,
    Routine,
    Aggregate,
}

/// What `ALL ... IN SCHEMA` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum AllKind {
    Tables,
    Sequences,
    Routines(RoutineKind),
}

/// `ALTER DEFAULT PRIVILEGES`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterDefaultPrivileges {
    /// Whose new objects; empty means the current role's.
    pub roles: Vec<RoleSpec>,
    /// In which schemas; empty means in all.
    pub schemas: Vec<String>,
    /// Whether it takes away.
    pub revoke: bool,
    /// `REVOKE GRANT OPTION FOR`.
    pub option_only: bool,
    /// What is granted; `None` is `ALL`.
    pub privileges: Vec<Option<Privilege>>,
    /// On what kind of object.
    pub object: GrantObject,
    /// To or from whom.
    pub grantees: Vec<RoleSpec>,
    /// `WITH GRANT OPTION`.
    pub grant_option: bool,
    /// `CASCADE`.
    pub cascade: bool,
}

/// The part after GRANT or REVOKE.
pub(crate) fn privileges(c: &mut Cursor<'_>, revoke: bool) -> Result<PrivilegeGrant> {
    let option_only = revoke && c.accept("grant option for");
    let privileges = privilege_list(c)?;
    c.expect("on")?;
    let target = target(c)?;
    let (grantees, grant_option, granted_by, cascade) = tail(c, revoke)?;
    Ok(PrivilegeGrant { revoke, option_only, privileges, target, grantees, grant_option, granted_by, cascade })
}

fn privilege_list(c: &mut Cursor<'_>) -> Result<Vec<PrivilegeItem>> {
    c.list(|c| {
        let privilege = if c.accept("all") {
            c.accept("privileges");
            None
        } else {
            Some(privilege(c)?)
        };
        let columns = if c.is_punct(b'(') { c.ident_list()? } else { Vec::new() };
        Ok(PrivilegeItem { privilege, columns })
    })
}

fn privilege(c: &mut Cursor<'_>) -> Result<Privilege> {
    if c.accept("alter system") {
        return Ok(Privilege::AlterSystem);
    }
    let word = c.label()?;
    Ok(match word.as_str() {
        "select" => Privilege::Select,
        "insert" => Privilege::Insert,
        "update" => Privilege::Update,
        "delete" => Privilege::Delete,
        "truncate" => Privilege::Truncate,
        "references" => Privilege::References,
        "trigger" => Privilege::Trigger,
        "maintain" => Privilege::Maintain,
        "usage" => Privilege::Usage,
        "create" => Privilege::Create,
        "connect" => Privilege::Connect,
        "temporary" | "temp" => Privilege::Temporary,
        "execute" => Privilege::Execute,
        "set" => Privilege::Set,
        _ => return refuse(format!("`{word}` is no privilege")),
    })
}

fn target(c: &mut Cursor<'_>) -> Result<GrantTarget> {
    if c.is("all") {
        return all_in(c);
    }
    Ok(match () {
        () if c.accept("table") => GrantTarget::Relations(c.names()?),
        () if c.accept("sequence") => GrantTarget::Sequences(c.names()?),
        () if c.accept("function") => GrantTarget::Routines(RoutineKind::Function, c.list(Cursor::signature)?),
        () if c.accept("procedure") => GrantTarget::Routines(RoutineKind::Procedure, c.list(Cursor::signature)?),
        () if c.accept("routine") => GrantTarget::Routines(RoutineKind::Routine, c.list(Cursor::signature)?),
        () if c.accept("schema") => GrantTarget::Schemas(c.idents()?),
        () if c.accept("database") => GrantTarget::Databases(c.idents()?),
        () if c.accept("type") || c.accept("domain") => GrantTarget::Types(c.names()?),
        () if c.accept("language") => GrantTarget::Languages(c.idents()?),
        () if c.accept("foreign data wrapper") => GrantTarget::ForeignDataWrappers(c.idents()?),
        () if c.accept("foreign server") => GrantTarget::ForeignServers(c.idents()?),
        () if c.accept("tablespace") => GrantTarget::Tablespaces(c.idents()?),
        () if c.accept("parameter") => GrantTarget::Parameters(c.list(setting_name)?),
        () if c.accept("large object") => GrantTarget::LargeObjects(c.list(|c| {
            let token = c.bump();
            Ok(token.map_or_else(String::new, |t| c.raw(t).to_owned()))
        })?),
        () => GrantTarget::Relations(c.names()?),
    })
}

/// A setting's name, which may have dots.
pub(crate) fn setting_name(c: &mut Cursor<'_>) -> Result<String> {
    let mut name = c.label()?;
    while c.accept_punct(b'.') {
        name = format!("{name}.{}", c.label()?);
    }
    Ok(name)
}

fn all_in(c: &mut Cursor<'_>) -> Result<GrantTarget> {
    c.expect("all")?;
    let kind = match () {
        () if c.accept("tables") => AllKind::Tables,
        () if c.accept("sequences") => AllKind::Sequences,
        () if c.accept("functions") => AllKind::Routines(RoutineKind::Function),
        () if c.accept("procedures") => AllKind::Routines(RoutineKind::Procedure),
        () if c.accept("routines") => AllKind::Routines(RoutineKind::Routine),
        () => return c.wanted("`TABLES`, `SEQUENCES`, `FUNCTIONS`, `PROCEDURES` or `ROUTINES`"),
    };
    c.expect("in schema")?;
    Ok(GrantTarget::AllIn(kind, c.idents()?))
}

type Tail = (Vec<RoleSpec>, bool, Option<RoleSpec>, bool);

fn tail(c: &mut Cursor<'_>, revoke: bool) -> Result<Tail> {
    c.expect(if revoke { "from" } else { "to" })?;
    let grantees = c.list(|c| {
        c.accept("group");
        c.role()
    })?;
    let grant_option = !revoke && c.accept("with grant option");
    let granted_by = if c.accept("granted by") { Some(c.role()?) } else { None };
    let cascade = c.behavior();
    c.end()?;
    Ok((grantees, grant_option, granted_by, cascade))
}

/// The part after ALTER DEFAULT PRIVILEGES.
pub(crate) fn defaults(c: &mut Cursor<'_>) -> Result<AlterDefaultPrivileges> {
    let (mut roles, mut schemas) = (Vec::new(), Vec::new());
    loop {
        if c.accept("for role") || c.accept("for user") {
            roles.extend(c.list(Cursor::role)?);
        } else if c.accept("in schema") {
            schemas.extend(c.idents()?);
        } else {
            break;
        }
    }
    let revoke = match () {
        () if c.accept("grant") => false,
        () if c.accept("revoke") => true,
        () => return c.wanted("`GRANT` or `REVOKE`"),
    };
    let option_only = revoke && c.accept("grant option for");
    let list = privilege_list(c)?;
    if list.iter().any(|p| !p.columns.is_empty()) {
        return refuse("default privileges cannot be set for columns");
    }
    c.expect("on")?;
    let object = match () {
        () if c.accept("tables") => GrantObject::Tables,
        () if c.accept("sequences") => GrantObject::Sequences,
        () if c.accept("functions") || c.accept("routines") => GrantObject::Functions,
        () if c.accept("types") => GrantObject::Types,
        () if c.accept("schemas") => GrantObject::Schemas,
        () if c.accept("large objects") => GrantObject::LargeObjects,
        () => return c.wanted("`TABLES`, `SEQUENCES`, `FUNCTIONS`, `TYPES`, `SCHEMAS` or `LARGE OBJECTS`"),
    };
    let (grantees, grant_option, _, cascade) = tail(c, revoke)?;
    let privileges = list.into_iter().map(|p| p.privilege).collect();
    Ok(AlterDefaultPrivileges {
        roles,
        schemas,
        revoke,
        option_only,
        privileges,
        object,
        grantees,
        grant_option,
        cascade,
    })
}
