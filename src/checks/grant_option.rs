use std::collections::BTreeMap;

use super::words::first_of;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Grantee, PrivilegeSet, QualifiedName, printable};
use crate::report::DoorKind;

declare_check! {
    /// A role of the clients holds privileges WITH GRANT OPTION: whoever acts as it may hand them on to any role.
    ///
    /// What is passed on stays when the first grant is looked at, and REVOKE without CASCADE then fails. A role that
    /// requests act as has no business granting anything.
    ///
    /// Not reported: owners, the service role, roles of the platform, and what is granted without the option.
    pub(super) struct GrantOption {
        id: "grant-option",
        title: "privileges that a client's role may hand on",
        severity: Medium,
        bad: "
            create table public.menus (id bigint primary key, name text);
            alter table public.menus enable row level security;
            create policy \"read menus\" on public.menus for select to authenticated using (name <> '');
            grant select on public.menus to authenticated with grant option;
        ",
        good: "
            create table public.menus (id bigint primary key, name text);
            alter table public.menus enable row level security;
            create policy \"read menus\" on public.menus for select to authenticated using (name <> '');
            grant select on public.menus to authenticated;
        ",
    }
}

impl Check for GrantOption {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut held: BTreeMap<&str, Vec<(&QualifiedName, PrivilegeSet)>> = BTreeMap::new();
        for relation in cx.relations() {
            out.examine(ObjectRef::relation(&relation.name));
            for grant in relation.acl.0.iter().filter(|g| !g.grantable.is_empty()) {
                if let Grantee::Role(role) = &grant.grantee
                    && *role != relation.owner
                    && cx.clients().any(|p| p.role == *role)
                {
                    held.entry(role).or_default().push((&relation.name, grant.grantable));
                }
            }
        }
        for (role, on) in held {
            report(role, &on, out);
        }
    }
}

fn report(role: &str, on: &[(&QualifiedName, PrivilegeSet)], out: &mut Findings<'_>) {
    let names: Vec<_> = on.iter().map(|(name, _)| name.to_string()).collect();
    let words = |set: &PrivilegeSet| set.iter().map(|p| p.sql().to_lowercase()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "The role {} may hand on privileges on {}: whatever runs as it can grant them to any other role.",
        printable(role),
        first_of(&names, 4)
    );
    let fix: Vec<_> = on
        .iter()
        .map(|(name, set)| {
            let role = crate::model::quote_ident(role);
            format!("revoke grant option for {} on {name} from {role} cascade;", words(set))
        })
        .collect();
    let title = format!("{role} may hand on privileges on {}", first_of(&names, 2));
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, role), Severity::Medium, title, message)
        .principal(role)
        .fix(fix.join("\n"));
    for (name, set) in on {
        draft = draft.evidence("privilege", format!("{}: {} on {name} with grant option", printable(role), words(set)));
        draft = draft.door(DoorKind::HandOn, role, name.to_string());
    }
    out.report(draft);
}
