//! Words that the messages of several checks share.

use crate::model::Command;

/// What a command does, in a plain word.
#[must_use]
pub(super) fn verb(command: Command) -> &'static str {
    match command {
        Command::Select => "read",
        Command::Insert => "add",
        Command::Update => "change",
        Command::Delete => "delete",
    }
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub(super) fn and_list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}
