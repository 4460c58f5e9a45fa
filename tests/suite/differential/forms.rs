//! Forms that people write and that took some reading: what is said of each is so on the server.

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::model::{Command, QualifiedName};
use pgwitness::shadow::Platform;

use super::policies::schema_of;
use super::replay::Replay;
use crate::support;

const HELPERS: &str = "
    create table factors (id uuid primary key, user_id uuid not null, status text not null);
    create table singles (k int unique, owner uuid);
    create function thrown() returns boolean language sql as $$ select random() < 0.5 $$;
    create function spelled() returns boolean language sql as $$ select random()::text collate \"C\" < '0.5' $$;
    create table seats (user_id uuid not null, org uuid, role text);
    create function seat() returns table (org uuid, role text) language plpgsql stable security definer set search_path = '' as $$
        begin return query select s.org, coalesce(s.role, '')::text from public.seats s where s.user_id = auth.uid(); end $$;
    create function key() returns text language plpgsql stable set search_path = '' as $$
        declare headers text;
        begin
            headers := current_setting('request.headers', true);
            if headers is null or headers = '' then return null; end if;
            begin return headers::json ->> 'key'; exception when others then return null; end;
        end $$;
    create function rows_of(p_org uuid) returns setof uuid language plpgsql stable security definer set search_path = '' as $$
        begin
            if p_org is null then return; end if;
            return query select s.user_id from public.seats s where s.org = p_org;
            return query select s.user_id from public.seats s where s.org is null and p_org = auth.uid();
        end $$;
    create function gathered(p_role text) returns uuid[] language plpgsql stable security definer set search_path = '' as $$
        declare v_all uuid[] := '{}'::uuid[];
        begin
            if p_role is null then return v_all; end if;
            if p_role = 'own' then
                select array_agg(s.org) into v_all from public.seats s where s.user_id = auth.uid();
                return v_all;
            end if;
            select coalesce(array_agg(distinct s.org), '{}'::uuid[]) into v_all
                from public.seats s where s.user_id = auth.uid() and s.role = p_role;
            return v_all;
        end $$;
    create type kind as enum ('read', 'write');
    create function strict_rows(p_org uuid) returns setof uuid language sql strict stable security definer set search_path = '' as $$
        select s.user_id from public.seats s where s.org is not distinct from p_org $$;
    create function joined(p_org uuid, p_state text) returns boolean language plpgsql stable security definer set search_path = '' as $$
        declare v_org uuid := p_org; v_role text;
        begin
            if p_org is null then
                select s.org into v_org from public.seats s where s.user_id = auth.uid() limit 1;
            end if;
            if p_state = 'closed' then v_role := 'admin'; else v_role := 'member'; end if;
            if v_org is null then return false; end if;
            return exists (select 1 from public.seats s where s.org = v_org and s.user_id = auth.uid() and s.role = v_role);
        end $$;
    create function overloaded(p uuid) returns boolean language sql stable as $$ select p = auth.uid() $$;
    create function kept_on_error(p text) returns boolean language plpgsql stable as $$
        declare ok boolean := false;
        begin
            begin
                ok := true;
                perform p::int;
                return false;
            exception when invalid_text_representation then
                return ok;
            end;
        end $$;
    create function not_caught(p text) returns boolean language plpgsql stable as $$
        begin
            perform p::int;
            return true;
        exception when unique_violation then
            return true;
        end $$;
    create function must(p uuid) returns void language plpgsql stable as $$
        begin if p is null then raise exception 'none'; end if; end $$;
    create function performed(p uuid) returns boolean language plpgsql stable as $$
        begin
            if true then perform must(p); end if;
            return true;
        end $$;
    create function selected(p uuid) returns boolean language sql stable as $$ select must(p); select true $$;";

/// What comes after the policies.
const LATER: &str = "
    create function overloaded(p uuid, q text default 'x') returns boolean language sql stable as $$ select true $$;";

const OWN: &str = "owner = auth.uid()";

/// A name, the policy, a rule, and whether access keeps to it.
const CASES: &[(&str, &str, &str, bool)] = &[
    // The documented way to demand a second factor of those who have one.
    ("factor", "array[(select coalesce(auth.jwt() ->> 'aal', 'aal1'))] <@ (select case when count(id) > 0 then array['aal2'] else array['aal1', 'aal2'] end
        from factors where (select auth.uid()) = user_id and status = 'verified')",
        "auth.jwt() ->> 'aal' = 'aal2' or not exists (select from public.factors f where f.user_id = auth.uid() and f.status = 'verified')", true),
    ("factor_owner", "array[(select coalesce(auth.jwt() ->> 'aal', 'aal1'))] <@ (select case when count(id) > 0 then array['aal2'] else array['aal1', 'aal2'] end
        from factors where (select auth.uid()) = user_id and status = 'verified')", OWN, false),
    ("counted_column", "(select count(s.org) > 0 from seats s where s.user_id = auth.uid())",
        "exists (select from public.seats s where s.user_id = auth.uid() and s.org is not null)", true),
    ("counted_no_column", "(select count(s.org) = 0 from seats s where s.user_id = auth.uid())",
        "not exists (select from public.seats s where s.user_id = auth.uid() and s.org is not null)", true),
    ("counted_rows", "(select count(s.org) > 0 from seats s where s.user_id = auth.uid())", OWN, false),
    ("one_time", "exists (select 1 from jsonb_array_elements((select auth.jwt()) -> 'amr') as e where e ->> 'method' = 'otp') or owner is null", OWN, false),
    ("one_time_only", "exists (select 1 from jsonb_array_elements((select auth.jwt()) -> 'amr') as e where e ->> 'method' = 'otp')",
        "auth.jwt() -> 'amr' is not null", true),
    ("field", "exists (select 1 from (select seat() as seat) s where (s.seat).org = org)",
        "exists (select from public.seats s where s.user_id = auth.uid() and s.org = field.org)", true),
    ("field_role", "exists (select 1 from (select seat() as seat) s where (s.seat).org = org and (s.seat).role in ('owner', 'admin'))",
        "exists (select from public.seats s where s.user_id = auth.uid() and s.org = field_role.org and s.role in ('owner', 'admin'))", true),
    ("field_owner", "exists (select 1 from (select seat() as seat) s where (s.seat).org = org and (s.seat).role in ('owner', 'admin'))", OWN, false),
    ("listed", "state = any (array['open', 'shared']::varchar[]::text[])", "state in ('open', 'shared')", true),
    ("listed_owner", "state = any (array['open', 'shared']::varchar[]::text[])", OWN, false),
    ("header", "owner = auth.uid() or (key() is not null and state = 'open')", "owner = auth.uid() or state = 'open'", true),
    ("header_or_all", "key() is null", OWN, false),
    ("header_values", "current_setting('request.headers', true)::json ->> 'a' = state and current_setting('request.headers', true)::json ->> 'b' = 'x'",
        OWN, false),
    ("header_same", "current_setting('request.headers', true)::json ->> 'a' = state", "current_setting('request.headers', true)::json ->> 'a' = state", true),
    ("enum_texts", "state = any ('{read,write}'::kind[]::text[])", "state in ('read', 'write')", true),
    ("enum_texts_narrow", "state = any ('{read,write}'::kind[]::text[])", "state = 'read'", false),
    ("gathered_case", "org = any (gathered(state))", "org in (select s.org from public.seats s where s.user_id = auth.uid())", true),
    ("gathered_or", "org = any (coalesce(gathered(state), '{}'::uuid[]))", "org in (select s.org from public.seats s where s.user_id = auth.uid())", true),
    ("gathered_role", "org = any (gathered('admin'))", "exists (select from public.seats s where s.org = gathered_role.org and s.user_id = auth.uid() and s.role = 'admin')", true),
    ("gathered_narrow", "org = any (gathered(state))", "exists (select from public.seats s where s.org = gathered_narrow.org and s.user_id = auth.uid() and s.role = state)", false),
    ("gathered_not", "not (org = any (gathered(state)))", OWN, false),
    // NULL of no rows: neither is in it nor is not.
    ("gathered_null", "not (org = any (gathered('own')))", "exists (select from public.seats s where s.user_id = auth.uid())", true),
    ("gathered_empty", "not (org = any (coalesce(gathered('own'), '{}')))", "exists (select from public.seats s where s.user_id = auth.uid())", false),
    ("paths", "owner in (select rows_of(org))",
        "exists (select from public.seats s where s.user_id = owner and (s.org = paths.org or s.org is null and paths.org = auth.uid()))", true),
    ("paths_narrow", "owner in (select rows_of(org))", "exists (select from public.seats s where s.user_id = owner and s.org = paths_narrow.org)", false),
    ("joined_roles", "joined(org, state)",
        "exists (select from public.seats s where s.user_id = auth.uid() and s.role in ('admin', 'member'))", true),
    ("joined_admin", "joined(org, state)",
        "exists (select from public.seats s where s.user_id = auth.uid() and s.role = 'admin') or (state = 'closed') is not true", true),
    ("joined_owner", "joined(org, state)", OWN, false),
    ("joined_other", "joined(org, state)", "exists (select from public.seats s where s.user_id = auth.uid() and s.role = 'admin')", false),
    ("bound_before", "overloaded(owner)", OWN, true),
    ("like_suffix", "state like '%@corp.com'", "state like '%corp.com'", true),
    ("like_suffix_wide", "state like '%corp.com'", "state like '%@corp.com'", false),
    ("like_prefix", "state like 'ab%'", "starts_with(state, 'a')", true),
    ("like_prefix_wide", "starts_with(state, 'a')", "state like 'ab%'", false),
    ("like_within", "state like '%abc%'", "state like '%b%'", true),
    ("like_not", "state not like '%b%'", "state not like '%abc%'", true),
    ("like_not_wide", "state not like '%abc%'", "state not like '%b%'", false),
    ("like_apart", "state like 'a%' and state like 'b%'", "false", true),
    ("like_all_but", "state like '%'", "state like 'a%' or state not like 'a%'", true),
    ("like_plain", "state like 'open'", "state = 'open'", true),
    ("like_any", "state like '%'", "state is not null", true),
    ("like_escaped", r"state like '100\%%'", "state like '100%'", true),
    ("like_escaped_wide", "state like '100%'", r"state like '100\%%'", false),
    ("ilike_suffix", "state ilike '%@Corp.com'", "state ilike '%cORP.COM'", true),
    ("lower_like", "lower(state) like '%@corp.com'", "lower(state) like '%corp.com'", true),
    ("lower_claim", "lower(state) = lower(auth.jwt() ->> 'email')", "state = auth.jwt() ->> 'email'", false),
    ("none_of", "state <> all (array['open', 'shared'])", "state not in ('open', 'shared')", true),
    ("none_of_wide", "state <> all (array['open', 'shared'])", "state in ('open', 'shared')", false),
    // A unique key does not bind NULL.
    ("two_nulls", "exists (select from singles a, singles b where a.k is null and b.k is null and a.owner <> b.owner)", "false", false),
    ("one_of_a_key", "exists (select from singles a, singles b where a.k = b.k and a.owner <> b.owner)", "false", true),
    ("narrower", "owner = auth.uid()", "owner = auth.uid() and state = 'open'", false),
    ("text_order", "state < 'm' and 'm' < state", "false", true),
    ("strict", "owner in (select strict_rows(org))", "org is not null and exists (select from public.seats s where s.user_id = owner and s.org = strict.org)", true),
    // What the server computes is never anything else.
    ("computed", "made = auth.uid()", "owner = auth.uid() or org = auth.uid()", true),
    ("computed_narrow", "made = auth.uid()", OWN, false),
    ("computed_text", "label = 'open'", "lower(state) = 'open'", true),
    ("computed_text_narrow", "label = 'open'", OWN, false),
    ("computed_null", "made is not null", "owner is not null or org is not null", true),
];

/// A name, the policy, and what must not be proved of it: that it keeps to a rule, and that it grants all of one.
const NOT_SO: &[(&str, &str, Option<&str>, Option<&str>)] = &[
    // Each order of texts is another.
    ("collations", "state = code and code < 'a'", Some("state < 'a'"), None),
    // A variable keeps what it was set to before the error.
    ("kept", "kept_on_error(state)", Some("false"), None),
    // An error that no handler names goes on.
    ("uncaught", "not_caught(state)", None, Some("true")),
    ("asserted", "performed(org)", None, Some("true")),
    ("asserted_in_sql", "selected(org)", None, Some("true")),
    // Equal numbers print differently.
    (
        "printed",
        "state::numeric = code::numeric and state::numeric::text = '1'",
        Some("code::numeric::text = '1'"),
        None,
    ),
    // Each call is another value.
    ("dice", "thrown()", Some("thrown()"), None),
    // Also where it stands in something that is not understood.
    ("dice_in_words", "spelled()", Some("spelled()"), None),
    ("two_dice", "spelled() and not spelled()", Some("false"), None),
    ("anybody", "auth.uid() is not null", None, None),
    // Each row demands another one, and it takes eight to show it.
    (
        "chain",
        "exists (select from seats a where a.role = 'a') and not exists (select from seats s where s.role <> 'h' and not exists (
            select from seats t where t.role = case s.role when 'a' then 'b' when 'b' then 'c' when 'c' then 'd' when 'd' then 'e'
                when 'e' then 'f' when 'f' then 'g' when 'g' then 'h' end))",
        Some("not exists (select from public.seats s where s.role = 'h')"),
        None,
    ),
    // The pattern is tested with the text as it is.
    ("letter_case", "state ilike 'a%'", Some("state like 'a%'"), None),
];

#[test]
fn what_only_seems_so_is_not_proved() {
    let mut sql = HELPERS.to_owned();
    for (name, policy, ..) in NOT_SO {
        sql.push_str(&table(name, policy));
    }
    sql.push_str("grant select on all tables in schema public to authenticated;");
    let database = support::database(17, Platform::SUPABASE, &sql);
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    for (name, _, rule, granted) in NOT_SO {
        let table = schema.relation(&QualifiedName::new("public", *name)).unwrap();
        let mut access = decider.access("authenticated", table, Command::Select, Which::Old, Caller::DataApi);
        if let Some(rule) = rule {
            assert_ne!(access.never_exceeds(*rule, Asker::SomeUser), Verdict::Proved, "{name}: {}", access.sql());
        }
        if *name == "anybody" {
            assert_ne!(access.is_always_true(Asker::Any), Verdict::Proved, "not all sessions are of somebody");
        }
        if let Some(rule) = granted {
            assert_ne!(access.grants_all(*rule, Asker::SomeUser), Verdict::Proved, "{name}: {}", access.sql());
        }
    }
}

fn table(name: &str, policy: &str) -> String {
    format!(
        "create table {name} (id int primary key, owner uuid, org uuid, state text, code text collate \"C\",
             made uuid generated always as (coalesce(owner, org)) stored,
             label text generated always as (lower(state)) stored);
         alter table {name} enable row level security;
         create policy p on {name} for select to authenticated using ({policy});"
    )
}

#[test]
fn that_people_write_are_decided() {
    for major in [14, 17] {
        let mut sql = HELPERS.to_owned();
        for (name, policy, ..) in CASES {
            sql.push_str(&table(name, policy));
        }
        sql.push_str(LATER);
        sql.push_str("grant select on all tables in schema public to authenticated;");
        let database = support::database(major, Platform::SUPABASE, &sql);
        let schema = schema_of(&database);
        let effective = Effective::new(&schema, None);
        let decider = Decider::new(&effective);
        let mut wrong = Vec::new();
        for (name, _, rule, keeps) in CASES {
            let table = schema.relation(&QualifiedName::new("public", *name)).unwrap();
            let mut access = decider.access("authenticated", table, Command::Select, Which::Old, Caller::DataApi);
            let verdict = access.never_exceeds(*rule, Asker::SomeUser);
            match &verdict {
                Verdict::Proved if *keeps => {}
                Verdict::Violated(witness) if !keeps => {
                    let shown = Replay::new(&database, &schema, witness).read("authenticated", name);
                    if !shown.as_ref().is_ok_and(|rows| rows.iter().any(|row| row == "row")) {
                        wrong.push(format!("{name} is not shown: {shown:?}\n{witness:#?}"));
                    }
                }
                _ => wrong.push(format!("{name}: {verdict:?}\n  {}", access.sql())),
            }
        }
        assert!(wrong.is_empty(), "{major}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_a_function_computed_is_not_relied_on() {
    let sql = "create function low(t text) returns text language sql immutable as $$ select lower(t) $$;
        create table slugs (id int primary key, owner uuid, state text, slug text generated always as (low(state)) stored);
        alter table slugs enable row level security;
        create policy p on slugs for select to authenticated using (slug = 'open');
        grant select on slugs to authenticated;";
    let database = support::database(17, Platform::SUPABASE, sql);
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    let table = schema.relation(&QualifiedName::new("public", "slugs")).unwrap();
    let mut access =
        Decider::new(&effective).access("authenticated", table, Command::Select, Which::Old, Caller::DataApi);
    // `low` may have been another function when the row was written, but a witness is made by the one of today.
    let verdict = access.never_exceeds("lower(state) = 'open'", Asker::SomeUser);
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    let Verdict::Violated(witness) = access.never_exceeds(OWN, Asker::SomeUser) else { panic!("{}", access.sql()) };
    let shown = Replay::new(&database, &schema, &witness).read("authenticated", "slugs");
    assert!(shown.as_ref().is_ok_and(|rows| rows.iter().any(|row| row == "row")), "{shown:?}\n{witness:#?}");
}
