//! What a panic says: where it happened, and never its message, which may hold what was read from a database.

use std::backtrace::Backtrace;
use std::io::Write;

/// Makes every panic from here on say no more than its place; with `RUST_BACKTRACE` also who called whom.
pub fn hide() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let mut err = anstream::stderr();
        let _ = writeln!(err, "error: internal error{place}");
        let _ = writeln!(err, "help: this is a bug in pgwitness; please report it with the command you ran");
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v != "0") {
            let _ = writeln!(err, "{}", Backtrace::force_capture());
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// What a password in a message looks like.
    const SECRET: &str = "hunter2-in-a-message";

    #[test]
    fn a_panic_says_where_and_not_what() {
        if std::env::var_os("PGWITNESS_TEST_PANIC").is_some() {
            super::hide();
            let text = format!("é{SECRET}");
            // The messages of the standard library quote what was cut.
            let _ = &text[1..];
        }
        for backtrace in ["0", "1"] {
            let mut child = Command::new(std::env::current_exe().unwrap());
            child.args(["panics::tests::a_panic_says_where_and_not_what", "--exact", "--nocapture"]);
            let output = child.env("PGWITNESS_TEST_PANIC", "1").env("RUST_BACKTRACE", backtrace).output().unwrap();
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(said.contains("error: internal error at src/panics.rs:"), "{said}");
            assert!(!said.contains(SECRET), "{said}");
        }
    }
}
