//! Black-box suites; one binary, so that it links once and shares its servers.

mod cli;
mod impersonation;
mod introspect;
mod shadow;
mod support;
