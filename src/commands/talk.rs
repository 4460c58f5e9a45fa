//! What a run says on stderr while it works: a line for each thing worth knowing, a spinner when it takes long.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use crate::report::human::text::block;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The voice of a run; silent with `--quiet`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    quiet: bool,
}

impl Talk {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// Says a line. A stderr that cannot be written to is nothing to fail over.
    pub(super) fn say(self, line: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{}", block(line.as_ref(), 2));
        }
    }

    /// Shows a spinner from the second second on, until the result is dropped.
    pub(super) fn working_on(self, what: &'static str) -> Working {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(what);
        let shown = !self.quiet && std::io::stderr().is_terminal();
        let task = shown.then(|| {
            let bar = bar.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(100));
            })
        });
        Working { bar, task }
    }
}

/// Work that a spinner stands for.
#[derive(Debug)]
pub(super) struct Working {
    bar: ProgressBar,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Working {
    /// Shows how far the work is.
    pub(super) fn at(&self, done: usize, total: usize) {
        if done == 1 {
            self.bar.set_style(
                ProgressStyle::with_template("{spinner} {msg} {pos}/{len}").unwrap_or(ProgressStyle::default_spinner()),
            );
            self.bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        }
        self.bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}
