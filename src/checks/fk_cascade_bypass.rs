use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Decider, Which};
use crate::analyzer::effective::{Columns, Extent, Principal};
use crate::analyzer::witness::Witness;
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, ConstraintKind, ForeignKey, Identity, Privilege, ReferentialAction, Relation};

declare_check! {
    /// Deleting a row that any user may delete takes rows of other users with it: a foreign key with ON DELETE CASCADE,
    /// SET NULL or SET DEFAULT acts as the owner of the table that refers, whom row-level security does not bind. So does
    /// one with ON UPDATE where any user may give a row another key.
    ///
    /// The policies of the referring table are never asked. Reported where a user of whom nothing is known may delete
    /// a row of the table that is referred to and that is not the user's own, or change its key, while the policies of the
    /// referring table keep rows from being deleted, or updated, by that user.
    ///
    /// Not reported: parents whose own rows alone can be deleted (a user who deletes a post takes its comments along
    /// on purpose), parents that only members or admins may delete from or of which every row may be deleted anyway
    /// (`policy-tautology`, `rls-off-exposed`), keys that the user may not set, and referring tables without row security.
    pub(super) struct FkCascadeBypass {
        id: "fk-cascade-bypass",
        title: "foreign key by which a delete or a new key reaches rows that policies keep",
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
            let below = |command| cx.relations().filter(|child| acts_on(child, parent, command).is_some()).collect();
            let [by_delete, by_update] =
                [Command::Delete, Command::Update].map(|command| Way { command, below: below(command) });
            if by_delete.below.is_empty() && by_update.below.is_empty() {
                continue;
            }
            out.examine(ObjectRef::relation(&parent.name));
            let found = by_delete.found(cx, parent).or_else(|| by_update.found(cx, parent));
            if let Some(found) = found {
                found.report(cx, parent, out);
            }
        }
    }
}

/// The foreign key by which a command on `parent` acts on rows of `child` under row security.
fn acts_on<'r>(child: &'r Relation, parent: &Relation, command: Command) -> Option<&'r ForeignKey> {
    let acts = |key: &ForeignKey| {
        let action = if command == Command::Delete { key.on_delete } else { key.on_update };
        !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict)
    };
    let keys = child.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::ForeignKey(key) => Some(key),
        _ => None,
    });
    let mut keys = keys.filter(|key| key.relation == parent.name && acts(key));
    keys.next().filter(|_| child.row_security && child.name != parent.name)
}

/// A command on a parent, and the tables that its foreign keys reach by it.
struct Way<'r> {
    command: Command,
    below: Vec<&'r Relation>,
}

/// Who reaches what by it.
struct Found<'c> {
    principal: &'c Principal,
    command: Command,
    kept: Vec<String>,
    witness: Box<Witness>,
}

impl Way<'_> {
    fn found<'c>(&self, cx: &'c Context<'_>, parent: &Relation) -> Option<Found<'c>> {
        cx.clients().filter(|p| cx.exposes(p, &parent.name.schema)).find_map(|principal| {
            let kept: Vec<_> = self.below.iter().filter(|child| is_kept(cx, principal, child, self.command)).collect();
            if kept.is_empty() {
                return None;
            }
            let witness = match self.command {
                Command::Delete => deletes_others(cx, principal, parent),
                _ => kept.iter().find_map(|child| renames_others(cx, principal, parent, child)),
            }?;
            let kept = kept.iter().map(|child| child.name.to_string()).collect();
            Some(Found { principal, command: self.command, kept, witness })
        })
    }
}

impl Found<'_> {
    fn report(&self, cx: &Context<'_>, parent: &Relation, out: &mut Findings<'_>) {
        let Self { principal, kept, .. } = self;
        let names = first_of(kept, 4);
        let (can, then, title) = match self.command {
            Command::Delete => ("delete rows of", "delete or change", "deleting from"),
            _ => ("give other keys to rows of", "change", "changing keys of"),
        };
        let message = format!(
            "{} can {can} {} that are not their own, and the foreign keys of {names} then {then} other people's rows there, \
             past the policies of those tables.",
            subject(principal),
            parent.name
        );
        let title = format!("{title} {} reaches rows of {names} past their policies", parent.name);
        let severity = cx.severity(Severity::High, principal, true);
        let privilege = if self.command == Command::Delete { Privilege::Delete } else { Privilege::Update };
        let between = if self.command == Command::Delete { "and" } else { "changed to" };
        out.report(
            Draft::new(ObjectRef::relation(&parent.name), severity, title, message)
                .principal(&principal.role)
                .reproduce(cx.reproduce(principal, parent, self.command))
                .evidence("witness", cx.show(&self.witness, between))
                .fix(cx.revoke_relation(&[privilege], parent, &[principal]))
                .origin(parent.origin),
        );
    }
}

/// Whether policies keep some of the rows from being deleted, or updated, by the role.
fn is_kept(cx: &Context<'_>, principal: &Principal, child: &Relation, command: Command) -> bool {
    cx.schema.relation(&child.name).is_some_and(|child| {
        let access = cx.effective.access(&principal.role, child, command);
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

/// A row that is not a stranger's own and that it can give another key, which `child` then takes over.
fn renames_others(
    cx: &Context<'_>,
    principal: &Principal,
    parent: &Relation,
    child: &Relation,
) -> Option<Box<Witness>> {
    let parent = cx.schema.relation(&parent.name)?;
    let access = cx.effective.access(&principal.role, parent, Command::Update);
    if access.extent != Extent::Rows {
        return None;
    }
    let settable = |name: &str| {
        let held = match &access.columns {
            Columns::None => false,
            Columns::All => true,
            Columns::Only(columns) => columns.iter().any(|(c, _)| c == name),
        };
        let column = parent.column(name);
        held && column.is_some_and(|c| c.generated.is_none() && c.identity != Some(Identity::Always))
    };
    let column = acts_on(child, parent, Command::Update)?.columns.iter().find(|name| settable(name))?;
    let decider = Decider::new(&cx.effective);
    let mut rows = decider.variants(&principal.role, parent);
    let (row, new) = (rows.row(), rows.variant(&[column]));
    let mut holds = vec![
        rows.access(Command::Update, Which::Old, row),
        rows.access(Command::Update, Which::New, new),
        rows.differs(column, row, new),
    ];
    if principal.is_api() {
        holds.extend([row, new].map(|row| rows.access(Command::Select, Which::Old, row)));
    }
    let own: Vec<_> = cx.names_user(parent).map(|own| rows.condition(&own, row)).into_iter().collect();
    rows.find(&holds, &own, By::Stranger)
}
