//! What other tools cry wolf about: sound schemas on which the audit must be silent, or nearly so.

use super::*;

/// A table that only its owner's rows are shown of.
const NOTES: &str = "
    create table public.notes (id bigint primary key, user_id uuid not null, body text);
    alter table public.notes enable row level security;
    revoke all on public.notes from anon, authenticated, public;
    create policy own on public.notes for select to authenticated using (user_id = (select auth.uid()));
    grant select on public.notes to authenticated;
";

/// The findings that `sql` adds on top of [`NOTES`], but for the server's version, which is no matter of the schema.
fn added(sql: &str) -> Vec<Finding> {
    let stage = Stage::new(17, Platform::Supabase { expose_new_tables: false });
    let before = stage.findings("");
    let mut after = stage.findings(&format!("{NOTES}{sql}"));
    let known: BTreeSet<_> = before.iter().map(|f| f.fingerprint.clone()).collect();
    after.retain(|f| !known.contains(&f.fingerprint));
    after
}

fn assert_silent(sql: &str) {
    let findings = added(sql);
    assert!(findings.is_empty(), "{sql}\n{}", brief(&findings));
}

#[test]
fn a_sound_table_gives_nothing() {
    // Neither does FORCE, which is missing here: the owner has BYPASSRLS, and no client reaches the owner.
    assert_silent("");
}

#[test]
fn an_update_policy_without_with_check_is_sound() {
    assert_silent(
        "create policy change on public.notes for update to authenticated using (user_id = (select auth.uid()));
         grant update (body) on public.notes to authenticated;",
    );
}

#[test]
fn a_definer_view_that_filters_by_the_session_is_low_at_most() {
    for filter in ["user_id = auth.uid()", "user_id = (select auth.uid())", "public.is_me(user_id)"] {
        let findings = added(&format!(
            "create function public.is_me(u uuid) returns boolean language sql stable set search_path = ''
                 as $$ select u = auth.uid() $$;
             create view public.my_notes as select id, body from public.notes where {filter};
             grant select on public.my_notes to authenticated;"
        ));
        assert!(findings.iter().all(|f| f.severity <= Severity::Low), "{filter}\n{}", brief(&findings));
    }
}

#[test]
fn sound_definer_functions_give_nothing() {
    assert_silent(
        "create function public.on_note() returns trigger language plpgsql security definer set search_path = ''
             as $$ begin insert into public.notes (id, user_id) values (1, auth.uid()); return new; end $$;
         create trigger on_note after insert on public.notes for each row execute function public.on_note();
         create function public.nobody() returns setof public.notes language sql security definer set search_path = ''
             as $$ select * from public.notes $$;
         revoke execute on function public.nobody() from public;
         create function public.may_see(n bigint) returns boolean language sql stable security definer
             set search_path = '' as $$ select exists (select 1 from public.notes where id = n and user_id = auth.uid()) $$;
         create policy seen on public.notes for select to authenticated using (public.may_see(id));
         create function public.add_one(n bigint) returns bigint language sql security definer set search_path = ''
             as $$ select n + 1 $$;",
    );
}

#[test]
fn a_table_closed_by_a_restrictive_false_is_sound() {
    assert_silent(
        "create table public.ledger (id bigint primary key);
         alter table public.ledger enable row level security;
         grant select, insert on public.ledger to authenticated;
         create policy nobody on public.ledger as restrictive to authenticated using (false) with check (false);",
    );
}

#[test]
fn wrapped_claims_are_sound() {
    assert_silent(
        "create policy admins on public.notes for select to authenticated
             using ((select auth.jwt() -> 'app_metadata' ->> 'role') = 'admin');",
    );
}

#[test]
fn a_revoke_names_public_where_the_privilege_is_publics() {
    let findings = added(
        "create function public.all_notes() returns setof public.notes language sql security definer
             set search_path = '' as $$ select * from public.notes $$;
         revoke execute on function public.all_notes() from anon;",
    );
    let [finding] = findings.as_slice() else { panic!("{}", brief(&findings)) };
    assert_eq!((finding.check.as_str(), finding.severity), ("secdef-exposed", Severity::High));
    let fix = finding.fix.as_deref().unwrap();
    assert_eq!(
        fix,
        "revoke execute on function public.all_notes() from PUBLIC;\n\
         grant execute on function public.all_notes() to service_role;"
    );
}

#[test]
fn policies_without_to_are_sound_when_they_ask_who_it_is() {
    assert_silent(
        "create policy \"members only\" on public.notes for select using (auth.uid() = user_id);
         grant select on public.notes to anon;",
    );
}

#[test]
fn a_price_list_for_everybody_is_information_only() {
    let findings = added(
        "create table public.plans (id text primary key, name text, price numeric);
         alter table public.plans enable row level security;
         create policy everyone on public.plans for select using (true);
         revoke all on public.plans from anon, authenticated;
         grant select on public.plans to anon, authenticated;",
    );
    assert!(findings.iter().all(|f| f.severity == Severity::Info), "{}", brief(&findings));
}

#[test]
fn what_only_the_back_office_reads_is_no_finding() {
    assert_silent(
        "create materialized view public.totals as select user_id, count(*) from public.notes group by user_id;
         create view public.raw_notes as select * from public.notes;
         create role bi_tool login;
         revoke all on public.totals, public.raw_notes from anon, authenticated, public;
         grant usage on schema public to bi_tool;
         grant select on public.totals, public.raw_notes to bi_tool, service_role;",
    );
}

#[test]
fn authenticator_becomes_the_service_role_by_design() {
    let stage = Stage::new(17, Platform::Supabase { expose_new_tables: false });
    let findings = stage.findings(NOTES);
    let roles: Vec<_> = findings.iter().filter(|f| f.check.starts_with("bypass")).collect();
    assert!(roles.is_empty(), "{}", brief(roles));
}

#[test]
fn plain_postgres_with_grants_and_no_row_security_is_silent() {
    let stage = Stage::new(17, Platform::Postgres);
    let before = stage.findings("");
    let findings = stage.findings(
        "create schema shop;
         create role shop_owner nologin;
         create role shop_app login;
         create role shop_admin login superuser;
         grant usage on schema shop to shop_app;
         create table shop.orders (id bigint primary key, customer_id bigint, email text);
         create materialized view shop.totals as select customer_id, count(*) from shop.orders group by 1;
         create view shop.recent as select * from shop.orders;
         alter table shop.orders owner to shop_owner;
         alter default privileges for role shop_owner in schema shop grant select on tables to shop_app;
         grant select, insert, update, delete, truncate on all tables in schema shop to shop_app;",
    );
    let new = beyond(&findings, &before);
    assert!(new.is_empty(), "{}", brief(new));
}

#[test]
fn plain_postgres_with_tenants_by_setting_is_silent() {
    let stage = Stage::new(17, Platform::Postgres);
    let before = stage.findings("");
    let findings = stage.findings(
        "create schema crm;
         create role crm_owner nologin;
         create role crm_app login;
         grant usage on schema crm to crm_app;
         create table crm.contacts (id bigint primary key, tenant_id uuid not null, email text);
         alter table crm.contacts owner to crm_owner;
         alter table crm.contacts enable row level security;
         alter table crm.contacts force row level security;
         create policy tenant on crm.contacts using (tenant_id = current_setting('app.tenant_id')::uuid);
         create function crm.touch() returns trigger language plpgsql as 'begin return new; end';
         grant select, insert, update, delete on crm.contacts to crm_app;",
    );
    let new: Vec<_> = beyond(&findings, &before).into_iter().filter(|f| f.check != "server-version-flaw").collect();
    assert!(new.is_empty(), "{}", brief(new));
}
