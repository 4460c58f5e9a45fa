//! Failures that are no answer: the server was busy, was told to stop, or ran out of something, and said nothing of access.
//!
//! A statement that ran into a timeout on a loaded machine is neither refused nor an error of its policy. It is tried again
//! with more time, and what stays without an answer is not tested: it is no outcome that a test may expect.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::error::DbError;

/// How many times as long as the bounds say a statement may take, the first time and when it is tried again.
const PACES: [u32; 3] = [1, 2, 5];

const SILENT: &str = "the server gave no answer";

/// Whether an SQLSTATE tells of the server's state instead of the statement: conflicts with other transactions (class 40),
/// a lock that was not to be had, resources (53), an operator or a timeout (57), the system underneath (58).
pub(super) fn is_no_answer(code: &str) -> bool {
    code == "55P03" || ["40", "53", "57", "58"].into_iter().any(|class| code.starts_with(class))
}

/// Why something was not tested, where the server gave no answer.
pub(super) fn reason(message: &str, code: &str) -> String {
    format!("{SILENT}: {message} (SQLSTATE {code})")
}

/// Whether that is why something was not tested.
pub(super) fn is_reason(text: &str) -> bool {
    text.contains(SILENT)
}

/// The same of an error, if it is one of these.
pub(super) fn told(error: &DbError) -> Option<String> {
    is_no_answer(error.code().code()).then(|| reason(error.message(), error.code().code()))
}

/// The statements that bound what follows in time.
pub(super) fn bounded(statement: Duration, lock: Duration, times: u32) -> String {
    let within = |time: Duration| time.saturating_mul(times).as_millis().max(1);
    format!("set local statement_timeout = {}; set local lock_timeout = {}; ", within(statement), within(lock))
}

/// How long a session is willing to wait for one relation: as long as its last statement took, and once nothing came at the
/// slowest pace, no longer than the bounds say.
#[derive(Debug)]
pub(super) struct Patience {
    pace: AtomicUsize,
    most: AtomicUsize,
    is_over: AtomicBool,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pace: AtomicUsize::new(0), most: AtomicUsize::new(PACES.len()), is_over: AtomicBool::new(false) }
    }
}

impl Patience {
    /// Leaves the slowest pace to a time when no other session is in the way.
    pub(super) fn be_hasty(&self) {
        self.most.store(PACES.len() - 1, Ordering::Relaxed);
    }

    /// Begins anew, with something else.
    pub(super) fn renew(&self) {
        self.pace.store(0, Ordering::Relaxed);
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// How much longer than the bounds say the next statement may take.
    pub(super) fn times(&self) -> u32 {
        PACES.get(self.pace.load(Ordering::Relaxed)).copied().unwrap_or(1)
    }

    /// Takes note that no answer came; whether to try again, slower.
    pub(super) fn goes_on(&self) -> bool {
        let next = self.pace.load(Ordering::Relaxed) + 1;
        if next < self.most.load(Ordering::Relaxed) && !self.is_over.load(Ordering::Relaxed) {
            self.pace.store(next, Ordering::Relaxed);
            return true;
        }
        self.is_over.store(true, Ordering::Relaxed);
        self.pace.store(0, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Patience, is_no_answer};

    #[test]
    fn what_passes_is_no_answer_and_what_access_says_is() {
        for code in ["57014", "57P01", "55P03", "53300", "53100", "40001", "40P01", "58030"] {
            assert!(is_no_answer(code), "{code}");
        }
        for code in ["42501", "42P17", "21000", "22P02", "55006", "54001", "P0001", "23505", "25006"] {
            assert!(!is_no_answer(code), "{code}");
        }
    }

    #[test]
    fn patience_ends_and_comes_anew() {
        let patience = Patience::default();
        assert_eq!((patience.times(), patience.goes_on()), (1, true));
        assert_eq!((patience.times(), patience.goes_on()), (2, true));
        assert_eq!((patience.times(), patience.goes_on()), (5, false));
        assert_eq!((patience.times(), patience.goes_on()), (1, false));
        patience.renew();
        patience.be_hasty();
        assert_eq!((patience.goes_on(), patience.goes_on()), (true, false));
    }
}
