//! Verdicts on intents, and the scripts that show violations, on real servers.

mod intent;
mod scripts;
