//! Verdicts on intents, and the scripts that show violations, on real servers.

pub(crate) mod fixtures;
mod doors;
mod intent;
mod scripts;
