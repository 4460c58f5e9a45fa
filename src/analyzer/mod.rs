//! Decides who can reach what, from the model alone; never talks to a database.
//!
//! [`effective`] joins grants, memberships, row security and policies into one answer for each principal, relation
//! and command. [`term`] is the language in which conditions are decided; [`evaluate`] computes what a term is in one
//! state. [`truth`] recognizes conditions that are true or false for every row.

pub mod effective;
pub mod evaluate;
pub mod term;
pub mod truth;
