//! CREATE VIEW and CREATE MATERIALIZED VIEW.

use super::alter;
use super::cursor::{Cursor, Fragment, Result};
use crate::migrations::names::Name;
use crate::model::CheckOption;

/// `CREATE VIEW` or `CREATE MATERIALIZED VIEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// `MATERIALIZED`.
    pub materialized: bool,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `RECURSIVE`.
    pub recursive: bool,
    /// Names of the columns, if written.
    pub columns: Vec<String>,
    /// `WITH (...)`, such as `security_invoker`.
    pub options: Vec<(String, Option<String>)>,
    /// The query.
    pub query: Fragment,
    /// `WITH CHECK OPTION`.
    pub check_option: Option<CheckOption>,
    /// `WITH NO DATA`.
    pub no_data: bool,
}

/// The part after CREATE ... VIEW.
pub(crate) fn create(
    c: &mut Cursor<'_>,
    materialized: bool,
    or_replace: bool,
    temporary: bool,
    recursive: bool,
) -> Result<CreateView> {
    let if_not_exists = c.if_not_exists();
    let name = c.name()?;
    let columns = if c.is_punct(b'(') { c.ident_list()? } else { Vec::new() };
    if c.accept("using") {
        c.ident()?;
    }
    let options = if c.accept("with") { alter::options(c)? } else { Vec::new() };
    if c.accept("tablespace") {
        c.ident()?;
    }
    c.expect("as")?;
    let query = c.until(|c| {
        c.is("with") && (1..3).any(|n| c.is_ahead(n, "check") && c.is_ahead(n + 1, "option"))
            || c.is("with") && (c.is_ahead(1, "data") || c.is_ahead(1, "no") && c.is_ahead(2, "data"))
    });
    let check_option = match () {
        () if c.accept("with local check option") => Some(CheckOption::Local),
        () if c.accept("with cascaded check option") || c.accept("with check option") => Some(CheckOption::Cascaded),
        () => None,
    };
    let no_data = c.accept("with no data");
    c.accept("with data");
    c.end()?;
    Ok(CreateView {
        name,
        materialized,
        or_replace,
        if_not_exists,
        temporary,
        recursive,
        columns,
        options,
        query,
        check_option,
        no_data,
    })
}
