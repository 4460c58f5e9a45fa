//! Verdicts on intents, and the scripts that show violations, on real servers.

mod children;
mod doors;
pub(crate) mod fixtures;
mod forms;
mod hidden;
mod intent;
mod partitions;
mod relations;
mod scripts;
mod views;
