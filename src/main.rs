//! The `pgwitness` program: parse, dispatch, error chain, exit code.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use pgwitness::cli::Cli;
use pgwitness::commands::{self, secrets};
use pgwitness::report::human::text::block;
use pgwitness::shadow::guard;
use pgwitness::{Error, ExitCode as Code, panics};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Replay and engine build trees of many small parts, on more than one thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A guard process is this program again; it must not depend on how a command line is read.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == guard::SUBCOMMAND) {
        return guard::run(arguments);
    }
    panics::hide();
    match std::panic::catch_unwind(AssertUnwindSafe(program)) {
        Ok(code) => ExitCode::from(code),
        Err(_) => Code::Internal.into(),
    }
}

fn program() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return not_parsed(&e),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&Error::Internal(format!("no runtime: {e}"))),
    };
    let interrupted = watch_signals(&runtime);
    let result = runtime.block_on(async {
        tokio::select! {
            // Dropping the run drops its throw-away server, which stops it and removes its files.
            result = commands::run(cli) => result.map(|code| code as u8),
            Ok(code) = interrupted => Ok(code),
        }
    });
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(e) if e.is_broken_pipe() => Code::Clean as u8,
        Err(e) => failed(&e),
    }
}

/// How long a run may take to notice that it was interrupted; then it is ended where it stands.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells of Ctrl-C, or of a polite request to end, with the exit code that shells expect.
///
/// A run that hangs in something that cannot be interrupted is ended from here: the guard of a throw-away server
/// notices, and cleans up after it.
fn watch_signals(runtime: &Runtime) -> oneshot::Receiver<u8> {
    let (tell, told) = oneshot::channel();
    let _context = runtime.enter();
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return told;
    };
    runtime.spawn(async move {
        let code = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
        };
        let _ = tell.send(code);
        tokio::select! {
            _ = interrupt.recv() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
        std::process::exit(i32::from(code));
    });
    told
}

/// Help and version go to stdout; a wrong command line goes to stderr without the passwords it may hold.
fn not_parsed(error: &clap::Error) -> u8 {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        let _ = write!(anstream::stderr(), "{}", secrets::mask(&text));
        return Code::Usage as u8;
    }
    let _ = write!(anstream::stdout(), "{text}");
    Code::Clean as u8
}

fn failed(error: &Error) -> u8 {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let bold = anstyle::Style::new().bold();
    let mut err = anstream::stderr();
    let _ = writeln!(err, "{red}error{red:#}: {}", block(&secrets::mask(&error.to_string()), 2));
    if let Some(help) = error.help() {
        let _ = writeln!(err, "{bold}help{bold:#}: {}", block(&secrets::mask(&help), 2));
    }
    error.exit_code() as u8
}
