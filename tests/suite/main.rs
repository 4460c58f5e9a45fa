//! Black-box suites; one binary, so that it links once and shares its servers.

<<<<<<< HEAD
mod cli;
mod effective;
mod impersonation;
=======
mod checks;
mod effective;
>>>>>>> checks
mod introspect;
mod semantics;
mod shadow;
mod shadow_apply;
mod support;
