//! Matrix entries: effective access, graded and worded.

use super::through;
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::{Access, Columns, Extent, Refusal, RowSecurity};
use crate::analyzer::truth::Truth;
use crate::checks::Context;
use crate::model::{Command, Policy, Relation, printable, quote_ident};
use crate::report::{Grade, MatrixEntry};

/// An entry for each of `relations`, `roles` and commands, in that order.
#[must_use]
pub fn entries(cx: &Context<'_>, roles: &[&str], relations: &[&Relation]) -> Vec<MatrixEntry> {
    let known = relations.iter().filter_map(|r| cx.schema.relation(&r.name));
    known
        .flat_map(|relation| roles.iter().map(move |role| (relation, *role)))
        .flat_map(|(relation, role)| Command::ALL.map(|command| entry(cx, role, relation, command)))
        .collect()
}

/// What `role` can do with `command` to `relation`.
#[must_use]
pub fn entry(cx: &Context<'_>, role: &str, relation: &Relation, command: Command) -> MatrixEntry {
    let Some(relation) = cx.schema.relation(&relation.name) else {
        return none(role, relation, command);
    };
    let access = cx.effective.access(role, relation, command);
    let columns = match &access.columns {
        Columns::Only(held) if access.is_some() => Some(held.iter().map(|(c, _)| c.clone()).collect()),
        _ => None,
    };
    let (mut grade, mut because) = match access.extent {
        Extent::None(refusal) => (Grade::None, refused(&access, refusal)),
        Extent::Rows => (Grade::Some, format!("{}; {}", held(&access), policies(&access))),
        Extent::All => (Grade::All, format!("{}; {}", held(&access), unfiltered(cx, &access))),
    };
    if grade == Grade::All
        && command == Command::Select
        && let Some((through, words)) = through(cx, role, relation)
    {
        grade = through;
        because = format!("{}; {words}", held(&access));
        if grade != Grade::None && gives_nothing(cx, role, relation) {
            grade = Grade::None;
            because = format!("{}; no row ever passes its query: {words}", held(&access));
        }
    }
    MatrixEntry {
        principal: role.to_owned(),
        relation: relation.name.clone(),
        command,
        access: grade,
        columns,
        condition: access.condition(),
        because,
    }
}

/// Whether the query of a view gives the role no row, whatever there is: decided for all sessions.
fn gives_nothing(cx: &Context<'_>, role: &str, view: &Relation) -> bool {
    let Some(view) = cx.schema.relation(&view.name) else { return false };
    let mut shown = Decider::new(&cx.effective).access(role, view, Command::Select, Which::Old, Caller::Sql);
    shown.proves(Ask::NeverTrue, Asker::Any)
}

fn none(role: &str, relation: &Relation, command: Command) -> MatrixEntry {
    MatrixEntry {
        principal: role.to_owned(),
        relation: relation.name.clone(),
        command,
        access: Grade::None,
        columns: None,
        condition: None,
        because: "the relation is not in the model".to_owned(),
    }
}

fn held(access: &Access<'_>) -> String {
    format!("{} {}", access.command, access.holder().unwrap_or_default())
}

/// Why nothing is reached.
pub(crate) fn refused(access: &Access<'_>, refusal: Refusal) -> String {
    match refusal {
        Refusal::Schema => format!("no USAGE on schema {}", quote_ident(&access.relation.name.schema)),
        Refusal::Privilege => format!("no {} privilege", access.command),
        Refusal::NotUpdatable => format!("the {} takes no {}", access.relation.kind, access.command),
        Refusal::NoPermissive => "row-level security is on and no permissive policy lets it in".to_owned(),
        Refusal::NeverTrue => format!("no row passes: {}", policies(access)),
    }
}

/// Why every row is reached.
fn unfiltered(cx: &Context<'_>, access: &Access<'_>) -> String {
    match &access.row_security {
        RowSecurity::Applies => {
            let always =
                access.permissive.iter().find(|p| cx.effective.command_truth(p, access.command) == Truth::Always);
            always.map_or_else(|| policies(access), |p| format!("policy {} is true for every row", name(p)))
        }
        other => exempt(other, access.relation),
    }
}

/// Why row security does not filter.
pub(crate) fn exempt(row_security: &RowSecurity, relation: &Relation) -> String {
    match row_security {
        RowSecurity::Applies => "row-level security applies".to_owned(),
        RowSecurity::Off => "row-level security is off".to_owned(),
        RowSecurity::NotCarried => format!("a {} has no row-level security of its own", relation.kind),
        RowSecurity::Superuser => "superusers are exempt from row-level security".to_owned(),
        RowSecurity::BypassRls => "the role has BYPASSRLS".to_owned(),
        RowSecurity::Owner(path) => {
            let chain: Vec<_> = path.iter().map(|r| printable(r)).collect();
            let owner =
                if chain.len() > 1 { format!("owns it ({})", chain.join(" -> ")) } else { "owns it".to_owned() };
            format!("the role {owner}, and owners are exempt without FORCE ROW LEVEL SECURITY")
        }
    }
}

fn policies(access: &Access<'_>) -> String {
    let list = |policies: &[&Policy]| policies.iter().map(|p| name(p)).collect::<Vec<_>>();
    let permissive = list(&access.permissive);
    let any = if permissive.len() > 1 { "policies (any of) " } else { "policy " };
    let mut words = format!("{any}{}", permissive.join(", "));
    let restrictive = list(&access.restrictive);
    if !restrictive.is_empty() {
        words.push_str(&format!(", and restrictive {}", restrictive.join(", ")));
    }
    words
}

pub(crate) fn name(policy: &Policy) -> String {
    format!("\"{}\"", printable(&policy.name))
}
