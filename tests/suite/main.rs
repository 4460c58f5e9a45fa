//! Black-box suites; one binary, so that it links once and shares its servers.

mod shadow;
mod shadow_apply;
mod support;
