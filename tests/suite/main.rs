//! Black-box suites; one binary, so that it links once and shares its servers.

mod effective;
mod introspect;
mod semantics;
mod shadow;
mod shadow_apply;
mod support;
