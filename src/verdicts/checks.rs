//! What the findings of verdicts are, for people. They need declared rules, so that they are no checks of the model
//! alone; their documentation stands in the same list. The rule of an example stands in its first lines.

use crate::checks::{Meta, declare_check};

/// The checks that come of declared rules, by id.
pub const CHECKS: &[&Meta] = &[
    &CallBeyondRule::META,
    &ColumnWritable::META,
    &HiddenColumnReadable::META,
    &RuleExceeded::META,
    &RuleNotGranted::META,
];

declare_check! {
    /// A role may call a function that the declared rules deny it, or may not call one that they demand.
    ///
    /// EXECUTE belongs to everybody from the moment a function is made, unless default privileges say otherwise; a
    /// function with its owner's rights is then a door past row-level security. The rule names the function with its
    /// argument types and the role; USAGE on the schema counts too.
    ///
    /// Not reported: functions that no rule names. What such a function lends is the business of `secdef-exposed`.
    pub(super) struct CallBeyondRule {
        id: "call-beyond-rule",
        title: "function that a role may call and the rules deny it, or the other way round",
        severity: High,
        bad: "
            -- [[rule]] call = 'public.close_books(integer)', role = 'anon', execute = false
            create function public.close_books(year integer) returns void language sql as $$ select $$;
        ",
        good: "
            -- [[rule]] call = 'public.close_books(integer)', role = 'anon', execute = false
            create function public.close_books(year integer) returns void language sql as $$ select $$;
            revoke execute on function public.close_books(integer) from public, anon;
        ",
    }
}

declare_check! {
    /// A role may change columns of a relation beyond those that the declared rules list for it.
    ///
    /// A rule on UPDATE says which rows, and `columns` says what of them: the owner of a profile edits its name, and not
    /// its `is_admin`. Row-level security knows no columns, so that only grants on columns hold such a line.
    ///
    /// Not reported: columns of relations that the role can change no row of, and generated columns.
    pub(super) struct ColumnWritable {
        id: "column-writable",
        title: "column that a role may change beyond those that the rules list",
        severity: High,
        bad: "
            -- [[rule]] on = 'public.profiles', role = 'authenticated', columns = ['name'], update = 'id = auth.uid()'
            create table public.profiles (id uuid primary key, name text, is_admin boolean not null default false);
            alter table public.profiles enable row level security;
            create policy own on public.profiles for update to authenticated using (id = (select auth.uid()));
            grant update on public.profiles to authenticated;
        ",
        good: "
            -- [[rule]] on = 'public.profiles', role = 'authenticated', columns = ['name'], update = 'id = auth.uid()'
            create table public.profiles (id uuid primary key, name text, is_admin boolean not null default false);
            alter table public.profiles enable row level security;
            create policy own on public.profiles for update to authenticated using (id = (select auth.uid()));
            revoke all on public.profiles from anon, authenticated;
            grant update (name) on public.profiles to authenticated;
        ",
    }
}

declare_check! {
    /// A role may read a column that the declared rules hide from it.
    ///
    /// Row-level security hides rows, never columns: whoever sees a row sees every column that is granted. A grant on the
    /// whole table makes every grant on columns meaningless.
    ///
    /// Not reported: columns of relations that the role sees no row of.
    pub(super) struct HiddenColumnReadable {
        id: "hidden-column-readable",
        title: "column that a role may read and the rules hide from it",
        severity: Critical,
        bad: "
            -- [[rule]] on = 'public.hooks', role = 'authenticated', select = true, hide = ['secret']
            create table public.hooks (id bigint primary key, url text, secret text);
            alter table public.hooks enable row level security;
            create policy all_see on public.hooks for select to authenticated using (true);
            grant select on public.hooks to authenticated;
        ",
        good: "
            -- [[rule]] on = 'public.hooks', role = 'authenticated', select = true, hide = ['secret']
            create table public.hooks (id bigint primary key, url text, secret text);
            alter table public.hooks enable row level security;
            create policy all_see on public.hooks for select to authenticated using (true);
            revoke all on public.hooks from anon, authenticated;
            grant select (id, url) on public.hooks to authenticated;
        ",
    }
}

declare_check! {
    /// A role reaches rows that the declared rules deny it. The finding names the rule, the policy or grant that lets the
    /// row through, and a witness: a session and a few rows with which anybody can see it.
    ///
    /// It is decided for all sessions and all databases that the schema admits, by a proof procedure and not by examples.
    /// Where a server of our own is at hand the witness is run there, and what it shows is marked as confirmed.
    ///
    /// Without rule files the same questions are asked of a default reading of columns, keys and policies. What comes of
    /// that is likely, never certain, and `pgwitness init` writes the reading down for review.
    ///
    /// Not reported: what could not be decided. It is listed under \"Not examined\", and ends the run with 3.
    pub(super) struct RuleExceeded {
        id: "rule-exceeded",
        title: "rows that a role reaches beyond the declared rules",
        severity: Critical,
        bad: "
            -- [[rule]] on = 'public.letters', role = 'authenticated', select = 'reader = auth.uid()'
            create table public.letters (id bigint primary key, reader uuid not null, sender uuid not null);
            alter table public.letters enable row level security;
            create policy read on public.letters for select to authenticated
              using (reader = (select auth.uid()) or sender = (select auth.uid()));
            grant select on public.letters to authenticated;
        ",
        good: "
            -- [[rule]] on = 'public.letters', role = 'authenticated', select = 'reader = auth.uid()'
            create table public.letters (id bigint primary key, reader uuid not null, sender uuid not null);
            alter table public.letters enable row level security;
            create policy read on public.letters for select to authenticated using (reader = (select auth.uid()));
            grant select on public.letters to authenticated;
        ",
    }
}

declare_check! {
    /// A role cannot reach rows that the declared rules grant it, where a rule says `mode = \"exactly\"` or `\"at-least\"`:
    /// somebody is locked out of what is theirs, often by a restrictive policy or a forgotten grant.
    ///
    /// Asked of statements as the Data API makes them: an UPDATE or DELETE has a WHERE, so that SELECT policies count too.
    /// Where a bare INSERT works, one that returns its row (`.insert().select()`, return=representation) or names columns
    /// in ON CONFLICT may be refused all the same: SELECT policies are checks on the new row then, and a membership that a
    /// trigger adds afterwards is not there yet. That is told at low severity, and so is an upsert that is refused where
    /// INSERT and UPDATE are granted.
    ///
    /// Not reported: rules of mode `at-most`, which only bound access from above.
    pub(super) struct RuleNotGranted {
        id: "rule-not-granted",
        title: "rows that the declared rules grant a role and that it cannot reach",
        severity: Medium,
        bad: "
            -- [[rule]] on = 'public.letters', role = 'authenticated', select = 'reader = auth.uid()', mode = 'exactly'
            create table public.letters (id bigint primary key, reader uuid not null, folder text not null);
            alter table public.letters enable row level security;
            create policy read on public.letters for select to authenticated
              using (reader = (select auth.uid()) and folder = 'inbox');
            grant select on public.letters to authenticated;
        ",
        good: "
            -- [[rule]] on = 'public.letters', role = 'authenticated', select = 'reader = auth.uid()', mode = 'exactly'
            create table public.letters (id bigint primary key, reader uuid not null, folder text not null);
            alter table public.letters enable row level security;
            create policy read on public.letters for select to authenticated using (reader = (select auth.uid()));
            grant select on public.letters to authenticated;
        ",
    }
}
