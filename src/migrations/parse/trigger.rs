//! Triggers, event triggers and rules: code that runs because of other statements.

use super::cursor::{Cursor, Fragment, Result};
use super::object::{self, Change};
use crate::migrations::names::{self, Name};
use crate::model::{FiresWhen, TriggerEvent, TriggerTiming, quote_ident};

/// `CREATE TRIGGER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTrigger {
    /// The trigger.
    pub name: String,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `CONSTRAINT`.
    pub constraint: bool,
    /// The relation.
    pub relation: Name,
    /// When it fires.
    pub timing: TriggerTiming,
    /// What it fires for; `UPDATE OF` with its columns.
    pub events: Vec<(TriggerEvent, Vec<String>)>,
    /// `FOR EACH ROW`.
    pub for_each_row: bool,
    /// `WHEN`.
    pub when: Option<Fragment>,
    /// The function.
    pub function: Name,
    /// Its arguments as written.
    pub arguments: Fragment,
    /// The values of its arguments, which are always text.
    pub values: Vec<String>,
    /// `FROM`, deferral and transition tables, in the catalog's spelling and order.
    pub clauses: String,
}

/// `CREATE EVENT TRIGGER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateEventTrigger {
    /// The trigger.
    pub name: String,
    /// The event, such as `ddl_command_end`.
    pub event: String,
    /// The tags of `WHEN TAG IN`; empty means all.
    pub tags: Vec<String>,
    /// The function.
    pub function: Name,
}

/// `ALTER EVENT TRIGGER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterEventTrigger {
    /// The trigger.
    pub name: String,
    /// A new name or owner.
    pub change: Option<Change>,
    /// `ENABLE` or `DISABLE`.
    pub fires: Option<FiresWhen>,
}

/// `CREATE RULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRule {
    /// The rule.
    pub name: String,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// The relation.
    pub relation: Name,
    /// `SELECT`, `INSERT`, `UPDATE` or `DELETE`, in lower case.
    pub event: String,
    /// `WHERE`.
    pub condition: Option<Fragment>,
    /// `INSTEAD`.
    pub instead: bool,
    /// What it does; `NOTHING` too.
    pub commands: Fragment,
}

/// The part after CREATE TRIGGER.
pub(crate) fn create(c: &mut Cursor<'_>, or_replace: bool, constraint: bool) -> Result<CreateTrigger> {
    let name = c.ident()?;
    let timing = match () {
        () if c.accept("before") => TriggerTiming::Before,
        () if c.accept("after") => TriggerTiming::After,
        () if c.accept("instead of") => TriggerTiming::InsteadOf,
        () => return c.wanted("`BEFORE`, `AFTER` or `INSTEAD OF`"),
    };
    let mut events = vec![event(c)?];
    while c.accept("or") {
        events.push(event(c)?);
    }
    c.expect("on")?;
    let relation = c.name()?;
    let (mut for_each_row, mut when, mut clauses) = (false, None, Clauses::default());
    loop {
        match () {
            () if clauses.accept(c)? => (),
            () if c.accept("for each row") || c.accept("for row") => for_each_row = true,
            () if c.accept("for each statement") || c.accept("for statement") => (),
            () if c.accept("when") => when = Some(c.parenthesised()?),
            () => break,
        }
    }
    let function = execute(c)?;
    let mut probe = c.clone();
    let arguments = c.parenthesised()?;
    c.end()?;
    Ok(CreateTrigger {
        name,
        or_replace,
        constraint,
        relation,
        timing,
        events,
        for_each_row,
        when,
        function,
        arguments,
        values: values(&mut probe),
        clauses: clauses.text(constraint),
    })
}

/// Arguments are constants, and what is no string is taken as its text.
fn values(c: &mut Cursor<'_>) -> Vec<String> {
    let mut values = Vec::new();
    c.accept_punct(b'(');
    while !c.at_end() && !c.accept_punct(b')') {
        if c.accept_punct(b',') {
            continue;
        }
        match c.accept_string() {
            Some(value) => values.push(value),
            None => {
                let Some(token) = c.bump() else { break };
                values.push(names::identifier(token.kind, c.raw(token)).unwrap_or_else(|| c.raw(token).to_owned()));
            }
        }
    }
    values
}

/// What stands between the relation and FOR EACH.
#[derive(Default)]
struct Clauses {
    from: Option<Name>,
    deferrable: bool,
    deferred: bool,
    transition: String,
}

impl Clauses {
    fn accept(&mut self, c: &mut Cursor<'_>) -> Result<bool> {
        match () {
            () if c.accept("from") => self.from = Some(c.name()?),
            () if c.accept("not deferrable") || c.accept("initially immediate") => (),
            () if c.accept("deferrable") => self.deferrable = true,
            () if c.accept("initially deferred") => (self.deferrable, self.deferred) = (true, true),
            () if c.accept("referencing") => {
                while c.is_any(&["old", "new"]) {
                    let which = c.label()?.to_uppercase();
                    let what = if c.accept("table") { "TABLE" } else { "ROW" };
                    c.accept("row");
                    c.accept("as");
                    self.transition.push_str(&format!("{which} {what} AS {} ", quote_ident(&c.ident()?)));
                }
            }
            () => return Ok(false),
        }
        Ok(true)
    }

    fn text(&self, constraint: bool) -> String {
        let mut text = self.from.as_ref().map(|name| format!("FROM {name} ")).unwrap_or_default();
        if constraint {
            text.push_str(if self.deferrable { "DEFERRABLE " } else { "NOT DEFERRABLE " });
            text.push_str(if self.deferred { "INITIALLY DEFERRED " } else { "INITIALLY IMMEDIATE " });
        }
        if !self.transition.is_empty() {
            text.push_str("REFERENCING ");
            text.push_str(&self.transition);
        }
        text
    }
}

fn execute(c: &mut Cursor<'_>) -> Result<Name> {
    c.expect("execute")?;
    if !c.accept("function") {
        c.expect("procedure")?;
    }
    c.name()
}

fn event(c: &mut Cursor<'_>) -> Result<(TriggerEvent, Vec<String>)> {
    Ok(match () {
        () if c.accept("insert") => (TriggerEvent::Insert, Vec::new()),
        () if c.accept("delete") => (TriggerEvent::Delete, Vec::new()),
        () if c.accept("truncate") => (TriggerEvent::Truncate, Vec::new()),
        () if c.accept("update of") => (TriggerEvent::Update, c.idents()?),
        () if c.accept("update") => (TriggerEvent::Update, Vec::new()),
        () => return c.wanted("`INSERT`, `UPDATE`, `DELETE` or `TRUNCATE`"),
    })
}

/// The part after CREATE EVENT TRIGGER.
pub(crate) fn create_event(c: &mut Cursor<'_>) -> Result<CreateEventTrigger> {
    let name = c.ident()?;
    c.expect("on")?;
    let event = c.ident()?;
    let mut tags = Vec::new();
    if c.accept("when") {
        loop {
            c.ident()?;
            c.expect("in")?;
            c.expect_punct(b'(')?;
            tags.extend(c.list(Cursor::string)?);
            c.expect_punct(b')')?;
            if !c.accept("and") {
                break;
            }
        }
    }
    let function = execute(c)?;
    c.parenthesised()?;
    c.end()?;
    Ok(CreateEventTrigger { name, event, tags, function })
}

/// The part after ALTER EVENT TRIGGER.
pub(crate) fn alter_event(c: &mut Cursor<'_>) -> Result<AlterEventTrigger> {
    let name = c.ident()?;
    let change = object::change(c)?;
    let fires = match () {
        () if c.accept("disable") => Some(FiresWhen::Disabled),
        () if c.accept("enable replica") => Some(FiresWhen::Replica),
        () if c.accept("enable always") => Some(FiresWhen::Always),
        () if c.accept("enable") => Some(FiresWhen::Origin),
        () => None,
    };
    c.end()?;
    Ok(AlterEventTrigger { name, change, fires })
}

/// The part after CREATE RULE.
pub(crate) fn create_rule(c: &mut Cursor<'_>, or_replace: bool) -> Result<CreateRule> {
    let name = c.ident()?;
    c.expect("as on")?;
    let event = c.label()?;
    c.expect("to")?;
    let relation = c.name()?;
    let condition = c.accept("where").then(|| c.until(|c| c.is("do")));
    c.expect("do")?;
    let instead = c.accept("instead");
    c.accept("also");
    let commands = c.rest();
    Ok(CreateRule { name, or_replace, relation, event, condition, instead, commands })
}
