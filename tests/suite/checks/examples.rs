//! The examples in each check's own file.

use pgwitness::checks::{CHECKS, Meta};

use tokio_postgres::error::SqlState;

use super::*;

/// What each bad example must fire on.
const OBJECTS: &[(&str, &str)] = &[
    ("aal2-missing", "policy \"mfa\" on public.vaults"),
    ("anonymous-signin-reach", "public.guides"),
    ("auth-hook-acl", "function public.custom_access_token_hook(jsonb)"),
    ("auth-role-predicate", "policy \"signed in\" on public.diaries"),
    ("auth-users-view", "public.people"),
    ("blind-write", "policy \"clean up\" on public.drafts"),
    ("bypass-via-set-role", "role worker_settable"),
    ("bypassrls-login", "role reporting_bypass"),
    ("captured-column", "policy \"team members\" on public.reports"),
    ("check-or-merge", "policy \"staff settle\" on public.tickets"),
    ("column-grant-defeated", "public.profiles"),
    ("createrole-admin", "role admin_tool"),
    ("current-user-pooled", "policy \"own\" on public.logbook"),
    ("default-privileges", "default privileges api"),
    ("definer-view", "public.recent_notes"),
    ("definer-view-chain", "public.recent_notes"),
    ("definer-view-write", "public.my_logs"),
    ("dynamic-sql-injection", "function public.find_parts(text)"),
    ("email-trust", "policy \"staff\" on public.playbooks"),
    ("filter-view-no-barrier", "public.open_parcels"),
    ("fk-cascade-bypass", "public.labels"),
    ("foreign-table-exposed", "public.accounts"),
    ("grant-option", "role authenticated"),
    ("guc-null-vs-empty", "policy \"tenant\" on public.shifts"),
    ("guc-tenancy-settable", "function public.use_tenant(text)"),
    ("hardcoded-identity", "policy \"own\" on public.ledger"),
    ("immutable-identity", "function public.me()"),
    ("inherit-child-direct", "public.staff"),
    ("insert-unchecked", "policy \"place\" on public.orders"),
    ("leakproof-function", "function public.is_high(integer)"),
    ("lookup-hidden", "public.crews"),
    ("maintain-grant", "role keeper"),
    ("mass-assignable-authority", "public.accounts"),
    ("matview-exposed", "public.totals"),
    ("null-identity-inversion", "policy \"own letters\" on public.letters"),
    ("null-owner-match", "policy \"own\" on public.reports"),
    ("or-merge-widening", "policy \"work on posts\" on public.posts"),
    ("outbound-functions", "function public.fetch_page(text)"),
    ("owner-move", "policy \"change own\" on public.invoices"),
    ("owner-reachable", "role ledger_clerk"),
    ("partition-child-direct", "public.events_1"),
    ("platform-schema-grants", "cron.runs"),
    ("policy-contradiction", "policy \"read articles\" on public.articles"),
    ("policy-function-not-executable", "policy \"own\" on public.cards"),
    ("policy-name-audience", "policy \"Service role reads jobs\" on public.jobs"),
    ("policy-recursion", "public.crew"),
    ("policy-tautology", "policy \"read messages\" on public.messages"),
    ("policy-to-inert-role", "policy \"wall\" on public.parcels"),
    ("predefined-roles", "role loader"),
    ("public-create", "schema public"),
    ("queue-exposed", "pgmq.q_mails"),
    ("realtime-messages", "policy \"listen\" on realtime.messages"),
    ("references-grant", "role linker"),
    ("restrictive-gap", "policy \"wall\" on public.contracts"),
    ("restrictive-noop", "policy \"wall\" on public.ledgers"),
    ("rls-no-permissive", "public.orders"),
    ("rls-off-exposed", "public.notes"),
    ("rls-off-with-policies", "public.notes"),
    ("role-preset-guc", "role pool_app"),
    ("scalar-subquery-membership", "policy \"members\" on public.papers"),
    ("secdef-exposed", "function public.notes_of(uuid)"),
    ("secdef-no-caller-binding", "function public.payslips_of(uuid)"),
    ("secdef-search-path", "function public.hit(bigint)"),
    ("self-insertable-membership", "public.crew"),
    ("self-writable-authority", "public.people"),
    ("sequence-grant", "role clerk"),
    ("server-version-flaw", "server PostgreSQL"),
    ("shadow-copy", "public.patients_backup"),
    ("storage-no-bucket", "policy \"read pictures\" on storage.objects"),
    ("storage-overwrite", "policy \"replace pictures\" on storage.objects"),
    ("storage-public-bucket", "policy \"see pictures\" on storage.objects"),
    ("to-public", "policy \"Members see active projects\" on public.projects"),
    ("trigger-grant", "role tagger"),
    ("truncate-reachable", "public.notes"),
    ("uncorrelated-exists", "policy \"members\" on public.boards"),
    ("untrusted-lang", "function public.read_any(text)"),
    ("user-metadata-trust", "policy \"own\" on public.payouts"),
    ("volatile-policy", "policy \"sample\" on public.offers"),
];

/// What of the examples does not hold.
fn complaints(stage: &Stage, major: u32) -> Vec<String> {
    let empty = stage.findings("");
    let mut complaints = Vec::new();
    for meta in CHECKS.iter().map(|c| c.meta()).filter(|m| m.min_major <= major) {
        complaints.extend(bad(stage, meta, &empty));
        complaints.extend(good(stage, meta, &empty));
    }
    complaints
}

fn bad(stage: &Stage, meta: &Meta, empty: &[Finding]) -> Vec<String> {
    let mut complaints = Vec::new();
    stage.begin(meta.bad);
    let findings = stage.audit();
    let new = beyond(&findings, empty);
    let fired = of_check(&new, meta.id);
    let others = serious(&new, meta.id);
    if fired.is_empty() {
        complaints.push(format!(
            "{}: the bad example does not fire it; found\n{}",
            meta.id,
            brief(new.iter().copied())
        ));
    }
    let expected = OBJECTS.iter().find(|(id, _)| *id == meta.id).map_or("", |(_, object)| object);
    if !fired.iter().all(|f| f.object.to_string().contains(expected)) {
        complaints.push(format!("{}: not on {expected}\n{}", meta.id, brief(fired.iter().copied())));
    }
    if fired.iter().any(|f| f.severity > meta.severity) {
        complaints.push(format!("{}: worse than announced\n{}", meta.id, brief(fired.iter().copied())));
    }
    if !others.is_empty() {
        complaints.push(format!("{}: the bad example also fires\n{}", meta.id, brief(others)));
    }
    let scripts = fired.iter().filter_map(|f| f.reproduce.as_ref()?.sql.as_deref());
    complaints.extend(scripts.filter_map(|script| stage.refuses(script)));
    let fixes: Vec<_> = fired.iter().filter_map(|f| f.fix.as_deref()).collect();
    if fixes.len() < fired.len() {
        complaints.push(format!("{}: a finding without a fix", meta.id));
    }
    if !fixes.iter().all(|f| f.lines().all(|l| l.trim_start().starts_with("--"))) {
        let fixed = stage.fixed(&fixes);
        let left: Vec<_> = fixed.iter().filter(|f| fired.iter().any(|b| b.fingerprint == f.fingerprint)).collect();
        let mut caused = beyond(&fixed, &findings);
        // Policies that are in force now may be what a flaw of the server is about.
        caused.retain(|f| f.severity > Severity::Low && f.check != "server-version-flaw");
        if !left.is_empty() || !caused.is_empty() {
            let (left, caused) = (brief(left), brief(caused));
            complaints.push(format!("{}: after the fix {fixes:#?} there are\n{left}\nand new\n{caused}", meta.id));
        }
    }
    stage.rollback();
    complaints
}

fn good(stage: &Stage, meta: &Meta, empty: &[Finding]) -> Vec<String> {
    // A server's version does not depend on what is in it.
    if meta.id == "server-version-flaw" {
        return Vec::new();
    }
    let findings = stage.findings(meta.good);
    let new = beyond(&findings, empty);
    let (own, others) = (of_check(&new, meta.id), serious(&new, meta.id));
    let all: Vec<_> = own.into_iter().chain(others).collect();
    if all.is_empty() {
        return Vec::new();
    }
    vec![format!("{}: the good example fires\n{}", meta.id, brief(all))]
}

impl Stage {
    /// The server's objection to a script that shows a finding. The example's foreign table has nobody to ask (55000).
    fn refuses(&self, script: &str) -> Option<String> {
        let inside = script.replace("begin;", "").replace("rollback;", "");
        self.execute("savepoint script");
        let run = block_on(self.client.batch_execute(&inside));
        self.execute("rollback to savepoint script");
        // A circle of policies is shown by the server's refusal.
        let shows = [SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, SqlState::INVALID_OBJECT_DEFINITION];
        let error = run.err().filter(|e| !e.code().is_some_and(|code| shows.contains(code)));
        error.map(|e| format!("{}\n{script}", explain(&e)))
    }

    /// What is found after the fixes.
    fn fixed(&self, fixes: &[&str]) -> Vec<Finding> {
        self.run(&fixes.join("\n"));
        self.audit()
    }
}

fn examples_hold(major: u32, platform: Platform) {
    let complaints = complaints(&Stage::new(major, platform), major);
    assert!(complaints.is_empty(), "PostgreSQL {major}, {}:\n{}", platform.name(), complaints.join("\n"));
}

#[test]
fn hold_on_14() {
    examples_hold(14, Platform::SUPABASE);
}

#[test]
fn hold_on_15() {
    examples_hold(15, Platform::SUPABASE);
}

#[test]
fn hold_on_16() {
    examples_hold(16, Platform::SUPABASE);
}

#[test]
fn hold_on_17() {
    examples_hold(17, Platform::SUPABASE);
}

#[test]
fn hold_on_18() {
    examples_hold(18, Platform::SUPABASE);
}

#[test]
fn hold_where_new_tables_are_not_exposed() {
    examples_hold(17, Platform::Supabase { expose_new_tables: false });
}
