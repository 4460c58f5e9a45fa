//! CREATE POLICY and ALTER POLICY.

use super::cursor::{Cursor, Fragment, Result, refuse};
use super::role::RoleSpec;
use crate::migrations::names::Name;
use crate::model::PolicyCommand;

/// `CREATE POLICY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePolicy {
    /// The policy.
    pub name: String,
    /// Its relation.
    pub relation: Name,
    /// `AS PERMISSIVE`, which is the default.
    pub permissive: bool,
    /// `FOR`.
    pub command: PolicyCommand,
    /// `TO`; PUBLIC if none is written.
    pub roles: Vec<RoleSpec>,
    /// `USING`.
    pub using: Option<Fragment>,
    /// `WITH CHECK`.
    pub check: Option<Fragment>,
}

/// `ALTER POLICY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterPolicy {
    /// The policy.
    pub name: String,
    /// Its relation.
    pub relation: Name,
    /// `RENAME TO`.
    pub rename: Option<String>,
    /// `TO`, if written.
    pub roles: Option<Vec<RoleSpec>>,
    /// `USING`, if written.
    pub using: Option<Fragment>,
    /// `WITH CHECK`, if written.
    pub check: Option<Fragment>,
}

/// The part after CREATE POLICY.
pub(crate) fn create(c: &mut Cursor<'_>) -> Result<CreatePolicy> {
    let name = c.ident()?;
    c.expect("on")?;
    let relation = c.name()?;
    let permissive = match () {
        () if c.accept("as permissive") => true,
        () if c.accept("as restrictive") => false,
        () => true,
    };
    let command = if c.accept("for") { command(c)? } else { PolicyCommand::All };
    let roles = if c.accept("to") { c.list(Cursor::role)? } else { vec![RoleSpec::Public] };
    let (using, check) = expressions(c)?;
    if command == PolicyCommand::Insert && using.is_some() {
        return refuse("only `WITH CHECK` is allowed for INSERT");
    }
    if matches!(command, PolicyCommand::Select | PolicyCommand::Delete) && check.is_some() {
        return refuse("`WITH CHECK` is not allowed for SELECT or DELETE");
    }
    Ok(CreatePolicy { name, relation, permissive, command, roles, using, check })
}

fn command(c: &mut Cursor<'_>) -> Result<PolicyCommand> {
    Ok(match () {
        () if c.accept("all") => PolicyCommand::All,
        () if c.accept("select") => PolicyCommand::Select,
        () if c.accept("insert") => PolicyCommand::Insert,
        () if c.accept("update") => PolicyCommand::Update,
        () if c.accept("delete") => PolicyCommand::Delete,
        () => return c.wanted("`ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`"),
    })
}

fn expressions(c: &mut Cursor<'_>) -> Result<(Option<Fragment>, Option<Fragment>)> {
    let using = if c.accept("using") { Some(c.parenthesised()?) } else { None };
    let check = if c.accept("with check") { Some(c.parenthesised()?) } else { None };
    c.end()?;
    Ok((using, check))
}

/// The part after ALTER POLICY.
pub(crate) fn alter(c: &mut Cursor<'_>) -> Result<AlterPolicy> {
    let name = c.ident()?;
    c.expect("on")?;
    let relation = c.name()?;
    let rename = if c.accept("rename to") { Some(c.ident()?) } else { None };
    let roles = if c.accept("to") { Some(c.list(Cursor::role)?) } else { None };
    let (using, check) = expressions(c)?;
    Ok(AlterPolicy { name, relation, rename, roles, using, check })
}
