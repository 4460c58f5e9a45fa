//! Black-box suites; one binary, so that it links once and shares its servers.

mod connections;
mod introspect;
mod shadow;
mod support;
