use super::words::{and_list, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Platform, Privilege, Relation, RelationKind, printable, quote_ident};
use crate::report::DoorKind;

declare_check! {
    /// A role of the Data API is granted tables that hold the platform's users, keys, secrets or jobs: those of `auth`, `vault`,
    /// `pgsodium` and `cron`.
    ///
    /// The platform grants none of them to clients. `vault.decrypted_secrets` shows every secret in the clear, `cron.job` the
    /// commands that run as its owner, `auth.users` all users with their password hashes. A definer view or function of an
    /// exposed schema is no need for such a grant: it reads as its owner.
    ///
    /// Critical where the schema is exposed by the Data API, high where it is not yet: an invoker view or function in an
    /// exposed schema is enough then. Not reported: tables of which row-level security shows the role nothing.
    pub(super) struct PlatformSchemaGrants {
        id: "platform-schema-grants",
        title: "tables of the platform that are granted to clients",
        severity: Critical,
        bad: "
            create schema if not exists cron;
            create table cron.runs (runid bigint primary key, command text, username text);
            grant usage on schema cron to authenticated;
            grant select on cron.runs to authenticated;
        ",
        good: "
            create schema if not exists cron;
            create table cron.runs (runid bigint primary key, command text, username text);
            grant usage on schema cron to authenticated;
            grant select on cron.runs to service_role;
        ",
    }
}

/// Schemas of which the platform grants clients no table.
pub(crate) const PLATFORM_SCHEMAS: [&str; 4] = ["auth", "cron", "pgsodium", "vault"];

impl Check for PlatformSchemaGrants {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.schema.server.platform != Platform::Supabase {
            return;
        }
        let counts =
            |r: &&Relation| r.kind != RelationKind::Sequence && PLATFORM_SCHEMAS.contains(&r.name.schema.as_str());
        for relation in cx.schema.relations.iter().filter(counts) {
            out.examine(ObjectRef::relation(&relation.name));
            report(cx, relation, out);
        }
    }
}

/// The commands that reach rows.
fn reached(cx: &Context<'_>, principal: &Principal, relation: &Relation) -> Vec<Command> {
    let Some(relation) = cx.schema.relation(&relation.name) else { return Vec::new() };
    let can =
        |command: &Command| !matches!(cx.effective.access(&principal.role, relation, *command).extent, Extent::None(_));
    Command::ALL.into_iter().filter(can).collect()
}

fn report(cx: &Context<'_>, relation: &Relation, out: &mut Findings<'_>) {
    let api = cx.clients().filter(|p| p.is_api());
    let all: Vec<_> = api.map(|p| (p, reached(cx, p, relation))).filter(|(_, commands)| !commands.is_empty()).collect();
    let Some((principal, commands)) = all.first() else { return };
    let verbs: Vec<_> = commands.iter().map(|c| super::words::verb(*c)).collect();
    let exposed = cx.exposes(principal, &relation.name.schema);
    let how = if exposed { "" } else { ", by whatever in an exposed schema reads or writes it as the caller" };
    let message = format!(
        "{} can {} rows of {}, a table of the platform{how}.",
        subject(principal),
        and_list(&verbs),
        relation.name
    );
    let roles: Vec<_> = all.iter().map(|(p, _)| *p).collect();
    let fix = cx.revoke_relation(&Command::ALL.map(Command::privilege), relation, &roles);
    let severity = if exposed { Severity::Critical } else { Severity::High };
    let title = format!("{} is granted to {}", relation.name, printable(&principal.role));
    let origin = relation.acl.granting(Privilege::Select).map(|g| g.origin).max().unwrap_or(relation.origin);
    let mut draft = Draft::new(ObjectRef::relation(&relation.name), severity, title, message)
        .principal(&principal.role)
        .door(DoorKind::PlatformTable, &principal.role, relation.name.to_string())
        .fix(fix)
        .origin(origin);
    for (p, commands) in &all {
        let names: Vec<_> = commands.iter().map(ToString::to_string).collect();
        draft = draft.evidence("privilege", format!("{}: {}", quote_ident(&p.role), and_list(&names)));
    }
    out.report(draft);
}
