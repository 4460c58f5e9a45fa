use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Grantee, Namespace, Privilege, printable, quote_ident};
use crate::report::DoorKind;

declare_check! {
    /// Any role that logs in may create objects in a schema of the application (CVE-2018-1058): a table, function or operator
    /// there takes the place of one that others mean when they name it without its schema.
    ///
    /// Until PostgreSQL 15 PUBLIC had CREATE on `public` in every new database, and databases that were upgraded keep it.
    /// Code that runs with more rights and whose `search_path` has the schema in it then runs what the role put there.
    ///
    /// Medium, low where no function of the application runs with its owner's rights. Not reported: schemas on which only
    /// named roles have CREATE, and databases that nobody but the owner and the Data API's roles log in to: that API has no
    /// request that creates anything.
    pub(super) struct PublicCreate {
        id: "public-create",
        title: "schema in which every role may create objects",
        severity: Medium,
        bad: "
            create role clerk login;
            grant usage, create on schema public to public;
            create function public.one() returns integer language sql security definer set search_path = '' as $$ select 1 $$;
            revoke execute on function public.one() from public, anon, authenticated;
        ",
        good: "
            create role clerk login;
            revoke create on schema public from public;
            create function public.one() returns integer language sql security definer set search_path = '' as $$ select 1 $$;
            revoke execute on function public.one() from public, anon, authenticated;
        ",
    }
}

impl Check for PublicCreate {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for namespace in &cx.schema.namespaces {
            let is_own = !cx.effective.is_platform_namespace(&namespace.name) && !namespace.name.starts_with("pg_");
            if is_own && namespace.name != "information_schema" {
                out.examine(ObjectRef::global(ObjectKind::Schema, &namespace.name));
                report(cx, namespace, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, namespace: &Namespace, out: &mut Findings<'_>) {
    let is_public = |g: &&crate::model::Grant| g.grantee == Grantee::Public;
    let Some(grant) = namespace.acl.granting(Privilege::Create).find(is_public) else { return };
    let logs_in = |p: &&crate::analyzer::effective::Principal| p.who == Who::Login && p.role != "authenticator";
    let principals: Vec<_> = cx.effective.principals().iter().filter(logs_in).collect();
    let Some(principal) = principals.first() else { return };
    let definers: Vec<_> = cx
        .schema
        .functions
        .iter()
        .filter(|f| f.security_definer && f.extension.is_none())
        .filter(|f| !cx.effective.is_platform_object(&f.id.schema, &f.owner))
        .map(|f| f.id.to_string())
        .collect();
    let severity = if definers.is_empty() { Severity::Low } else { Severity::Medium };
    let name = quote_ident(&namespace.name);
    let mut message = format!(
        "{}, like every role, can create objects in schema {name}, which take the place of what others name without a schema.",
        subject(principal)
    );
    if !definers.is_empty() {
        message.push_str(&format!(" Code with its owner's rights: {}.", first_of(&definers, 3)));
    }
    let title = format!("every role may create objects in schema {name}");
    out.report(
        Draft::new(ObjectRef::global(ObjectKind::Schema, &namespace.name), severity, title, message)
            .principal(&principal.role)
            .door(DoorKind::Create, &principal.role, &namespace.name)
            .fix(format!("revoke create on schema {name} from public;"))
            .evidence(
                "privilege",
                format!("PUBLIC: CREATE on schema {} granted by {}", name, printable(&grant.grantor)),
            )
            .origin(grant.origin),
    );
}
