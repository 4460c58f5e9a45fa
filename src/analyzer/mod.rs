//! Decides who can reach what, from the model alone; never talks to a database.
//!
//! [`effective`] joins grants, memberships, row security and policies into one answer for each principal, relation
//! and command. Conditions are decided in stages: [`term`] is their language, with every name bound; a [`verdict`]
//! question bounds how many rows a counterexample needs, grounds the question to them, solves it, and turns a model
//! into a [`witness`], which [`evaluate`] checks as an independent interpreter. [`decide`] asks the questions of checks.
//! [`truth`] is what is known of a condition whoever reads, [`inline`] reads function bodies as expressions.

pub(crate) mod bindings;
mod bound;
pub mod decide;
pub mod effective;
pub mod evaluate;
mod ground;
pub mod inline;
mod kept;
mod lineage;
mod resolve;
mod solve;
pub mod term;
pub mod truth;
pub mod verdict;
pub mod witness;
