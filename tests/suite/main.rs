//! Black-box suites; one binary, so that it links once and shares its servers.

mod introspect;
mod shadow;
mod support;
