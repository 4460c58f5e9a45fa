use std::collections::{BTreeMap, BTreeSet};

use super::settings::{Made, made, read};
use super::trees::{Condition, column, equality};
use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, FunctionKind, Platform, printable};
use crate::report::DoorKind;
use crate::sql::tree::{Expr, Node, Place, walk, walk_at};

declare_check! {
    /// Policies decide by a setting of the session that clients can make, so that they choose whose rows they see.
    ///
    /// `tenant_id = current_setting('app.tenant')` is as good as whoever sets it. Clients of a Data API speak no SQL, but a
    /// function that passes its argument to `set_config` sets it for them; with `false` for the third argument it stays on
    /// the pooled connection, for other people's requests too. A function that sets `request.jwt.claims` lets them be
    /// anybody. And `request.headers` and its kin are the client's own words from the start.
    ///
    /// High if the setting outlives the transaction, or if a header is compared with the owner or tenant of the row; critical
    /// if it is the claims; medium if it ends with the request, and low where the function asks who calls.
    /// Not reported: headers that are looked up (keys of an API), settings that only the application sets, which speaks SQL with a role of its own, as it is meant to.
    pub(super) struct GucTenancySettable {
        id: "guc-tenancy-settable",
        title: "policies by a setting that clients can make",
        severity: Critical,
        bad: "
            create table public.leases (id bigint primary key, tenant_id text not null, body text);
            alter table public.leases enable row level security;
            grant select on public.leases to authenticated;
            create policy tenant on public.leases for select to authenticated
                using (tenant_id = nullif(current_setting('app.tenant', true), ''));
            create function public.use_tenant(p_tenant text) returns void language plpgsql set search_path = ''
                as $$ begin perform set_config('app.tenant', p_tenant, false); end $$;
        ",
        good: "
            create table public.leases (id bigint primary key, tenant_id text not null, body text);
            alter table public.leases enable row level security;
            grant select on public.leases to authenticated;
            create policy tenant on public.leases for select to authenticated
                using (tenant_id = nullif(current_setting('app.tenant', true), ''));
            create function public.use_tenant() returns void language plpgsql set search_path = '' as $$ begin
                perform set_config('app.tenant', (select auth.jwt()) -> 'app_metadata' ->> 'tenant', true); end $$;
        ",
    }
}

/// What requests bring along, word for word.
const OF_CLIENT: [&str; 2] = ["request.headers", "request.cookies"];

impl Check for GucTenancySettable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached(&condition).filter(|r| r.principal.is_api()) else { continue };
            let names = cx.settings_read(condition.tree);
            if names_owner(&condition) {
                headers(cx, &condition, &reached, out);
            }
            for name in names {
                read.entry(name).or_default().insert(condition.table.name.to_string());
            }
        }
        let own = cx.schema.functions.iter().filter(|f| f.extension.is_none() && f.is_callable());
        let own = own.filter(|f| matches!(f.kind, FunctionKind::Function | FunctionKind::Procedure));
        for function in own.filter(|f| !cx.effective.is_platform_object(&f.id.schema, &f.owner)) {
            let made: Vec<_> = made(function).into_iter().filter(|m| m.from_parameter || m.name.is_none()).collect();
            if made.is_empty() {
                continue;
            }
            out.examine(ObjectRef::function(&function.id));
            let principals: Vec<_> = cx.may_call(function).filter(|p| p.is_api()).collect();
            if let Some(first) = principals.first() {
                function_makes(cx, function, (first, &principals), &made, &read, out);
            }
        }
    }
}

/// Whether what the client sent is compared, as it is, with a column that says whose the row is.
fn names_owner(condition: &Condition<'_, '_>) -> bool {
    let mut found = false;
    walk(condition.tree, &mut |expr, place| {
        let Some((left, right)) = equality(expr) else { return };
        let pairs = [(left, right), (right, left)];
        found |= pairs.into_iter().any(|(sent, own)| {
            let of_row = column(own).is_some_and(|c| place.is_given(c) && is_owner(&c.name));
            let mut reads = false;
            walk_at(sent, place, &mut |e, _| reads |= read(e).is_some_and(|r| OF_CLIENT.contains(&r.name.as_str())));
            of_row && reads && !digests(sent, place)
        });
    });
    found
}

/// Whether a column is named like one that says whose a row is.
fn is_owner(column: &str) -> bool {
    column.ends_with("_id")
        || column == "tenant"
        || column == "owner"
        || column.ends_with("_by")
        || column.ends_with("email")
}

/// Whether a function other than casts and JSON stands in between: it may look the value up, or hash it.
fn digests(sent: &Expr, place: &Place<'_>) -> bool {
    let mut found = false;
    walk_at(sent, place, &mut |e, _| found |= matches!(&e.node, Node::Call(c) if c.routine.key.is_some()));
    found
}

/// Reports a policy that reads what the client sent.
fn headers(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &super::reached::Reached<'_>,
    out: &mut Findings<'_>,
) {
    if cx.schema.server.platform != Platform::Supabase {
        return;
    }
    let (table, policy) = (&condition.table.name, condition.policy);
    let message = format!(
        "Policy {:?} of {table} reads what the request sent: {} chooses headers and cookies at will. It is good only for \
         values that nobody can guess.",
        policy.name,
        reached.principal.words()
    );
    let title = format!("policy {:?} of {table} trusts the request's own words", policy.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(Severity::High, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix("-- decide by auth.uid() or app_metadata, or compare with a long random value of the row")
        .detail("headers");
    out.report(draft);
}

fn function_makes(
    cx: &Context<'_>,
    function: &Function,
    (first, principals): (&Principal, &[&Principal]),
    made: &[Made],
    read: &BTreeMap<String, BTreeSet<String>>,
    out: &mut Findings<'_>,
) {
    let claims = |name: &str| name == "request.jwt.claims" || name.starts_with("request.jwt.claim.");
    let mut worst: Option<(Severity, String, Vec<String>)> = None;
    for made in made {
        for (name, tables) in read.iter().filter(|(name, _)| made.name.as_ref().is_none_or(|n| n == *name)) {
            let severity = match (claims(name), made.local) {
                (true, false) => Severity::Critical,
                (true, true) | (false, false) => Severity::High,
                (false, true) => Severity::Medium,
            };
            if worst.as_ref().is_none_or(|(s, _, _)| *s < severity) {
                worst = Some((severity, name.clone(), tables.iter().cloned().collect()));
            }
        }
    }
    let Some((severity, name, tables)) = worst else { return };
    let asks = cx.code.asks_who(&function.body);
    let (severity, confidence) =
        if asks { (severity.min(Severity::Low), Confidence::Possible) } else { (severity, Confidence::Likely) };
    let setting = printable(&name);
    let message = format!(
        "{} can call {}, which sets {setting} to what the caller says, and policies of {} decide by it.{}",
        subject(first),
        function.id,
        first_of(&tables, 4),
        if asks { " It asks who calls; check that it refuses what is not the caller's." } else { "" }
    );
    let title = format!("{} lets {} choose {setting}", function.id, first.role);
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(confidence)
        .principal(&first.role)
        .reproduce(cx.reproduce_call(first, function, true))
        .fix(cx.revoke_execute(function, principals))
        .evidence("body", format!("set_config({setting}, .. a parameter ..)"))
        .origin(function.origin);
    for principal in principals {
        draft = draft.door(DoorKind::ChosenSetting, &principal.role, function.id.to_string());
    }
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn follows_who_can_set_it() {
        let base =
            "create table t (id bigint primary key, tenant text, owner uuid); alter table t enable row level security;";
        let tenant = "create policy p on t to authenticated using (tenant = current_setting('app.tenant', true));";
        let own = "create policy p on t to authenticated using (owner = auth.uid());";
        let function = |args: &str, name: &str, value: &str, local: &str| {
            format!(
                "create function f({args}) returns void language plpgsql as $$ begin perform set_config({name}, {value}, {local}); end $$;"
            )
        };
        let cases = [
            (format!("{tenant}{}", function("x text", "'app.tenant'", "x", "false")), vec!["high"]),
            (format!("{tenant}{}", function("x text", "'app.tenant'", "$1", "true")), vec!["medium"]),
            (format!("{tenant}{}", function("x text, n text", "n", "x", "true")), vec!["medium"]),
            (format!("{tenant}{}", function("x text", "'app.other'", "x", "false")), vec![]),
            (format!("{tenant}{}", function("x text", "'app.tenant'", "auth.jwt() ->> 'sub'", "false")), vec![]),
            (format!("{tenant}{} revoke execute on function f(text) from public, anon, authenticated;", function("x text", "'app.tenant'", "x", "false")), vec![]),
            (format!("{own}{}", function("x text", "'request.jwt.claims'", "x", "false")), vec!["critical"]),
            (tenant.to_owned(), vec![]),
            ("create policy p on t to anon using (tenant = current_setting('request.headers', true)::json ->> 'x-tenant');".to_owned(), vec!["high"]),
            ("create policy p on t to anon using (id::text = current_setting('request.headers', true)::json ->> 'x-token');".to_owned(), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("guc-tenancy-settable", base, &cases);
    }
}
