//! The record of everything that was said to servers (`--log-sql`), written however a run ends.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::output;
use crate::Error;
use crate::connector::Log;
use crate::project::Mask;

/// Where what is said is kept, and the file that it is written to in the end; also where the run fails or is interrupted,
/// which drops this.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) log: Log,
    file: Option<PathBuf>,
    mask: Mutex<Mask>,
    written: AtomicBool,
}

impl Record {
    /// One that is kept where there is a file for it.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        let log = if file.is_some() { Log::kept() } else { Log::default() };
        Self { log, file, mask: Mutex::default(), written: AtomicBool::new(false) }
    }

    /// Secrets that were met, to be kept out of it.
    pub(super) fn hide(&self, secrets: Mask) {
        if let Ok(mut mask) = self.mask.lock() {
            *mask = std::mem::take(&mut *mask).and(secrets);
        }
    }

    /// Writes the file.
    pub(super) fn write(&self) -> Result<(), Error> {
        let Some(file) = self.file.as_ref().filter(|_| !self.written.swap(true, Ordering::Relaxed)) else {
            return Ok(());
        };
        let mask = self.mask.lock().map(|mask| mask.clone()).unwrap_or_default();
        output::to_file(file, &mask.hide(&self.log.text()))
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // Why the run ended is told already.
        drop(self.write());
    }
}
