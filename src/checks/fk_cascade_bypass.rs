use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Decider, Which};
use crate::analyzer::effective::{Extent, Principal};
use crate::analyzer::witness::Witness;
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, ConstraintKind, ForeignKey, Privilege, ReferentialAction, Relation};

declare_check! {
    /// Deleting a row that any user may delete takes rows of other users with it: a foreign key with ON DELETE CASCADE
    /// or SET NULL acts as the owner of the table that refers, whom row-level security does not bind.
    ///
    /// The policies of the referring table are never asked. Reported where a user of whom nothing is known may delete
    /// a row of the table that is referred to and that is not the user's own, while the policies of the referring
    /// table keep rows from being deleted by that user.
    ///
    /// Not reported: parents whose own rows alone can be deleted (a user who deletes a post takes its comments along
    /// on purpose), parents that only members or admins may delete from or of which every row may be deleted anyway
    /// (`policy-tautology`, `rls-off-exposed`), and referring tables without row security.
    pub(super) struct FkCascadeBypass {
        id: "fk-cascade-bypass",
        title: "foreign key by which a delete reaches rows that policies keep",
        severity: High,
        bad: "
            create table public.labels (id bigint primary key, name text not null);
            create table public.memos (
                id bigint primary key, user_id uuid not null,
                label_id bigint not null references public.labels on delete cascade);
            alter table public.labels enable row level security;
            alter table public.memos enable row level security;
            create policy \"read labels\" on public.labels for select to authenticated using (name <> '');
            create policy \"tidy labels\" on public.labels for delete to authenticated using (name <> '');
            create policy own on public.memos to authenticated using (user_id = (select auth.uid()));
            grant select, delete on public.labels, public.memos to authenticated;
        ",
        good: "
            create table public.labels (id bigint primary key, user_id uuid not null, name text not null);
            create table public.memos (
                id bigint primary key, user_id uuid not null,
                label_id bigint not null references public.labels on delete cascade);
            alter table public.labels enable row level security;
            alter table public.memos enable row level security;
            create policy own on public.labels to authenticated using (user_id = (select auth.uid()));
            create policy own on public.memos to authenticated using (user_id = (select auth.uid()));
            grant select, delete on public.labels, public.memos to authenticated;
        ",
    }
}

impl Check for FkCascadeBypass {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for parent in cx.relations().filter(|r| r.kind.carries_row_security()) {
            let below: Vec<_> = cx.relations().filter(|child| acts_on(child, parent).is_some()).collect();
            if !below.is_empty() {
                out.examine(ObjectRef::relation(&parent.name));
                report(cx, parent, &below, out);
            }
        }
    }
}

/// The foreign key by which a delete on `parent` acts on rows of `child` under row security.
fn acts_on<'r>(child: &'r Relation, parent: &Relation) -> Option<&'r ForeignKey> {
    let acts = |action: ReferentialAction| !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict);
    let keys = child.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::ForeignKey(key) => Some(key),
        _ => None,
    });
    let mut keys = keys.filter(|key| key.relation == parent.name && acts(key.on_delete));
    keys.next().filter(|_| child.row_security && child.name != parent.name)
}

fn report(cx: &Context<'_>, parent: &Relation, below: &[&Relation], out: &mut Findings<'_>) {
    let found = cx.clients().filter(|p| cx.exposes(p, &parent.name.schema)).find_map(|principal| {
        let kept = below.iter().copied().filter(|child| is_kept(cx, principal, child));
        let kept: Vec<_> = kept.map(|child| child.name.to_string()).collect();
        let witness = if kept.is_empty() { None } else { deletes_others(cx, principal, parent) };
        Some((principal, kept, witness?))
    });
    let Some((principal, kept, witness)) = found else { return };
    let names = first_of(&kept, 4);
    let message = format!(
        "{} can delete rows of {} that are not their own, and the foreign keys of {names} then delete or change other \
         people's rows there, past the policies of those tables.",
        subject(principal),
        parent.name
    );
    let title = format!("deleting from {} reaches rows of {names} past their policies", parent.name);
    let severity = cx.severity(Severity::High, principal, true);
    out.report(
        Draft::new(ObjectRef::relation(&parent.name), severity, title, message)
            .principal(&principal.role)
            .reproduce(cx.reproduce(principal, parent, Command::Delete))
            .evidence("witness", cx.show(&witness, "and"))
            .fix(cx.revoke_relation(&[Privilege::Delete], parent, &[principal]))
            .origin(parent.origin),
    );
}

/// Whether policies keep some of the rows from being deleted by the role.
fn is_kept(cx: &Context<'_>, principal: &Principal, child: &Relation) -> bool {
    cx.schema.relation(&child.name).is_some_and(|child| {
        let access = cx.effective.access(&principal.role, child, Command::Delete);
        access.extent != Extent::All && cx.effective.inherits(&principal.role, &child.owner).is_none()
    })
}

/// A row that a stranger can find and delete and that is not its own.
fn deletes_others(cx: &Context<'_>, principal: &Principal, parent: &Relation) -> Option<Box<Witness>> {
    let parent = cx.schema.relation(&parent.name)?;
    // What is open altogether is reported as that.
    if cx.effective.access(&principal.role, parent, Command::Delete).extent != Extent::Rows {
        return None;
    }
    let decider = Decider::new(&cx.effective);
    let mut rows = decider.variants(&principal.role, parent);
    let row = rows.row();
    let mut holds = vec![rows.access(Command::Delete, Which::Old, row)];
    if principal.is_api() {
        holds.push(rows.access(Command::Select, Which::Old, row));
    }
    // A row that names the user anywhere is taken for the user's own.
    let own: Vec<_> = cx.names_user(parent).map(|own| rows.condition(&own, row)).into_iter().collect();
    rows.find(&holds, &own, By::Stranger)
}
