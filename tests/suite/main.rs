//! Black-box suites; one binary, so that it links once and shares its servers.

mod effective;
mod semantics;
mod shadow;
mod support;
