//! SET, RESET and the transactions that bound them.

use super::cursor::{Cursor, Fragment, Result};
use super::grant::setting_name;
use super::role::RoleSpec;

/// How long a SET lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Scope {
    Session,
    Local,
}

/// A setting and its new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The setting's name in lower case; `None` with RESET ALL.
    pub name: Option<String>,
    /// The new value.
    pub value: SettingValue,
}

/// The value of a SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// These values; strings unquoted, names folded.
    To(Vec<String>),
    /// `FROM CURRENT`.
    FromCurrent,
    /// `TO DEFAULT` or RESET.
    Default,
}

/// SET and RESET of all forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// A setting.
    Setting(Scope, Setting),
    /// `SET ROLE`; `None` is `NONE` or RESET ROLE.
    Role(Scope, Option<RoleSpec>),
    /// `SET SESSION AUTHORIZATION`; `None` is `DEFAULT` or its RESET.
    SessionAuthorization(Scope, Option<RoleSpec>),
    /// `SET TRANSACTION`, `SET CONSTRAINTS` and the like.
    Other(Fragment),
}

/// Transaction control.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Transaction {
    Begin,
    Commit,
    Rollback,
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    /// `COMMIT PREPARED` and its like.
    Prepared(Fragment),
}

/// The part after SET.
pub(crate) fn set(c: &mut Cursor<'_>) -> Result<Set> {
    if c.is_any(&["transaction", "constraints"]) || c.is("session") && c.is_ahead(1, "characteristics") {
        return Ok(Set::Other(c.rest()));
    }
    let scope = if c.accept("local") { Scope::Local } else { Scope::Session };
    if c.is("session") && !c.is_ahead(1, "authorization") {
        c.bump();
    }
    let set = match () {
        () if c.accept("role") => Set::Role(scope, role_or(c, "none")?),
        () if c.accept("session authorization") => Set::SessionAuthorization(scope, role_or(c, "default")?),
        () if c.accept("time zone") => {
            let value = c.rest();
            Set::Setting(scope, Setting { name: Some("timezone".into()), value: SettingValue::To(vec![value.text]) })
        }
        () if c.accept("names") => {
            let value = c.rest();
            let name = Some("client_encoding".into());
            Set::Setting(scope, Setting { name, value: SettingValue::To(vec![value.text]) })
        }
        () => Set::Setting(scope, setting(c)?),
    };
    c.end()?;
    Ok(set)
}

fn role_or(c: &mut Cursor<'_>, nobody: &str) -> Result<Option<RoleSpec>> {
    // `SET role = x` and `SET ROLE TO x` are the setting of that name.
    let _ = c.accept("to") || c.accept_operator("=");
    if c.accept(nobody) || c.accept("default") {
        return Ok(None);
    }
    match c.accept_string() {
        Some(name) if name == "none" => Ok(None),
        Some(name) => Ok(Some(RoleSpec::Name(name))),
        None => c.role().map(Some),
    }
}

/// `name = value, ...`, up to what cannot be a value.
pub(crate) fn setting(c: &mut Cursor<'_>) -> Result<Setting> {
    let name = Some(setting_name(c)?);
    if c.accept("from current") {
        return Ok(Setting { name, value: SettingValue::FromCurrent });
    }
    if !c.accept("to") && !c.accept_operator("=") {
        return c.wanted("`TO` or `=`");
    }
    if c.accept("default") {
        return Ok(Setting { name, value: SettingValue::Default });
    }
    Ok(Setting { name, value: SettingValue::To(c.list(value)?) })
}

fn value(c: &mut Cursor<'_>) -> Result<String> {
    if let Some(text) = c.accept_string() {
        return Ok(text);
    }
    if c.accept("on") {
        return Ok("on".to_owned());
    }
    if let Ok(word) = c.label() {
        return Ok(word);
    }
    let start = c.position();
    let _ = c.accept_operator("-") || c.accept_operator("+");
    if c.bump().is_none() {
        return c.wanted("a value");
    }
    Ok(c.since(start).text)
}

/// The part after RESET.
pub(crate) fn reset(c: &mut Cursor<'_>) -> Result<Set> {
    let set = match () {
        () if c.accept("all") => Set::Setting(Scope::Session, Setting { name: None, value: SettingValue::Default }),
        () if c.accept("role") => Set::Role(Scope::Session, None),
        () if c.accept("session authorization") => Set::SessionAuthorization(Scope::Session, None),
        () if c.accept("time zone") => {
            Set::Setting(Scope::Session, Setting { name: Some("timezone".into()), value: SettingValue::Default })
        }
        () => Set::Setting(Scope::Session, Setting { name: Some(setting_name(c)?), value: SettingValue::Default }),
    };
    c.end()?;
    Ok(set)
}

/// Transaction control; the cursor is at its first word.
pub(crate) fn transaction(c: &mut Cursor<'_>) -> Result<Transaction> {
    if c.is_ahead(1, "prepared") || c.is("prepare") {
        return Ok(Transaction::Prepared(c.rest()));
    }
    let word = c.label()?;
    let _ = c.accept("work") || c.accept("transaction");
    let done = match word.as_str() {
        "begin" | "start" => {
            c.skip_rest();
            Transaction::Begin
        }
        "savepoint" => Transaction::Savepoint(c.ident()?),
        "release" => {
            c.accept("savepoint");
            Transaction::Release(c.ident()?)
        }
        "rollback" if c.accept("to") => {
            c.accept("savepoint");
            Transaction::RollbackTo(c.ident()?)
        }
        other => {
            let _ = c.accept("and no chain") || c.accept("and chain");
            if matches!(other, "rollback" | "abort") { Transaction::Rollback } else { Transaction::Commit }
        }
    };
    c.end()?;
    Ok(done)
}
