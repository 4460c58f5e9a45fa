//! Black-box suites; one binary, so that it links once and shares its servers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "the suites' own functions are tests too; clippy knows only those marked so"
)]

mod checks;
mod ci_places;
mod cli;
mod connections;
mod diff;
mod differential;
mod effective;
mod equivalence;
mod impersonation;
mod introspect;
mod mutation;
mod pgtap;
mod positions;
mod projects;
mod readme;
mod semantics;
mod shadow;
mod shadow_apply;
mod sql;
mod statements;
mod support;
mod verdicts;
mod writers;
