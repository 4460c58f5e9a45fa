use std::collections::BTreeMap;

use super::intent::is_sensitive;
use super::words::{and_list, first_of, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Columns, Holding, Principal};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Column, Command, ConstraintKind, Grantee, Relation, printable, quote_ident};

declare_check! {
    /// A privilege is granted on some columns of a table, while the same role has it on the whole table: the column
    /// grants limit nothing.
    ///
    /// Postgres adds the two up. `REVOKE UPDATE (is_admin)` after a grant on the table does nothing either, and leaves
    /// no trace; the table's grant must be revoked first and the columns granted anew. The finding rests on the
    /// column grants that are there; a lone column REVOKE without effect cannot be seen in a database.
    ///
    /// High where the command reaches rows, and for reading only if one of the other columns looks sensitive, else
    /// medium; medium too where the others are but the key and times of writing. Not reported: column grants that cover every column, and roles without a client behind them.
    pub(super) struct ColumnGrantDefeated {
        id: "column-grant-defeated",
        title: "column grants that a grant on the whole table makes meaningless",
        severity: High,
        bad: "
            create table public.profiles (id uuid primary key, name text, is_admin boolean default false);
            alter table public.profiles enable row level security;
            create policy own on public.profiles to authenticated using (id = (select auth.uid()));
            revoke all on public.profiles from anon, authenticated, public;
            grant select, update on public.profiles to authenticated;
            grant update (name) on public.profiles to authenticated;
        ",
        good: "
            create table public.profiles (id uuid primary key, name text, is_admin boolean default false);
            alter table public.profiles enable row level security;
            create policy own on public.profiles to authenticated using (id = (select auth.uid()));
            revoke all on public.profiles from anon, authenticated, public;
            grant select on public.profiles to authenticated;
            grant update (name) on public.profiles to authenticated;
        ",
    }
}

/// The commands that columns can be granted for.
const COMMANDS: [Command; 3] = [Command::Select, Command::Insert, Command::Update];

impl Check for ColumnGrantDefeated {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for relation in cx.relations().filter(|r| r.columns.iter().any(|c| !c.acl.0.is_empty())) {
            out.examine(ObjectRef::relation(&relation.name));
            report(cx, relation, out);
        }
    }
}

/// A column grant without effect.
struct Defeated<'a, 'p> {
    principal: &'p Principal,
    command: Command,
    granted: Vec<&'a str>,
    open: Vec<&'a str>,
    holding: Holding,
}

fn report(cx: &Context<'_>, relation: &Relation, out: &mut Findings<'_>) {
    let defeated: Vec<_> =
        cx.clients().flat_map(|p| COMMANDS.into_iter().filter_map(move |c| defeated(cx, p, relation, c))).collect();
    let severity_of = |d: &Defeated<'_, '_>| severity(cx, relation, d);
    let Some(worst) = defeated.iter().rev().max_by_key(|d| severity_of(d)) else { return };
    let open: Vec<_> = worst.open.iter().map(|c| quote_ident(c)).collect();
    let granted: Vec<_> = worst.granted.iter().map(|c| quote_ident(c)).collect();
    let message = format!(
        "{} can {} the columns {} of {} too: {} is granted on {} alone, but also on the whole table.",
        subject(worst.principal),
        verb(worst.command),
        first_of(&open, 5),
        relation.name,
        worst.command,
        and_list(&granted)
    );
    let grants = worst.granted.iter().filter_map(|name| relation.column(name));
    let grants = grants.flat_map(|column| column.acl.granting(worst.command.privilege())).map(|grant| grant.origin);
    let title = format!("column grants on {} limit nothing for {}", relation.name, worst.principal.role);
    let mut draft = Draft::new(ObjectRef::relation(&relation.name), severity_of(worst), title, message)
        .principal(&worst.principal.role)
        .reproduce(cx.reproduce(worst.principal, relation, worst.command))
        .fix(fix(cx, relation, &defeated))
        .origin(grants.max().filter(|origin| !origin.is_catalog()).unwrap_or(relation.origin));
    for d in &defeated {
        let role = printable(&d.principal.role);
        draft = draft.evidence("privilege", format!("{role}: {} on the whole table {}", d.command, d.holding));
    }
    out.report(draft);
}

fn defeated<'a, 'p>(
    cx: &Context<'_>,
    principal: &'p Principal,
    relation: &'a Relation,
    command: Command,
) -> Option<Defeated<'a, 'p>> {
    let role = &principal.role;
    let holding = cx.effective.holds_on_relation(role, relation, command.privilege())?;
    if cx.effective.inherits(role, &relation.owner).is_some() {
        return None;
    }
    let names_it = |grantee: &Grantee| match grantee {
        Grantee::Public => true,
        Grantee::Role(name) => cx.effective.inherits(role, name).is_some(),
    };
    let (granted, open): (Vec<_>, Vec<_>) =
        relation.columns.iter().partition(|c| c.acl.granting(command.privilege()).any(|g| names_it(&g.grantee)));
    let names =
        |columns: Vec<&'a crate::model::Column>| columns.into_iter().map(|c| c.name.as_str()).collect::<Vec<_>>();
    let (granted, open) = (names(granted), names(open));
    (!granted.is_empty() && !open.is_empty()).then_some(Defeated { principal, command, granted, open, holding })
}

fn severity(cx: &Context<'_>, relation: &Relation, defeated: &Defeated<'_, '_>) -> Severity {
    let Some(relation) = cx.schema.relation(&relation.name) else { return Severity::Low };
    let access = cx.effective.access(&defeated.principal.role, relation, defeated.command);
    if !access.is_some() || access.columns == Columns::None {
        return Severity::Low;
    }
    let harmless = match defeated.command {
        Command::Select => !defeated.open.iter().any(|c| is_sensitive(c)),
        _ => defeated.open.iter().filter_map(|c| relation.column(c)).all(|c| keeps_book(relation, c)),
    };
    let worst = if harmless { Severity::Medium } else { Severity::High };
    cx.severity(worst, defeated.principal, cx.exposes(defeated.principal, &relation.name.schema))
}

/// Whether a column says which row it is and when it was written, and no more.
fn keeps_book(relation: &Relation, column: &Column) -> bool {
    let of = |is: fn(&ConstraintKind) -> bool| {
        relation.constraints.iter().any(|c| is(&c.kind) && c.columns.contains(&column.name))
    };
    let is_key =
        of(|kind| *kind == ConstraintKind::PrimaryKey) && !of(|kind| matches!(kind, ConstraintKind::ForeignKey(_)));
    is_key || column.data_type.starts_with("timestamp")
}

/// Revokes the grant on the table, which takes the column grants along, and grants these anew.
fn fix(cx: &Context<'_>, relation: &Relation, defeated: &[Defeated<'_, '_>]) -> String {
    let mut statements = Vec::new();
    let mut by_command: BTreeMap<Command, Vec<&Defeated<'_, '_>>> = BTreeMap::new();
    for d in defeated {
        by_command.entry(d.command).or_default().push(d);
    }
    for (command, list) in by_command {
        let principals: Vec<_> = list.iter().map(|d| d.principal).collect();
        statements.push(cx.revoke_relation(&[command.privilege()], relation, &principals));
        for d in list {
            let columns: Vec<_> = d.granted.iter().map(|c| quote_ident(c)).collect();
            let word = command.privilege().sql().to_lowercase();
            let role = quote_ident(&d.principal.role);
            statements.push(format!("grant {word} ({}) on {} to {role};", columns.join(", "), relation.name));
        }
    }
    statements.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn keys_and_times_weigh_less_than_what_rights_hang_on() {
        let table = |more: &str| {
            format!(
                "create table people (id uuid primary key, name text, created_at timestamptz{more});
                 alter table people enable row level security;
                 create policy own on people to authenticated using (id = auth.uid());
                 revoke all on people from anon, authenticated, public;
                 grant update, select on people to authenticated; grant update (name) on people to authenticated;"
            )
        };
        for (more, word) in [("", "medium"), (", is_admin boolean", "high"), (", boss uuid references people", "high")]
        {
            assert_found("column-grant-defeated", &table(more), &[("", &[word])]);
        }
    }
}
