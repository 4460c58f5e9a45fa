use super::compared::Compared;
use super::shown::Shown;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::Principal;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A WITH CHECK meant for some serves others too: which policy let the old row through does not matter for the new.
    ///
    /// Of several permissive policies for UPDATE, one USING must be true of the old row and one WITH CHECK of the new row,
    /// each on its own. Beside `using (user_id = auth.uid()) with check (user_id = auth.uid())` a policy for
    /// administrators, `using (is_admin()) with check (true)`, lets everyone write anything into their own rows: their row
    /// passes the first USING, and whatever they make of it passes the second WITH CHECK.
    ///
    /// Decided over all rows and sessions: the witness is a change that no policy allows by itself, of a row that the
    /// second policy would not let the caller change, neither before nor after. Columns that the role may not update stay
    /// as they are. What only members or staff gain is medium, and not reported where the second WITH CHECK binds the owner
    /// or tenant. Where the new row is not one that the caller can read, it takes a statement without WHERE, which
    /// Supabase's Data API does not run; the finding is low there.
    pub(super) struct CheckOrMerge {
        id: "check-or-merge",
        title: "update that passes by one policy's USING and another's WITH CHECK",
        severity: High,
        bad: "
            create table public.tickets (id bigint primary key, user_id uuid not null, state text not null);
            create table public.staff (user_id uuid primary key);
            alter table public.tickets enable row level security;
            alter table public.staff enable row level security;
            grant select, update on public.tickets to authenticated;
            grant select on public.staff to authenticated;
            create policy self on public.staff for select to authenticated using (user_id = (select auth.uid()));
            create policy \"read own\" on public.tickets for select to authenticated using (user_id = (select auth.uid()));
            create policy \"edit own\" on public.tickets for update to authenticated
                using (user_id = (select auth.uid()) and state = 'draft')
                with check (user_id = (select auth.uid()) and state in ('draft', 'sent'));
            create policy \"staff settle\" on public.tickets for update to authenticated
                using (exists (select from public.staff s where s.user_id = (select auth.uid())))
                with check (state in ('refunded', 'refused'));
        ",
        good: "
            create table public.tickets (id bigint primary key, user_id uuid not null, state text not null);
            create table public.staff (user_id uuid primary key);
            alter table public.tickets enable row level security;
            alter table public.staff enable row level security;
            grant select, update on public.tickets to authenticated;
            grant select on public.staff to authenticated;
            create policy self on public.staff for select to authenticated using (user_id = (select auth.uid()));
            create policy \"read own\" on public.tickets for select to authenticated using (user_id = (select auth.uid()));
            create policy \"edit own\" on public.tickets for update to authenticated
                using (user_id = (select auth.uid()) and state = 'draft')
                with check (user_id = (select auth.uid()) and state in ('draft', 'sent'));
            create policy \"staff settle\" on public.tickets for update to authenticated
                using (exists (select from public.staff s where s.user_id = (select auth.uid())))
                with check (exists (select from public.staff s where s.user_id = (select auth.uid()))
                    and state in ('refunded', 'refused'));
        ",
    }
}

impl Check for CheckOrMerge {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (table, policy, worst) in cx.worst_changes(out, merged, |found| found.severity) {
            report(cx, table, policy, &worst, out);
        }
    }
}

/// A change by two policies.
struct Merged<'a> {
    principal: &'a Principal,
    /// The policy whose USING lets the old row through.
    first: &'a Policy,
    severity: Severity,
    witness: Box<Witness>,
    /// Whether the statement must not read the table.
    blind: bool,
}

fn merged<'a>(
    cx: &'a Context<'_>,
    table: &'a Relation,
    second: &Policy,
    principal: &'a Principal,
) -> Option<Merged<'a>> {
    let access = cx.effective.access(&principal.role, table, Command::Update);
    let binds = cx.effective.binds(&principal.role, second);
    if !binds || !access.is_some() || !access.row_security.applies() || access.permissive.len() < 2 {
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    let row = compared.asked.row();
    let columns: Vec<_> = compared.writable(Command::Update);
    let new = compared.asked.variant(&columns);
    let one_by_one: Vec<_> = access.permissive.iter().map(|p| compared.pair(p, row, new)).collect();
    let entitled = [row, new].map(|row| compared.alone(second, Command::Update, Which::Old, row));
    let check = compared.alone(second, Command::Update, Which::New, new);
    let seen = [row, new].map(|row| compared.asked.access(Command::Select, Which::Old, row));
    let fails = [one_by_one.as_slice(), &entitled].concat();
    access.permissive.iter().filter(|p| p.name != second.name).find_map(|first| {
        let using = compared.alone(first, Command::Update, Which::Old, row);
        let with_where = [&[using, check], seen.as_slice()].concat();
        let stranger = compared.asked.find(&with_where, &fails, By::Stranger);
        let is_stranger = stranger.is_some();
        let with_where = stranger.or_else(|| compared.asked.find(&with_where, &fails, By::Anyone));
        // Members and staff are trusted with more, unless just anyone could put such a row there.
        if !is_stranger
            && !compared.columns.clone().iter().any(|c| compared.unbound(second, Command::Update, c).is_some())
        {
            return None;
        }
        let blind = with_where.is_none();
        let witness = with_where.or_else(|| compared.asked.find(&[using, check], &fails, By::Anyone))?;
        let worst = match (blind && cx.refuses_blind_writes(principal), is_stranger) {
            (true, _) => Severity::Low,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        };
        let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
        Some(Merged { principal, first, severity, witness, blind })
    })
}

fn report(cx: &Context<'_>, table: &Relation, second: &Policy, found: &Merged<'_>, out: &mut Findings<'_>) {
    let text = |t: &Option<String>| printable(t.as_deref().unwrap_or("true")).into_owned();
    let mut message = format!(
        "{} can change a row of {} that policy {:?} lets them change into one that only policy {:?} allows, which is not \
         for them: USING of the first, {}, is true of the old row, WITH CHECK of the second, {}, of the new one.",
        subject(found.principal),
        table.name,
        found.first.name,
        second.name,
        text(&found.first.using),
        text(&second.check)
    );
    if found.blind {
        message.push_str(" The new row is not one that they can read, so that it takes a statement without WHERE.");
    }
    let title = format!(
        "policy {:?} serves rows that policy {:?} of {} lets change",
        second.name, found.first.name, table.name
    );
    let using = second.using.as_deref().unwrap_or("true");
    let shown = Shown::update(found.principal, table, using, found.blind);
    let draft = Draft::new(ObjectRef::policy(&table.name, &second.name), found.severity, title, message)
        .confidence(Confidence::Proved)
        .principal(&found.principal.role)
        .fix(format!(
            "alter policy {} on {} with check (({}) and ({using}));\n-- or only the part of USING that says who may",
            quote_ident(&second.name),
            table.name,
            second.check.as_deref().unwrap_or("true")
        ))
        .evidence("witness", cx.show(&found.witness, "changed to"))
        .evidence("policy of the old row", format!("{:?}: USING {}", found.first.name, text(&found.first.using)))
        .evidence("policy of the new row", format!("{:?}: WITH CHECK {}", second.name, text(&second.check)))
        .origin(second.origin);
    let reproduce = cx.reproduce(found.principal, table, Command::Update);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}
