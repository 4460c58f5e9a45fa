use super::secdef_exposed::wants_secret;
use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Decider, Lent};
use crate::analyzer::effective::Principal;
use crate::analyzer::verdict::Verdict;
use crate::finding::{Draft, Findings, ObjectRef, Reproduce, Severity};
use crate::model::{Function, Relation, printable};

declare_check! {
    /// A SECURITY DEFINER function asks who calls and then gives rows that this does not bind: any signed-in user gets
    /// other people's rows by passing their ids.
    ///
    /// `if auth.uid() is null then raise ...` keeps visitors out and nobody else. The body is read as a query over the
    /// arguments, which callers choose, and held against what the caller may select itself: a finding comes with a
    /// user of whom nothing is known, a row of somebody else, and the arguments of the call.
    ///
    /// Not reported: functions that never ask who calls (`secdef-exposed`), that no client may execute or whose schema
    /// is not exposed, that policies need, whose arguments look like a secret that the caller must know, and bodies
    /// that bind the rows to the caller or to a membership. What the analyzer cannot read it does not report here.
    pub(super) struct SecdefNoCallerBinding {
        id: "secdef-no-caller-binding",
        title: "SECURITY DEFINER function that asks who calls and gives others' rows all the same",
        severity: Critical,
        bad: "
            create table public.payslips (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.payslips enable row level security;
            create policy own on public.payslips to authenticated using (user_id = (select auth.uid()));
            create function public.payslips_of(p_user uuid) returns setof public.payslips
                language plpgsql stable security definer set search_path = '' as $$
                begin
                    if auth.uid() is null then raise exception 'sign in first'; end if;
                    return query select p.* from public.payslips p where p.user_id = p_user;
                end $$;
            revoke execute on function public.payslips_of(uuid) from public, anon;
            grant execute on function public.payslips_of(uuid) to authenticated;
        ",
        good: "
            create table public.payslips (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.payslips enable row level security;
            create policy own on public.payslips to authenticated using (user_id = (select auth.uid()));
            create function public.payslips_of(p_user uuid) returns setof public.payslips
                language plpgsql stable security definer set search_path = '' as $$
                begin
                    if p_user is distinct from auth.uid() then raise exception 'not yours'; end if;
                    return query select p.* from public.payslips p where p.user_id = p_user;
                end $$;
            revoke execute on function public.payslips_of(uuid) from public, anon;
            grant execute on function public.payslips_of(uuid) to authenticated;
        ",
    }
}

impl Check for SecdefNoCallerBinding {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for function in cx.lending_functions(out) {
            if cx.asks_who_calls(function) && !wants_secret(function, false) {
                report(cx, function, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let principals: Vec<_> = cx.may_call(function).collect();
    let shown = |p: &Principal| -> Vec<_> {
        cx.definers_read(function).filter_map(|r| Some((r, lent(cx, p, function, r)?))).collect()
    };
    let mut each = principals.iter().map(|p| (*p, shown(p)));
    let Some((principal, all)) = each.find(|(_, all)| !all.is_empty()) else { return };
    let Some((first, given)) = all.first() else { return };
    let names: Vec<_> = all.iter().map(|(r, _)| r.name.to_string()).collect();
    let message = format!(
        "{} can call {} and get rows of {} that neither are theirs nor could be selected by them: the body asks who \
         calls, but does not bind the rows to the caller.",
        subject(principal),
        function.id,
        first_of(&names, 4)
    );
    let worst = if cx.own_rows(first).is_some() { Severity::Critical } else { Severity::High };
    let title = format!("{} gives {} rows that are not the caller's", function.id, principal.role);
    let mut draft = Draft::new(ObjectRef::function(&function.id), cx.severity(worst, principal, true), title, message)
        .principal(&principal.role)
        .reproduce(called(cx, principal, function, given))
        .fix(cx.revoke_execute(function, &principals))
        .origin(function.origin);
    if let Verdict::Violated(witness) = &given.decision.verdict {
        let mut rows = (**witness).clone();
        rows.subjects.retain(|subject| subject.stored);
        draft = draft.evidence("witness", cx.show(&rows, "and"));
    }
    for p in &principals {
        if let Some(held) = cx.effective.may_execute(&p.role, function) {
            draft = draft.evidence("privilege", format!("{}: EXECUTE {held}", printable(&p.role)));
        }
    }
    out.report(draft);
}

/// The call that shows a stranger a row beyond its own.
fn lent(cx: &Context<'_>, principal: &Principal, function: &Function, relation: &Relation) -> Option<Lent> {
    let relation = cx.schema.relation(&relation.name)?;
    if !cx.is_kept_from(&principal.role, relation) || cx.is_platform(relation) {
        return None;
    }
    let own = cx.names_user(relation);
    let lent = Decider::new(&cx.effective).shows_strangers(&principal.role, function, relation, own.as_deref())?;
    matches!(lent.decision.verdict, Verdict::Violated(_)).then_some(lent)
}

fn called(cx: &Context<'_>, principal: &Principal, function: &Function, lent: &Lent) -> Reproduce {
    let mut reproduce = cx.reproduce_call(principal, function, false);
    if let Some(call) = &lent.call {
        let sql = format!("select * from {}({});", function.id.qualified(), call.arguments.join(", "));
        reproduce.sql = Some(super::reproduce::as_principal(principal, &sql));
    }
    reproduce
}
