use super::own_writes::Gain;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Columns;
use crate::finding::{Findings, ObjectRef};
use crate::model::{Command, Privilege, quote_ident};

declare_check! {
    /// A user can change the very value that policies trust to say what they may do.
    ///
    /// Policies ask a table, `exists (select 1 from profiles p where p.id = auth.uid() and p.role = 'admin')`, and the
    /// table lets everyone update their own row, with all of its columns. One request makes the user an administrator, the
    /// next one reads everything.
    ///
    /// Decided by the analyzer over two states: a row that is out of reach, a write that policies and column privileges
    /// allow, the same row within reach. The witness is that write, by a user whom no other row mentions; what only those
    /// can do whom somebody has made a member already is not reported. Neither are columns that the role may not update.
    /// Where a trigger before the update may refuse it, the finding is medium.
    pub(super) struct SelfWritableAuthority {
        id: "self-writable-authority",
        title: "users can change what says which rights they have",
        severity: Critical,
        bad: "
            create table public.people (id uuid primary key, name text, role text not null default 'user');
            create table public.payouts (id bigint primary key, amount numeric);
            alter table public.people enable row level security;
            alter table public.payouts enable row level security;
            grant select, update on public.people to authenticated;
            grant select on public.payouts to authenticated;
            create policy self on public.people for select to authenticated using (id = (select auth.uid()));
            create policy \"edit self\" on public.people for update to authenticated using (id = (select auth.uid()));
            create policy admins on public.payouts for select to authenticated
                using (exists (select from public.people p where p.id = (select auth.uid()) and p.role = 'admin'));
        ",
        good: "
            create table public.people (id uuid primary key, name text, role text not null default 'user');
            create table public.payouts (id bigint primary key, amount numeric);
            alter table public.people enable row level security;
            alter table public.payouts enable row level security;
            revoke update on public.people from authenticated, anon;
            grant select, update (name) on public.people to authenticated;
            grant select on public.payouts to authenticated;
            create policy self on public.people for select to authenticated using (id = (select auth.uid()));
            create policy \"edit self\" on public.people for update to authenticated using (id = (select auth.uid()));
            create policy admins on public.payouts for select to authenticated
                using (exists (select from public.people p where p.id = (select auth.uid()) and p.role = 'admin'));
        ",
    }
}

impl Check for SelfWritableAuthority {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            out.examine(ObjectRef::relation(&table.name));
        }
        for gain in cx.own_writes(Command::Update) {
            out.report(cx.gain_draft(&gain, Command::Update, fix(cx, &gain)));
        }
    }
}

/// The columns that matter no longer to be changed by the role.
fn fix(cx: &Context<'_>, gain: &Gain<'_>) -> String {
    let (table, role) = (gain.written, quote_ident(&gain.principal.role));
    let access = cx.effective.access(&gain.principal.role, table, Command::Update);
    let may = |column: &str| match &access.columns {
        Columns::None => false,
        Columns::All => true,
        Columns::Only(columns) => columns.iter().any(|(c, _)| c == column),
    };
    let kept: Vec<_> = table
        .columns
        .iter()
        .filter(|c| may(&c.name) && !gain.columns.contains(&c.name) && c.generated.is_none())
        .map(|c| quote_ident(&c.name))
        .collect();
    let revoke = cx.revoke_relation(&[Privilege::Update], table, &[gain.principal]);
    if kept.is_empty() || revoke.is_empty() {
        let columns: Vec<_> = gain.columns.iter().map(|c| quote_ident(c)).collect();
        return format!("revoke update ({}) on {} from {role};", columns.join(", "), table.name);
    }
    format!("{revoke}\ngrant update ({}) on {} to {role};", kept.join(", "), table.name)
}
