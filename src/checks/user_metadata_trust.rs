use std::collections::{BTreeMap, BTreeSet};

use super::metadata::{Copied, OWN};
use super::reached::Reached;
use super::trees::{Condition, Part, constant};
use super::words::{first_of, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Hinge, Said};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, Policy, QualifiedName, printable};
use crate::sql::tree::{Expr, Node, Place};

declare_check! {
    /// A policy trusts what users write about themselves: `user_metadata` of the token, `raw_user_meta_data` of the user.
    ///
    /// `supabase.auth.updateUser({ data: { role: 'admin' } })` is open to every user, and sign-up takes such data too. A
    /// role, tenant or plan that is read from there is the user's own choice. What the application says of a user belongs
    /// into `app_metadata` or a table that users cannot write.
    ///
    /// Decided, not matched: reported if for some row a signed-in user passes with some metadata and does not with other,
    /// through functions, views and conditions. Where a function cannot be read it is reported as likely. A trigger that
    /// copies metadata of a new user into a column on which a policy relies is reported on its function.
    ///
    /// Critical where clients reach the table. Not reported: policies in which the metadata changes nothing.
    pub(super) struct UserMetadataTrust {
        id: "user-metadata-trust",
        title: "policy that trusts metadata which users write themselves",
        severity: Critical,
        bad: "
            create table public.payouts (id bigint primary key, user_id uuid not null, amount numeric);
            alter table public.payouts enable row level security;
            grant select on public.payouts to authenticated;
            create function public.is_admin() returns boolean language sql stable set search_path = ''
                as $$ select coalesce((select auth.jwt()) -> 'user_metadata' ->> 'role', '') = 'admin' $$;
            create policy own on public.payouts for select to authenticated
                using (user_id = (select auth.uid()) or public.is_admin());
        ",
        good: "
            create table public.payouts (id bigint primary key, user_id uuid not null, amount numeric);
            alter table public.payouts enable row level security;
            grant select on public.payouts to authenticated;
            create function public.is_admin() returns boolean language sql stable set search_path = ''
                as $$ select coalesce((select auth.jwt()) -> 'app_metadata' ->> 'role', '') = 'admin' $$;
            create policy own on public.payouts for select to authenticated
                using (user_id = (select auth.uid()) or public.is_admin());
        ",
    }
}

impl Check for UserMetadataTrust {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut reported: BTreeSet<(&QualifiedName, &str)> = BTreeSet::new();
        for condition in cx.conditions() {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(read) = read(cx, condition.tree) else { continue };
            let Some(reached) = cx.reached_signed_in(&condition) else { continue };
            let hinge = match cx.hinges_on(Said::Metadata, &condition, &reached) {
                Ok(Some(hinge)) => Some(hinge),
                Ok(None) => continue,
                Err(_) => None,
            };
            if reported.insert((&condition.table.name, &condition.policy.name)) {
                report(cx, &condition, &reached, (read, hinge), out);
            }
        }
        for function in cx.user_triggers() {
            out.examine(ObjectRef::function(&function.id));
            copied(cx, function, out);
        }
    }
}

/// Where a condition reads the metadata.
enum Source {
    Itself,
    Function(String),
}

fn read(cx: &Context<'_>, tree: &Expr) -> Option<Source> {
    let mut found = None;
    cx.walk_through(tree, &mut |part, function| {
        let reads = match &part {
            Part::Expr(expr, place) => reads_metadata(cx, expr, place),
            Part::Unread(function) => OWN.iter().any(|word| function.body.contains(word)),
        };
        if reads && found.is_none() {
            found = Some(function.map_or(Source::Itself, |f| Source::Function(f.id.to_string())));
        }
    });
    found
}

fn reads_metadata(cx: &Context<'_>, expr: &Expr, place: &Place<'_>) -> bool {
    match &expr.node {
        Node::Constant(_) => constant(expr).is_some_and(|text| text.contains("user_metadata")),
        Node::Column(column) => {
            let view = || place.source(column).and_then(|s| cx.relation_of(s)).and_then(|r| r.view.as_ref());
            column.name == OWN[0] || view().is_some_and(|v| OWN.iter().any(|word| v.definition.contains(word)))
        }
        _ => false,
    }
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    (read, hinge): (Source, Option<Hinge>),
    out: &mut Findings<'_>,
) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let through = match &read {
        Source::Itself => String::new(),
        Source::Function(function) => format!(", through {function},"),
    };
    let message = format!(
        "{} can {} rows of {table} by what they write into their own metadata: policy {:?}{through} reads user_metadata, \
         which each user changes at will.",
        subject(reached.principal),
        verb(reached.command),
        policy.name,
    );
    let title = format!("policy {:?} of {table} trusts metadata that users write themselves", policy.name);
    let fix = match &read {
        Source::Itself if condition.text.contains("'user_metadata'") => {
            condition.replaced_by(&condition.text.replace("'user_metadata'", "'app_metadata'"))
        }
        Source::Itself => "-- read app_metadata (raw_app_meta_data) instead, which only the back end writes".to_owned(),
        Source::Function(function) => format!("-- in {function}, read app_metadata instead of user_metadata"),
    };
    let draft = cx
        .policy_draft(condition, reached, cx.hole(Severity::Critical, reached), (title, message))
        .confidence(if hinge.is_some() { Confidence::Proved } else { Confidence::Likely })
        .fix(fix);
    out.report(match hinge {
        Some(hinge) => cx.hinged(draft, (condition, reached), &hinge, (Said::Metadata, None)),
        None => draft,
    });
}

/// Reports columns that a trigger fills from the metadata of new users and on which policies rely.
fn copied(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let columns = cx.copies_of_metadata(function);
    if columns.is_empty() {
        return;
    }
    let mut relying: BTreeMap<&Copied<'_>, Vec<(&QualifiedName, &Policy)>> = BTreeMap::new();
    let mut worst: Option<(Severity, String)> = None;
    for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
        let Some(reached) = cx.reached_signed_in(&condition) else { continue };
        for copied in columns.iter().filter(|c| relies(cx, &condition, c)) {
            let all = relying.entry(copied).or_default();
            if !all.iter().any(|(t, p)| **t == condition.table.name && p.name == condition.policy.name) {
                all.push((&condition.table.name, condition.policy));
            }
            let severity = cx.hole(Severity::Critical, &reached);
            if worst.as_ref().is_none_or(|(s, _)| *s < severity) {
                worst = Some((severity, reached.principal.role.clone()));
            }
        }
    }
    let Some((severity, role)) = worst else { return };
    for (copied, policies) in relying {
        let column = format!("{}.{}", copied.table, copied.column);
        let names: Vec<_> = policies.iter().map(|(t, p)| format!("{:?} on {t}", p.name)).collect();
        let message = format!(
            "{} copies metadata that whoever signs up writes themselves into {column}, and policies rely on that column: \
             {}.",
            function.id,
            printable(&first_of(&names, 4))
        );
        let title = format!("{column} is filled from metadata that users write themselves");
        let draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
            .confidence(Confidence::Likely)
            .principal(&role)
            .fix(format!("-- in {}, set {} to a constant or from raw_app_meta_data", function.id, copied.column))
            .evidence("body", format!("{column} is set from raw_user_meta_data"))
            .origin(function.origin)
            .detail(column.clone());
        out.report(draft);
    }
}

/// Whether a condition compares the column, in a look-up of its table, with something that is not the user.
fn relies(cx: &Context<'_>, condition: &Condition<'_, '_>, copied: &Copied<'_>) -> bool {
    let mut found = false;
    cx.walk_through(condition.tree, &mut |part, _| {
        found |= match part {
            Part::Expr(Expr { node: Node::Column(column), .. }, place) => {
                let of = place.source(column).and_then(|s| cx.relation_of(s));
                column.name == copied.column && of.is_some_and(|r| r.name == *copied.table)
            }
            Part::Expr(..) => false,
            Part::Unread(function) => cx.code.names(&function.id).is_some_and(|names| {
                names.relations.iter().any(|(n, _)| n.name == copied.table.name)
                    && names.words.contains(&copied.column)
                    && decides(&copied.column)
            }),
        };
    });
    found
}

/// Whether a column is named like one that rights hang on; of a body that cannot be read no more is known.
fn decides(column: &str) -> bool {
    const WORDS: [&str; 14] = [
        "role",
        "roles",
        "admin",
        "tenant",
        "org",
        "organization",
        "team",
        "company",
        "workspace",
        "account",
        "plan",
        "permission",
        "level",
        "type",
    ];
    column.split('_').any(|part| WORDS.contains(&part)) || column.starts_with("is_")
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const BASE: &str = "
        create table docs (id bigint primary key, owner uuid, team text);
        create table profiles (id uuid primary key, role text, full_name text);
        alter table docs enable row level security;
        create policy own on docs to authenticated using (owner = auth.uid());";

    #[test]
    fn is_decided_not_matched() {
        let role = "(auth.jwt() -> 'user_metadata' ->> 'role')";
        let policy = |using: &str| format!("create policy p on docs to authenticated using ({using});");
        let helper = |body: &str| {
            format!(
                "create function f() returns boolean language plpgsql stable as $$ begin {body} end $$; create policy p on docs to authenticated using (f());"
            )
        };
        let cases = [
            (policy(&format!("{role} = 'admin'")), vec!["critical"]),
            (policy("team = auth.jwt() #>> '{user_metadata,team}'"), vec!["critical"]),
            (
                "create function my_team() returns text language sql stable security definer set search_path = '' as
                    $$ select raw_user_meta_data ->> 'team' from auth.users where id = auth.uid() $$;
                    create policy p on docs to authenticated using (team = my_team());"
                    .to_owned(),
                vec!["critical"],
            ),
            // Clients may not read that table.
            (policy("team = (select raw_user_meta_data ->> 'team' from auth.users where id = auth.uid())"), vec![]),
            (
                helper(
                    "if (auth.jwt() -> 'user_metadata' ->> 'role') = 'admin' then return true; end if; return false;",
                ),
                vec!["critical"],
            ),
            (format!("create policy p on docs to service_role using ({role} = 'admin');"), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("user-metadata-trust", BASE, &cases);
    }

    #[test]
    fn follows_triggers_that_copy_it() {
        let trigger = |body: &str| {
            format!("{BASE} create function on_user() returns trigger language plpgsql security definer set search_path = '' as $$ {body} $$;
                create trigger t after insert on auth.users for each row execute function on_user();
                create policy p on docs to authenticated using (exists (select 1 from profiles p where p.id = auth.uid() and p.role = 'admin'));")
        };
        for (body, expected) in [
            (
                "begin insert into public.profiles (id, role) values (new.id, new.raw_user_meta_data ->> 'role'); return new; end",
                1,
            ),
            (
                "begin insert into public.profiles (id, full_name) values (new.id, new.raw_user_meta_data ->> 'name'); return new; end",
                0,
            ),
            (
                "declare v_role text := coalesce(new.raw_user_meta_data ->> 'role', 'user'); begin insert into public.profiles (id, role) values (new.id, v_role); return new; end",
                1,
            ),
            (
                "begin insert into public.profiles (id, role) values (new.id, 'user'); update public.profiles set full_name = '', role = new.raw_user_meta_data ->> 'r' where id = new.id; return new; end",
                1,
            ),
            (
                "begin insert into public.profiles (id, role) select new.id, 'user' from auth.users where raw_user_meta_data is not null; return new; end",
                0,
            ),
        ] {
            assert_eq!(findings("user-metadata-trust", &trigger(body)).len(), expected, "{body}");
        }
    }
}
