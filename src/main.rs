//! The `pgwitness` program.

use pgwitness::shadow::guard;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|a| a == guard::SUBCOMMAND) {
        return guard::run(arguments);
    }
    ExitCode::SUCCESS
}
