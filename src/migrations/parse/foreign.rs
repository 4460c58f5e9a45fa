//! Foreign data: wrappers, servers, user mappings and imported schemas.

use super::cursor::{Cursor, Fragment, Result};
use super::object::{self, Change};
use super::role::RoleSpec;

/// A statement about foreign data other than tables. Options are kept as written and may hold passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// `CREATE FOREIGN DATA WRAPPER` and what follows its name.
    CreateWrapper(String, Fragment),
    /// `ALTER FOREIGN DATA WRAPPER`.
    AlterWrapper(String, Alteration),
    /// `CREATE SERVER`.
    CreateServer {
        /// The server.
        name: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Its wrapper.
        wrapper: String,
        /// `OPTIONS`.
        options: Option<Fragment>,
    },
    /// `ALTER SERVER`.
    AlterServer(String, Alteration),
    /// `CREATE`, `ALTER` or `DROP USER MAPPING`.
    UserMapping {
        /// What is done to it.
        what: MappingAction,
        /// Whose it is; PUBLIC is everybody's.
        role: RoleSpec,
        /// The server.
        server: String,
        /// `OPTIONS`.
        options: Option<Fragment>,
    },
    /// `IMPORT FOREIGN SCHEMA`: which tables it makes only the server knows.
    Import {
        /// The schema here.
        into: String,
        /// The server.
        server: String,
    },
}

/// What ALTER does to a wrapper or a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration {
    /// A new name or owner.
    Change(Change),
    /// Options and the like, as written.
    Other(Fragment),
}

/// What is done to a user mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum MappingAction {
    Create,
    Alter,
    Drop,
}

/// The part after CREATE FOREIGN DATA WRAPPER.
pub(crate) fn create_wrapper(c: &mut Cursor<'_>) -> Result<Foreign> {
    Ok(Foreign::CreateWrapper(c.ident()?, c.rest()))
}

/// The part after ALTER FOREIGN DATA WRAPPER or ALTER SERVER.
pub(crate) fn alter(c: &mut Cursor<'_>, server: bool) -> Result<Foreign> {
    let name = c.ident()?;
    let alteration = match object::change(c)? {
        Some(change) => Alteration::Change(change),
        None => Alteration::Other(c.rest()),
    };
    c.end()?;
    Ok(if server { Foreign::AlterServer(name, alteration) } else { Foreign::AlterWrapper(name, alteration) })
}

/// The part after CREATE SERVER.
pub(crate) fn create_server(c: &mut Cursor<'_>) -> Result<Foreign> {
    let if_not_exists = c.if_not_exists();
    let name = c.ident()?;
    for words in ["type", "version"] {
        if c.accept(words) {
            c.string()?;
        }
    }
    c.expect("foreign data wrapper")?;
    let wrapper = c.ident()?;
    let options = options(c)?;
    c.end()?;
    Ok(Foreign::CreateServer { name, if_not_exists, wrapper, options })
}

fn options(c: &mut Cursor<'_>) -> Result<Option<Fragment>> {
    if c.accept("options") { c.parenthesised().map(Some) } else { Ok(None) }
}

/// The part after ... USER MAPPING.
pub(crate) fn user_mapping(c: &mut Cursor<'_>, what: MappingAction) -> Result<Foreign> {
    let _ = c.if_not_exists() || c.if_exists();
    c.expect("for")?;
    let role = if c.accept("user") { RoleSpec::Current } else { c.role()? };
    c.expect("server")?;
    let server = c.ident()?;
    let options = options(c)?;
    c.end()?;
    Ok(Foreign::UserMapping { what, role, server, options })
}

/// The part after IMPORT FOREIGN SCHEMA.
pub(crate) fn import(c: &mut Cursor<'_>) -> Result<Foreign> {
    c.until(|c| c.is("from"));
    c.expect("from server")?;
    let server = c.ident()?;
    c.expect("into")?;
    let into = c.ident()?;
    options(c)?;
    c.end()?;
    Ok(Foreign::Import { into, server })
}
