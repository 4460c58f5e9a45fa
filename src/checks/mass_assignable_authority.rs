use std::collections::BTreeSet;

use super::intent::Intent;
use super::trees::column;
use super::words::{and_list, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Access, Columns, Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, ConstraintKind, Generated, Relation, TriggerEvent, TriggerTiming, quote_ident};
use crate::sql::tree::walk;

declare_check! {
    /// Users may change their own row, and with it columns that say what they may do or have paid for.
    ///
    /// `using (id = auth.uid())` binds the row, not its columns: `update profiles set role = 'admin', credits = 1000000`
    /// passes. Row security cannot tell columns apart; column privileges, a trigger, or a condition that looks the old
    /// value up can.
    ///
    /// High for columns that are named like rights or money (`role`, `is_admin`, `credits`, `balance`), medium for plans,
    /// quotas and approvals. Only in tables with one row a user, or memberships whose key names the user. Not reported:
    /// columns that the role has no UPDATE privilege on, that a condition on the new row or a BEFORE UPDATE trigger speaks
    /// of, generated ones, and columns that policies rely on, which are `self-writable-authority`.
    pub(super) struct MassAssignableAuthority {
        id: "mass-assignable-authority",
        title: "rights or money that users write in their own row",
        severity: High,
        bad: "
            create table public.accounts (id uuid primary key references auth.users, name text,
                credits integer not null default 0);
            alter table public.accounts enable row level security;
            grant select, update on public.accounts to authenticated;
            create policy own on public.accounts for select to authenticated using (id = (select auth.uid()));
            create policy change on public.accounts for update to authenticated using (id = (select auth.uid()));
        ",
        good: "
            create table public.accounts (id uuid primary key references auth.users, name text,
                credits integer not null default 0);
            alter table public.accounts enable row level security;
            revoke all on public.accounts from anon, authenticated;
            grant select, update (name) on public.accounts to authenticated;
            create policy own on public.accounts for select to authenticated using (id = (select auth.uid()));
            create policy change on public.accounts for update to authenticated using (id = (select auth.uid()));
        ",
    }
}

/// Columns that say what somebody may do, or hold money.
const RIGHTS: [&str; 22] = [
    "role",
    "roles",
    "user_role",
    "app_role",
    "is_admin",
    "admin",
    "is_superadmin",
    "is_super_admin",
    "is_superuser",
    "is_staff",
    "is_moderator",
    "is_owner",
    "permissions",
    "access_level",
    "credits",
    "credit_balance",
    "balance",
    "wallet_balance",
    "is_verified",
    "kyc_verified",
    "is_banned",
    "banned",
];

/// Columns that say what somebody has paid for or was granted.
const GRANTED: [&str; 19] = [
    "plan",
    "plan_id",
    "tier",
    "subscription_tier",
    "subscription_status",
    "subscription_plan",
    "is_premium",
    "is_pro",
    "premium",
    "premium_until",
    "trial_ends_at",
    "quota",
    "usage_limit",
    "approved",
    "is_approved",
    "verified",
    "stripe_customer_id",
    "stripe_subscription_id",
    "suspended",
];

impl Check for MassAssignableAuthority {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security && is_of_users(r)) {
            out.examine(ObjectRef::relation(&table.name));
            let signed_in = cx.clients().find(|p| p.who == Who::SignedIn && cx.exposes(p, &table.name.schema));
            if let Some(principal) = signed_in {
                report(cx, principal, table, out);
            }
        }
    }
}

/// Whether a key of the table names the user: one row a user, or a membership.
fn is_of_users(table: &Relation) -> bool {
    let refers = |columns: &[String]| {
        table.constraints.iter().any(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => {
                key.relation.schema == "auth"
                    && key.relation.name == "users"
                    && c.columns.iter().any(|k| columns.contains(k))
            }
            _ => false,
        })
    };
    let owner = Intent::of(table).owner.map(|c| c.name.clone());
    let keyed =
        table.constraints.iter().filter(|c| matches!(c.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique));
    let indexed = table.indexes.iter().filter(|i| i.unique && i.predicate.is_none()).map(|i| &i.keys);
    let mut keys = keyed.map(|c| &c.columns).chain(indexed);
    keys.any(|columns| owner.as_ref().is_some_and(|o| columns.contains(o)) || refers(columns))
}

fn report(cx: &Context<'_>, principal: &Principal, table: &Relation, out: &mut Findings<'_>) {
    let Some(table) = cx.schema.relation(&table.name) else { return };
    let access = cx.effective.access(&principal.role, table, Command::Update);
    if !access.is_some() || !access.row_security.applies() {
        return;
    }
    let spoken_of = spoken_of(cx, table, &principal.role);
    let open = |names: &[&str]| -> Vec<&str> {
        let columns = table.columns.iter().filter(|c| names.contains(&c.name.to_lowercase().as_str()));
        let columns = columns.filter(|c| c.generated != Some(Generated::Stored) && may_write(&access, &c.name));
        columns.map(|c| c.name.as_str()).filter(|c| !spoken_of.contains(*c)).collect()
    };
    let (rights, granted) = (open(&RIGHTS), open(&GRANTED));
    let all: Vec<_> = rights.iter().chain(&granted).map(|c| quote_ident(c).into_owned()).collect();
    if all.is_empty() {
        return;
    }
    let worst = if rights.is_empty() { Severity::Medium } else { Severity::High };
    let columns = and_list(&all);
    let message = format!(
        "{} can set {columns} of their own row in {}: its UPDATE policies bind the row, and nothing keeps these columns as \
         they are.",
        subject(principal),
        table.name
    );
    let title = format!("{} lets users write {columns} of their own row", table.name);
    let keep: Vec<_> = table.columns.iter().filter(|c| c.generated.is_none() && may_write(&access, &c.name)).collect();
    let keep: Vec<_> =
        keep.iter().map(|c| quote_ident(&c.name)).filter(|c| !all.iter().any(|a| a == c.as_ref())).collect();
    let role = quote_ident(&principal.role);
    let fix = format!(
        "{}\ngrant update ({}) on {} to {role};",
        cx.revoke_relation(&[crate::model::Privilege::Update], table, &[principal]),
        keep.join(", "),
        table.name
    );
    // Without a privilege on the table there are only those on columns to take.
    let fix = if access.privilege.is_some() && !keep.is_empty() {
        fix
    } else {
        format!("revoke update ({}) on {} from {role};", all.join(", "), table.name)
    };
    let mut draft = Draft::new(ObjectRef::relation(&table.name), cx.severity(worst, principal, true), title, message)
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .reproduce(cx.reproduce(principal, table, Command::Update))
        .fix(fix)
        .origin(table.origin);
    if let Some(holder) = access.holder() {
        draft = draft.evidence("privilege", format!("{}: UPDATE {holder}", principal.role));
    }
    out.report(draft);
}

fn may_write(access: &Access<'_>, column: &str) -> bool {
    match &access.columns {
        Columns::All => true,
        Columns::Only(held) => held.iter().any(|(name, _)| name == column),
        Columns::None => false,
    }
}

/// The columns that conditions of any policy or BEFORE UPDATE triggers of the table speak of.
fn spoken_of(cx: &Context<'_>, table: &Relation, role: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for condition in cx.conditions() {
        let own = condition.table.name == table.name;
        if own && !cx.effective.binds(role, condition.policy) {
            continue;
        }
        walk(condition.tree, &mut |expr, place| {
            let Some(column) = column(expr) else { return };
            let of = place.source(column).and_then(|s| cx.relation_of(s));
            if (own && place.is_given(column)) || of.is_some_and(|r| r.name == table.name) {
                found.insert(column.name.clone());
            }
        });
    }
    for trigger in &table.triggers {
        if trigger.timing == TriggerTiming::Before && trigger.events.contains(&TriggerEvent::Update) {
            let words = cx.code.names(&trigger.function).into_iter().flat_map(|names| &names.words);
            found.extend(words.filter(|w| table.column(w).is_some()).cloned());
        }
    }
    // What functions read that policies call.
    for id in cx.needed_functions() {
        let names = cx.code.names(id).filter(|names| names.relations.iter().any(|(n, _)| n.name == table.name.name));
        let words = names.into_iter().flat_map(|names| &names.words);
        found.extend(words.filter(|w| table.column(w).is_some()).cloned());
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const BASE: &str = "
        create table profiles (id uuid primary key references auth.users, name text, role text, plan text);
        alter table profiles enable row level security;
        create policy own on profiles for select to authenticated using (id = auth.uid());";
    const UPDATE: &str = "create policy change on profiles for update to authenticated using (id = auth.uid());";

    #[test]
    fn follows_privileges_and_guards() {
        let trigger = "create function keep() returns trigger language plpgsql as $$ begin new.role := old.role; return new; end $$;
            create trigger keep before update on profiles for each row execute function keep();";
        let cases = [
            (UPDATE.to_owned(), vec!["high"]),
            (String::new(), vec![]),
            (format!("{UPDATE} alter table profiles drop column role;"), vec!["medium"]),
            (format!("{UPDATE} revoke update on profiles from authenticated; grant update (name) on profiles to authenticated;"), vec![]),
            (format!("{UPDATE} revoke update on profiles from authenticated; grant update (name, plan) on profiles to authenticated;"), vec!["medium"]),
            (format!("{UPDATE} alter table profiles drop column plan; {trigger}"), vec![]),
            (
                format!("{UPDATE} alter table profiles drop column plan; create table t (id int); alter table t enable row level security;
                    create policy p on t using (exists (select 1 from profiles where id = auth.uid() and role = 'admin'));"),
                vec![],
            ),
            (
                "create table messages (id bigint primary key, user_id uuid references auth.users, role text);
                 alter table messages enable row level security;
                 create policy own on messages to authenticated using (user_id = auth.uid());".to_owned(),
                vec![],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("mass-assignable-authority", BASE, &cases);
    }

    #[test]
    fn the_fix_keeps_the_other_columns() {
        let sql = format!("{BASE}{UPDATE}");
        let fix = findings("mass-assignable-authority", &sql)[0].fix.clone().unwrap();
        assert!(fix.contains("grant update (id, name)"), "{fix}");
        assert!(findings("mass-assignable-authority", &format!("{sql}{fix}")).is_empty());
    }
}
