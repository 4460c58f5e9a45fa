use std::collections::BTreeSet;

use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Policy, Relation, Setting, printable, quote_ident};
use crate::report::DoorKind;
use crate::sql::lex::Kind;
use crate::sql::parse;

declare_check! {
    /// A setting that policies read as the identity of the session has a value that is preset, by ALTER ROLE .. SET or ALTER
    /// DATABASE .. SET: a session that forgets to say who it is for is somebody, instead of nobody.
    ///
    /// `tenant_id = current_setting('app.tenant')` fails closed where the setting is unset. With a preset it fails open, as
    /// the tenant of the preset, in every connection that a pool hands out before the application has set its own.
    ///
    /// Medium. Not reported: settings that no policy reads, presets that are empty, and those of roles that no policy binds.
    pub(super) struct RolePresetGuc {
        id: "role-preset-guc",
        title: "setting that policies take for the identity has a preset value",
        severity: Medium,
        bad: "
            create role pool_app login;
            create table public.shifts (id bigint primary key, tenant_id text not null);
            alter table public.shifts enable row level security;
            create policy tenant on public.shifts to pool_app
                using (tenant_id = nullif(current_setting('app.tenant', true), ''));
            grant usage on schema public to pool_app;
            grant select on public.shifts to pool_app;
            alter role pool_app set app.tenant = 'acme';
        ",
        good: "
            create role pool_app login;
            create table public.shifts (id bigint primary key, tenant_id text not null);
            alter table public.shifts enable row level security;
            create policy tenant on public.shifts to pool_app
                using (tenant_id = nullif(current_setting('app.tenant', true), ''));
            grant usage on schema public to pool_app;
            grant select on public.shifts to pool_app;
        ",
    }
}

impl Check for RolePresetGuc {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let policies = cx.policies(out);
        for setting in cx.schema.settings.iter().filter(|s| s.name.contains('.') && !s.value.is_empty()) {
            let binds = |policy: &Policy| {
                let mut principals = cx.effective.principals().iter();
                match &setting.role {
                    Some(role) => cx.effective.binds(role, policy),
                    None => principals.any(|p| p.is_untrusted() && cx.effective.binds(&p.role, policy)),
                }
            };
            let reads = |(_, policy): &&(&Relation, &Policy)| {
                let mut texts = policy.using.iter().chain(&policy.check);
                binds(policy) && texts.any(|text| read(text).contains(&setting.name))
            };
            if let Some((table, policy)) = policies.iter().find(reads) {
                let bound = cx
                    .effective
                    .principals()
                    .iter()
                    .filter(|p| p.is_untrusted() && cx.effective.binds(&p.role, policy));
                let of =
                    bound.map(|p| p.role.as_str()).filter(|role| setting.role.as_deref().is_none_or(|r| r == *role));
                report(setting, (table, policy), &of.collect::<Vec<_>>(), out);
            }
        }
    }
}

/// The settings that a condition names.
fn read(text: &str) -> BTreeSet<String> {
    let Ok(tokens) = parse::tokens(text) else { return BTreeSet::new() };
    let of = |at: usize| tokens.get(at).and_then(|token| text.get(token.range()));
    let names = (0..tokens.len()).filter(|at| {
        let opens = tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Punct(b'('));
        opens && of(*at).is_some_and(|word| word.eq_ignore_ascii_case("current_setting"))
    });
    names.filter_map(|at| Some(of(at + 2)?.trim_matches('\'').to_lowercase())).collect()
}

fn report(setting: &Setting, (table, policy): (&Relation, &Policy), bound: &[&str], out: &mut Findings<'_>) {
    let name = printable(&setting.name);
    let (whose, object) = match &setting.role {
        Some(role) => (format!("the role {}", printable(role)), ObjectRef::global(ObjectKind::Role, role)),
        None => ("every role".to_owned(), ObjectRef::relation(&table.name)),
    };
    let message = format!(
        "{name} is preset for {whose}, and the policy {} on {} takes it for who is asking: a session that sets nothing acts as \
         that value.",
        printable(&policy.name),
        table.name
    );
    let reset = setting.name.split('.').map(quote_ident).collect::<Vec<_>>().join(".");
    let fix = match &setting.role {
        Some(role) => format!("alter role {} reset {reset};", quote_ident(role)),
        None => format!("-- alter database your_database reset {reset};"),
    };
    let title = format!("{name}, which policies take for the identity, is preset for {whose}");
    let mut draft = Draft::new(object, Severity::Medium, title, message)
        .confidence(Confidence::Proved)
        .detail(&setting.name)
        .fix(fix)
        .origin(setting.origin);
    if let Some(role) = &setting.role {
        draft = draft.principal(role);
    }
    for role in bound {
        draft = draft.door(DoorKind::Preset, role, &setting.name);
    }
    out.report(draft);
}
