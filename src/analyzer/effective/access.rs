//! One answer: what a role can do with a command to the rows of a relation, and why.

use std::ops::Deref;
use std::sync::Arc;

use super::{Effective, Holding, RowSecurity};
use crate::analyzer::truth::Truth;
use crate::model::{Command, Platform, Policy, PolicyCommand, Privilege, Relation, RelationKind, quote_ident};

/// What a role can do with one command to one relation; the facts that it rests on are [`Facts`].
#[derive(Debug)]
pub struct Access<'a> {
    /// The relation.
    pub relation: &'a Relation,
    /// The command.
    pub command: Command,
    /// The permissive policies that bind it; one must be true.
    pub permissive: Vec<&'a Policy>,
    /// The restrictive policies that bind it; all must be true.
    pub restrictive: Vec<&'a Policy>,
    facts: Arc<Facts>,
}

/// How a role holds what an [`Access`] gives, and how much that is.
#[derive(Debug)]
pub struct Facts {
    /// Why the role may use the relation's schema.
    pub usage: Option<Holding>,
    /// Why it has the privilege on the whole relation.
    pub privilege: Option<Holding>,
    /// The columns that it has the privilege on.
    pub columns: Columns,
    /// Whether row security filters what it reaches.
    pub row_security: RowSecurity,
    /// How much that comes to.
    pub extent: Extent,
}

impl Deref for Access<'_> {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// The columns that a privilege covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// None.
    None,
    /// All, those added later included.
    All,
    /// Only these, each by a grant of its own.
    Only(Vec<(String, Holding)>),
}

/// How many of a relation's rows a command reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// None, for this reason.
    None(Refusal),
    /// Those that the policies let through.
    Rows,
    /// Every row.
    All,
}

/// Why a command reaches no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No USAGE on the schema: error 42501.
    Schema,
    /// No privilege on the relation or any column: error 42501.
    Privilege,
    /// The view does not take this command.
    NotUpdatable,
    /// Row security is on and no permissive policy binds the role: no row, no error (INSERT: error 42501).
    NoPermissive,
    /// The policies that bind it are never true.
    NeverTrue,
}

impl<'a> Effective<'a> {
    /// What `role` can do with `command` to `relation`.
    #[must_use]
    pub fn access(&self, role: &str, relation: &'a Relation, command: Command) -> Access<'a> {
        let (permissive, restrictive): (Vec<_>, Vec<_>) =
            self.policies(role, relation, command).partition(|p| p.permissive);
        // Worked out once: every check asks for much the same.
        let facts = self.known.get(self.schema, role, relation, command, || {
            self.facts(role, relation, command, &permissive, &restrictive)
        });
        Access { relation, command, permissive, restrictive, facts }
    }

    fn facts(
        &self,
        role: &str,
        relation: &Relation,
        command: Command,
        permissive: &[&Policy],
        restrictive: &[&Policy],
    ) -> Facts {
        let usage = self
            .schema
            .namespace(&relation.name.schema)
            .and_then(|n| self.holds_on_namespace(role, n, Privilege::Usage));
        let privilege = self.holds_on_relation(role, relation, command.privilege());
        let columns = self.columns(role, relation, command, privilege.is_some());
        let row_security = self.row_security(role, relation);
        let extent = if usage.is_none() {
            Extent::None(Refusal::Schema)
        } else if columns == Columns::None {
            Extent::None(Refusal::Privilege)
        } else if !takes(relation, command) {
            Extent::None(Refusal::NotUpdatable)
        } else if !row_security.applies() {
            Extent::All
        } else {
            self.let_through(command, permissive, restrictive)
        };
        Facts { usage, privilege, columns, row_security, extent }
    }

    /// The columns that `role` has the command's privilege on.
    fn columns(&self, role: &str, relation: &Relation, command: Command, on_relation: bool) -> Columns {
        if on_relation {
            return Columns::All;
        }
        if command == Command::Delete {
            return Columns::None;
        }
        let held: Vec<_> = relation
            .columns
            .iter()
            .filter_map(|c| {
                let holding = self.holds_on_column(role, relation, &c.acl, command.privilege())?;
                Some((c.name.clone(), holding))
            })
            .collect();
        if held.is_empty() { Columns::None } else { Columns::Only(held) }
    }

    /// How many rows policies let through.
    fn let_through(&self, command: Command, permissive: &[&Policy], restrictive: &[&Policy]) -> Extent {
        if permissive.is_empty() {
            return Extent::None(Refusal::NoPermissive);
        }
        // The old row must pass one permissive policy and the new one may pass another.
        let old_and_new: &[_] = match command {
            Command::Update => &[Command::Delete, Command::Insert],
            _ => &[command],
        };
        let truth = |row: &Command| {
            let of = |policies: &[&Policy]| policies.iter().map(|p| self.command_truth(p, *row)).collect::<Vec<_>>();
            Truth::any(&of(permissive)).and(Truth::all(&of(restrictive)))
        };
        match Truth::all(&old_and_new.iter().map(truth).collect::<Vec<_>>()) {
            Truth::Never => Extent::None(Refusal::NeverTrue),
            Truth::Always => Extent::All,
            Truth::Depends => Extent::Rows,
        }
    }

    /// What is known of a policy for a command: for UPDATE both the old and the new row must pass.
    #[must_use]
    pub fn command_truth(&self, policy: &Policy, command: Command) -> Truth {
        let truth = self.truth_of(policy);
        match command {
            Command::Select | Command::Delete => truth.using,
            Command::Insert => truth.check,
            Command::Update => truth.using.and(truth.check),
        }
    }

    /// Whether clients of the platform can name the relation: exposed by the Data API, or any when they speak SQL.
    #[must_use]
    pub fn is_exposed(&self, principal: &super::Principal, relation: &Relation) -> bool {
        let by_api = principal.is_api() && self.schema.server.platform == Platform::Supabase;
        !by_api || self.exposure.includes(&relation.name.schema)
    }
}

/// Whether a relation of this kind takes the command at all.
fn takes(relation: &Relation, command: Command) -> bool {
    match (relation.kind, &relation.view) {
        (_, _) if command == Command::Select => true,
        (RelationKind::View, Some(view)) => match command {
            Command::Insert => view.insertable,
            Command::Update => view.updatable,
            _ => view.deletable,
        },
        (RelationKind::MaterializedView | RelationKind::Sequence, _) => false,
        _ => true,
    }
}

impl Access<'_> {
    /// Whether any row can be reached.
    #[must_use]
    pub fn is_some(&self) -> bool {
        !matches!(self.extent, Extent::None(_))
    }

    /// Why the role has the privilege, in words; `None` if it has not.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        match (&self.privilege, &self.columns) {
            (Some(holding), _) => Some(holding.to_string()),
            (None, Columns::Only(columns)) => {
                let each: Vec<_> = columns.iter().map(|(c, h)| format!("column {} {h}", quote_ident(c))).collect();
                Some(each.join(", "))
            }
            _ => None,
        }
    }

    /// The condition that a row must meet, as SQL: permissive policies OR-ed, restrictive ones AND-ed on top.
    ///
    /// `None` unless policies decide. For UPDATE it is the condition on the old row; see [`Self::new_row`].
    #[must_use]
    pub fn condition(&self) -> Option<String> {
        let pick: fn(&Policy) -> Option<&str> = match self.command {
            Command::Insert => checked,
            _ => |p| p.using.as_deref(),
        };
        self.combine(pick)
    }

    /// For UPDATE, the condition on the new row: WITH CHECK, or USING where a policy has none.
    #[must_use]
    pub fn new_row(&self) -> Option<String> {
        if self.command == Command::Update { self.combine(checked) } else { None }
    }

    fn combine(&self, pick: fn(&Policy) -> Option<&str>) -> Option<String> {
        if self.extent != Extent::Rows {
            return None;
        }
        let all: Vec<_> = self.permissive.iter().filter_map(|p| pick(p)).collect();
        let any = join(&all, " OR ");
        let mut parts = vec![any];
        parts.extend(self.restrictive.iter().filter_map(|p| pick(p)).map(ToOwned::to_owned));
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        Some(join(&parts, " AND "))
    }
}

/// The expression that a new row must satisfy: WITH CHECK, or USING in its place.
fn checked(policy: &Policy) -> Option<&str> {
    let using = if policy.command == PolicyCommand::Insert { None } else { policy.using.as_deref() };
    policy.check.as_deref().or(using)
}

fn join(parts: &[&str], operator: &str) -> String {
    match parts {
        [one] => (*one).to_owned(),
        many => many
            .iter()
            .map(|p| if is_wrapped(p) { (*p).to_owned() } else { format!("({p})") })
            .collect::<Vec<_>>()
            .join(operator),
    }
}

/// Whether one pair of parentheses encloses the whole text; in doubt no, which only costs a second pair.
fn is_wrapped(text: &str) -> bool {
    let (mut depth, mut quote) = (0_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (_, '\\' | '$') => return false,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth == 0 && quote.is_none() && at + c.len_utf8() < text.len() {
            return false;
        }
    }
    depth == 0 && quote.is_none() && text.starts_with('(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_as_they_are_meant() {
        for wrapped in ["(a)", "((a) or (b))", "(a = ')')", "(\"(\" = 1)"] {
            assert!(is_wrapped(wrapped), "{wrapped}");
        }
        for open in ["a", "(a) or (b)", "(a = '(') or (b = 1)", "", "(a", "'(' = b)", "(a = $$)$$) or (b)"] {
            assert!(!is_wrapped(open), "{open}");
        }
        assert_eq!(join(&["(a = '(') or (b = 1)", "(c)"], " AND "), "((a = '(') or (b = 1)) AND (c)");
    }
}
