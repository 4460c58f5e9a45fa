//! Runs that start a server of their own.

use super::pgwitness;

#[test]
#[cfg(any())]
fn the_demo_runs_end_to_end() {
    let outcome = pgwitness(&["audit", "--demo"]).ends_with(1);
    assert!(outcome.stdout.contains("can be read by anyone on the internet"), "{}", outcome.stdout);
}
