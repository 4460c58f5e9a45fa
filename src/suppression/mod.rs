//! What takes findings out of the open ones: comments beside statements, `[[ignore]]` of the configuration, a baseline,
//! thresholds.
//!
//! Nothing vanishes: what is taken out stays in the report with its reason, and what is accepted without a reason, after
//! its last day or for nothing is a finding itself. An ignore says what it is about, so that a defect of another kind, at
//! another place or graver than what was accepted stays open.

mod baseline;
mod checks;
mod comment;
mod day;
mod ignore;
mod kept;
mod own;
mod table;

pub use baseline::{Baseline, Entry, Mistake};
pub use checks::CHECKS;
pub use comment::{in_text, may_hold};
pub use day::Day;
pub use ignore::{Ignore, Scope};
pub use kept::{Bounds, Kept};
pub use table::IgnoreTable;
