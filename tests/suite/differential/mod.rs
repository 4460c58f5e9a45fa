//! Differential tests of the decision engine, with the server and an SMT solver as oracles.
//!
//! Seeds are printed; `PGWITNESS_ROUNDS` multiplies the work, `PGWITNESS_SEED` moves the first seed.

pub(crate) mod choice;
mod evaluator;
mod failures;
mod forms;
mod generate;
mod known;
mod policies;
mod practice;
mod programs;
mod questions;
mod refused;
mod replay;
mod smt;
mod statements;
pub(crate) mod text;
mod verdicts;
mod world;
mod writes;
