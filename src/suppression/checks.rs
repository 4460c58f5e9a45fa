//! What the findings about ignores and baselines are, for people.

use crate::checks::{Meta, declare_check};

/// The checks of what a project accepts, by id.
pub const CHECKS: &[&Meta] =
    &[&ExpiredIgnore::META, &StaleBaseline::META, &UnexplainedIgnore::META, &UnusedIgnore::META];

declare_check! {
    /// The last day of an `[[ignore]]` is over, and what it accepted is still there. The finding is open again.
    ///
    /// A day makes sure that somebody looks again: an exception for the time of a migration, a review that is due. Decide
    /// anew: mend what was found, or give a new day with a reason that holds today.
    ///
    /// Not reported: ignores whose findings are gone. Those are `unused-ignore`.
    pub(super) struct ExpiredIgnore {
        id: "expired-ignore",
        title: "ignore whose last day is over while its finding is still there",
        severity: Medium,
        bad: "
            -- pgwitness.toml: [[ignore]] check = 'rls-off-exposed', object = 'public.notes', expires = 2020-01-31
            create table public.notes (id bigint primary key);
            grant select on public.notes to anon;
        ",
        good: "
            create table public.notes (id bigint primary key);
            alter table public.notes enable row level security;
        ",
    }
}

declare_check! {
    /// The baseline names findings that are there no more. Each is a hole for the same defect to come back through
    /// without a word: write the baseline anew with `--write-baseline`, and it is closed.
    ///
    /// Not reported: entries of checks that did not run, or had nothing to examine in this run, such as those that only an
    /// audit of a running database can find.
    pub(super) struct StaleBaseline {
        id: "stale-baseline",
        title: "entry of the baseline whose finding is gone",
        severity: Low,
        bad: "
            -- a baseline that was written before row-level security was switched on
            create table public.notes (id bigint primary key);
            alter table public.notes enable row level security;
        ",
        good: "
            -- a baseline that was written of this
            create table public.notes (id bigint primary key);
            grant select on public.notes to anon;
        ",
    }
}

declare_check! {
    /// An ignore accepts a risk and does not say why. Nobody who reads it later can tell whether the reason still holds,
    /// and an auditor has no use for an exception without one.
    ///
    /// The reason stands behind the brackets of a comment, and is `reason` of an `[[ignore]]`. With `--profile strict` an
    /// ignore without a reason hides nothing.
    ///
    /// Not reported: ignores that hide nothing. Those are `unused-ignore`.
    pub(super) struct UnexplainedIgnore {
        id: "unexplained-ignore",
        title: "ignore without a reason",
        severity: Low,
        bad: "
            create table public.notes (id bigint primary key);
            -- pgwitness: ignore[rls-off-exposed]
            grant select on public.notes to anon;
        ",
        good: "
            create table public.notes (id bigint primary key);
            -- pgwitness: ignore[rls-off-exposed] a list of countries, the same for everybody
            grant select on public.notes to anon;
        ",
    }
}

declare_check! {
    /// An ignore accepts nothing: what it was about is mended, it stands at another statement than the finding points at,
    /// its check does not exist, or it would hide several findings and does not say which.
    ///
    /// An ignore that waits for something to hide will hide the next defect of its kind, so that it has to go. A comment
    /// covers one finding of each check that it names; where a statement has several, it names them by their fingerprints:
    /// `ignore[rule-exceeded:0123456789abcdef] reason`. The finding's message says which there are.
    ///
    /// Not reported: ignores of checks that did not run, or had nothing to examine in this run.
    pub(super) struct UnusedIgnore {
        id: "unused-ignore",
        title: "ignore that hides nothing",
        severity: Low,
        bad: "
            -- pgwitness: ignore[rls-off-exposed] a list of countries, the same for everybody
            create table public.notes (id bigint primary key);
            alter table public.notes enable row level security;
        ",
        good: "
            create table public.notes (id bigint primary key);
            alter table public.notes enable row level security;
        ",
    }
}
