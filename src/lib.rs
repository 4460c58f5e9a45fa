//! pgwitness tells, with evidence, who can reach which rows of a Postgres database.
//!
//! Data flows one way:
//!
//! ```text
//! live catalog ─┐
//! migrations  ──┼─► model::Schema ─► analyzer::effective ─► checks ─► findings ─► report
//! snapshot    ──┘                                              └─► impersonation (live, or shadow) confirms
//! ```
//!
//! [`model`] depends on nothing, [`analyzer`] and [`checks`] never talk to a database, [`report`] never computes.

pub mod access;
pub mod analyzer;
pub mod checks;
pub mod cli;
pub mod commands;
pub mod compliance;
pub mod config;
pub mod connector;
pub mod diff;
pub mod finding;
pub mod impersonation;
pub mod migrations;
pub mod model;
pub mod panics;
mod parallel;
pub mod project;
pub mod report;
pub mod shadow;
pub mod sql;
pub mod suppression;
pub mod verdicts;

mod error;

pub use error::{Error, ExitCode};
