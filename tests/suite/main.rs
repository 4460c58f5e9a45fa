//! Black-box suites; one binary, so that it links once and shares its servers.

mod checks;
mod cli;
mod effective;
mod impersonation;
mod introspect;
mod semantics;
mod shadow;
mod shadow_apply;
mod support;
